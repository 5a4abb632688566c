"""Where pictures are shaded: photos and coarse gradients are dithered, flat art and invisible steps are not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import naive
from pillow_kmq import quantize
from pillow_kmq.quant.dithering.ditherer import dither_stripes
from pillow_kmq.quant.dithering.options import to_dither
from pillow_kmq.quant.dithering.shading import REACH, repetition, shading
from pillow_kmq.quant.histogram import pack
from pillow_kmq.quant.pillow_source import ImageSource
from pillow_kmq.quant.remap import map_stripes
from places import SAMPLES

SMALL = st.integers(1, 5)
LONG = st.integers(1, 80)


def packed(pixels: np.ndarray) -> np.ndarray:
    return pack(pixels.reshape(-1, 4)).reshape(pixels.shape[:2])


def random_pixels(random: np.random.Generator, size: tuple[int, int], flat: float) -> np.ndarray:
    """Pixels RGBA, most of them, by `flat`, the same; the others differ by small and large steps, on either side."""
    pixels = np.full((*size, 4), 100, np.uint8)
    other = random.random(size) >= flat
    pixels[other] += random.choice(np.array([0, 0, 1, 5, 6, 7, 90], np.uint8), (int(other.sum()), 4))
    return pixels


def in_stripes(pixels: np.ndarray, cuts: list[int], measure=shading) -> np.ndarray:
    """The measure of rows between cuts, each stripe with the rows around it that it depends on, but no others."""
    height = len(pixels)
    rows = sorted({0, height, *(cut for cut in cuts if cut < height)})
    parts = []
    for start, stop in pairwise(rows):
        top, bottom = max(start - REACH, 0), min(stop + REACH, height)
        parts.append(measure(packed(pixels[top:bottom]), start - top, stop - start))
    return np.concatenate(parts)


# ---- the plain version ----


@pytest.mark.parametrize(("measure", "plain"), [(shading, naive.shading), (repetition, naive.repetition)])
@settings(max_examples=40, deadline=None)
@given(
    size=st.one_of(st.tuples(SMALL, LONG), st.tuples(LONG, SMALL)),
    flat=st.sampled_from([0.0, 0.5, 0.95, 1.0]),
    cuts=st.lists(LONG, max_size=4),
    seed=st.integers(0, 100000),
)
def test_measures_equal_the_plain_versions_however_the_image_is_cut(measure, plain, size, flat, cuts, seed):
    pixels = random_pixels(np.random.default_rng(seed), size, flat)
    found = in_stripes(pixels, cuts, measure)
    np.testing.assert_array_equal(found, in_stripes(pixels, [], measure))
    np.testing.assert_allclose(found, plain(pixels.tolist()), atol=1e-5)


def test_shading_in_windows_that_no_edge_cuts_off_equals_the_plain_version():
    pixels = random_pixels(np.random.default_rng(2), (40, 43), 0.97)
    expected = naive.shading(pixels.tolist())
    np.testing.assert_allclose(in_stripes(pixels, list(range(80))), expected, atol=1e-5)
    assert 0 < np.mean(expected) < 1


# ---- what counts as shaded ----


@pytest.mark.parametrize(("step", "share"), [(0, 0.0), (1, 1.0), (6, 1.0), (7, 0.0), (60, 0.0)])
@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("channel", range(4))
def test_steps_of_1_to_6_levels_in_any_channel_and_direction_are_shading(step, share, down, channel):
    pixels = np.zeros((20, 30, 4), np.uint8)
    pixels[:, 1::2, channel] = step
    if down:
        pixels = np.ascontiguousarray(pixels.swapaxes(0, 1))
    np.testing.assert_array_equal(in_stripes(pixels, []), share)


def test_a_shaded_and_a_flat_half_differ_but_for_a_border():
    pixels = np.full((30, 120, 4), 255, np.uint8)
    pixels[:, :60, 0] = np.arange(60)
    shares = in_stripes(pixels, [])
    assert (shares[:, :60] == 1).all()
    assert (shares[:, 60 + 16 :] == 0).all()


# ---- what repeats ----


@pytest.mark.parametrize("down", [False, True])
def test_a_ramp_without_noise_repeats_and_one_with_noise_does_not(down):
    pixels = np.full((40, 60, 4), 255, np.uint8)
    pixels[..., :3] = np.arange(60, dtype=np.uint8)[:, None] + 90
    noisy = pixels.copy()
    noisy[..., :3] += np.random.default_rng(1).integers(0, 3, (40, 60, 3)).astype(np.uint8)
    if down:
        pixels, noisy = (np.ascontiguousarray(each.swapaxes(0, 1)) for each in (pixels, noisy))
    assert (in_stripes(pixels, [], repetition) == 1).all()
    assert (in_stripes(noisy, [], repetition) == 0).all()


# ---- steps between entries ----


def dithered_ramp(step: int, noise: int = 0) -> float:
    """The part of a grey ramp's pixels that is dithered if entries are so many levels apart."""
    levels = np.full((64, 96), np.arange(96) + 80)
    levels += np.random.default_rng(3).integers(0, noise + 1, levels.shape)
    im = Image.fromarray(levels.astype(np.uint8)).convert("RGB")
    palette = np.full((len(range(78, 182, step)), 4), 255, np.uint8)
    palette[:, :3] = np.arange(78, 182, step)[:, None]
    return float((entries(im, palette, "auto") != entries(im, palette, "none")).mean())


def test_a_gradient_whose_entries_are_closer_than_a_visible_step_is_not_dithered():
    assert dithered_ramp(2) == dithered_ramp(3) == 0


def test_a_gradient_with_visible_steps_is_dithered():
    assert dithered_ramp(16) > 0.1


def test_noise_as_in_photos_is_dithered_even_if_steps_are_small():
    assert dithered_ramp(3, noise=2) > 0.05


# ---- pictures ----


def entries(im: Image.Image, palette: np.ndarray, way: str) -> np.ndarray:
    """Indices of a palette that was found, which a given one would not get: it is dithered everywhere."""
    source, out = ImageSource(im), np.empty((im.height, im.width), np.uint8)
    dither, cuts = to_dither(way), [(0, im.height)]
    if dither is None:
        map_stripes(source, cuts, palette, "oklab", out, 1)
    else:
        dither_stripes(source, cuts, palette, dither, "oklab", out, 1)
    return out


def dithered_part(im: Image.Image, colors: int, way: str) -> float:
    """The part of an image's pixels that have another entry than the nearest one."""
    result = quantize(im, colors, dither=way, effort="fast")
    palette = np.array(result.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    found = np.asarray(result)
    np.testing.assert_array_equal(found, entries(im, palette, way))
    return float((found != entries(im, palette, "none")).mean())


def sample(name: str) -> Image.Image:
    with Image.open(SAMPLES / name) as im:
        return im.convert("RGB")


def icon() -> Image.Image:
    im = Image.new("RGB", (90, 90), (240, 240, 236))
    draw = ImageDraw.Draw(im)
    for number, color in enumerate(["#c8102e", "#d23048", "#012169", "#113a80", "#2a9d8f", "#e9c46a", "#f4a261"]):
        draw.ellipse((6 * number, 5 * number, 6 * number + 40, 5 * number + 40), color)
    draw.text((5, 70), "flat art", "black")
    return im


@pytest.mark.jit
@pytest.mark.parametrize("way", ["auto", "selective"])
@pytest.mark.parametrize("colors", [4, 8, 16])
@pytest.mark.parametrize("make", [lambda: sample("pixel-art.png"), icon], ids=["pixel art", "icon"])
def test_flat_art_is_not_dithered(make, colors, way):
    image = make()
    assert len(image.getcolors(1 << 16)) > 4
    assert dithered_part(image, colors, way) == 0


@pytest.mark.jit
@pytest.mark.parametrize("way", ["auto", "selective"])
@pytest.mark.parametrize("name", ["gradient.png", "photo.png"])
def test_gradients_and_photos_are_dithered(name, way):
    im = sample(name)
    im = im.crop((0, 0, min(im.width, 300), min(im.height, 300)))
    assert dithered_part(im, 16, way) > 0.05
