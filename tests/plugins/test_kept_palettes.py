"""Indexed images keep their palette and indices, unless an option asks for a change."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import pillow_kmq
from pillow_kmq.cli.command import main
from places import CASES

FORMATS = ["PNG8", "KMQ"]

NEUTRAL: list[dict[str, Any]] = [
    {},
    {"colors": 256},
    {"colors": 8},
    {"effort": "best"},
    {"seed": 5},
    {"max_iter": 3},
    {"space": "oklab"},
    {"dither": 1.0},
    {"importance": np.ones((6, 9), np.uint8)},
    {"threads": 2},
    {"fixed": []},
    {"posterize": (8, 8, 8)},
    {"max_bytes": 5000},
    {"max_bytes": 5000, "dither": [0, 1.0]},
]
CHANGING: list[dict[str, Any]] = [
    {"palette": [(0, 0, 0), (255, 255, 255)]},
    {"quality": 60},
    {"fixed": [(9, 9, 9)]},
    {"posterize": "rgb444"},
    {"order": "popularity"},
    {"transparent_index": -1},
    {"colors": 3},
]


def sprite() -> Image.Image:
    """Eight entries: out of order, one twice, two unused, a colour behind the transparent one."""
    image = Image.new("P", (9, 6), 6)
    image.putpalette([200, 10, 10, 255, 255, 255, 0, 0, 0, 200, 10, 10, 1, 2, 3, 9, 9, 9, 255, 0, 255, 4, 5, 6])
    for x, index in enumerate([0, 1, 2, 3, 6, 7, 3, 2]):
        image.putpixel((x, 2), index)
    image.info["transparency"] = 6
    return image


def saved(image: Image.Image, format_: str, **options: Any) -> Image.Image:
    stream = BytesIO()
    image.save(stream, format_, **options)
    return Image.open(stream)


def look(image: Image.Image) -> Any:
    return np.array(image.convert("RGBA"))


def assert_kept(result: Image.Image, image: Image.Image) -> None:
    assert result.tobytes() == image.tobytes()
    assert result.getpalette() == image.getpalette()
    assert result.info.get("transparency") == image.info.get("transparency")


@pytest.mark.parametrize("options", NEUTRAL, ids=str)
@pytest.mark.parametrize("format_", FORMATS)
def test_options_that_ask_for_no_change_keep_everything(format_: str, options: dict[str, Any]) -> None:
    assert_kept(saved(sprite(), format_, **options), sprite())


@pytest.mark.parametrize("options", CHANGING, ids=str)
@pytest.mark.parametrize("format_", FORMATS)
def test_options_that_ask_for_a_change_have_it_quantised(format_: str, options: dict[str, Any]) -> None:
    assert saved(sprite(), format_, **options).getpalette() != sprite().getpalette()


@pytest.mark.parametrize("format_", FORMATS)
def test_an_image_too_large_for_max_bytes_is_quantised(format_: str) -> None:
    noise = np.random.default_rng(0).integers(0, 200, (40, 40), np.uint8)
    image = Image.fromarray(noise)
    image.putpalette(np.random.default_rng(1).integers(0, 256, 768, np.uint8).tobytes())
    assert image.mode == "P"
    result = saved(image, format_, max_bytes=1000, colors=256)
    assert 0 < len(result.getpalette() or []) < 768


@pytest.mark.parametrize("format_", ["png", "kmq"])
@pytest.mark.parametrize("arguments", [[], ["8"], ["--dither", "1", "--effort", "best"], ["--strip"]], ids=str)
def test_the_command_keeps_a_sprite(format_: str, arguments: list[str], tmp_path: Path) -> None:
    shutil.copy(CASES / "05-indexed-sprite-order-matters.png", tmp_path / "a.png")
    out = tmp_path / f"b.{format_}"
    done = CliRunner().invoke(main, [*arguments, str(tmp_path / "a.png"), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert_kept(Image.open(out), Image.open(tmp_path / "a.png"))


@pytest.mark.parametrize("format_", ["GIF", "BMP", "TIFF", "PCX", "PNG", "KMQ"])
def test_every_indexed_format_is_kept(format_: str) -> None:
    stream = BytesIO()
    image = sprite()
    del image.info["transparency"]
    image.save(stream, format_, **({"optimize": False} if format_ == "GIF" else {}))
    original = Image.open(stream)
    assert original.mode == "P"
    for target in FORMATS:
        result = saved(original, target, colors=256, optimize=True)
        assert result.tobytes() == original.tobytes() == image.tobytes()
        assert result.getpalette() == original.getpalette()


# Palettes larger than allowed


def naive_kept(image: Image.Image, colors: int) -> tuple[list[int], list[int]] | None:
    """Palette and indices once the last unused entries are dropped, one by one; None if that is not enough."""
    indices = list(image.tobytes())
    palette = image.getpalette() or []
    entries = [tuple(palette[3 * i : 3 * i + 3]) for i in range(len(palette) // 3)]
    entries += [(0, 0, 0)] * (max(indices) + 1 - len(entries))
    while len(entries) > colors:
        unused = [i for i in range(len(entries)) if i not in indices]
        if not unused:
            return None
        del entries[unused[-1]]
        indices = [i - (i > unused[-1]) for i in indices]
    return [value for entry in entries for value in entry], indices


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 2, 5, 7, 9, 30, 255]), min_size=1, max_size=12),
    st.integers(1, 40),
    st.integers(1, 12),
    st.sampled_from(FORMATS),
)
def test_unused_entries_go_from_the_end_as_far_as_needed(
    indices: list[int], entries: int, colors: int, format_: str
) -> None:
    image = Image.new("P", (len(indices), 1))
    image.putdata(indices)
    image.putpalette(np.random.default_rng(entries).integers(0, 256, 3 * entries, np.uint8).tobytes())
    expected = naive_kept(image, colors)
    result = saved(image, format_, colors=colors)
    palette = result.getpalette() or []
    assert len(palette) <= 3 * colors
    if expected is None:
        assert len(set(indices)) > colors
        return
    assert list(result.tobytes()) == expected[1]
    # Black entries beyond the end of a palette need not be stored in a KMQ file.
    assert expected[0][: len(palette)] == palette
    assert not any(expected[0][len(palette) :])
    assert np.array_equal(look(result), look(image))


@pytest.mark.parametrize("transparency", [6, b"\x01\x80\xff\xff\x00\xff\x09\x50"], ids=["index", "alphas"])
@pytest.mark.parametrize("format_", FORMATS)
def test_alphas_stay_with_their_entries(format_: str, transparency: int | bytes) -> None:
    image = sprite()
    image.info["transparency"] = transparency
    for colors in (8, 7, 6):
        result = saved(image, format_, colors=colors)
        assert len(result.getpalette() or []) == 3 * colors
        assert np.array_equal(look(result), look(image))


@pytest.mark.parametrize("format_", FORMATS)
def test_an_rgba_palette_is_kept_with_the_colours_behind_its_alphas(format_: str) -> None:
    image = Image.new("P", (4, 1))
    image.putdata([3, 1, 0, 3])
    image.putpalette([9, 8, 7, 0, 200, 0, 0, 255, 1, 1, 1, 3, 0, 200, 0, 128, 50, 50, 50, 255], "RGBA")
    for colors, palette in [
        (256, [9, 8, 7, 200, 0, 0, 1, 1, 1, 0, 200, 0, 50, 50, 50]),
        (4, [9, 8, 7, 200, 0, 0, 1, 1, 1, 0, 200, 0]),
        (3, [9, 8, 7, 200, 0, 0, 0, 200, 0]),
    ]:
        result = saved(image, format_, colors=colors)
        assert result.getpalette() == palette
        assert np.array_equal(look(result), look(image))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("entries", [0, 2])
def test_indices_beyond_the_palette_are_kept(format_: str, entries: int) -> None:
    image = Image.new("P", (3, 1))
    image.putdata([1, 200, 0])
    image.putpalette([10, 20, 30, 40, 50, 60][: 3 * entries])
    result = saved(image, format_, colors=256)
    assert result.tobytes() == image.tobytes()
    assert np.array_equal(look(result), look(image))
    assert np.array_equal(look(saved(image, format_, colors=3)), look(image))


@pytest.mark.parametrize("format_", FORMATS)
def test_an_image_with_an_alpha_of_its_own_for_each_pixel_is_quantised_exactly(format_: str) -> None:
    image = sprite().convert("PA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    assert image.mode == "PA"
    expected = look(image)
    shown = look(saved(image, format_, colors=256))
    assert np.array_equal(shown[expected[..., 3] > 0], expected[expected[..., 3] > 0])


def test_compact_still_drops_and_sorts() -> None:
    assert len(saved(sprite(), "KMQ", colors=256, palette_mode="compact").getpalette() or []) < 24


def test_images_that_are_not_indexed_still_get_a_sorted_palette() -> None:
    image = sprite().convert("RGB")
    assert saved(image, "KMQ", colors=8).getpalette() == saved(image, "KMQ").getpalette()


# Animations


@pytest.mark.parametrize("options", [{}, {"colors": 256}, {"colors": 8, "effort": "fast"}, {"dither": 1.0}], ids=str)
def test_frames_with_one_palette_are_kept(options: dict[str, Any]) -> None:
    first, second = sprite(), sprite()
    second.putpixel((0, 0), 2)
    result = saved(first, "KMQ", save_all=True, append_images=[second], **options)
    for number, frame in enumerate([first, second]):
        result.seek(number)
        assert_kept(result, frame)


def test_frames_with_too_many_entries_or_changes_asked_for_share_a_palette_of_few() -> None:
    first, second = sprite(), sprite()
    second.putpixel((0, 0), 2)
    for options in ({"colors": 4}, {"colors": 4, "order": "popularity"}):
        result = saved(first, "KMQ", save_all=True, append_images=[second], **options)
        assert len(result.getpalette() or []) <= 12


def test_frames_of_several_palettes_get_one_where_a_number_of_colours_is_asked_for() -> None:
    first, second = sprite(), sprite()
    second.putpalette([5 * i % 256 for i in range(24)])
    kept = saved(first, "KMQ", save_all=True, append_images=[second], dither=1.0)
    assert np.array_equal(look(kept)[..., 3] > 0, look(first)[..., 3] > 0)
    result = saved(first, "KMQ", save_all=True, append_images=[second], colors=5)
    assert result.mode == "P"
    assert len(result.getpalette() or []) <= 15


def test_the_quantiser_itself_still_quantises_indexed_images() -> None:
    assert pillow_kmq.quantize(sprite(), 256).getpalette() != sprite().getpalette()
