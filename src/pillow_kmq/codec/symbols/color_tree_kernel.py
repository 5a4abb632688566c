"""Splitting of colours into a tree (docs/FORMAT.md, section 7.3): kernel."""

from __future__ import annotations

from ...kernels import kernel
from ...kernels.types import i16_flat, i32_flat, i64, u8_flat

SCALES = (17, 21, 12, 30)
"""Factors, in 1/30, that make spreads along R+G+B, R-B, 2G-R-B and alpha comparable."""

NEAR, FAR = 6, 16
"""Thresholds of levels: distances from a node's bound, in 1/16 of the mean distance."""


@kernel
def whole_tree(
    axes: i32_flat,
    orders: i32_flat,
    n: i64,
    leaf: i16_flat,
    middle: u8_flat,
    cuts: i32_flat,
    parts: i32_flat,
    side: i32_flat,
    kept: i32_flat,
    steps: u8_flat,
    levels: u8_flat,
    distances: u8_flat,
) -> None:
    """Build a tree and its tables; for the arguments see `split_colors` and `fill_tables`."""
    split_colors(axes, orders, n, leaf, middle, cuts, parts, side, kept)
    fill_tables(axes, orders, n, cuts, steps, parts, levels, distances)


def split_colors(axes, orders, n, leaf, middle, cuts, parts, side, kept):  # type: ignore[no-untyped-def]
    """Split n colours in two halves, and each of these, down to single colours.

    Args:
        axes: int32[4 * n], the coordinates of the colours on one axis, then on the next.
        orders: int32[4 * n], the colours sorted along each axis; in the end, all four are in the order of the symbols.
        n: number of colours, 1..256.
        leaf: int16[512], -1; receives the symbols of nodes.
        middle: uint8[256], zeros; receives the first symbols of right children.
        cuts: int32[256 * 4], zeros; receives axis, twice the bound, sum of distances from it, number of colours.
        parts: int32[1024], zeros: the first colour of each node, and the number of colours.
        side: int32[n], any values.
        kept: int32[n], any values.
    """
    parts[2] = 0
    parts[3] = n
    for node in range(1, 512):
        begin = 0 + parts[2 * node]
        count = 0 + parts[2 * node + 1]
        if count == 1:
            leaf[node] = begin
        if count < 2:
            continue
        half = (count + 1) >> 1
        axis, bound, width = widest(axes, orders, n, begin, count, half)
        cuts[4 * node] = axis
        cuts[4 * node + 1] = bound
        cuts[4 * node + 2] = width
        cuts[4 * node + 3] = count
        for i in range(count):
            side[orders[axis * n + begin + i]] = 0 + (i >= half)
        for k in range(4):
            partition(orders, k * n + begin, count, side, kept)
        middle[node] = begin + half
        parts[4 * node] = begin
        parts[4 * node + 1] = half
        parts[4 * node + 2] = begin + half
        parts[4 * node + 3] = count - half


def widest(axes, orders, n, begin, count, half):  # type: ignore[no-untyped-def]
    """Return the axis of the greatest spread of some colours, twice the bound between halves, and the sum of distances
    from it.
    """
    more = 2 * half - count  # colours on the left than on the right
    # The sum of distances from a bound is the sum on its right, less the sum on its left, plus `more` times the bound.
    most = -1
    axis = bound = width = 0
    for k in range(4):
        first = k * n + begin
        sums = 0
        for i in range(first, first + half):
            sums -= axes[k * n + orders[i]]
        for i in range(first + half, first + count):
            sums += axes[k * n + orders[i]]
        low = 0 + axes[k * n + orders[first + half - 1]]
        high = 0 + axes[k * n + orders[first + half]]
        spread = (sums + more * high) * SCALES[k]
        if spread > most:
            most = spread
            axis = k
            bound = low + high
            width = max(1, 2 * sums + more * bound)
    return axis, bound, width


def partition(orders, first, count, side, kept):  # type: ignore[no-untyped-def]
    """Move colours of side 0 before those of side 1, otherwise in the same order."""
    left = first
    right = 0
    for i in range(first, first + count):
        color = 0 + orders[i]
        if side[color]:
            kept[right] = color
            right += 1
        else:
            orders[left] = color
            left += 1
    for i in range(right):
        orders[left + i] = kept[i]


def fill_tables(axes, orders, n, cuts, steps, work, levels, distances):  # type: ignore[no-untyped-def]
    """Fill the tables `Tree.levels` and `Tree.distances`.

    Args:
        axes: see `split_colors`.
        orders: see `split_colors`, after it.
        n: number of colours.
        cuts: see `split_colors`, after it.
        steps: uint8[2551], by a sum of differences: the distance.
        work: int32[4 * n], any values.
        levels: uint8[n * 256], zeros.
        distances: uint8[n * n].
    """
    for i in range(4 * n):
        work[i] = axes[i // n * n + orders[i % n]]
    for node in range(1, 256):
        count = 0 + cuts[4 * node + 3]
        if count > 0:
            first = cuts[4 * node] * n
            bound = 0 + cuts[4 * node + 1]
            near = NEAR * cuts[4 * node + 2]
            far = FAR * cuts[4 * node + 2]
            for symbol in range(n):
                value = (2 * work[first + symbol] - bound) * 16 * count
                level = (value >= -far) + (value >= -near) + (value >= 0) + (value >= near) + (value >= far)
                levels[256 * symbol + node] = level
    for one in range(n):
        for other in range(n):
            apart = 0
            for axis in range(0, 4 * n, n):
                apart += abs(work[axis + one] - work[axis + other])
            distances[n * one + other] = 0 + steps[apart]
