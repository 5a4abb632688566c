"""`posterize=` and palettes by name: only colours that the hardware has."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pillow_kmq import quantize, quantize_array
from pillow_kmq.quant.named_palettes import HARDWARE_NAMES, hardware_palette
from pillow_kmq.quant.posterize import levels, representable, to_bits


def noise(size: int = 24, seed: int = 0, channels: int = 4) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, channels)).astype(np.uint8)
    if channels == 4:
        pixels[::2, :, 3] = 255
        pixels[1::4, :, 3] = 0
    return pixels


@pytest.mark.parametrize("bits", range(1, 9))
def test_levels_are_the_bits_repeated_and_evenly_spread(bits):
    steps = levels(bits)
    assert len(steps) == 2**bits
    assert (steps[0], steps[-1]) == (0, 255)
    assert (steps >> (8 - bits)).tolist() == list(range(2**bits))
    np.testing.assert_allclose(steps, np.arange(2**bits) * 255 / (2**bits - 1), atol=0.75)


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (None, (8, 8, 8, 8)),
        ("rgb565", (5, 6, 5, 8)),
        ("RGB332", (3, 3, 2, 8)),
        ("rgba4444", (4, 4, 4, 4)),
        ("rgba5551", (5, 5, 5, 1)),
        ((5, 6, 5), (5, 6, 5, 8)),
        ([1, 2, 3, 4], (1, 2, 3, 4)),
    ],
)
def test_words_and_numbers_for_bits(value, bits):
    assert to_bits(value) == bits


@pytest.mark.jit
@settings(max_examples=40, deadline=None)
@given(
    bits=st.tuples(*[st.integers(1, 8)] * 4),
    colors=st.integers(1, 60),
    channels=st.sampled_from([3, 4]),
    dither=st.sampled_from([None, 1.0]),
    space=st.sampled_from(["srgb", "linear", "oklab"]),
    seed=st.integers(0, 100),
)
def test_every_entry_can_be_shown_and_none_comes_twice(bits, colors, channels, dither, space, seed):
    pixels = noise(seed=seed, channels=channels)
    out = quantize_array(pixels, colors, posterize=bits, dither=dither, space=space, effort="fast")
    assert 1 <= len(out.palette) <= colors
    np.testing.assert_array_equal(out.palette, representable(out.palette, bits))
    assert len(np.unique(out.palette, axis=0)) == len(out.palette)
    shown = out.palette[out.indices]
    if channels == 4 and colors > 2:
        assert (shown[pixels[..., 3] == 0][:, 3] == 0).all()
        assert (shown[pixels[..., 3] == 255][:, 3] == 255).all()


@pytest.mark.jit
@pytest.mark.parametrize("bits", [(3, 3, 2), (4, 4, 4), (5, 6, 5)])
@pytest.mark.parametrize("colors", [8, 40, 256])
def test_the_palette_beats_rounding_an_unrestricted_one(bits, colors):
    y, x = np.mgrid[0:96, 0:96]
    pixels = np.dstack([x * 2.6, y * 2.6, (x * y) / 36]).astype(np.uint8)
    pixels = np.clip(pixels + np.random.default_rng(0).normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)
    rounded = np.unique(representable(quantize_array(pixels, colors, space="srgb").palette, (*bits, 8)), axis=0)

    def error(palette: np.ndarray) -> float:
        out = quantize_array(pixels, palette=palette, dither="none")
        return ((out.palette[out.indices][..., :3] - pixels.astype(float)) ** 2).mean()

    assert error(quantize_array(pixels, colors, posterize=bits, space="srgb").palette) <= error(rounded)


@pytest.mark.jit
def test_few_levels_are_all_found():
    cube = np.array(list(itertools.product([0, 255], repeat=3)), np.uint8)
    pixels = np.clip(cube[np.random.default_rng(0).integers(0, 8, (30, 30))].astype(int) + 20, 20, 235).astype(np.uint8)
    out = quantize_array(pixels, 256, posterize="rgb111")
    assert {tuple(c) for c in out.palette[:, :3].tolist()} == {tuple(c) for c in cube.tolist()}


@pytest.mark.jit
def test_fixed_colours_must_be_representable_and_are_kept():
    pixels = noise(channels=3)
    out = quantize_array(pixels, 8, posterize="rgb332", fixed=[[255, 0, 255], [36, 36, 85]])
    assert [255, 0, 255, 255] in out.palette.tolist()
    assert [36, 36, 85, 255] in out.palette.tolist()
    with pytest.raises(ValueError, match=r"\(1, 2, 3, 255\) is not representable with posterize: use \(0, 0, 0, 255\)"):
        quantize_array(pixels, 8, posterize="rgb332", fixed=[[1, 2, 3]])


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ("rgb56", ValueError, "rgb565"),
        ("rgb905", ValueError, "rgb565"),
        ("565", ValueError, "rgb565"),
        (4, TypeError, "5, 6, 5"),
        ((5, 6), ValueError, "bits for R, G and B"),
        ((5, 6, 0), ValueError, "1 to 8"),
        ((5, 6, 9), ValueError, "1 to 8"),
        ((5, 6, 1.5), TypeError, "integer"),
    ],
)
def test_bad_bits_get_a_clear_error(value, error, words):
    with pytest.raises(error, match=words):
        quantize(Image.new("RGB", (2, 2)), posterize=value)


# Palettes by name

SIZES = {
    "gray-2": 2,
    "gray-4": 4,
    "gray-16": 16,
    "teletext": 8,
    "cga": 16,
    "ega": 64,
    "amstrad-cpc": 27,
    "zx-spectrum": 15,
    "c64": 16,
    "pico-8": 16,
    "html": 16,
    "web-safe": 216,
    "epaper-bw": 2,
    "epaper-bwr": 3,
    "epaper-bwy": 3,
    "epaper-bwry": 4,
    "epaper-spectra-6": 6,
    "epaper-acep-7": 7,
    "epaper-gray-4": 4,
}


def test_named_palettes_have_as_many_different_colours_as_their_machines():
    sizes = {}
    for name in HARDWARE_NAMES:
        palette = hardware_palette(name)
        assert (palette[:, 3] == 255).all()
        assert [0, 0, 0, 255] in palette.tolist()
        assert name == "c64" or palette.max(axis=0)[:3].max() == 255
        sizes[name] = len(np.unique(palette, axis=0))
        assert len(palette) == sizes[name] + (name == "epaper-spectra-6")  # whose panel has no colour 4
    assert sizes == SIZES


def test_a_named_palette_is_used_as_it_is():
    out = quantize(Image.fromarray(noise(channels=3)), palette="web-safe", dither=0)
    assert len(out.getpalette()) == 3 * 216
    shown = np.asarray(out.convert("RGB"))
    assert set(np.unique(shown)) <= {0, 51, 102, 153, 204, 255}
    np.testing.assert_array_equal(shown, np.round(noise(channels=3) / 51) * 51)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="'web-safe'"):
        quantize(Image.new("RGB", (2, 2)), palette="vga")


def test_posterize_means_nothing_with_a_given_palette():
    with pytest.raises(ValueError, match="cannot be combined with palette"):
        quantize(Image.new("RGB", (2, 2)), palette="cga", posterize="rgb444")
