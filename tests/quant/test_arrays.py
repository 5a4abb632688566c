"""The quantiser on NumPy arrays: histogram, palette, nearest entries, dithering, all at once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import pillow_kmq
from naive import laid_on_white, nearest_entry
from pillow_kmq import dither, find_palette, histogram, quantize, quantize_array, remap


def noise(height: int = 20, width: int = 24, channels: int = 4, seed: int = 0) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels)).astype(np.uint8)
    if channels == 4:
        pixels[::2, :, 3] = 255
        pixels[1::4, :, 3] = 0
    return pixels


@settings(max_examples=40, deadline=None)
@given(
    arrays(
        np.uint8, st.tuples(st.integers(0, 5), st.integers(1, 6), st.sampled_from([3, 4])), elements=st.integers(0, 3)
    )
)
def test_the_histogram_counts_every_colour_once(pixels):
    colors, counts = histogram(pixels)
    expected = Counter(tuple(pixel) for pixel in pixels.reshape(-1, pixels.shape[-1]).tolist())
    assert {tuple(c): n for c, n in zip(colors.tolist(), counts.tolist(), strict=True)} == expected
    assert colors.shape == (len(expected), pixels.shape[-1])


def test_weights_add_up():
    pixels = np.array([[1, 2, 3], [4, 5, 6], [1, 2, 3]], np.uint8)
    colors, counts = histogram(pixels, weights=[0.5, 0, 2])
    assert dict(zip(map(tuple, colors.tolist()), counts.tolist(), strict=True)) == {(1, 2, 3): 2.5, (4, 5, 6): 0.0}
    assert find_palette(colors, weights=counts).tolist() == [[1, 2, 3]]


@pytest.mark.jit
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("colors", [1, 7, 256])
def test_the_steps_one_by_one_are_the_whole(channels, colors):
    pixels = noise(channels=channels)
    palette = find_palette(pixels, colors, effort="fast", space="srgb")
    assert palette.shape == (min(colors, len(palette)), channels)
    counted = histogram(pixels)
    again = find_palette(counted.colors, colors, weights=counted.counts, effort="fast", space="srgb")
    np.testing.assert_array_equal(again, palette)
    whole = quantize_array(pixels, colors, effort="fast", space="srgb")
    np.testing.assert_array_equal(whole.palette[:, :channels], palette)
    np.testing.assert_array_equal(remap(pixels, palette), whole.indices)
    dithered = quantize_array(pixels, palette=palette, dither=0.7)
    np.testing.assert_array_equal(dither(pixels, palette, 0.7), dithered.indices)


@pytest.mark.jit
@pytest.mark.parametrize("channels", [3, 4])
def test_arrays_and_images_give_the_same(channels):
    pixels = noise(channels=channels)
    out = quantize(Image.fromarray(pixels), 16, dither=1.0, order="popularity")
    indexed = quantize_array(pixels, 16, dither=1.0, order="popularity")
    np.testing.assert_array_equal(np.asarray(out), indexed.indices)
    np.testing.assert_array_equal(np.asarray(out.convert("RGBA")), indexed.palette[indexed.indices])


@settings(max_examples=20, deadline=None)
@given(space=st.sampled_from(["srgb", "linear", "oklab"]), channels=st.sampled_from([3, 4]), seed=st.integers(0, 99))
def test_remap_finds_the_nearest_as_the_plain_way_does(space, channels, seed):
    pixels = noise(3, 4, channels, seed)
    palette = noise(1, 6, channels, seed + 1)[0]
    full = [[*entry, 255][:4] for entry in palette.tolist()]
    found = remap(pixels, palette, space=space)
    assert found.shape == (3, 4)
    for pixel, index in zip(pixels.reshape(12, -1).tolist(), found.ravel().tolist(), strict=True):
        assert index in nearest_entry(laid_on_white([*pixel, 255][:4], full), full, space)


def test_remap_takes_pixels_of_any_shape_and_a_named_palette():
    assert remap(np.zeros((0, 3), np.uint8), [[1, 1, 1]]).shape == (0,)
    assert remap(np.zeros((2, 3, 4, 3), np.uint8), [[1, 1, 1]]).shape == (2, 3, 4)
    assert remap(np.array([[255, 255, 255]], np.uint8), "web-safe").tolist() == [215]


def test_pixels_need_not_be_contiguous():
    pixels = noise(9, 8, 4)
    plain = quantize_array(np.ascontiguousarray(pixels[::2, ::-1, :3]), 5, effort="fast")
    assert quantize_array(pixels[::2, ::-1, :3], 5, effort="fast") == plain


def test_empty_pixels_give_an_empty_palette():
    indexed = quantize_array(np.zeros((0, 5, 3), np.uint8))
    assert indexed.palette.shape == (0, 4)
    assert indexed.indices.shape == (0, 5)
    assert find_palette(np.zeros((0, 3), np.uint8)).shape == (0, 3)


@pytest.mark.jit
def test_more_colours_than_can_be_sorted_are_pooled():
    pixels = np.random.default_rng(0).integers(0, 256, (1_300_000, 3)).astype(np.uint8)
    palette = find_palette(pixels, 4, effort="fast", space="srgb")
    assert palette.shape == (4, 3)
    assert np.abs(palette.mean(axis=0) - 127.5).max() < 12


def test_only_the_ratios_of_weights_matter():
    pixels, parts = noise(channels=3), np.random.default_rng(1).random((20, 24))
    palettes = [find_palette(pixels, 8, weights=parts * 2.0**power) for power in (-99, 0, 1, 120)]
    assert len(np.unique(palettes, axis=0)) == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: histogram(np.zeros((2, 3))), TypeError, "uint8"),
        (lambda: histogram([[1, 2, 3]]), TypeError, "uint8"),
        (lambda: histogram(np.zeros((2, 2), np.uint8)), ValueError, "shape"),
        (lambda: histogram(np.zeros(3, np.uint8)), ValueError, "shape"),
        (lambda: histogram(np.zeros((2, 3), np.uint8), weights=[1]), ValueError, "one for each pixel"),
        (lambda: histogram(np.zeros((2, 3), np.uint8), weights=[1, -1]), ValueError, "0 or more"),
        (lambda: histogram(np.zeros((2, 3), np.uint8), weights=[1, np.nan]), ValueError, "finite"),
        (lambda: histogram(np.zeros((2, 3), np.uint8), weights=[1, 1e300]), ValueError, "float32"),
        (lambda: histogram(np.zeros((2, 3), np.uint8), weights=["a", "b"]), TypeError, "numbers"),
        (lambda: quantize_array(np.zeros((2, 3), np.uint8)), ValueError, r"\(h, w, 3\)"),
        (lambda: quantize_array(np.zeros((2, 2, 3), np.uint8), 0), ValueError, "1 to 256"),
        (lambda: dither(np.zeros((2, 3), np.uint8), [[0, 0, 0]]), ValueError, r"\(h, w, 3\)"),
        (lambda: remap(np.zeros((2, 3), np.uint8), []), ValueError, "1 to 256"),
        (lambda: remap(np.zeros((2, 3), np.uint8), "nonsense"), ValueError, "web-safe"),
        (lambda: remap(np.zeros((2, 3), np.uint8), [[0, 0, 0]], space="x"), ValueError, "srgb"),
        (lambda: find_palette(np.zeros((2, 3), np.uint8), 257), ValueError, "1 to 256"),
    ],
)
def test_bad_arguments_get_a_clear_error(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert isinstance(caught.value, pillow_kmq.errors.KmqError)
