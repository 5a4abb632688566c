"""Palettes put in order, or reduced, on saving."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pillow_kmq import codec
from pillow_kmq.codec.container.varint import to_varint
from pillow_kmq.codec.picture import Picture, compact_palette, keep_palette, sort_palette, used_indices
from pillow_kmq.codec.symbols.stripes import STRIPED, stripe_index
from pillow_kmq.codec.writer import encode_picture
from pillow_kmq.errors import LimitError
from pillow_kmq.types import IndexedImage


def colors(picture: Picture) -> np.ndarray[Any, Any]:
    """What each pixel looks like."""
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 3] = 255
    palette[: picture.entries] = entries_of(picture)
    return palette[picture.indices]


def entries_of(picture: Picture) -> np.ndarray[Any, Any]:
    return np.frombuffer(picture.colors, np.uint8).reshape(-1, 4)


def some_image(entries: int, highest: int) -> IndexedImage:
    noise = np.random.default_rng(entries + highest)
    palette = noise.integers(0, 256, (entries, 4)).astype(np.uint8)
    return IndexedImage(palette, noise.integers(0, highest + 1, (9, 11)).astype(np.uint8))


@pytest.mark.parametrize(("entries", "highest"), [(1, 0), (5, 4), (5, 9), (256, 255), (200, 60), (0, 3)])
def test_arranged_palettes_show_the_same_picture(entries: int, highest: int) -> None:
    image = some_image(entries, highest)
    for arranged in (sort_palette(image), compact_palette(image)):
        assert np.array_equal(colors(arranged), colors(keep_palette(image)))
        assert arranged.used == np.unique(arranged.indices).tolist()


def test_natural_order_keeps_the_entries_and_compact_only_those_in_use() -> None:
    image = some_image(200, 60)
    assert sorted(entries_of(sort_palette(image)).tolist()) == sorted(image.palette.tolist())
    assert compact_palette(image).entries == len(np.unique(image.indices))


def test_palettes_in_natural_order_cost_no_order() -> None:
    image = some_image(256, 255)
    natural = encode_picture(sort_palette(image), "default")
    assert len(natural) < len(codec.encode(image)) - 50


def saved(image: Image.Image, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, "KMQ", **options)
    return stream.getvalue()


def test_palette_mode_chooses_between_the_exact_palette_and_a_small_file() -> None:
    image = Image.new("P", (8, 8), 7)
    image.putpalette(bytes(range(255, 227, -1)) * 3)
    exact, small = (Image.open(BytesIO(saved(image, palette_mode=mode))) for mode in ("exact", "compact"))
    assert exact.getpalette() == image.getpalette()
    assert len(small.getpalette() or []) == 3
    assert small.convert("RGB").tobytes() == image.convert("RGB").tobytes()
    with pytest.raises(ValueError, match="palette_mode must be"):
        saved(image, palette_mode="best")


@pytest.mark.jit
def test_palettes_of_our_own_making_are_in_natural_order() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (30, 30, 3)).astype(np.uint8)
    palette = codec.decode(saved(Image.fromarray(noise), colors=40)).palette
    assert codec.natural_order(palette.tobytes()) == list(range(len(palette)))


def test_threads_are_a_number_or_none() -> None:
    for bad in (0, -1):
        with pytest.raises(ValueError, match="threads must be"):
            codec.set_threads(bad)
    for odd in ("2", 1.5):
        with pytest.raises(TypeError, match="threads must be"):
            codec.set_threads(odd)  # type: ignore[arg-type]
    codec.set_threads(None)


@pytest.mark.jit
def test_stripes_decode_on_threads_and_what_is_intact_of_a_damaged_file_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pillow_kmq.codec.levels.mixing.STRIPE_BYTES", 700)
    y, x = np.indices((120, 100))
    shades = (((x + y) // 9 + np.random.default_rng(9).geometric(0.5, (120, 100))) % 16).astype(np.uint8)
    image = IndexedImage(np.random.default_rng(2).integers(0, 256, (16, 4)).astype(np.uint8), shades)
    data = bytearray(codec.encode(image))
    for count in (1, 3):
        codec.set_threads(count)
        assert codec.decode(bytes(data)) == image
    codec.set_threads(None)

    data[len(data) // 2] ^= 1
    stream = BytesIO(data)
    shown = codec.read_indices(stream, codec.read_head(stream), partial=True)
    intact = (shown == shades).all(axis=1)
    assert 0.5 < intact.mean() < 1
    assert not shown[~intact].any()


def test_many_stripes_of_few_bytes_are_over_the_limit() -> None:
    def table(length: int) -> bytes:
        return to_varint(60 - 2) + (to_varint(1) + to_varint(length) + bytes(4)) * 60

    with pytest.raises(LimitError, match="60 stripes"):
        stripe_index(STRIPED, table(5), 0, (60, 100))
    for length, width in ((4096, 100), (5, 44 << 20)):
        stripes, _ = stripe_index(STRIPED, table(length), 0, (60, width))
        assert len(stripes) == 60


@pytest.mark.parametrize("rare", [0, 5, 16, 200, 255])
@pytest.mark.parametrize("lowest", [0, 1, 3])
def test_an_entry_of_a_single_pixel_is_found_among_the_used_ones(rare: int, lowest: int) -> None:
    values = np.random.default_rng(rare).integers(lowest, 16, (40, 50)).astype(np.uint8)
    for place in range(100):
        changed = values.copy()
        changed.flat[place] = rare
        assert used_indices(changed) == np.unique(changed).tolist()
    assert used_indices(values[:1, :1]) == [int(values[0, 0])]
