"""The saving keywords that both plugins share."""

from __future__ import annotations

import inspect
import re
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq.errors import OptionError, OptionTypeError, UnsupportedError
from pillow_kmq.saving import options as saving


def palette_image(entries: int = 4, mode: str = "RGB") -> Image.Image:
    image = Image.new("P", (entries, 1))
    image.putdata(range(entries))
    image.putpalette(range(entries * len(mode)), mode)
    return image


def test_quantise_options_are_picked_by_name() -> None:
    given = {"colors": 5, "dither": "none", "optimize": True, "compression": "deflate", "nonsense": 1, "seed": 0}
    assert saving.quantize_options(given) == {"colors": 5, "dither": "none", "seed": 0}


def test_none_counts_as_not_given() -> None:
    assert saving.quantize_options({"colors": None, "dither": None}) == {}


def test_every_keyword_is_one_of_quantize_and_stands_in_the_table() -> None:
    parameters = inspect.signature(pillow_kmq.quantize).parameters
    table = re.findall(r"^\| (.+?) \|", saving.__doc__ or "", re.MULTILINE)
    documented = {name for cell in table for name in cell.split(", ")}
    assert set(saving.QUANTIZE_KEYWORDS) <= set(parameters)
    assert set(saving.QUANTIZE_KEYWORDS) | {"transparency"} <= documented


def test_a_palette_image_without_keywords_is_passed_unchanged() -> None:
    image = palette_image()
    assert saving.to_palette_image(image, {"optimize": True, "colors": None}) == (image, True)


def test_a_palette_image_that_uses_too_many_colours_is_quantised() -> None:
    result = saving.to_palette_image(palette_image(), {"colors": 2})
    assert not result.kept
    assert len(result.image.getpalette() or []) == 6


def test_other_images_are_quantised_as_quantize_does() -> None:
    image = Image.linear_gradient("L").convert("RGB")
    result = saving.to_palette_image(image, {"colors": 7, "optimize": True})
    assert result == (pillow_kmq.quantize(image, 7, dither="auto"), False)


def test_the_palette_keyword_takes_an_image() -> None:
    result = saving.to_palette_image(Image.new("RGB", (2, 2), (4, 4, 4)), {"palette": palette_image(), "dither": 0.0})
    assert result.image.getpalette() == palette_image().getpalette()
    assert set(result.image.tobytes()) == {1}


@pytest.mark.parametrize(
    "options", [{"colors": 0}, {"colors": 2.5}, {"colors": True}, {"dither": "diagonal"}, {"effort": 3}, {"seed": -1}]
)
def test_bad_values_raise_valueerror_that_names_the_keyword(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        saving.to_palette_image(palette_image(), options)


def test_modes_that_cannot_be_quantised_are_unsupported() -> None:
    with pytest.raises(UnsupportedError, match=r"cannot write mode I as KMQ: .*convert"):
        saving.to_palette_image(Image.new("I", (1, 1)), {}, "KMQ")


@pytest.mark.parametrize(
    ("mode", "info", "keyword", "expected"),
    [
        ("RGB", None, None, b""),
        ("RGB", 2, None, b"\xff\xff\0"),
        ("RGB", b"\x01\xff\xff", None, b"\x01"),
        ("RGB", (1, 2, 3), None, b""),
        ("RGB", b"\x01", 1, b"\xff\0"),
        ("RGB", 200, None, b"\xff" * 200 + b"\0"),
        ("RGBA", None, None, bytes([3, 7, 11, 15])),
        ("RGBA", 1, None, bytes([3, 0, 11, 15])),
        ("RGBA", b"\x09", None, bytes([9, 7, 11, 15])),
        ("RGBA", b"\x09", b"\xff" * 4, b""),
    ],
)
def test_alphas_come_from_keyword_info_and_palette(mode: str, info: Any, keyword: Any, expected: bytes) -> None:
    image = palette_image(mode=mode)
    if info is not None:
        image.info["transparency"] = info
    assert saving.palette_alphas(image, {"transparency": keyword}) == expected


@pytest.mark.parametrize("transparency", [-1, 256, (1, 2, 3), bytes(257), 1.5, "red"])
def test_bad_transparency_is_refused(transparency: Any) -> None:
    with pytest.raises(OptionError, match="transparency must be a palette index"):
        saving.palette_alphas(palette_image(), {"transparency": transparency})


def test_an_indexed_image_has_the_palette_with_its_alphas() -> None:
    image = palette_image(3)
    image.info["transparency"] = 1
    indexed = saving.indexed_image(image, {})
    assert indexed.palette.tolist() == [[0, 1, 2, 255], [3, 4, 5, 0], [6, 7, 8, 255]]
    assert indexed.indices.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("highest", "alphas", "entries"),
    [(1, bytes(256), 2), (1, b"\xff" * 256, 2), (9, b"", 2), (9, b"\xff\xff\0", 3), (9, bytes(256), 10)],
)
def test_a_palette_grows_only_for_a_visible_entry_that_is_not_opaque(highest: int, alphas: bytes, entries: int) -> None:
    image = palette_image(2)
    image.putpixel((0, 0), highest)
    image.info["transparency"] = alphas
    palette = saving.indexed_image(image, {}).palette
    assert len(palette) == entries
    assert not palette[2:, :3].any()
    assert np.array_equal(palette[2:, 3], np.frombuffer(alphas, np.uint8)[2:entries])


@pytest.mark.parametrize("format_name", ["PNG8", "KMQ"])
def test_a_report_that_cannot_be_called_is_refused_before_anything_is_written(format_name: str) -> None:
    out = BytesIO()
    with pytest.raises(OptionError, match="report must be a function"):
        Image.new("RGB", (3, 3)).save(out, format_name, report="yes")
    assert not out.getvalue()
    with pytest.raises(OptionTypeError, match="report must be a function"):
        pillow_kmq.quantize(Image.new("RGB", (3, 3)), report=1)
