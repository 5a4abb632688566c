"""Exchanges that escape local minima of k-means: merge two close clusters and split a wide one, between Lloyd steps.

Costs and gains of exchanges are estimated from the moments of the clusters. Random noise on them keeps the search from
repeating the same exchange; the result is selected by exact inertia.

Sources: P. Fränti, J. Kivijärvi, "Randomised local search algorithm for the clustering problem", Pattern Analysis &
Applications 3 (2000); pairs are chosen by cost as in T. Kaukoranta et al., "Iterative split-and-merge algorithm for VQ
codebook generation", Optical Engineering 37 (1998).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f32_1d, f32_2d, f64_1d, f64_2d, flag_1d, i32_1d, i64, i64_1d
from ..progress import SILENT, Progress
from .lloyd import Clusters
from .principal_axis import principal_axis

_POWER_STEPS = 6  # power iterations for the principal axis of a cluster
_HALVES = 0.866  # distance of the means of a uniform slab's halves from its centre, in standard deviations
_GAIN = 0.75  # fraction of the variance along the axis that halving it removes


@kernel
def _moments(points: f32_2d, weights: f32_1d, labels: i32_1d, centroids: f32_2d, moments: f64_2d) -> None:
    """Write the second moments of each cluster about its centroid, float64[k, 10]: 00 01 02 03 11 12 13 22 23 33."""
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
def _find_axes(moments: f64_2d, axes: f64_2d) -> None:
    """Write the principal axis (unit length) of each cluster and the inertia along it, float64[k, 5]."""
    for j in range(moments.shape[0]):
        m = moments[j]
        axes[j, 0], axes[j, 1], axes[j, 2], axes[j, 3], axes[j, 4] = principal_axis(
            m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8], m[9], _POWER_STEPS
        )


@kernel
def _merge_costs(centroids: f32_2d, sums: f64_2d, row: f32_2d, costs: f64_1d, partners: i64_1d) -> None:
    """Write for each cluster its cheapest merge partner and the inertia that this merge adds.

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
    """Make up to `limit` exchanges: merge cheap clusters into their partners, split wide ones; return their number.

    wide: clusters by descending gain. cheap: clusters by ascending cost. used bool[k]: clusters to leave alone; no
    cluster takes part twice in a round.
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


KERNELS = (_moments, _find_axes, _merge_costs, _exchange)


def _draw_noise(random: np.random.PCG64, k: int, noise: float) -> npt.NDArray[np.float64]:
    """Draw k factors around 1, each the ratio of two uniform variates shifted by `1 / noise` away from zero."""
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
        self._find_axes = _find_axes.bind(moments, self._axes)
        self._merge_costs = _merge_costs.bind(centroids, sums, row, self._costs, partners)
        order = self._wide, self._cheap, self._used
        self._exchange = _exchange.bind(centroids, sums, self._axes, self._gains, self._costs, partners, *order)

    def make(self, limit: int, noise: float, random: np.random.PCG64 | None) -> int:
        """Make up to `limit` promising exchanges; return their number. random: None without noise."""
        self._moments()
        self._find_axes()
        self._merge_costs()
        np.multiply(self._axes[:, 4], _GAIN, out=self._gains)
        if random is not None:
            self._gains *= _draw_noise(random, self._k, noise)
            self._costs *= _draw_noise(random, self._k, noise)
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
    """Alternate exchanges with Lloyd steps.

    Args:
        clusters: the clusters to improve.
        rounds: maximum number of rounds.
        steps: Lloyd steps per round.
        limit: maximum number of exchanges per round.
        noise: amount of randomness in choosing exchanges, 0 for none.
        seed: seed of the noise.
        progress: reports the rounds.

    Returns:
        The best centroids found, [4, k].
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
