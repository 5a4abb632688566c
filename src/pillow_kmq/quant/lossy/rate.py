"""Bits that an index costs, together with those to the right and below, which it is a neighbour of. For kernels."""

from __future__ import annotations

import numpy as np

from .costs import cost, kept_before, neighbours


def surroundings(indices, x, y):  # type: ignore[no-untyped-def]
    """Return W, N, E, S, NW, NE, NEE and SW of a pixel; those outside the picture are replaced by others."""
    height, width = indices.shape
    value = np.int64(indices[y, x])
    w, n, nw, ne = neighbours(indices, x, y)
    e = np.int64(indices[y, x + 1]) if x + 1 < width else value
    s = np.int64(indices[y + 1, x]) if y + 1 < height else value
    nee = np.int64(indices[y - 1, x + 2]) if y > 0 and x + 2 < width else ne
    sw = np.int64(indices[y + 1, x - 1]) if y + 1 < height and x > 0 else s
    return w, n, e, s, nw, ne, nee, sw


def motion(indices, before, animated, x, y):  # type: ignore[no-untyped-def]
    """Compare the surroundings of a pixel with the previous frame.

    Returns:
        The index in the previous frame, -1 if there is none; which neighbours of the pixel, of E and of S are kept, as
        in `kept_before`, not counting the pixel itself; 1 if E is kept; 1 if S is kept.
    """
    if not animated:
        return np.int64(-1), 0, 0, 0, 0, 0
    height, width = indices.shape
    right, under, e, s = 0, 0, np.int64(0), np.int64(0)
    if x + 1 < width:
        right = kept_before(indices, before, x + 1, y) & 3
        e = np.int64(indices[y, x + 1] == before[y, x + 1])
    if y + 1 < height:
        under = kept_before(indices, before, x, y + 1) & 5
        s = np.int64(indices[y + 1, x] == before[y + 1, x])
    return np.int64(before[y, x]), kept_before(indices, before, x, y), right, under, e, s


def own_bits(costs, value, around, moved):  # type: ignore[no-untyped-def]
    """Return the bits of an index itself; `around` is from `surroundings`, `moved` from `motion`."""
    kept = np.int64(value == moved[0])
    bits = np.float32(0.0)
    if moved[0] >= 0:
        bits += costs.kept[moved[1], kept]
    if not kept:
        bits += cost(costs, value, around[0], around[1], around[4], around[5])
    return bits


def right_bits(costs, value, around, moved, top):  # type: ignore[no-untyped-def]
    """Return the bits of E, to the right of an index. top: whether it is in the first row."""
    bits = np.float32(0.0)
    if moved[0] >= 0:
        bits += costs.kept[moved[2] | 4 * np.int64(value == moved[0]), moved[4]]
    if not moved[4]:
        n, nw, ne = (value, value, value) if top else (around[5], around[1], around[6])
        bits += cost(costs, around[2], value, n, nw, ne)
    return bits


def under_bits(costs, value, around, moved, first, last):  # type: ignore[no-untyped-def]
    """Return the bits of S, below an index. first, last: whether it is in the first or in the last column."""
    bits = np.float32(0.0)
    if moved[0] >= 0:
        bits += costs.kept[moved[3] | 2 * np.int64(value == moved[0]), moved[5]]
    if not moved[5]:
        w, nw = (value, value) if first else (around[7], around[0])
        bits += cost(costs, around[3], w, value, nw, value if last else around[2])
    return bits
