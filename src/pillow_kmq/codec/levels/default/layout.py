"""The arrays of the level `default`, and the layout of `counters` (docs/FORMAT.md, section 7.6)."""

from __future__ import annotations

from typing import NamedTuple

from ....kernels.types import i16_flat, i32_flat, i64_flat, u8_flat, u16_flat

RUNS, SHAPES, DISTANCES = 136, 65536, 128
"""Counters of runs, by shape and by distances."""
LINE = 16
"""Counters that are needed together are in lines of 16 or 32, so that a processor's cache misses once."""
SURE_FLAG = 10
"""The index of the counters of sure flags in a line by shape."""

LEVELS = 6
COLORS = LEVELS**3
FEW = 64
"""Up to this many symbols have more counters: by four parts of the tree and, with `use_gradient`, by the colours of
four neighbours."""

FIELD = 14
ORIGIN = 1 << (FIELD - 1)
"""Bits of each axis in `points`, and the value of 0: twice four coordinates less three others are -7140 to 7140."""

NODES, FLAGS = 256, 5
"""Sets of weights: one by node, then flags for W by kind, then flags for N by kind."""


class Stripe(NamedTuple):
    """The state of a stripe: NumPy arrays in compiled code, or any sequences of the same numbers.

    Attributes:
        symbols: uint8[(rows + 2) * (width + 6)], with a margin of two rows above and three columns on either side.
        counters: uint16[layout.end], a count of 4 bits above a probability of 12 bits.
        weights: int32[4 * (NODES + 2 * FLAGS)].
        recent: uint8[:], the last symbol by a hash of six neighbours.
        leaf: int16[512], the symbol of a node, or -1.
        middle: uint8[256], the first symbol of a node's right child.
        levels: uint8[n * 256], the position of a symbol's colour relative to a node's bound, 0..5.
        distances: uint8[n * n], the distance of two colours, 0..6.
        subtree_ids: uint8[256], the part of the tree that a symbol is in.
        stretch: int16[4096], ln(p / (1 - p)) by probability.
        squash: uint16[2 * REACH + 1], the inverse, from -REACH on.
        after: uint16[2 * 65536], the state of a counter after a one, by the state before, then after a zero.
        points: int64[n], twice the coordinates of a symbol's colour, FIELD bits for each axis; or empty.
        views: int32[4 * 256], by node: the shift of its axis in points, ORIGIN plus twice its bound, a scale; or empty.
    """

    symbols: u8_flat
    counters: u16_flat
    weights: i32_flat
    recent: u8_flat
    leaf: i16_flat
    middle: u8_flat
    levels: u8_flat
    distances: u8_flat
    subtree_ids: u8_flat
    stretch: i16_flat
    squash: u16_flat
    after: u16_flat
    points: i64_flat
    views: i32_flat


def has_gradient(option: int) -> bool:
    """Return whether tree bits are predicted from the gradient of the colours around."""
    return option < 3


def has_sure_flags(option: int) -> bool:
    """Return whether a flag that its shape makes almost certain is coded before anything else."""
    return option > 1


def address_bits(n: int, option: int) -> int:
    """Return the bits of the addresses of hashed counters, for n symbols."""
    return 14 if has_gradient(option) else 17 if n <= 16 else 18


def subtrees(n: int, option: int) -> int:
    """Return into how many parts of the tree a second neighbour is sorted: 16, 4 or 2; 1 if it is not used."""
    if option % 2 == 0:
        return 1
    return 16 if n <= 16 else 4 if n <= FEW else 2


class Layout(NamedTuple):
    """The start of each table in `counters`, in this order, and the sizes that their addresses depend on.

    The counter of a flag for N is next to that of the flag for W.

    Attributes:
        shapes: flags by shape and kind, then sure flags: lines.
        distances: flags by two distances of colours.
        pairs: flags by W, N and NE: lines.
        quads: by four neighbours, lines of first bits, each followed by a line of flags by two more.
        later: by four neighbours, lines of later bits; empty up to 16 symbols, and with `use_gradient`.
        by_w: nodes by W and the part of the tree that WW is in.
        by_n: nodes by N and the part of the tree that NN is in.
        by_colors: nodes by the colours of three or four neighbours.
        end: number of counters.
        line_shift: the number of a line is a hash of 32 bits, shifted right by this.
        subtrees: parts of the tree in by_w and by_n.
        nodes: counters for a symbol and a part: 16 for the first four bits and, for each value of these, 16 more.
        colors: counters of a node in by_colors.
    """

    shapes: int
    distances: int
    pairs: int
    quads: int
    later: int
    by_w: int
    by_n: int
    by_colors: int
    end: int
    line_shift: int
    subtrees: int
    nodes: int
    colors: int


def layout(n: int, option: int) -> Layout:
    """Return the layout for n symbols."""
    bits = address_bits(n, option)
    hashed = 1 << bits
    parts = subtrees(n, option)
    nodes = 16 if n <= 16 else 272
    colors = COLORS * LEVELS if n <= FEW and has_gradient(option) else 0 + COLORS

    shapes = RUNS
    distances = shapes + SHAPES
    pairs = distances + DISTANCES
    quads = pairs + 2 * hashed
    later = quads + 2 * hashed
    by_w = later + (hashed if n > 16 and not has_gradient(option) else 0)
    by_n = by_w + n * parts * nodes
    by_colors = by_n + n * parts * nodes
    end = by_colors + (FEW if n <= FEW else NODES) * colors
    return Layout(
        shapes, distances, pairs, quads, later, by_w, by_n, by_colors, end, 32 - bits + 4, parts, nodes, colors
    )


def recent_bits(n: int, option: int) -> int:
    """Return the bits of an address in `recent`."""
    return address_bits(n, option) - 2
