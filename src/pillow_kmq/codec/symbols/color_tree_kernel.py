"""How colours become a tree (docs/FORMAT.md, section 7.3): kernels."""

from __future__ import annotations

from ...kernels import kernel
from ...kernels.types import i16_flat, i32_flat, i64, u8_flat

SCALES = (17, 21, 12, 30)
"""What brings the spreads along R+G+B, R-B, 2G-R-B and alpha to one scale, in 1/30."""

NEAR, FAR = 6, 16
"""Between levels: distances from a node's bound, in 1/16 of the mean distance."""


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
    """All of a tree: what `split_colors` makes, and then `fill_tables`. parts, side, kept:
    int32[1024] each, to work with.
    """
    split_colors(axes, orders, n, leaf, middle, cuts, parts, side, kept)
    fill_tables(axes, orders, n, cuts, steps, parts, levels, distances)


def split_colors(axes, orders, n, leaf, middle, cuts, parts, side, kept):  # type: ignore[no-untyped-def]
    """Cut n colours in two, and each half, until every colour stands alone; node i has the children 2i and 2i+1.

    axes: int32[4 * n], where the colours lie on one axis, then on the next. orders: int32[4 * n], the colours as they
    follow one another on each axis; all are in the order of the symbols in the end. leaf: int16[512], middle:
    uint8[256] and cuts: int32[256 * 4], by node: axis, twice the bound, sum of distances from it, number of colours.
    parts: int32[1024], where a node's colours begin, and their number; side, kept: int32[n], to work with.
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
            part(orders, k * n + begin, count, side, kept)
        middle[node] = begin + half
        parts[4 * node] = begin
        parts[4 * node + 1] = half
        parts[4 * node + 2] = begin + half
        parts[4 * node + 3] = count - half


def widest(axes, orders, n, begin, count, half):  # type: ignore[no-untyped-def]
    """The axis of the greatest spread of some colours; twice the bound between halves, sum of distances from it."""
    more = 2 * half - count  # left than right
    # Distances from a value in the middle add up to what is right of it, less what is left, plus `more` times it.
    most = -1
    axis = bound = width = 0
    for k in range(4):
        at = k * n + begin
        sums = 0
        for i in range(at, at + half):
            sums -= axes[k * n + orders[i]]
        for i in range(at + half, at + count):
            sums += axes[k * n + orders[i]]
        low = 0 + axes[k * n + orders[at + half - 1]]
        high = 0 + axes[k * n + orders[at + half]]
        spread = (sums + more * high) * SCALES[k]
        if spread > most:
            most = spread
            axis = k
            bound = low + high
            width = max(1, 2 * sums + more * bound)
    return axis, bound, width


def part(orders, at, count, side, kept):  # type: ignore[no-untyped-def]
    """Put colours of side 0 before those of side 1; on each, they stay in order."""
    left = at
    right = 0
    for i in range(at, at + count):
        color = 0 + orders[i]
        if side[color]:
            kept[right] = color
            right += 1
        else:
            orders[left] = color
            left += 1
    for i in range(right):
        orders[left + i] = kept[i]


def fill_tables(axes, orders, n, cuts, steps, places, levels, distances):  # type: ignore[no-untyped-def]
    """What `Tree.levels` and `Tree.distances` are, uint8[n * 256] and uint8[n * n].

    steps: uint8[2551], by distance. places: int32[4 * n], to work with.
    """
    for i in range(4 * n):
        places[i] = axes[i // n * n + orders[i % n]]
    for node in range(1, 256):
        count = 0 + cuts[4 * node + 3]
        if count > 0:
            first = cuts[4 * node] * n
            bound = 0 + cuts[4 * node + 1]
            near = NEAR * cuts[4 * node + 2]
            far = FAR * cuts[4 * node + 2]
            for symbol in range(n):
                place = (2 * places[first + symbol] - bound) * 16 * count
                level = (place >= -far) + (place >= -near) + (place >= 0) + (place >= near) + (place >= far)
                levels[256 * symbol + node] = level
    for one in range(n):
        for other in range(n):
            apart = 0
            for axis in range(0, 4 * n, n):
                apart += abs(places[axis + one] - places[axis + other])
            distances[n * one + other] = 0 + steps[apart]
