"""Entries for rare colours, such as the thin lines of maps, which k-means would give up for many common pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..color import to_points
from ..quant.histogram import VISIBLE, Counts, unpack
from ..quant.posterize import Bits, representable
from ..types import Palette

_BITS = 4  # bits per channel that similar colours have in common
_NEAR = 10.0  # distance in Oklab times 100 within which an entry stands for a colour
_TIMES = 3.0  # the same as a multiple of the root mean square error of the palette, for small palettes
_SAMPLE = 1 << 14  # number of colours on which that error is estimated
_PER_ROUND = 8  # colours fixed before the search is repeated


def protect_rare_colors(
    counts: Counts, share: float, search: Callable[[Palette], Palette], fixed: Palette, room: int, bits: Bits
) -> Palette:
    """Return a palette in which every group of similar colours that covers a minimum share has an entry near it.

    Colours that are far from all entries become fixed, the farthest first, and the others are searched again.

    Args:
        counts: distinct colours and their weights, at least one.
        share: minimum share of all pixels of a group, 0..1.
        search: returns the palette for given fixed colours, uint8[f, 4].
        fixed: colours that are fixed anyway.
        room: maximum number of fixed colours; rare colours beyond that stay unprotected.
        bits: bits of R, G, B and A that entries may use.
    """
    colors = representable(_group_colors(counts, share), bits)
    while True:
        palette = search(fixed)
        far = _far_colors(colors, palette, _root_mean_square(counts, palette))[: room - len(fixed)]
        if not len(far):
            return palette
        fixed = np.concatenate([fixed, far[:_PER_ROUND]])


def _group_colors(counts: Counts, share: float) -> Palette:
    """Return the most frequent colour of each group of similar visible ones that covers the share, uint8[g, 4]."""
    visible = counts.colors >= VISIBLE
    colors, weights = counts.colors[visible], counts.weights[visible]
    low = np.uint32(0x01010101 * ((1 << 8 - _BITS) - 1))
    opaque = colors >= np.uint32(0xFF000000)
    keys = (colors & ~low).astype(np.uint64) | opaque.astype(np.uint64) << np.uint64(32)
    groups = np.unique(keys, return_inverse=True)[1].ravel()
    totals = np.bincount(groups, weights)
    by_weight = np.argsort(-weights, kind="stable")
    _, first = np.unique(groups[by_weight], return_index=True)
    return unpack(colors[by_weight[first[totals >= share * counts.weights.sum()]]])


def _far_colors(colors: Palette, palette: Palette, error: float) -> Palette:
    """Return colours that are far from all entries and from each other, the farthest first."""
    points = to_points(colors, "oklab").astype(np.float64)
    nearest = _distances(points, to_points(palette, "oklab").astype(np.float64))
    near = max(_NEAR, _TIMES * error)
    chosen: list[int] = []
    while len(nearest) and nearest.max() > near:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, _distances(points, points[:, chosen[-1:]]))
    return colors[chosen]


def _root_mean_square(counts: Counts, palette: Palette) -> float:
    """Return the error of the palette in Oklab times 100, estimated on the most frequent colours."""
    frequent = np.argsort(-counts.weights, kind="stable")[:_SAMPLE]
    weights = counts.weights[frequent]
    points = to_points(unpack(counts.colors[frequent]), "oklab").astype(np.float64)
    squares = _distances(points, to_points(palette, "oklab").astype(np.float64)) ** 2
    return float(np.sqrt((weights * squares).sum() / weights.sum()))


def _distances(points: npt.NDArray[np.float64], entries: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the distance from each point, float64[4, n], to the nearest entry, float64[4, k]."""
    least = np.full(points.shape[1], np.inf)
    for entry in entries.T:
        least = np.minimum(least, ((points - entry[:, None]) ** 2).sum(axis=0))
    return np.sqrt(least)
