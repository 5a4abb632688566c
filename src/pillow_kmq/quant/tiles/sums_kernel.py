"""Sums over pairs of a tile and a colour, added in the order of the pairs."""

from __future__ import annotations

from ...kernels import kernel
from ...kernels.types import f32_1d, f64_1d, f64_2d, i64_1d


@kernel
def add_errors(tiles: i64_1d, colors: i64_1d, weights: f64_1d, distances: f32_1d, errors: f64_1d) -> None:
    """Add weight times squared distance of each pair to the error of its tile."""
    for i in range(tiles.shape[0]):
        errors[tiles[i]] += weights[i] * distances[colors[i]]


@kernel
def add_weights(tiles: i64_1d, colors: i64_1d, weights: f64_1d, groups: i64_1d, sums: f64_2d) -> None:
    """Add the weight of each pair to that of its colour in the group of its tile, sums [groups, colours]."""
    for i in range(tiles.shape[0]):
        sums[groups[tiles[i]], colors[i]] += weights[i]


KERNELS = (add_errors, add_weights)
