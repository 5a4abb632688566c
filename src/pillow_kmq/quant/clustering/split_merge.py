"""Leaving local minima of k-means: merge two close clusters, split a wide one, and let Lloyd settle.

Costs and gains of exchanges come from the moments of the clusters alone. They are blurred by noise, so that a search
does not try the same exchange again and again; what the search keeps is measured without noise.

Sources: P. Fränti, J. Kivijärvi, "Randomised local search algorithm for the clustering problem", Pattern Analysis
& Applications 3 (2000); the pairs are chosen by cost as in T. Kaukoranta et al., "Iterative split-and-merge
algorithm for VQ codebook generation", Optical Engineering 37 (1998).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f32_1d, f32_2d, f64_1d, f64_2d, flag_1d, i32_1d, i64, i64_1d
from ..progress import SILENT, Progress
from .lloyd import Clusters

_POWER_STEPS = 6  # of the power iteration for a cluster's widest axis
_HALVES = 0.866  # a uniform slab's halves have their means this many standard deviations off the middle
_GAIN = 0.75  # and cutting it takes this part of the variance along the axis away


@kernel
def _moments(points: f32_2d, weights: f32_1d, labels: i32_1d, centroids: f32_2d, moments: f64_2d) -> None:
    """Second moments of each cluster about its centroid, float64[k, 10]: 00 01 02 03 11 12 13 22 23 33."""
    for j in range(moments.shape[0]):
        for c in range(10):
            moments[j, c] = 0.0
    for i in range(points.shape[1]):
        j = labels[i]
        w = weights[i]
        x0, x1 = points[0, i] - centroids[0, j], points[1, i] - centroids[1, j]
        x2, x3 = points[2, i] - centroids[2, j], points[3, i] - centroids[3, j]
        w0, w1, w2 = w * x0, w * x1, w * x2
        moments[j, 0] += w0 * x0
        moments[j, 1] += w0 * x1
        moments[j, 2] += w0 * x2
        moments[j, 3] += w0 * x3
        moments[j, 4] += w1 * x1
        moments[j, 5] += w1 * x2
        moments[j, 6] += w1 * x3
        moments[j, 7] += w2 * x2
        moments[j, 8] += w2 * x3
        moments[j, 9] += w * x3 * x3


@kernel
def _widest(moments: f64_2d, axes: f64_2d) -> None:
    """Per cluster its widest axis (unit length) and the inertia along it: axes float64[k, 5]."""
    for j in range(moments.shape[0]):
        m = moments[j]
        # The start leans to the widest coordinate, so that it is not at a right angle to the axis.
        a0, a1, a2, a3 = m[0] + abs(m[1]), m[4] + abs(m[5]), m[7] + abs(m[8]), m[9] + abs(m[3])
        length = 0.0
        for _ in range(_POWER_STEPS):
            b0 = m[0] * a0 + m[1] * a1 + m[2] * a2 + m[3] * a3
            b1 = m[1] * a0 + m[4] * a1 + m[5] * a2 + m[6] * a3
            b2 = m[2] * a0 + m[5] * a1 + m[7] * a2 + m[8] * a3
            b3 = m[3] * a0 + m[6] * a1 + m[8] * a2 + m[9] * a3
            length = np.sqrt(b0 * b0 + b1 * b1 + b2 * b2 + b3 * b3)
            if not length > 0.0:
                break
            a0, a1, a2, a3 = b0 / length, b1 / length, b2 / length, b3 / length
        axes[j, 0], axes[j, 1], axes[j, 2], axes[j, 3], axes[j, 4] = a0, a1, a2, a3, length


@kernel
def _merge_costs(centroids: f32_2d, sums: f64_2d, row: f32_2d, costs: f64_1d, partners: i64_1d) -> None:
    """For each cluster, what merging it with its cheapest partner adds to the inertia, and that partner.

    row float32[2, k] is scratch.
    """
    k = centroids.shape[1]
    for j in range(k):
        row[1, j] = sums[j, 4]
    for j in range(k):
        c0, c1, c2, c3 = centroids[0, j], centroids[1, j], centroids[2, j], centroids[3, j]
        weight = row[1, j]
        for other in range(k):
            d0, d1 = centroids[0, other] - c0, centroids[1, other] - c1
            d2, d3 = centroids[2, other] - c2, centroids[3, other] - c3
            distance = d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
            both = weight * row[1, other] / (weight + row[1, other] + np.float32(1e-30))
            row[0, other] = distance * both
        row[0, j] = np.float32(np.inf)
        best = 0
        for other in range(1, k):
            if row[0, other] < row[0, best]:
                best = other
        costs[j] = row[0, best]
        partners[j] = best


@kernel
def _exchange(
    centroids: f32_2d,
    sums: f64_2d,
    axes: f64_2d,
    gains: f64_1d,
    costs: f64_1d,
    partners: i64_1d,
    wide: i64_1d,
    cheap: i64_1d,
    used: flag_1d,
    limit: i64,
) -> int:
    """Make up to `limit` exchanges: merge cheap clusters into their partners, split wide ones; returns how many.

    wide, cheap: cluster numbers by falling gain and by rising cost. used bool[k]: true for clusters to leave alone;
    no cluster takes part twice in one round.
    """
    k = centroids.shape[1]
    done = 0
    a, b = 0, 0
    while done < limit and a < k and b < k:
        split, merged = wide[a], cheap[b]
        partner = partners[merged]
        if used[split]:
            a += 1
        elif used[merged] or used[partner] or split in (merged, partner):
            b += 1
        elif not gains[split] > costs[merged]:
            break
        else:
            weight = sums[merged, 4] + sums[partner, 4]
            reach = _HALVES * np.sqrt(axes[split, 4] / sums[split, 4])
            for c in range(4):
                if weight > 0.0:
                    centroids[c, partner] = (sums[merged, c] + sums[partner, c]) / weight
                middle = sums[split, c] / sums[split, 4]
                centroids[c, split] = middle - reach * axes[split, c]
                centroids[c, merged] = middle + reach * axes[split, c]
            used[split] = used[merged] = used[partner] = True
            done += 1
    return done


KERNELS = (_moments, _widest, _merge_costs, _exchange)


def _blur(random: np.random.PCG64, k: int, noise: float) -> npt.NDArray[np.float64]:
    """Factors about 1: the ratio of two uniform variates, each kept `1 / noise` away from zero."""
    raw = random.random_raw(2 * k) >> np.uint64(11)
    u = raw.reshape(2, k) * 2.0**-53 + 1.0 / noise
    ratio: npt.NDArray[np.float64] = u[0] / u[1]
    return ratio


class Exchanges:
    """Exchanges among clusters that have just been updated."""

    def __init__(self, clusters: Clusters) -> None:
        centroids, sums = clusters.centroids, clusters.sums
        self._k = k = centroids.shape[1]
        self._fixed = clusters.fixed
        self._axes, self._costs, self._gains = np.empty((k, 5)), np.empty(k), np.empty(k)
        self._wide, self._cheap, self._used = np.empty(k, np.int64), np.empty(k, np.int64), np.empty(k, np.bool_)
        moments, partners, row = np.empty((k, 10)), np.empty(k, np.int64), np.empty((2, k), np.float32)
        self._moments = _moments.bind(clusters.points, clusters.weights, clusters.labels, centroids, moments)
        self._widest = _widest.bind(moments, self._axes)
        self._merge_costs = _merge_costs.bind(centroids, sums, row, self._costs, partners)
        order = self._wide, self._cheap, self._used
        self._exchange = _exchange.bind(centroids, sums, self._axes, self._gains, self._costs, partners, *order)

    def make(self, limit: int, noise: float, random: np.random.PCG64 | None) -> int:
        """Make up to `limit` promising exchanges; returns how many. random: None without noise."""
        self._moments()
        self._widest()
        self._merge_costs()
        np.multiply(self._axes[:, 4], _GAIN, out=self._gains)
        if random is not None:
            self._gains *= _blur(random, self._k, noise)
            self._costs *= _blur(random, self._k, noise)
        self._used[:] = np.arange(self._k) < self._fixed
        self._wide[:] = np.argsort(-self._gains, kind="stable")
        self._cheap[:] = np.argsort(self._costs, kind="stable")
        return int(self._exchange(limit))


def search(
    clusters: Clusters,
    rounds: int,
    steps: int,
    limit: int,
    noise: float,
    seed: int,
    progress: Progress = SILENT,
) -> npt.NDArray[np.floating[Any]]:
    """Alternate exchanges with `steps` steps of Lloyd; returns the best centroids met, [4, k].

    limit: exchanges in one round. noise: how wild the choice is, 0 for none.
    """
    random = np.random.PCG64(seed) if noise > 0 else None  # a module that NumPy loads when asked for
    exchanges = Exchanges(clusters)
    best, least = clusters.centroids.copy(), np.inf
    for number in range(rounds):
        progress(number / rounds)
        inertia = clusters.step(steps)
        if inertia < least:
            best, least = clusters.centroids.copy(), inertia
        if not exchanges.make(limit, noise, random) and noise == 0:
            break
    inertia = clusters.step(steps)
    return clusters.centroids if inertia < least else best
