"""Palettes of colours that a display can show: k-means whose centroids are displayable."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...color import to_palette, to_points
from ...types import Palette
from ..clustering.lloyd import Clusters
from ..posterize import FULL, add_colors, drop_duplicates, snap
from .options import TileOptions

Floats = npt.NDArray[np.float32]

_ROUNDS = 12  # maximum number of k-means iterations
_AT_ONCE = 1 << 14  # points compared with the master palette at a time


def to_displayable(points: npt.NDArray[Any], options: TileOptions) -> Palette:
    """Return the displayable opaque colour nearest to each point [4, m], uint8[m, 4]."""
    if options.master is not None:
        return options.master[_nearest(points, to_points(options.master, options.space))]
    found = to_palette(points, options.space) if options.bits == FULL else snap(points, options.bits, options.space)
    found[:, 3] = 255
    return found


def _nearest(points: npt.NDArray[Any], entries: Floats) -> npt.NDArray[np.intp]:
    nearest = np.empty(points.shape[1], np.intp)
    for start in range(0, len(nearest), _AT_ONCE):
        block = points[:, start : start + _AT_ONCE, None]
        nearest[start : start + _AT_ONCE] = np.square(block - entries[:, None, :]).sum(axis=0).argmin(axis=1)
    return nearest


def refine(points: Floats, weights: npt.NDArray[np.float64], start: Palette, options: TileOptions) -> Palette:
    """Refine a palette by k-means with displayable centroids.

    Args:
        points: float32[4, n], n >= 1.
        weights: float64[n], > 0.
        start: uint8[k, 4], k >= 1, displayable; a shared colour first.
        options: the request.

    Returns:
        Distinct entries, uint8[j, 4], j <= options.free, beginning with the shared colour, of at most the inertia of
        `start`. If all displayable colours of the points fit, they are the entries.
    """
    fixed = start[: len(options.fixed)]
    cells = to_displayable(points, options)
    exact = drop_duplicates(np.concatenate([fixed, cells]))
    if len(exact) <= options.free:
        return exact
    own = np.square(to_points(cells, options.space) - points).sum(axis=0)
    entries = drop_duplicates(start)
    best, least = entries, np.inf
    for _ in range(_ROUNDS):
        clusters = Clusters.start(points, weights.astype(np.float32), to_points(entries, options.space), len(fixed))
        clusters.assign()
        inertia = float((weights * clusters.distances).sum())
        if inertia >= least:
            break
        best, least = entries, inertia
        gains = weights * np.maximum(clusters.distances - own, 0.0)
        used = np.bincount(clusters.labels, minlength=len(entries))[len(fixed) :] > 0
        clusters.update()
        moved = to_displayable(clusters.centroids[:, len(fixed) :][:, used], options)
        entries = drop_duplicates(np.concatenate([fixed, moved]))
        entries = add_colors(entries, cells, gains, max(0, options.free - len(entries)))
    return best
