"""Variance-based splitting: a good first set of centroids.

Source: X. Wu, "Color quantization by dynamic programming and principal analysis", ACM Trans. Graphics 11 (1992);
here greedily: always the cluster whose best cut across its principal axis lowers the inertia most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import kernel

SLICES = 64  # places along the principal axis where a cut is tried
POWER_STEPS = 8  # of the power iteration for that axis; its error costs far less than the greedy choice does

# A row of `cuts`: gain, axis (4), position on the axis, mean below the cut (4), mean above it (4).
GAIN, AXIS, POSITION, BELOW, ABOVE, CUT_WIDTH = 0, 1, 5, 6, 10, 14


@kernel
def _mean(points, weights, order, start, stop):  # type: ignore[no-untyped-def]
    """Weight and mean of the points order[start:stop]; the mean of none is not a number."""
    total, mean0, mean1, mean2, mean3 = 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(start, stop):
        i = order[t]
        w = np.float64(weights[i])
        total += w
        mean0 += w * points[0, i]
        mean1 += w * points[1, i]
        mean2 += w * points[2, i]
        mean3 += w * points[3, i]
    return total, mean0 / total, mean1 / total, mean2 / total, mean3 / total


@kernel
def _best_cut(points, weights, order, start, stop, cut, slices):  # type: ignore[no-untyped-def]
    """Find the best cut of the points order[start:stop] and write it to `cut`, float64[CUT_WIDTH].

    cut[GAIN] is the inertia that it takes away, 0 where there is nothing to cut. slices float64[SLICES, 5] is scratch.
    """
    cut[GAIN] = 0.0
    total, mean0, mean1, mean2, mean3 = _mean(points, weights, order, start, stop)
    if total <= 0.0:
        return
    v00, v01, v02, v03, v11, v12, v13, v22, v23, v33 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(start, stop):
        i = order[t]
        w = np.float64(weights[i])
        x0, x1, x2, x3 = (
            points[0, i] - mean0,
            points[1, i] - mean1,
            points[2, i] - mean2,
            points[3, i] - mean3,
        )
        v00 += w * x0 * x0
        v01 += w * x0 * x1
        v02 += w * x0 * x2
        v03 += w * x0 * x3
        v11 += w * x1 * x1
        v12 += w * x1 * x2
        v13 += w * x1 * x3
        v22 += w * x2 * x2
        v23 += w * x2 * x3
        v33 += w * x3 * x3
    # The start leans to the widest coordinate, so that it is not at a right angle to the axis.
    a0, a1, a2, a3 = v00 + abs(v01), v11 + abs(v12), v22 + abs(v23), v33 + abs(v03)
    for _ in range(POWER_STEPS):
        b0 = v00 * a0 + v01 * a1 + v02 * a2 + v03 * a3
        b1 = v01 * a0 + v11 * a1 + v12 * a2 + v13 * a3
        b2 = v02 * a0 + v12 * a1 + v22 * a2 + v23 * a3
        b3 = v03 * a0 + v13 * a1 + v23 * a2 + v33 * a3
        length = np.sqrt(b0 * b0 + b1 * b1 + b2 * b2 + b3 * b3)
        if length <= 0.0:
            return
        a0, a1, a2, a3 = b0 / length, b1 / length, b2 / length, b3 / length
    low, high = np.inf, -np.inf
    for t in range(start, stop):
        i = order[t]
        p = points[0, i] * a0 + points[1, i] * a1 + points[2, i] * a2 + points[3, i] * a3
        low = min(low, p)
        high = max(high, p)
    if not high > low:
        return
    for s in range(SLICES):
        for c in range(5):
            slices[s, c] = 0.0
    scale = SLICES / (high - low)
    for t in range(start, stop):
        i = order[t]
        p = points[0, i] * a0 + points[1, i] * a1 + points[2, i] * a2 + points[3, i] * a3
        s = min(int((p - low) * scale), SLICES - 1)
        w = np.float64(weights[i])
        slices[s, 0] += w * (points[0, i] - mean0)
        slices[s, 1] += w * (points[1, i] - mean1)
        slices[s, 2] += w * (points[2, i] - mean2)
        slices[s, 3] += w * (points[3, i] - mean3)
        slices[s, 4] += w
    s0, s1, s2, s3, below = 0.0, 0.0, 0.0, 0.0, 0.0
    for s in range(SLICES - 1):
        s0 += slices[s, 0]
        s1 += slices[s, 1]
        s2 += slices[s, 2]
        s3 += slices[s, 3]
        below += slices[s, 4]
        above = total - below
        if below <= 0.0 or above <= 0.0:
            continue
        gain = (s0 * s0 + s1 * s1 + s2 * s2 + s3 * s3) * (1.0 / below + 1.0 / above)
        if gain > cut[GAIN]:
            cut[GAIN] = gain
            cut[POSITION] = low + (s + 1) / scale
            cut[BELOW], cut[BELOW + 1] = mean0 + s0 / below, mean1 + s1 / below
            cut[BELOW + 2], cut[BELOW + 3] = mean2 + s2 / below, mean3 + s3 / below
            cut[ABOVE], cut[ABOVE + 1] = mean0 - s0 / above, mean1 - s1 / above
            cut[ABOVE + 2], cut[ABOVE + 3] = mean2 - s2 / above, mean3 - s3 / above
    cut[AXIS], cut[AXIS + 1], cut[AXIS + 2], cut[AXIS + 3] = a0, a1, a2, a3


@kernel
def _split(points, weights, k, order, spare, first, cuts, slices, centroids):  # type: ignore[no-untyped-def]
    """Cut greedily into at most k clusters; order[first[j]:first[j + 1]] need not be cluster j. Returns their number.

    first int64[2, k]: start and stop of each cluster in `order`. centroids [4, k] is written.
    """
    n = points.shape[1]
    for i in range(n):
        order[i] = i
    first[0, 0], first[1, 0] = 0, n
    _best_cut(points, weights, order, 0, n, cuts[0], slices)
    count = 1
    while count < k:
        widest = 0
        for j in range(1, count):
            if cuts[j, GAIN] > cuts[widest, GAIN]:
                widest = j
        cut = cuts[widest]
        if not cut[GAIN] > 0.0:
            break
        start, stop = first[0, widest], first[1, widest]
        left, right = start, stop
        for t in range(start, stop):
            i = order[t]
            p = (
                points[0, i] * cut[AXIS]
                + points[1, i] * cut[AXIS + 1]
                + points[2, i] * cut[AXIS + 2]
                + points[3, i] * cut[AXIS + 3]
            )
            if p < cut[POSITION]:
                spare[left] = i
                left += 1
            else:
                right -= 1
                spare[right] = i
        if left in (start, stop):  # rounding put all on one side
            cut[GAIN] = 0.0
            continue
        for t in range(start, stop):
            order[t] = spare[t]
        first[1, widest] = left
        first[0, count], first[1, count] = left, stop
        _best_cut(points, weights, order, start, left, cuts[widest], slices)
        _best_cut(points, weights, order, left, stop, cuts[count], slices)
        count += 1
    for j in range(count):
        _, mean0, mean1, mean2, mean3 = _mean(points, weights, order, first[0, j], first[1, j])
        centroids[0, j], centroids[1, j], centroids[2, j], centroids[3, j] = mean0, mean1, mean2, mean3
    return count


def split(
    points: npt.NDArray[np.floating[Any]], weights: npt.NDArray[np.floating[Any]], k: int
) -> npt.NDArray[np.floating[Any]]:
    """Split points [4, n] with weights [n] into at most k clusters.

    Returns their means [4, k'] with k' <= k: fewer where fewer points differ.
    """
    n = points.shape[1]
    order, spare = np.empty(n, np.int64), np.empty(n, np.int64)
    first = np.empty((2, k), np.int64)
    cuts, slices = np.empty((k, CUT_WIDTH)), np.empty((SLICES, 5))
    centroids = np.empty((4, k), points.dtype)
    count = _split(points, weights, k, order, spare, first, cuts, slices, centroids)
    return centroids[:, :count].copy()
