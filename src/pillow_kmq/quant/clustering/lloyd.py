"""Lloyd's algorithm on weighted points: assignment, update, reseeding of empty clusters.

Source: S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28 (1982).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f64_2d, i32_1d, i64, real_1d, real_2d
from .assign import Assignment, Floats

_AT_ONCE = 1 << 26
"""Points scanned per kernel call: tenths of a second, after which Python can handle Ctrl-C."""


def _add_up(points, weights, labels, distances, sums):  # type: ignore[no-untyped-def]
    for j in range(sums.shape[0]):
        for c in range(6):
            sums[j, c] = 0.0
    for i in range(points.shape[1]):
        j = labels[i]
        w = np.float64(weights[i])
        sums[j, 0] += w * points[0, i]
        sums[j, 1] += w * points[1, i]
        sums[j, 2] += w * points[2, i]
        sums[j, 3] += w * points[3, i]
        sums[j, 4] += w
        sums[j, 5] += w * distances[i]


@kernel
def update(
    points: real_2d,
    weights: real_1d,
    labels: i32_1d,
    distances: real_1d,
    centroids: real_2d,
    sums: f64_2d,
    fixed: i64,
    start: i64,
    most: i64,
) -> tuple[bool, int]:
    """Move each centroid to the weighted mean of its points, and empty ones to the point of largest error.

    Args:
        points: [4, n].
        weights: [n].
        labels: int32[n].
        distances: [n], squared; set to 0 for points that empty centroids move to.
        centroids: [4, k], updated.
        sums: float64[k, 6], written: weighted coordinate sums (4), weight, inertia before the update.
        fixed: number of leading centroids that never move.
        start: the centroid to continue with; `fixed` at first.
        most: number of points to scan for empty centroids before returning.

    Returns:
        Whether any centroid moved, and the centroid to continue with, k at the end.
    """
    n = points.shape[1]
    k = centroids.shape[1]
    if start == fixed:
        _add_up(points, weights, labels, distances, sums)
    moved = False
    seen = 0
    for j in range(start, k):
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
            seen += n
            if seen >= most:
                return moved, j + 1
    return moved, k


KERNELS = (update,)


@dataclass(frozen=True)
class Clusters:
    """Working arrays of one run of Lloyd's algorithm, all of one float dtype.

    Attributes:
        points: [4, n]; unused dimensions are zero.
        weights: [n].
        centroids: [4, k].
        labels: int32[n], from the last assignment.
        distances: [n], squared, from the last assignment.
        sums: float64[k, 6], from the last update: weighted coordinate sums (4), weight, inertia.
        fixed: number of leading centroids that never move.
        assignment: the assignment step on these arrays.
    """

    points: Floats
    weights: Floats
    centroids: Floats
    labels: npt.NDArray[np.int32]
    distances: Floats
    sums: npt.NDArray[np.float64]
    fixed: int
    assignment: Assignment

    @classmethod
    def start(cls, points: Floats, weights: Floats, centroids: Floats, fixed: int = 0) -> Clusters:
        """Allocate arrays for points [4, n], weights [n] and initial centroids [4, k], which are copied."""
        n, k = points.shape[1], centroids.shape[1]
        centroids = np.array(centroids, points.dtype, order="C")
        labels, distances = np.zeros(n, np.int32), np.empty(n, points.dtype)
        assignment = Assignment(points, centroids, labels, distances)
        return cls(points, weights, centroids, labels, distances, np.zeros((k, 6)), fixed, assignment)

    @cached_property
    def _update(self) -> Callable[[int, int], tuple[bool, int]]:
        assigned = self.points, self.weights, self.labels, self.distances
        return update.bind(*assigned, self.centroids, self.sums, self.fixed)

    def assign(self) -> None:
        """Label each point with its nearest centroid."""
        self.assignment.run()

    def update(self) -> bool:
        """Move each centroid to the mean of its points; return whether any moved."""
        moved, start = False, self.fixed
        while True:
            some, start = self._update(start, _AT_ONCE)
            moved |= bool(some)
            if start == self.centroids.shape[1]:
                return moved

    def step(self, times: int) -> float:
        """Assign and update `times` times or until convergence; return the inertia before the last update."""
        for _ in range(times):
            self.assign()
            if not self.update():
                break
        return float(self.sums[:, 5].sum())
