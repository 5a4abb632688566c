"""Colour spaces against the plain formulas, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive
from pillow_kmq import color

SPACES = tuple(color.SPACES)
channel = st.integers(0, 255)
rgba = st.tuples(channel, channel, channel, channel)


@pytest.mark.parametrize("space", SPACES)
@settings(max_examples=100, deadline=None)
@given(one=rgba, other=rgba)
def test_squared_distance_is_the_mean_of_the_errors_over_black_and_over_white(space, one, other):
    points = color.to_points(np.array([one, other], np.uint8), space).astype(float)
    distance = ((points[:, 0] - points[:, 1]) ** 2).sum()
    assert distance == pytest.approx(naive.color_difference(one, other, space), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("space", SPACES)
def test_every_colour_comes_back(space):
    random = np.random.default_rng(0)
    colors = random.integers(0, 256, (20000, 4)).astype(np.uint8)
    colors[:10000, 3] = 255
    colors[10000:, 3] |= 0x80  # with little alpha, colour is lost to float32, as it is to the eye
    back = color.to_palette(color.to_points(colors, space), space)
    np.testing.assert_array_equal(back, colors)


@pytest.mark.parametrize("space", SPACES)
def test_transparent_is_transparent_black(space):
    colors = np.array([[200, 100, 50, 0]], np.uint8)
    points = color.to_points(colors, space)
    assert not points.any()
    assert not color.to_palette(points, space).any()


def test_out_of_gamut_is_clipped():
    wild = np.array([[300.0], [-300.0], [0.0], [color.to_points(np.full((1, 4), 255), "srgb")[3, 0]]])
    np.testing.assert_array_equal(color.to_palette(wild, "srgb"), [[255, 0, 128, 255]])
