"""Small PNG files: what may change, what must not, and how small they get."""

from __future__ import annotations

import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import pillow_kmq
from pillow_kmq.errors import CancelledError
from pillow_kmq.saving import png_deflate
from pillow_kmq.saving.png_order import edge_first, neighbour_orders
from pillow_kmq.saving.png_rows import ADAPTIVE, FILTERS, Coding, packed_rows, stripes

LEVELS = [False, True, None, 0, 1, 2, 3, 4, 5, 6]


def saved(image: Image.Image, format_: str = "PNG8", **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format=format_, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def scene(width: int = 60, height: int = 44, *, alpha: bool = False) -> Image.Image:
    """A picture with shades, plain areas and edges, in more colours than a palette holds."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.dstack([x * 255 // width, y * 255 // height, (x * y) % 256, np.full_like(x, 255)]).astype(np.uint8)
    pixels[height // 2 :, : width // 3, :3] = 200, 30, 40
    if alpha:
        pixels[: height // 3, width // 2 :, 3] = 0
        pixels[-5:, :, 3] = 90
    return Image.fromarray(pixels) if alpha else Image.fromarray(pixels[..., :3].copy())


def slow_rows(data: bytes, bytes_per_row: int) -> list[list[int]]:
    """Undo the filters byte by byte, as the PNG specification says (9.2)."""
    rows: list[list[int]] = []
    above = [0] * bytes_per_row
    for start in range(0, len(data), bytes_per_row + 1):
        kind, filtered = data[start], data[start + 1 : start + 1 + bytes_per_row]
        row: list[int] = []
        for number, value in enumerate(filtered):
            a, b = row[number - 1] if number else 0, above[number]
            c = above[number - 1] if number else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row.append((value + [0, a, b, (a + b) // 2, nearest][kind]) % 256)
        rows.append(row)
        above = row
    return rows


# Pixels


@pytest.mark.parametrize("level", [0, 1, 2, 4, 6, "max"])
@pytest.mark.parametrize(("colors", "alpha"), [(2, False), (4, True), (11, False), (40, True)])
def test_every_level_writes_the_same_picture(level: Any, colors: int, alpha: bool) -> None:
    image = scene(alpha=alpha)
    expected = pillow_kmq.quantize(image, colors, dither="auto").convert("RGBA")
    found = opened(saved(image, colors=colors, optimize=level))
    assert found.mode == "P"
    assert found.convert("RGBA").tobytes() == expected.tobytes()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 20),
    st.integers(1, 9),
    st.integers(1, 256),
    st.integers(0, 999),
    st.sampled_from(LEVELS),
)
def test_indices_and_palette_of_an_indexed_image_never_change(
    width: int, height: int, entries: int, seed: int, level: Any
) -> None:
    random = np.random.RandomState(seed)
    image = Image.fromarray(random.randint(0, entries, (height, width)).astype(np.uint8))
    image.putpalette(random.bytes(3 * entries), "RGB")
    image.info["transparency"] = random.bytes(random.randint(1, entries + 1))
    found = opened(saved(image, optimize=level))
    assert np.array_equal(np.asarray(found), np.asarray(image))
    assert found.getpalette()[: 3 * entries] == image.getpalette()[: 3 * entries]  # type: ignore[index]
    assert found.convert("RGBA").tobytes() == image.convert("RGBA").tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {"order": "luminance"},
        {"order": "popularity"},
        {"transparent_index": -1},
        {"palette": "web-safe"},
    ],
)
@pytest.mark.parametrize("level", [4, 6])
def test_an_order_that_was_asked_for_is_kept(level: int, options: dict[str, Any]) -> None:
    image = scene(alpha="transparent_index" in options)
    expected = pillow_kmq.quantize(image, **{"dither": "auto", **options})
    found = opened(saved(image, optimize=level, **options))
    assert np.array_equal(np.asarray(found), np.asarray(expected))
    assert found.getpalette() == expected.getpalette("RGB")


@pytest.mark.parametrize("level", [1, 2, 4, 6])
def test_translucent_entries_stay_in_front(level: int) -> None:
    data = saved(scene(alpha=True), colors=64, optimize=level)
    position = data.index(b"tRNS")
    length = int.from_bytes(data[position - 4 : position], "big")
    alphas = data[position + 4 : position + 4 + length]
    assert 0 in alphas
    assert 255 not in alphas


# Sizes


@pytest.mark.parametrize("name", ["screenshot.png", "sprite.png", "pixel-art.png", "sixteen.png"])
@pytest.mark.parametrize("colors", [16, 64])
def test_no_file_is_larger_than_pillows(samples: Path, name: str, colors: int) -> None:
    image = Image.open(samples / name).crop((0, 0, 200, 150))
    quantized = pillow_kmq.quantize(image, colors, effort="fast")
    quantized.info.clear()
    for level, options in ((0, {}), (1, {"optimize": True}), (4, {"optimize": True})):
        ours, pillows = saved(quantized, optimize=level), saved(quantized, "PNG", **options)
        if level or ours[24] == pillows[24]:  # level 0 tries one depth, which is not always that of old Pillows
            assert len(ours) <= len(pillows)


def test_a_good_order_makes_shades_smaller(samples: Path) -> None:
    options = {"optimize": 4, "dither": "none", "effort": "fast"}
    image = Image.open(samples / "photo.png").crop((100, 0, 356, 256))
    assert len(saved(image, **options)) < 0.97 * len(saved(image, order="luminance", **options))


def test_sixteen_colours_may_take_eight_bits() -> None:
    line = np.random.RandomState(0).randint(0, 16, 400)
    shifted = Image.fromarray(np.stack([line[9 * row : 9 * row + 64] for row in range(30)]).astype(np.uint8))
    shifted.putpalette(bytes(range(48)), "RGB")
    sizes = {bits: len(saved(shifted, bits=bits)) for bits in (4, 8)}
    assert sizes[8] < sizes[4]
    assert len(saved(shifted)) == sizes[8]


def test_zopfli_is_smaller_than_libdeflate() -> None:
    pytest.importorskip("oxipng")
    image = scene(160, 120)
    assert len(saved(image, colors=40, optimize="max")) < len(saved(image, colors=40, optimize=6))


# Options


@pytest.mark.parametrize("level", [-1, 7, "best", "4", 2.0, [], b"max"])
def test_a_bad_level_is_refused_before_the_work(level: Any) -> None:
    done: list[float] = []
    with pytest.raises(ValueError, match=r'optimize must be True, False, 0 to 6 or "max", not'):
        saved(scene(), optimize=level, progress=done.append)
    assert done == []


def test_true_is_level_2_and_false_level_0_and_numpys_booleans_count() -> None:
    image = scene()
    assert saved(image, optimize=True) == saved(image, optimize=2) == saved(image, optimize=np.True_)
    assert saved(image, optimize=False) == saved(image, optimize=np.int64(0))
    assert saved(image) == saved(image, optimize=1)


def test_a_compression_level_is_obeyed_unless_optimize_is_given() -> None:
    image = scene()
    assert len(saved(image, compress_level=0)) > 60 * 44
    assert saved(image, compress_level=0, optimize=2) == saved(image, optimize=2)


def test_progress_rises_to_1_also_while_encoding_and_may_cancel() -> None:
    done: list[float] = []
    saved(scene(), optimize=6, progress=done.append)
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert sum(0.7 < value < 1.0 for value in done) > 5
    with pytest.raises(CancelledError):
        saved(scene(), optimize=6, progress=lambda value: value < 0.8)


@pytest.mark.parametrize("level", [0, 1, "max"])
def test_progress_ends_at_1_at_every_level(level: Any) -> None:
    done: list[float] = []
    saved(scene(), colors=40, optimize=level, progress=done.append)
    assert done[-1] == 1.0
    assert done.count(1.0) == 1


# Orders and rows


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 256), st.integers(0, 999), st.data())
def test_orders_are_permutations_with_transparent_entries_in_front(
    width: int, height: int, entries: int, seed: int, data: st.DataObject
) -> None:
    transparent = data.draw(st.integers(0, entries))
    indices = np.random.RandomState(seed).randint(0, entries, (height, width)).astype(np.uint8)
    orders = neighbour_orders(indices, entries, transparent, 2)
    for order in [*orders, edge_first(indices, np.arange(entries), transparent)]:
        assert sorted(order) == list(range(entries))
        assert set(order[:transparent]) == set(range(transparent))


def test_neighbours_in_the_picture_are_neighbours_in_the_palette() -> None:
    ring = np.array([[3, 0, 4, 1, 5, 2]], np.uint8)
    for order in neighbour_orders(np.repeat(ring, 4, axis=0), 6, 0, 2):
        assert [int(value) for value in order] in ([3, 0, 4, 1, 5, 2], [2, 5, 1, 4, 0, 3])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.sampled_from([*FILTERS, *ADAPTIVE]), st.integers(0, 999))
def test_filtered_rows_are_the_rows_again_without_the_filters(width: int, height: int, name: str, seed: int) -> None:
    random = np.random.RandomState(seed)
    indices = random.randint(0, random.choice([3, 256]), (height, width)).astype(np.uint8)
    coding = Coding(random.permutation(256), 8, name)
    data = b"".join(stripe.tobytes() for stripe in stripes(indices, coding))
    assert slow_rows(data, width) == coding.new_index[indices].tolist()


@pytest.mark.parametrize("name", [*FILTERS, *ADAPTIVE])
def test_stripes_are_filtered_as_the_whole_would_be(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    indices = np.asarray(pillow_kmq.quantize(scene(), 100))
    coding = Coding(np.arange(256), 8, name)
    whole = b"".join(stripe.tobytes() for stripe in stripes(indices, coding))
    monkeypatch.setattr("pillow_kmq.saving.png_rows._STRIPE", 150)
    assert b"".join(stripe.tobytes() for stripe in stripes(indices, coding)) == whole


@pytest.mark.parametrize("name", ADAPTIVE)
def test_narrow_pictures_need_little_memory(name: str) -> None:
    indices = np.random.RandomState(0).randint(0, 256, (20_000, 1)).astype(np.uint8)
    tracemalloc.start()
    filtered = sum(len(stripe) for stripe in stripes(indices, Coding(np.arange(256), 8, name)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert filtered == len(indices)
    assert most < 30e6


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("width", [1, 3, 8, 13])
def test_pixels_are_packed_from_the_left(depth: int, width: int) -> None:
    indices = np.random.RandomState(width).randint(0, 1 << depth, (5, width)).astype(np.uint8)
    rows = packed_rows(indices, Coding(np.arange(1 << depth), depth))
    bits = "".join(f"{value:0{depth}b}" for value in indices[2])
    assert "".join(f"{value:08b}" for value in rows[2]) == bits.ljust(8 * rows.shape[1], "0")


@pytest.mark.parametrize(("depth", "name"), [(8, "none"), (4, "none"), (8, "minsum"), (8, "trial")])
def test_zopfli_compresses_the_same_pixels(depth: int, name: str) -> None:
    pytest.importorskip("oxipng")
    indices = np.asarray(pillow_kmq.quantize(scene(), 1 << min(depth, 6)))
    coding = Coding(np.arange(1 << depth), depth, name)
    rows = packed_rows(indices, coding)
    assert slow_rows(zlib.decompress(png_deflate.with_zopfli(indices, coding)), rows.shape[1]) == rows.tolist()


def test_max_is_level_6_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_deflate, "has_zopfli", lambda: False)
    assert saved(scene(), colors=40, optimize="max") == saved(scene(), colors=40, optimize=6)


def test_trial_takes_the_filter_with_which_a_row_compresses_best() -> None:
    random = np.random.RandomState(3)
    noise = random.randint(0, 256, 64).astype(np.uint8)
    rows = np.stack([noise, noise, np.arange(64, dtype=np.uint8) * 3, random.randint(0, 256, 64).astype(np.uint8)])
    (filtered,) = stripes(rows, Coding(np.arange(256), 8, "trial"))
    assert filtered[1, 0] == FILTERS.index("up")
    assert filtered[2, 0] == FILTERS.index("sub")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([png_deflate.QUICK, png_deflate.THOROUGH]))
def test_small_streams_are_at_most_as_long_as_those_of_zlib(data: bytes, level: int) -> None:
    row = np.frombuffer(b"\1" + data, np.uint8)[None]
    stream = png_deflate.compressed(row, Coding(np.arange(256), 8), level)
    assert zlib.decompress(stream) == b"\0" + row.tobytes()
    assert len(stream) <= len(zlib.compress(b"\0" + row.tobytes(), 9))


def test_files_are_as_small_as_those_of_oxipng_within_half_a_percent(samples: Path) -> None:
    oxipng = pytest.importorskip("oxipng")
    for name in ("screenshot.png", "sprite.png", "photo.png"):
        options = {"colors": 64, "dither": "none", "effort": "fast"}
        image = pillow_kmq.quantize(Image.open(samples / name), **options)
        theirs = oxipng.optimize_from_memory(saved(image, "PNG"), level=6, grayscale_reduction=False)
        assert len(saved(Image.open(samples / name), optimize=True, **options)) <= 1.005 * len(theirs)
