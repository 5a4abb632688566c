"""The assignment step of k-means: the exact nearest centroid of each point, with few comparisons.

Points come in blocks, and blocks in groups, of neighbours that should be similar. A centroid is compared with the
points of a block only if it can be nearest to one of them: its distance to the bounding box of the block is at most the
smallest maximum distance of any centroid, and at most the largest distance of a point to its previous centroid.

Source: after M. E. Celebi, "Improving the performance of k-means for color quantization", Image and Vision Computing 29
(2011), with bounding boxes instead of sorted distances.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import bits_2d, i32_1d, i64, real_1d, real_2d

Floats = npt.NDArray[np.floating[Any]]

BLOCK = 64
"""Number of points compared together: four vector registers of eight float32."""

GROUP = 4
"""Number of blocks that share a first selection of centroids."""

_AT_ONCE = 1 << 28
"""Pairs of a point and a centroid per kernel call: tenths of a second, after which Python can handle Ctrl-C."""


@kernel
def _boxes(points: real_2d, size: i64, boxes: real_2d) -> None:
    """Write the bounding boxes of `size` points each: centres, then half widths, float[m, 8].

    Half widths are rounded up, so that a centroid at the place of a point is inside.
    """
    slack = boxes.dtype.type(1e-6)
    for g in range(boxes.shape[0]):
        stop = min((g + 1) * size, points.shape[1])
        for c in range(4):
            low = high = points[c, g * size]
            for i in range(g * size + 1, stop):
                low = min(low, points[c, i])
                high = max(high, points[c, i])
            boxes[g, c] = (low + high) * boxes.dtype.type(0.5)
            boxes[g, 4 + c] = (high - low) * boxes.dtype.type(0.5) + (abs(low) + abs(high)) * slack


def _select_candidates(boxes, g, limit, centroids, k, kept, bounds, order):  # type: ignore[no-untyped-def]
    """List in `kept`, in ascending order, the centroids that can be nearest to a point of box g; return their number.

    limit: upper bound of the squared distance of each point to its nearest centroid. bounds [2, >= k]: scratch. order:
    its integer view; non-negative floats sort like their bits, and an integer minimum vectorises.
    """
    zero = boxes[g, 0] - boxes[g, 0]
    middle0, middle1, middle2, middle3 = boxes[g, 0], boxes[g, 1], boxes[g, 2], boxes[g, 3]
    reach0, reach1, reach2, reach3 = boxes[g, 4], boxes[g, 5], boxes[g, 6], boxes[g, 7]
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
    bound = limit if limit < bound else bound
    bound += bound * boxes.dtype.type(1e-5)  # rounding must never drop the true nearest
    count = 0
    for j in range(k):
        kept[count] = j  # branchless: a branch would be mispredicted
        count += bounds[0, j] <= bound
    return count


def _load(points, labels, start, block, block_labels):  # type: ignore[no-untyped-def]
    """Copy BLOCK points and labels, beginning with `start`; beyond the end, repeat the last one."""
    n = points.shape[1]
    for c in range(4):
        for i in range(BLOCK):
            block[c * BLOCK + i] = points[c, min(start + i, n - 1)]
    for i in range(BLOCK):
        block_labels[i] = labels[min(start + i, n - 1)]


def _farthest_guess(block, block_labels, centroids):  # type: ignore[no-untyped-def]
    """Return the largest squared distance of a point to the centroid of its label."""
    most = block[0] - block[0]
    for i in range(BLOCK):
        j = block_labels[i]
        d0, d1 = block[i] - centroids[0, j], block[BLOCK + i] - centroids[1, j]
        d2, d3 = block[2 * BLOCK + i] - centroids[2, j], block[3 * BLOCK + i] - centroids[3, j]
        distance = d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
        most = distance if distance > most else most
    return most


def _compare(block, block_labels, centroids, kept, count):  # type: ignore[no-untyped-def]
    """Label each point of the block with the nearest of `count` candidates, the first of equals."""
    far = 4 * BLOCK  # squared distances follow the coordinates in one array, so that loops vectorise
    for t in range(count):
        j = kept[t]
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


@kernel
def _assign(
    points: real_2d,
    centroids: real_2d,
    labels: i32_1d,
    distances: real_1d,
    boxes: real_2d,
    group_boxes: real_2d,
    block: real_1d,
    block_labels: i32_1d,
    names: i32_1d,
    some: real_2d,
    kept: i32_1d,
    bounds: real_2d,
    order: bits_2d,
    first: i64,
    last: i64,
) -> None:
    """Label the points of the groups first <= g < last."""
    n, k = points.shape[1], centroids.shape[1]
    unlimited = points.dtype.type(np.inf)
    count = 0
    for b in range(first * GROUP, min(last * GROUP, boxes.shape[0])):
        if b % GROUP == 0:
            count = _select_candidates(group_boxes, b // GROUP, unlimited, centroids, k, names, bounds, order)
            for t in range(count):
                for c in range(4):
                    some[c, t] = centroids[c, names[t]]
        start = b * BLOCK
        _load(points, labels, start, block, block_labels)
        limit = _farthest_guess(block, block_labels, centroids)
        few = _select_candidates(boxes, b, limit, some, count, kept, bounds, order)
        _compare(block, block_labels, some, kept, few)
        for i in range(min(BLOCK, n - start)):
            labels[start + i] = names[block_labels[i]]
            distances[start + i] = block[4 * BLOCK + i]


KERNELS = (_boxes, _assign)


class Assignment:
    """The assignment step for fixed points, [4, n], and moving centroids, [4, k]."""

    def __init__(self, points: Floats, centroids: Floats, labels: npt.NDArray[np.int32], distances: Floats) -> None:
        """Bind the arrays to work on.

        Args:
            points: [4, n].
            centroids: [4, k].
            labels: int32[n], any guess 0..k-1, the closer the faster; `run` writes the nearest centroid of each point,
                the lowest index of equals.
            distances: [n]; `run` writes squared distances.
        """
        n, k, dtype = points.shape[1], centroids.shape[1], points.dtype
        boxes = np.empty((-(-n // BLOCK), 8), dtype)
        group_boxes = np.empty((-(-n // (BLOCK * GROUP)), 8), dtype)
        _boxes(points, BLOCK, boxes)
        _boxes(points, BLOCK * GROUP, group_boxes)
        bounds = np.empty((2, k), dtype)
        self._groups = len(group_boxes)
        self._step = max(1, _AT_ONCE // (BLOCK * GROUP * k))
        self._assign = _assign.bind(
            points,
            centroids,
            labels,
            distances,
            boxes,
            group_boxes,
            np.empty(5 * BLOCK, dtype),
            np.empty(BLOCK, np.int32),
            np.empty(k + 1, np.int32),
            np.empty((4, k), dtype),
            np.empty(k + 1, np.int32),
            bounds,
            bounds.view(np.int32 if dtype == np.float32 else np.int64),
        )

    def run(self) -> None:
        """Assign each point to its nearest centroid."""
        for first in range(0, self._groups, self._step):
            self._assign(first, first + self._step)
