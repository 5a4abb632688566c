"""`kmeans`: the textbook algorithm for points of one to four dimensions, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..checks import check_array, check_choice, check_integer, check_number
from ..errors import OptionError, OptionTypeError
from .clustering.lloyd import Clusters
from .clustering.wu import split

Array: TypeAlias = npt.NDArray[np.float64]

_DIMENSIONS = 4  # of the clustering kernels
_SORTED_AT_ONCE = 1 << 20  # values sorted between two chances to handle Ctrl-C
_LARGEST, _HEAVIEST = 1e100, 1e80  # sums of weighted squares must not overflow


@dataclass(frozen=True, eq=False)
class KMeansResult:
    """Clusters of n points of d dimensions.

    Attributes:
        centroids: float64[k, d], the cluster means.
        labels: int32[n], 0..k-1, the nearest centroid of each point.
        inertia: weighted sum of squared distances of the points to their centroids.
        n_iter: iterations of Lloyd's algorithm in the best run.
        converged: whether that run converged before `max_iter` iterations.
    """

    centroids: Array
    labels: npt.NDArray[np.int32]
    inertia: float
    n_iter: int
    converged: bool


def kmeans(
    points: npt.ArrayLike,
    k: int,
    *,
    weights: npt.ArrayLike | None = None,
    init: str | npt.ArrayLike = "k-means++",
    max_iter: int = 300,
    tol: float = 0.0,
    n_init: int = 1,
    seed: int = 0,
) -> KMeansResult:
    """Cluster points around k centroids by Lloyd's algorithm.

    An empty centroid moves to the point that contributes most to the inertia. After the last update, points are
    assigned once more, so that labels match the returned centroids.

    Sources: S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28 (1982); D. Arthur and S.
    Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.

    Args:
        points: integers or finite floats of shape [n, d], n >= 1, d = 1..4, within -1e100..1e100.
        k: number of centroids, 1 or more; reduced to the number of distinct points of positive weight.
        weights: [n], each 0..1e80 and not all zero; None weighs all points equally.
        init: "k-means++" (default), "random" (distinct points, equally likely), "wu" (greedy variance-based splitting),
            or initial centroids of shape [k, d].
        max_iter: maximum number of iterations, 0 or more, default 300. An iteration assigns points and moves centroids.
        tol: stop as soon as an iteration lowers the inertia by less than this fraction, 0 <= tol < 1. 0 (default) stops
            only when no centroid moves.
        n_init: number of runs, 1 or more, default 1; the best is returned. "wu" and given centroids run once.
        seed: seed of the random choices, 0 or more. The same arguments give the same result.

    Returns:
        The clusters.

    Raises:
        OptionError: an argument has an invalid value. A ValueError.
        OptionTypeError: an argument has a wrong type. A TypeError.
    """
    rows = _check_points("points", points)
    n, dimensions = rows.shape
    k = check_integer("k", k, 1, 2**31 - 1)
    max_iter = check_integer("max_iter", max_iter, 0, 2**31 - 1)
    n_init = check_integer("n_init", n_init, 1, 2**31 - 1)
    seed = check_integer("seed", seed, 0, 2**63 - 1)
    if check_number("tol", tol, 0, 1) == 1:
        raise OptionError("tol must be less than 1, not 1")
    mass = _check_weights(weights, n)
    distinct, distinct_mass = _merge_duplicates(rows[mass > 0], mass[mass > 0])
    k = min(k, len(distinct))
    padded = _pad(rows)
    best: KMeansResult | None = None
    for start in _make_starts(init, distinct, distinct_mass, k, n_init, seed):
        result = _lloyd(padded, mass, start, max_iter, tol, dimensions)
        if best is None or result.inertia < best.inertia:
            best = result
    assert best is not None
    return best


def _lloyd(points: Array, weights: Array, start: Array, max_iter: int, tol: float, dimensions: int) -> KMeansResult:
    clusters = Clusters.start(points, weights, _pad(start))
    before = np.inf
    converged = False
    n_iter = 0
    clusters.assign()
    while n_iter < max_iter and not converged:
        n_iter += 1
        moved = clusters.update()
        inertia = float(clusters.sums[:, 5].sum())
        clusters.assign()
        converged = not moved or before - inertia < tol * inertia
        before = inertia
    inertia = float((clusters.distances * weights).sum())
    centroids: Array = np.ascontiguousarray(clusters.centroids[:dimensions].T, np.float64)
    return KMeansResult(centroids, clusters.labels, inertia, n_iter, converged)


def _check_points(name: str, points: npt.ArrayLike) -> Array:
    array = check_array(name, points)
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise OptionTypeError(f"{name} must be integers or floats, not {array.dtype}")
    if array.ndim != 2 or not 1 <= array.shape[1] <= _DIMENSIONS or not len(array):
        raise OptionError(f"{name} must have shape (n, d) with n >= 1 and d = 1..4, not {array.shape}")
    rows: Array = array.astype(np.float64)
    if not np.isfinite(rows).all():
        raise OptionError(f"{name} must be finite: remove NaN and infinity")
    if np.abs(rows).max() > _LARGEST:
        raise OptionError(
            f"{name} must be within -{_LARGEST:g}..{_LARGEST:g}, not {np.abs(rows).max():g}: scale them down"
        )
    return rows


def _check_weights(weights: npt.ArrayLike | None, n: int) -> Array:
    if weights is None:
        return np.ones(n)
    array = check_array("weights", weights)
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise OptionTypeError(f"weights must be integers or floats, not {array.dtype}")
    if array.shape != (n,):
        raise OptionError(f"weights must have shape ({n},), one for each point, not {array.shape}")
    mass: Array = array.astype(np.float64)
    if not ((mass >= 0) & (mass <= _HEAVIEST)).all() or not mass.any():  # nor NaN
        raise OptionError(f"weights must be finite, 0 to {_HEAVIEST:g} and not all zero")
    return mass


def _merge_duplicates(rows: Array, mass: Array) -> tuple[Array, Array]:
    """Return the distinct points among rows [n, d], in lexicographic order, and the mass of each.

    `np.unique` takes several times as long and cannot be interrupted by Ctrl-C.
    """
    order = np.arange(len(rows))
    for column in rows.T[::-1]:
        order = order[_stable_order(column[order])]
    first = np.zeros(len(rows), bool)
    first[0] = True
    for column in rows.T:
        ordered = column[order]
        first[1:] |= ordered[1:] != ordered[:-1]
    return rows[order[first]], np.bincount(np.cumsum(first) - 1, mass[order]).astype(np.float64)


def _stable_order(values: Array) -> npt.NDArray[np.intp]:
    """Return `np.argsort(values, kind="stable")`, sorting in pieces so that Ctrl-C is never blocked for long."""
    starts = range(0, len(values), _SORTED_AT_ONCE)
    runs = [start + np.argsort(values[start : start + _SORTED_AT_ONCE], kind="stable") for start in starts]
    order = np.concatenate(runs)
    return order[np.argsort(values[order], kind="stable")]  # Timsort merges runs that are already sorted


def _pad(rows: Array) -> Array:
    """Return rows [n, d] as columns [4, n], with zeros for missing dimensions."""
    columns = np.zeros((_DIMENSIONS, len(rows)))
    columns[: rows.shape[1]] = rows.T
    return columns


def _make_starts(
    init: str | npt.ArrayLike, points: Array, weights: Array, k: int, n_init: int, seed: int
) -> list[Array]:
    """Return the initial centroids [k, d] of each run, for distinct points [m, d], m >= k, with weights [m]."""
    if not isinstance(init, str):
        given = _check_points("init", init)
        if given.shape[1] != points.shape[1] or len(given) < k:
            raise OptionError(f"init must have shape ({k}, {points.shape[1]}), not {given.shape}")
        return [given]
    check_choice("init", init, ("k-means++", "random", "wu"))
    if init == "wu":
        start = split(_pad(points), weights, k)[: points.shape[1]].T
        return [np.concatenate([start, _draw_random(points, weights, k - len(start), np.random.PCG64(seed))])]
    draw: Callable[[Array, Array, int, np.random.PCG64], Array] = (
        _draw_plus_plus if init == "k-means++" else _draw_random
    )
    random = np.random.PCG64(seed)
    return [draw(points, weights, k, random) for _ in range(n_init)]


def _draw_uniform(random: np.random.PCG64, n: int) -> Array:
    """Draw variates 0 <= u < 1 from the raw bits, whose stream NumPy keeps from version to version."""
    raw: Any = random.random_raw(n)
    variates: Array = (raw >> np.uint64(11)) * 2.0**-53
    return variates


def _draw_random(points: Array, weights: Array, k: int, random: np.random.PCG64) -> Array:
    chosen: Array = points[_stable_order(_draw_uniform(random, len(points)))[:k]]
    return chosen


def _draw_plus_plus(points: Array, weights: Array, k: int, random: np.random.PCG64) -> Array:
    """Draw each centroid among points with probability proportional to weight times squared distance so far."""
    chosen: list[int] = []
    nearest = np.ones(len(points))
    for u in _draw_uniform(random, k):
        chances = np.cumsum(weights * nearest)
        at = min(int(np.searchsorted(chances, u * chances[-1], side="right")), len(points) - 1)
        while at > 0 and nearest[at] == 0.0:  # rounding at the end of the sum
            at -= 1
        distance = ((points - points[at]) ** 2).sum(axis=1)
        nearest = np.minimum(nearest, distance) if chosen else distance
        chosen.append(at)
    picked: Array = points[chosen]
    return picked
