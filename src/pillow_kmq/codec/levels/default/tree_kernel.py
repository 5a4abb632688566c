"""A symbol as a path in the colour tree (docs/FORMAT.md, section 7.6)."""

from __future__ import annotations

from ...entropy.range_coder_kernel import WORD
from .layout import FEW, LEVELS, LINE, ORIGIN
from .mixer_kernel import mixed_bit

HASH_1, HASH_4 = 0x9E3779B1, 0x2C1B3C6D

FARTHEST = 500
"""The limit of the gradient as an input; the colours below a node are 256 away from its bound on average."""


def implied_bit(leaf, node, W, N, opaque_zero):  # type: ignore[no-untyped-def]
    """Return whether one child of a node is W or N, which the symbol is not, and the bit of the other child."""
    left = 0 + leaf[2 * node]
    right = 0 + leaf[2 * node + 1]
    if left >= 0 and (left == W or left == N):  # noqa: SIM109
        return True, opaque_zero + 1
    if right >= 0 and (right == W or right == N):  # noqa: SIM109
        return True, opaque_zero
    return False, opaque_zero


def color_context(use_gradient, levels, node, n, W, N, NE, NW):  # type: ignore[no-untyped-def]
    """Return the positions of three or four neighbours' colours relative to a node's bound, as one number."""
    color = (
        (0 + levels[W * 256 + node]) * (LEVELS * LEVELS)
        + (0 + levels[N * 256 + node]) * LEVELS
        + (0 + levels[NE * 256 + node])
    )
    if use_gradient and n <= FEW:
        color = color * LEVELS + levels[NW * 256 + node]
    return color


def gradient_input(trend, views, node):  # type: ignore[no-untyped-def]
    """Return how far the trend is from a node's bound, in 1/256 of the mean distance of its colours, limited."""
    view = 4 * node
    seen = (trend >> (0 + views[view])) & (2 * ORIGIN - 1)
    seen = ((seen - views[view + 1]) * views[view + 2]) >> 4
    return FARTHEST if seen > FARTHEST else -FARTHEST if seen < -FARTHEST else seen


def code_path(  # type: ignore[no-untyped-def]
    decoding, use_gradient, symbol, x, size, pos, end, data, stripe, at, n, deep,
    W, N, NE, NW, WW, NN, hash4, line, opaque_zero,
):  # fmt: skip
    """Code a symbol that is neither W nor N: symbol, x, size, pos.

    at: the layout. deep: nodes below this one have no leaf. hash4, line: of four neighbours, and their line of first
    bits.
    """
    leaf, middle, levels = stripe.leaf, stripe.middle, stripe.levels
    bit = opaque_zero
    node = 1
    index = 1
    c0 = at.by_w + (W * at.subtrees + stripe.subtree_ids[WW]) * at.nodes
    c1 = at.by_n + (N * at.subtrees + stripe.subtree_ids[NN]) * at.nodes
    c3 = line
    if use_gradient:
        points = stripe.points
        trend = 2 * (points[W] + points[N]) - (points[NW] + points[WW] + points[NN])
    while leaf[node] < 0:
        implied = False
        if node >= deep:
            implied, bit = implied_bit(leaf, node, W, N, opaque_zero)
        if not implied:
            if not decoding:
                bit = 0 + (symbol >= middle[node])
            c2 = at.by_colors + node * at.colors + color_context(use_gradient, levels, node, n, W, N, NE, NW)
            if use_gradient:
                fourth = gradient_input(trend, stripe.views, node)
            else:
                fourth = c3 + index
            bit, x, size, pos = mixed_bit(
                decoding, use_gradient, bit, x, size, pos, end, data, stripe, c0 + index, c1 + index, c2, fourth,
                node, opaque_zero,
            )  # fmt: skip
        node = 2 * node + bit
        index = 2 * index + bit
        if index > 15:
            c0 += 16 * (node - 15)
            c1 += 16 * (node - 15)
            if not use_gradient:
                c3 = at.later + LINE * ((((hash4 ^ ((node * HASH_1) & WORD)) * HASH_4) & WORD) >> at.line_shift)
            index = 1
    return 0 + leaf[node], x, size, pos
