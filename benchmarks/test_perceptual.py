"""Tests of the measures: `pytest benchmarks` with the dependency group `bench` installed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from perceptual import chroma_kept, measures, place_measures, tiles, worst_hundredth

SKIN = (214, 160, 130)


@pytest.fixture
def face() -> np.ndarray:
    """Skin, 64x64, with a little noise."""
    noise = np.random.default_rng(1).integers(-4, 5, (64, 64, 1))
    return (np.full((64, 64, 3), SKIN) + noise).astype(np.uint8)


def grey(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(np.rint(pixels.mean(-1, keepdims=True)), 3, axis=-1).astype(np.uint8)


def test_an_identical_picture_has_no_error(face: np.ndarray) -> None:
    found = measures(face, face)
    assert found["ssimulacra2"] == 100
    assert found["chroma_worst"] == pytest.approx(1)
    errors = ("flip", "flip_worst", "chroma_lost", "blur_mean", "blur_worst", "stray", "mse3", "delta_e")
    assert [found[name] for name in errors] == [0] * len(errors)


def test_one_grey_tile_of_four_has_lost_its_chroma(face: np.ndarray) -> None:
    result = face.copy()
    result[:32, :32] = grey(face[:32, :32])
    found = measures(face, result)
    assert found["chroma_lost"] == 0.25
    assert found["chroma_worst"] < 0.05
    assert found["blur_worst"] > 3 * found["blur_mean"] > 0


def test_a_grey_picture_has_no_chroma_to_keep(face: np.ndarray) -> None:
    assert "chroma_worst" not in measures(grey(face), grey(face))


def test_a_dot_of_a_far_colour_is_stray_and_a_near_one_is_not(face: np.ndarray) -> None:
    result = face.copy()
    result[10, 10] = (255, 0, 0)
    result[20, 20] = (200, 150, 125)
    assert measures(face, result)["stray"] == 1 / 64**2


def test_a_dot_that_the_original_has_is_not_stray(face: np.ndarray) -> None:
    face[10, 10] = (255, 0, 0)
    assert measures(face, face)["stray"] == 0


def test_dithering_dissolves_in_the_blur_and_a_wrong_colour_does_not() -> None:
    flat = np.full((64, 64, 3), 128, np.uint8)
    dithered, shifted = flat.copy(), flat.copy()
    dithered[::2, ::2] = dithered[1::2, 1::2] = 136
    dithered[1::2, ::2] = dithered[::2, 1::2] = 120
    shifted[:] = 136
    assert measures(flat, dithered)["blur_worst"] < 0.1
    assert measures(flat, shifted)["blur_worst"] > 2


def test_with_alpha_the_worse_of_the_grounds_counts() -> None:
    clear = np.zeros((32, 32, 4), np.uint8)
    visible = clear.copy()
    visible[..., 3] = 255  # black: the same over black, all wrong over white
    assert measures(clear, visible)["mse3"] == 3 * 255**2


def test_the_place_alone_decides_its_measures(face: np.ndarray) -> None:
    result = face.copy()
    result[:32] = grey(face[:32])
    images = Image.fromarray(face), Image.fromarray(result)
    assert place_measures(*images, (0, 0, 64, 16))["place_chroma"] < 0.05
    assert place_measures(*images, (0, 48, 64, 64))["place_chroma"] == pytest.approx(1)


def test_tiles_cover_every_pixel_once() -> None:
    values = np.zeros((70, 45))
    values[69, 44] = 1
    assert len(tiles(values)) == 2
    assert tiles(values).max() == pytest.approx(1 / (35 * 45))


def test_the_worst_hundredth_is_of_whole_tiles() -> None:
    assert worst_hundredth(np.arange(250)) == (249 + 248) / 2
    assert worst_hundredth(np.arange(7)) == 6


def test_only_tiles_with_chroma_count() -> None:
    original = np.zeros((32, 64, 3), np.float32)
    original[:, :32, 1] = 0.1
    assert chroma_kept(original, original / 2) == pytest.approx([0.5])
