"""`strict=`: pixels that are not in the given palette are named, and nothing else changes."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pillow_kmq import quantize, quantize_all, quantize_array, shared_palette
from pillow_kmq.errors import OptionError, OptionTypeError, StrictError
from pillow_kmq.quant import source

PALETTE = "#000,#fff,#f00,#0000"


def naive_first_missing(pixels: np.ndarray, palette: list[tuple[int, ...]]) -> tuple[int, int] | None:
    """Return (x, y) of the first pixel, RGBA, that is not in a palette."""
    visible = {(0, 0, 0, 0) if color[3] == 0 else color for color in palette}
    for y, row in enumerate(pixels.tolist()):
        for x, color in enumerate(row):
            if ((0, 0, 0, 0) if color[3] == 0 else tuple(color)) not in visible:
                return x, y
    return None


FEW = st.tuples(*[st.sampled_from([0, 255])] * 3, st.sampled_from([0, 128, 255]))


@settings(deadline=None)
@given(st.data(), st.integers(1, 9), st.integers(1, 9), st.integers(1, 40))
def test_the_first_pixel_that_is_not_in_the_palette_is_named(data, width, height, stripe):
    palette = data.draw(st.lists(FEW, min_size=1, max_size=8))
    inside = st.sampled_from(palette)
    pixels = np.array(data.draw(st.lists(inside, min_size=width * height, max_size=width * height)), np.uint8)
    pixels = pixels.reshape(height, width, 4)
    if data.draw(st.booleans()):
        pixels[data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))] = data.draw(FEW)
    missing = naive_first_missing(pixels, palette)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "STRIPE", stripe)
        if missing is None:
            found = quantize_array(pixels, palette=palette, strict=True)
            shown = found.palette[found.indices]
            assert np.array_equal(shown[..., 3], pixels[..., 3])
            assert np.array_equal(shown[pixels[..., 3] > 0], pixels[pixels[..., 3] > 0])
        else:
            x, y = missing
            with pytest.raises(StrictError, match=rf"pixel \({x}, {y}\) is "):
                quantize_array(pixels, palette=palette, strict=True)


@pytest.mark.parametrize(
    ("color", "words"),
    [
        (
            (1, 2, 3, 255),
            r"pixel \(2, 1\) is #010203, which is not in the palette: add the colour, or leave out strict",
        ),
        ((255, 0, 0, 128), r"pixel \(2, 1\) is #ff000080, which"),
    ],
)
def test_the_message_names_colour_and_position(color, words):
    image = Image.new("RGBA", (4, 3), "white")
    image.putpixel((2, 1), color)
    with pytest.raises(StrictError, match=words):
        quantize(image, palette=PALETTE, strict=True)


def test_a_transparent_pixel_must_be_in_the_palette_unless_there_is_a_background():
    image = Image.new("RGBA", (4, 3), "white")
    image.putpixel((3, 2), (9, 9, 9, 0))
    assert quantize(image, palette=PALETTE, strict=True).info["transparency"] == 3
    with pytest.raises(StrictError, match=r"pixel \(3, 2\) is fully transparent, which is not in the palette"):
        quantize(image, palette="#000,#fff", strict=True)
    laid = quantize(image, palette="#000,#fff", strict=True, background="black")
    assert laid.convert("RGB").getpixel((3, 2)) == (0, 0, 0)
    with pytest.raises(StrictError, match=r"pixel \(3, 2\) is #ff0000"):
        quantize(image, palette="#000,#fff", strict=True, background="red")


@pytest.mark.parametrize("dither", [None, "auto", "floyd-steinberg", "bayer", "blue-noise"])
def test_nothing_is_dithered(dither):
    colors = np.random.default_rng(1).integers(0, 256, (9, 3)).astype(np.uint8)
    pixels = colors[np.random.default_rng(2).integers(0, 9, (20, 30))]
    found = quantize(Image.fromarray(pixels), palette=colors, dither=dither, strict=True)
    assert np.array_equal(np.array(found.convert("RGB")), pixels)


def test_of_several_images_the_one_is_named():
    images = [Image.new("RGB", (2, 2), "white"), Image.new("RGB", (2, 2), "blue")]
    with pytest.raises(StrictError, match=r"image 2, pixel \(0, 0\) is #0000ff"):
        quantize_all(images, palette=PALETTE, strict=True)


@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_saving_is_strict_too(format_):
    image, file = Image.new("RGB", (2, 2), "blue"), BytesIO()
    with pytest.raises(StrictError):
        image.save(file, format_, palette=PALETTE, strict=True)
    assert not file.getvalue()
    image.save(file, format_, palette="#00f", strict=True)


def test_a_shared_palette_may_be_strict():
    red, blue = Image.new("RGB", (2, 2), "red"), Image.new("RGB", (2, 2), "blue")
    shared = shared_palette([red, red], 4, dither="bayer")
    assert quantize(red, palette=shared, strict=True).convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(StrictError, match="#0000ff"):
        quantize(blue, palette=shared, strict=True)


def test_strict_needs_a_palette():
    with pytest.raises(OptionError, match="strict needs a palette"):
        quantize(Image.new("RGB", (2, 2)), strict=True)
    with pytest.raises(OptionTypeError, match="strict must be True or False, not int"):
        quantize(Image.new("RGB", (2, 2)), palette=PALETTE, strict=1)
