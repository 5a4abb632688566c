"""Large images are sampled, and nothing that matters is missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq.quant import source as source_module
from pillow_kmq.quant.counting import count_source
from pillow_kmq.quant.options import EFFORTS
from pillow_kmq.quant.pillow_source import ImageSource
from pillow_kmq.quant.progress import SILENT

pytestmark = pytest.mark.jit


@pytest.fixture(autouse=True)
def small_samples(monkeypatch):
    monkeypatch.setitem(EFFORTS, "default", replace(EFFORTS["default"], sample=1 << 10))


def noise(width: int, height: int, channels: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 255, (height, width, channels)).astype(np.uint8)


@pytest.mark.parametrize("size", [(300, 200), (60000, 1), (1, 60000), (7000, 9), (20, 3000)])
def test_about_the_sample_is_counted(size):
    counts = count_source(ImageSource(Image.fromarray(noise(*size, 3))), 256, 1 << 10, SILENT)
    assert not counts.whole
    assert counts.weights.sum() == pytest.approx(size[0] * size[1], rel=0.5)
    assert len(counts.colors) <= (1 << 10) + 64


def test_one_transparent_pixel_of_many_stays_transparent():
    pixels = noise(400, 300)
    pixels[133, 71] = 0
    result = pillow_kmq.quantize(Image.fromarray(pixels), 16).convert("RGBA")
    assert result.getpixel((71, 133))[3] == 0


def test_one_opaque_pixel_of_many_stays_opaque():
    pixels = noise(400, 300)
    pixels[133, 71, 3] = 255
    result = pillow_kmq.quantize(Image.fromarray(pixels), 16).convert("RGBA")
    assert result.getpixel((71, 133))[3] == 255


def test_a_large_image_of_few_colours_comes_back_exactly():
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[..., 0] = np.arange(400) // 2
    pixels[299, 399] = 255, 0, 255  # a colour that a sample would miss
    im = Image.fromarray(pixels)
    assert pillow_kmq.quantize(im, 256).convert("RGB").tobytes() == im.tobytes()


def test_each_colour_has_the_sensitivities_of_its_pixels_whatever_the_stripes(monkeypatch):
    pixels = np.random.default_rng(1).integers(0, 3, (50, 40, 3)).astype(np.uint8) * 20
    pixels[:25] //= 20  # smoother
    wide = np.pad(pixels.astype(int), ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = [wide[y : y + 50, x : x + 40] for y in range(3) for x in range(3)]
    ranges = (np.max(around, axis=0) - np.min(around, axis=0)).max(axis=2)
    expected: dict[int, float] = {}
    packed = ImageSource(Image.fromarray(pixels)).rows(0, 50)
    for value, activity in zip(packed.ravel().tolist(), ranges.ravel().tolist(), strict=True):
        expected[value] = expected.get(value, 0.0) + 12 / (12 + activity)
    for stripe in (1 << 17, 40 * 7):
        monkeypatch.setattr(source_module, "STRIPE", stripe)
        counts = count_source(ImageSource(Image.fromarray(pixels)), 256, 1 << 12, SILENT, sensitive=True)
        assert dict(zip(counts.colors.tolist(), counts.sensed.tolist(), strict=True)) == pytest.approx(expected)
