"""Lloyd's algorithm on weighted points: assignment with exact pruning, update, reseeding of empty clusters.

Source: S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28 (1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import kernel

Floats = npt.NDArray[np.floating[Any]]

BLOCK = 64
"""Points that are assigned together: four vector registers of sixteen float32."""


@kernel
def _load_block(points, start, block):  # type: ignore[no-untyped-def]
    """Copy BLOCK points from `start` on; behind the end the last point is repeated."""
    n = points.shape[1]
    for c in range(4):
        for i in range(BLOCK):
            block[c * BLOCK + i] = points[c, min(start + i, n - 1)]


@kernel
def _near_block(block, guess, centroids, near, bounds, order):  # type: ignore[no-untyped-def]
    """List in `near`, ascending, the centroids that can be nearest to a point of the block; returns their number.

    A centroid is out when it is farther from the block's bounding box than another one can be at the most, or than
    any point is from the centroid guessed for it: guess int32[BLOCK], the labels of the last assignment.
    `order` is an integer view of `bounds`: floats that are not negative sort like their bits, and an integer
    minimum vectorises.
    """
    k = centroids.shape[1]
    zero = block[0] - block[0]
    half = block.dtype.type(0.5)
    low0, low1, low2, low3 = block[0], block[BLOCK], block[2 * BLOCK], block[3 * BLOCK]
    high0, high1, high2, high3 = low0, low1, low2, low3
    for i in range(1, BLOCK):
        x = block[i]
        low0 = x if x < low0 else low0
        high0 = x if x > high0 else high0
        x = block[BLOCK + i]
        low1 = x if x < low1 else low1
        high1 = x if x > high1 else high1
        x = block[2 * BLOCK + i]
        low2 = x if x < low2 else low2
        high2 = x if x > high2 else high2
        x = block[3 * BLOCK + i]
        low3 = x if x < low3 else low3
        high3 = x if x > high3 else high3
    middle0, reach0 = (low0 + high0) * half, (high0 - low0) * half
    middle1, reach1 = (low1 + high1) * half, (high1 - low1) * half
    middle2, reach2 = (low2 + high2) * half, (high2 - low2) * half
    middle3, reach3 = (low3 + high3) * half, (high3 - low3) * half
    for j in range(k):
        away = abs(centroids[0, j] - middle0)
        gap = away - reach0 if away > reach0 else zero
        nearest = gap * gap
        farthest = (away + reach0) * (away + reach0)
        away = abs(centroids[1, j] - middle1)
        gap = away - reach1 if away > reach1 else zero
        nearest += gap * gap
        farthest += (away + reach1) * (away + reach1)
        away = abs(centroids[2, j] - middle2)
        gap = away - reach2 if away > reach2 else zero
        nearest += gap * gap
        farthest += (away + reach2) * (away + reach2)
        away = abs(centroids[3, j] - middle3)
        gap = away - reach3 if away > reach3 else zero
        bounds[0, j] = nearest + gap * gap
        bounds[1, j] = farthest + (away + reach3) * (away + reach3)
    bits = order[1, 0]
    for j in range(1, k):
        bits = min(bits, order[1, j])
    order[1, 0] = bits
    bound = bounds[1, 0]
    own = zero
    for i in range(BLOCK):
        j = guess[i]
        d0, d1 = block[i] - centroids[0, j], block[BLOCK + i] - centroids[1, j]
        d2, d3 = block[2 * BLOCK + i] - centroids[2, j], block[3 * BLOCK + i] - centroids[3, j]
        distance = d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
        own = distance if distance > own else own
    bound = own if own < bound else bound
    bound += bound * block.dtype.type(1e-5)  # rounding must never drop the true nearest
    count = 0
    for j in range(k):
        near[count] = j  # without a branch: it would be mispredicted
        count += bounds[0, j] <= bound
    return count


@kernel
def assign(points, centroids, labels, distances, block, block_labels, near, bounds, order):  # type: ignore[no-untyped-def]
    """The assignment step: the nearest centroid of each point, the lowest-numbered one of equals.

    points [4, n], centroids [4, k], one float dtype; labels int32[n] (any guess 0..k-1 before, better if near the
    truth) and distances [n] (squared) are written.
    Scratch: block [5 * BLOCK], block_labels int32[BLOCK], near int32[k + 1], bounds [2, k] and its
    integer view order.
    A block of points is compared only with the centroids that can matter to it: neighbours should be alike.
    """
    n = points.shape[1]
    far = 4 * BLOCK  # squared distances stand behind the coordinates: one base, so that loops vectorise
    for start in range(0, n, BLOCK):
        _load_block(points, start, block)
        for i in range(BLOCK):
            block_labels[i] = labels[min(start + i, n - 1)]
        count = _near_block(block, block_labels, centroids, near, bounds, order)
        for t in range(count):
            j = near[t]
            c0, c1, c2, c3 = centroids[0, j], centroids[1, j], centroids[2, j], centroids[3, j]
            first = t == 0
            for i in range(BLOCK):
                d0 = block[i] - c0
                d1 = block[BLOCK + i] - c1
                d2 = block[2 * BLOCK + i] - c2
                d3 = block[3 * BLOCK + i] - c3
                distance = d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
                closer = first | (distance < block[far + i])
                block[far + i] = distance if closer else block[far + i]
                block_labels[i] = j if closer else block_labels[i]
        for i in range(min(BLOCK, n - start)):
            labels[start + i] = block_labels[i]
            distances[start + i] = block[far + i]


@kernel
def update(points, weights, labels, distances, centroids, sums, fixed):  # type: ignore[no-untyped-def]
    """The update step: each centroid moves to the weighted mean of its points; returns whether any moved.

    The first `fixed` centroids stay where they are.
    sums float64[k, 6] is written: weighted coordinate sums (4), weight, inertia before the move.
    An empty centroid takes the place of the point that adds most to the inertia.
    """
    n = points.shape[1]
    k = centroids.shape[1]
    for j in range(k):
        for c in range(6):
            sums[j, c] = 0.0
    for i in range(n):
        j = labels[i]
        w = np.float64(weights[i])
        sums[j, 0] += w * points[0, i]
        sums[j, 1] += w * points[1, i]
        sums[j, 2] += w * points[2, i]
        sums[j, 3] += w * points[3, i]
        sums[j, 4] += w
        sums[j, 5] += w * distances[i]
    moved = False
    for j in range(fixed, k):
        if sums[j, 4] > 0.0:
            for c in range(4):
                before = centroids[c, j]
                centroids[c, j] = sums[j, c] / sums[j, 4]
                moved |= before != centroids[c, j]
        else:
            worst = 0
            for i in range(1, n):
                if weights[i] * distances[i] > weights[worst] * distances[worst]:
                    worst = i
            if distances[worst] > 0:
                for c in range(4):
                    centroids[c, j] = points[c, worst]
                distances[worst] = 0  # the next empty centroid goes elsewhere
                moved = True
    return moved


@dataclass(frozen=True)
class Clusters:
    """The working arrays of one run of Lloyd's algorithm, all of one float dtype.

    points [4, n] and weights [n]: what is clustered; unused dimensions are zero.
    centroids [4, k]: the means. labels int32[n], distances [n] (squared): of the last assignment.
    sums float64[k, 6]: per cluster, of the last update: weighted coordinate sums, weight, inertia.
    fixed: the first so many centroids never move.
    """

    points: Floats
    weights: Floats
    centroids: Floats
    labels: npt.NDArray[np.int32]
    distances: Floats
    sums: npt.NDArray[np.float64]
    fixed: int
    _scratch: tuple[Any, ...]

    @classmethod
    def start(cls, points: Floats, weights: Floats, centroids: Floats, fixed: int = 0) -> Clusters:
        """Allocate for points [4, n], weights [n] and first centroids [4, k], which are copied."""
        n, k = points.shape[1], centroids.shape[1]
        dtype = points.dtype
        bounds = np.empty((2, k), dtype)
        scratch = (
            np.empty(5 * BLOCK, dtype),
            np.empty(BLOCK, np.int32),
            np.empty(k + 1, np.int32),
            bounds,
            bounds.view(np.int32 if dtype == np.float32 else np.int64),
        )
        centroids = np.array(centroids, dtype, order="C")
        labels, distances = np.zeros(n, np.int32), np.empty(n, dtype)
        return cls(points, weights, centroids, labels, distances, np.zeros((k, 6)), fixed, scratch)

    def assign(self) -> None:
        """Give each point the label of its nearest centroid."""
        assign(self.points, self.centroids, self.labels, self.distances, *self._scratch)

    def update(self) -> bool:
        """Move each centroid to the mean of its points; returns whether any moved."""
        return bool(
            update(self.points, self.weights, self.labels, self.distances, self.centroids, self.sums, self.fixed)
        )

    def step(self, times: int) -> float:
        """Assign and update `times` times or until nothing moves; returns the inertia before the last update."""
        for _ in range(times):
            self.assign()
            if not self.update():
                break
        return float(self.sums[:, 5].sum())
