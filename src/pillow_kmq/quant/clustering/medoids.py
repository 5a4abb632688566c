"""Palettes of flat art: entries are colours of the picture, and no colour is far from its entry.

The mean of two flat colours is neither of them, so entries are medoids. Distances count to the fourth power: a small
face turning yellow is worse than two similar browns merging.

Source: L. Kaufman and P. J. Rousseeuw, "Clustering by means of medoids", in Statistical Data Analysis Based on the L1
Norm (1987): BUILD and SWAP, with the best swap in each step.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST = 256
"""Maximum number of colours for which all pairwise distances are computed."""

_APART = 2.0  # minimum mean distance between each colour and its nearest neighbour, in Oklab times 100


def are_apart(points: npt.NDArray[np.float32]) -> bool:
    """Return whether colours are those of flat art, not shades of each other: points float32[4, n] in Oklab."""
    if not 1 < points.shape[1] <= MOST:
        return False
    distances = _squares(points)
    np.fill_diagonal(distances, np.inf)
    return bool(np.sqrt(distances.min(axis=0)).mean() >= _APART)


def choose_medoids(
    points: npt.NDArray[np.float32],
    weights: npt.NDArray[np.floating],
    opaque: npt.NDArray[np.bool_],
    k: int,
    first: int,
) -> npt.NDArray[np.intp]:
    """Choose the k points that represent all points best.

    Args:
        points: float32[4, n], n <= MOST.
        weights: float[n]; points of zero weight may be chosen but need not be represented.
        opaque: bool[n]; only opaque points may represent opaque ones.
        k: number of points to choose, k <= n.
        first: number of leading points that are always chosen.

    Returns:
        Indices of the chosen points, int[k], the leading ones first.
    """
    costs = _squares(points) ** 2
    costs[opaque[:, None] & ~opaque[None]] = 1e12
    costs *= np.asarray(weights, np.float64)[:, None]
    chosen = list(range(first))
    least = costs[:, chosen].min(axis=1, initial=1e15)
    while len(chosen) < k:
        best = int(np.minimum(least[:, None], costs).sum(axis=0).argmin())
        chosen.append(best)
        least = np.minimum(least, costs[:, best])
    while (swap := _best_swap(costs, chosen, first)) is not None:
        chosen[swap[0]] = swap[1]
    return np.array(chosen)


def _squares(points: npt.NDArray[np.float32]) -> Floats:
    """Return the squared distances between all points, float64[n, n]."""
    exact = points.astype(np.float64)
    squares: Floats = np.square(exact[:, :, None] - exact[:, None]).sum(axis=0)
    return squares


def _best_swap(costs: Floats, chosen: list[int], first: int) -> tuple[int, int] | None:
    """Return which chosen point to replace and by which other, or None if no swap lowers the cost."""
    near = np.sort(costs[:, chosen], axis=1)
    nearest = costs[:, chosen].argmin(axis=1)
    least, second = near[:, 0], near[:, 1] if len(chosen) > 1 else np.full(len(costs), 1e15)
    best, lowest = None, float(least.sum()) * (1 - 1e-9)
    for number in range(first, len(chosen)):
        without = np.where(nearest == number, second, least)
        totals = np.minimum(without[:, None], costs).sum(axis=0)
        if totals.min() < lowest:
            lowest = float(totals.min())
            best = number, int(totals.argmin())
    return best
