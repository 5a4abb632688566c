"""Greedy variance-based splitting: initial centroids for k-means.

Source: X. Wu, "Color quantization by dynamic programming and principal analysis", ACM Trans. Graphics 11 (1992); here
greedily: each step makes the cut across a principal axis that lowers the inertia most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f64_2d, i64, i64_2d, real_2d
from .principal_axis import principal_axis

SLICES = 64  # slices along the principal axis, between which cuts are tried
REACH = 3.0  # standard deviations from the mean that slices cover; outliers belong to the outer slices
POWER_STEPS = 8  # power iterations for that axis; the error is negligible against that of the greedy choice

_AT_ONCE = 1 << 23
"""Rows scanned per kernel call: tenths of a second, after which Python can handle Ctrl-C."""

# Columns of `rows`: coordinates (4), weight, slice. The points of a cluster are contiguous.
WEIGHT, SLICE, ROW_WIDTH = 4, 5, 6

# Columns of `cuts`: gain, last slice below the cut, weight and mean (4) below it, weight and mean (4) above it.
GAIN, LAST, BELOW, ABOVE, CUT_WIDTH = 0, 1, 2, 7, 12


def _sum_rows(rows, cut):  # type: ignore[no-untyped-def]
    """Write weight and mean of all rows to cut[BELOW:]."""
    total, sum0, sum1, sum2, sum3 = 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(rows.shape[0]):
        w = np.float64(rows[t, WEIGHT])
        total += w
        sum0 += w * rows[t, 0]
        sum1 += w * rows[t, 1]
        sum2 += w * rows[t, 2]
        sum3 += w * rows[t, 3]
    cut[BELOW] = total
    cut[BELOW + 1], cut[BELOW + 2], cut[BELOW + 3], cut[BELOW + 4] = (
        sum0 / total,
        sum1 / total,
        sum2 / total,
        sum3 / total,
    )


def _axis_of_rows(rows, start, stop, mean0, mean1, mean2, mean3):  # type: ignore[no-untyped-def]
    """Return the principal axis of rows[start:stop] (unit length) and the inertia along it."""
    v00, v01, v02, v03, v11, v12, v13, v22, v23, v33 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(start, stop):
        w = np.float64(rows[t, WEIGHT])
        x0, x1, x2, x3 = rows[t, 0] - mean0, rows[t, 1] - mean1, rows[t, 2] - mean2, rows[t, 3] - mean3
        w0, w1, w2 = w * x0, w * x1, w * x2
        v00 += w0 * x0
        v01 += w0 * x1
        v02 += w0 * x2
        v03 += w0 * x3
        v11 += w1 * x1
        v12 += w1 * x2
        v13 += w1 * x3
        v22 += w2 * x2
        v23 += w2 * x3
        v33 += w * x3 * x3
    return principal_axis(v00, v01, v02, v03, v11, v12, v13, v22, v23, v33, POWER_STEPS)


def _best_cut(rows, start, stop, total, mean0, mean1, mean2, mean3, cut, slices):  # type: ignore[no-untyped-def]
    """Write the best cut of rows[start:stop], whose weight and mean are given, to cut, float64[CUT_WIDTH].

    cut[GAIN] is the inertia that it removes, 0 if there is nothing to cut. slices float64[SLICES, 5] is scratch.
    """
    cut[GAIN] = 0.0
    a0, a1, a2, a3, inertia = _axis_of_rows(rows, start, stop, mean0, mean1, mean2, mean3)
    if not inertia > 0.0:
        return
    for s in range(SLICES):
        for c in range(5):
            slices[s, c] = 0.0
    scale = SLICES / (2.0 * REACH) / np.sqrt(inertia / total)
    middle = SLICES / 2.0
    for t in range(start, stop):
        x0, x1, x2, x3 = rows[t, 0] - mean0, rows[t, 1] - mean1, rows[t, 2] - mean2, rows[t, 3] - mean3
        p = (x0 * a0 + x1 * a1 + x2 * a2 + x3 * a3) * scale + middle
        s = int(min(max(p, 0.0), SLICES - 1.0))
        w = np.float64(rows[t, WEIGHT])
        rows[t, SLICE] = s
        slices[s, 0] += w * x0
        slices[s, 1] += w * x1
        slices[s, 2] += w * x2
        slices[s, 3] += w * x3
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
            cut[LAST] = s
            cut[BELOW], cut[ABOVE] = below, above
            cut[BELOW + 1], cut[BELOW + 2] = mean0 + s0 / below, mean1 + s1 / below
            cut[BELOW + 3], cut[BELOW + 4] = mean2 + s2 / below, mean3 + s3 / below
            cut[ABOVE + 1], cut[ABOVE + 2] = mean0 - s0 / above, mean1 - s1 / above
            cut[ABOVE + 3], cut[ABOVE + 4] = mean2 - s2 / above, mean3 - s3 / above


def _partition(rows, start, stop, last):  # type: ignore[no-untyped-def]
    """Move rows of slices up to `last` to the front of rows[start:stop]; return the start of the others."""
    left, right = start, stop - 1
    while left <= right:
        if rows[left, SLICE] <= last:
            left += 1
        else:
            for c in range(ROW_WIDTH):
                rows[left, c], rows[right, c] = rows[right, c], rows[left, c]
            right -= 1
    return left


@kernel
def _split(
    rows: real_2d, k: i64, first: i64_2d, cuts: f64_2d, slices: f64_2d, centroids: real_2d, count: i64, most: i64
) -> int:
    """Split `count` clusters, initially 0, into up to k; return the new number, unchanged if nothing can be cut.

    first int64[2, k]: start and stop of each cluster in `rows`. centroids [4, k]: written. most: number of rows to scan
    before returning.
    """
    if count == 0:
        cut = cuts[0]
        _sum_rows(rows, cut)
        first[0, 0], first[1, 0] = 0, rows.shape[0]
        for c in range(4):
            centroids[c, 0] = cut[BELOW + 1 + c]
        total, mean0, mean1, mean2, mean3 = cut[BELOW], cut[BELOW + 1], cut[BELOW + 2], cut[BELOW + 3], cut[BELOW + 4]
        _best_cut(rows, 0, rows.shape[0], total, mean0, mean1, mean2, mean3, cut, slices)
        return 1
    seen = 0
    while count < k and seen < most:
        widest = 0
        for j in range(1, count):
            if cuts[j, GAIN] > cuts[widest, GAIN]:
                widest = j
        cut = cuts[widest]
        if not cut[GAIN] > 0.0:
            break
        start, stop = first[0, widest], first[1, widest]
        seen += stop - start + count
        middle = _partition(rows, start, stop, cut[LAST])
        for c in range(4):
            centroids[c, widest], centroids[c, count] = cut[BELOW + 1 + c], cut[ABOVE + 1 + c]
        first[1, widest] = middle
        first[0, count], first[1, count] = middle, stop
        total, mean0, mean1, mean2, mean3 = cut[ABOVE], cut[ABOVE + 1], cut[ABOVE + 2], cut[ABOVE + 3], cut[ABOVE + 4]
        _best_cut(rows, middle, stop, total, mean0, mean1, mean2, mean3, cuts[count], slices)
        total, mean0, mean1, mean2, mean3 = cut[BELOW], cut[BELOW + 1], cut[BELOW + 2], cut[BELOW + 3], cut[BELOW + 4]
        _best_cut(rows, start, middle, total, mean0, mean1, mean2, mean3, cut, slices)
        count += 1
    return count


KERNELS = (_split,)


def split(
    points: npt.NDArray[np.floating[Any]], weights: npt.NDArray[np.floating[Any]], k: int
) -> npt.NDArray[np.floating[Any]]:
    """Split weighted points into at most k clusters.

    Args:
        points: [4, n].
        weights: [n], > 0.
        k: maximum number of clusters.

    Returns:
        The cluster means, [4, k'], k' <= k; fewer than k if there are fewer distinct points.
    """
    rows = np.empty((points.shape[1], ROW_WIDTH), points.dtype)
    rows[:, :WEIGHT] = points.T
    rows[:, WEIGHT] = weights
    first = np.empty((2, k), np.int64)
    cuts, slices = np.empty((k, CUT_WIDTH)), np.empty((SLICES, 5))
    centroids = np.empty((4, k), points.dtype)
    before, count = -1, 0
    while before < count < k:
        before, count = count, _split(rows, k, first, cuts, slices, centroids, count, _AT_ONCE)
    return centroids[:, :count].copy()
