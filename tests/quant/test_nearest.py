"""Candidate lists give the exact nearest entry; opaque stays opaque, clear stays clear."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive
from pillow_kmq.color import SPACES, to_points
from pillow_kmq.quant.histogram import pack
from pillow_kmq.quant.nearest import nearest_finder, remap


def remapped(palette: np.ndarray, colors: np.ndarray, space: str) -> np.ndarray:
    out = np.empty(len(colors), np.uint8)
    remap(nearest_finder(palette, space), pack(colors), out)
    return out


def random_colors(random: np.random.Generator, n: int, alpha: str) -> np.ndarray:
    colors = random.integers(0, 256, (n, 4)).astype(np.uint8)
    if alpha == "opaque":
        colors[:, 3] = 255
    elif alpha == "mixed":
        colors[: n // 2, 3] = 255
        colors[-(n // 4) :, 3] = 0
    return colors


@pytest.mark.parametrize("space", SPACES)
@settings(max_examples=25, deadline=None)
@given(
    k=st.integers(1, 20),
    alpha=st.sampled_from(["opaque", "mixed", "any"]),
    palette_alpha=st.sampled_from(["opaque", "mixed", "any"]),
    seed=st.integers(0, 10000),
)
def test_equals_the_plain_search(space, k, alpha, palette_alpha, seed):
    random = np.random.default_rng(seed)
    palette = random_colors(random, k, palette_alpha)
    colors = random_colors(random, 40, alpha)
    found = remapped(palette, colors, space)
    for color, entry in zip(colors.tolist(), found.tolist(), strict=True):
        assert entry in naive.nearest_entry(color, palette.tolist(), space)


@pytest.mark.jit
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("k", [1, 2, 17, 255, 256])
def test_is_exact_for_many_opaque_colours(space, k):
    random = np.random.default_rng(k)
    palette = random_colors(random, k, "opaque")
    colors = random_colors(random, 30000, "opaque")
    found = remapped(palette, colors, space)
    points, entries = to_points(colors, space), to_points(palette, space)
    distances = np.zeros((len(colors), k), np.float32)
    for c in range(4):
        distances += (points[c][:, None] - entries[c][None]) ** 2
    mine = distances[np.arange(len(colors)), found]
    assert (mine <= distances.min(1) * (1 + 1e-5) + 1e-6).all()


def test_of_equal_entries_the_first_is_taken():
    palette = np.array([[9, 9, 9, 255], [5, 5, 5, 255], [5, 5, 5, 255], [9, 9, 9, 255]], np.uint8)
    colors = np.array([[5, 5, 5, 255], [9, 9, 9, 255]], np.uint8)
    np.testing.assert_array_equal(remapped(palette, colors, "srgb"), [1, 0])


def test_transparent_pixels_share_the_first_transparent_entry():
    palette = np.array([[0, 0, 0, 255], [8, 8, 8, 0], [0, 0, 0, 0]], np.uint8)
    colors = np.array([[255, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 255]], np.uint8)
    np.testing.assert_array_equal(remapped(palette, colors, "srgb"), [1, 1, 0])


def test_lookups_stay_exact_when_the_pool_of_lists_is_full(monkeypatch):
    monkeypatch.setattr("pillow_kmq.quant.nearest._POOL", 300)
    random = np.random.default_rng(3)
    palette, colors = random_colors(random, 200, "opaque"), random_colors(random, 500, "opaque")
    full = remapped(palette, colors, "srgb")
    distances = ((colors[:, None].astype(int) - palette[None].astype(int)) ** 2).sum(-1)
    np.testing.assert_array_equal(distances[np.arange(500), full], distances.min(1))
