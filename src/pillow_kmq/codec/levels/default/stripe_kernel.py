"""The model of the level `default` (docs/FORMAT.md, section 7.6): kernels.

One function codes a stripe. With constants it becomes the encoder or the decoder (`decoding`); one for graphics, where
bits of the tree are told by four neighbours, or, `placed`, by where the colours go on to; with `sure_flags` or without.
"""

from __future__ import annotations

from typing import NamedTuple

from ....kernels import kernel
from ....kernels.types import constant, i16_flat, i32_flat, i64, i64_flat, u8_flat, u16_flat
from ...entropy.range_coder_kernel import ONE, WORD, ZERO, P, code_bit, repeats, which
from .mixer_kernel import mixed_bit

HASH_1, HASH_2, HASH_3, HASH_4 = 0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35, 0x2C1B3C6D

# Counters, in this order: runs; lines by shape: flags by kind, then sure flags; flags by distances; lines by W and N:
# flags by NE; lines by four neighbours: first bits of symbols, then flags by two more; lines of later bits; symbols by
# W and a part of WW, by N and a part of NN, and by the colours of three or four. A flag for N is behind each for W.
# In lines of 16 or 32 is what is needed together, so that a processor's cache misses once.
RUNS, SHAPES, DISTANCES = 136, 65536, 128
SURE_FLAG = 10  # in a line by shape
LINE = 16
LENGTH, LOWER = 8, 72  # of runs that break off: how many bits their length has, and these
FLAT = 0x286
"""Bits of the shape: N is NW, NE and W, and W is WW."""

SURE, NEVER = 4096 * 15 // 16, 4096 // 16
"""The probability from which on a flag is sure, and that of W below which the one for N may be asked."""

LEVELS = 6
COLORS = LEVELS**3
FEW = 64
"""Up to so many symbols have more counters: by four parts of the tree and, where `placed`, by the colours of four
neighbours."""

FIELD = 14
ORIGIN = 1 << (FIELD - 1)
"""Bits for each axis of `points`, and where 0 is in these: twice 4 places less 3 others are -7140 to 7140."""

FARTHEST = 500
"""How far a node sees where colours go on to; its own colours are 256 away in the mean."""

# Sets of weights: a node each, then the flags W, then the flags N, by kind.
NODES, FLAGS = 256, 5
WEIGHTS = 4

SHORTEST, LONGEST = 8, 255
"""Of runs. To look for the end of long ones again behind each that breaks off would take quadratic time."""


class Stripe(NamedTuple):
    """What a kernel works on: arrays, or anything else with the same numbers.

    symbols: uint8[(rows + 2) * (width + 6)], two rows and three columns of margin. counters: uint16. weights: int32.
    recent: uint8. leaf: int16[512]. middle: uint8[256]. levels: uint8[n * 256]. distances: uint8[n * n].
    parts: uint8[256], the part of the tree that a symbol is in. stretch: int16[4096]. squash: uint16, from -REACH on.
    after: uint16[2 * 65536], the state of a counter after a one, by that before, then after a zero.
    Where `placed`, otherwise empty: points: int64[n], twice where a symbol's colour lies, FIELD bits for each axis.
    views: int32[4 * 256], by node: where in these bits its axis is, twice its bound from ORIGIN on, and a scale.
    """

    symbols: u8_flat
    counters: u16_flat
    weights: i32_flat
    recent: u8_flat
    leaf: i16_flat
    middle: u8_flat
    levels: u8_flat
    distances: u8_flat
    parts: u8_flat
    stretch: i16_flat
    squash: u16_flat
    after: u16_flat
    points: i64_flat
    views: i32_flat


def is_placed(option: int) -> bool:
    """Whether bits of the tree are told by where colours go on to."""
    return option < 3


def has_sure_flags(option: int) -> bool:
    """Whether a pixel that its shape alone makes sure of is asked for before all else."""
    return option > 1


def counter_count(n: int, option: int) -> int:
    """How many counters a stripe of n symbols has."""
    tree = 2 * n * parts(n, option) * node_places(n) + (FEW if n <= FEW else NODES) * node_colors(n, option)
    lines = (2 + 2 + (n > 16 and not is_placed(option))) << address_bits(n, option)
    return RUNS + SHAPES + DISTANCES + lines + tree


def address_bits(n: int, option: int) -> int:
    """Of hashed counters' addresses, for n symbols."""
    return 14 if is_placed(option) else 17 if n <= 16 else 18


def node_places(n: int) -> int:
    """Places for the nodes of a tree of n symbols: 16 for the first four bits and, by these, 16 for the others."""
    return 16 if n <= 16 else 272


def node_colors(n: int, option: int) -> int:
    """Places for a node by how the colours of neighbours lie, seen from it: of three, or of four."""
    return COLORS * LEVELS if n <= FEW and is_placed(option) else 0 + COLORS


def parts(n: int, option: int) -> int:
    """Of how many parts of the tree one is told of a second neighbour: all 16 symbols, or 4, or 2; 1 is nothing."""
    if option % 2 == 0:
        return 1
    return 16 if n <= 16 else 4 if n <= FEW else 2


def code_run(decoding, symbols, here, length, x, size, pos, end, data, counters, after):  # type: ignore[no-untyped-def]
    """Code how many of the `length` symbols from `here` on are like the one before: run, x, size, pos."""
    symbol = 0 + symbols[here - 1]
    run = bit = 0
    if not decoding:
        run = repeats(symbols, here, length, symbol)
        bit = 0 + (run == length)
    most = 2  # bits of `length` behind the first
    while length >> most > 1:
        most += 1
    bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, most, after)
    if bit:
        run = length
    else:
        bits = 0
        bit = 1
        while bit and bits < most:
            bit = 0 + ((run + 1) >> (bits + 1) > 0)
            place = LENGTH + most * 8 + bits
            bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, place, after)
            bits += bit
        coded = 1
        for i in range(bits):
            bit = ((run + 1) >> (bits - 1 - i)) & 1
            place = LOWER + bits * 8 + i
            bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, place, after)
            coded = 2 * coded + bit
        run = min(coded, length) - 1
    if decoding:
        for i in range(run):
            symbols[here + i] = symbol
    return run, x, size, pos


@kernel
def mixed_stripe(
    decoding: constant,
    placed: constant,
    sure_flags: constant,
    x: i64,
    data: u8_flat,
    pos: i64,
    end: i64,
    stop: u8_flat,
    stripe: Stripe,
    width: i64,
    rows: i64,
    n: i64,
    option: i64,
) -> tuple[int, int, int]:
    """Code rows of symbols below n >= 2, from x and data[pos] on: the number of rows done, the last x, and where it is.

    Decoding: up to data[end], or to where the code has ended before the rows have. Encoding: up to the row that passes
    data[end]; data must have room for it. stop: uint8[1]; once another thread makes it 1, return at once, with what is
    then of no use. option: 0 for small images and noise, 1 for photos, 2 for small images with sure flags, 3 for
    graphics.
    """
    symbols, counters, weights, recent = stripe[:4]
    leaf, middle, levels, distances, part = stripe[4:9]
    stretch, squash, after, points, views = stripe[9:]
    bits = address_bits(n, option)
    hashed = 1 << bits
    down = 32 - bits + 4  # to the number of a line
    shapes = RUNS
    spread = shapes + SHAPES
    pairs = spread + DISTANCES
    four = pairs + 2 * hashed
    later = four + 2 * hashed
    places = 16 if n <= 16 else 272
    by_w = later + (hashed if n > 16 and not placed else 0)
    finer = parts(n, option)
    by_n = by_w + n * finer * places
    colors = by_n + n * finer * places
    by_colors = node_colors(n, option)
    stride = width + 6
    deep = 1  # the nodes below this one have no leaf
    while deep * 4 < n:
        deep *= 2

    none = option >> 8  # 0
    size = none + WORD
    bit = none
    row = 0
    while row < rows:
        base = (row + 2) * stride + 3
        up = base - stride
        up2 = up - stride
        edge = 0 + symbols[up]
        symbols[base - 1] = edge
        symbols[base - 2] = edge
        symbols[base - 3] = edge
        col = shape = 0
        moved = True
        not_w = False  # is known, behind a run that broke off or a flag that was sure
        symbol = W = NW = N = NE = NEE = NN = NNE = edge
        while col < width:
            if stop[0]:
                return row, x, pos
            here = base + col
            above = up + col
            above2 = up2 + col
            if moved:  # at the start of a row and behind a run: as if the pixel before had been coded
                moved = False
                symbol = 0 + symbols[here - 1]
                W = 0 + symbols[here - 2]
                NW = 0 + symbols[above - 2]
                N = 0 + symbols[above - 1]
                NE = 0 + symbols[above]
                NEE = 0 + symbols[above + 1]
                NN = 0 + symbols[above2 - 1]
                NNE = 0 + symbols[above2]
                shape = (NW == N) << 1 | (N == NE) << 2 | (NE == NEE) << 3 | (N == NN) << 5 | (NE == NNE) << 6
            WW = W
            W = symbol
            NW = N
            N = NE
            NE = NEE
            NEE = 0 + symbols[above + 2]
            NN = NNE
            NNE = 0 + symbols[above2 + 1]
            shape = (
                (shape >> 1) & 0x37 | (NE == NEE) << 3 | (NE == NNE) << 6 | (W == N) << 7 | (W == NW) << 8
                | (W == WW) << 9 | (NN == NNE) << 10 | (W == NE) << 11
            )  # fmt: skip

            if shape & FLAT == FLAT and not not_w:
                length = 1 + repeats(symbols, above + 2, min(width - col, LONGEST) - 1, N)
                if length >= SHORTEST:
                    run, x, size, pos = code_run(
                        decoding, symbols, here, length, x, size, pos, end, data, counters, after
                    )
                    not_w = run < length
                    moved = True
                    col += run
                    continue

            not_n = False
            c0 = shapes + LINE * shape
            c4 = c0 + SURE_FLAG
            if sure_flags and not not_w and counters[c4] & P >= SURE:
                if not decoding:
                    symbol = 0 + symbols[here]
                    bit = 0 + (symbol == W)
                bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, c4, after)
                if bit:
                    symbol = W
                    symbols[here] = symbol
                    col += 1
                    continue
                not_w = True
            elif sure_flags and not not_w and counters[c4] & P < NEVER and counters[c4 + 1] & P >= SURE:
                if not decoding:
                    symbol = 0 + symbols[here]
                    bit = 0 + (symbol == N)
                bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, c4 + 1, after)
                if bit:
                    symbol = N
                    symbols[here] = symbol
                    col += 1
                    continue
                not_n = True

            h2 = ((W | N << 8) * HASH_1) & WORD
            h4 = ((W | N << 8 | NE << 16 | NW << 24) * HASH_2) & WORD
            h6 = ((h4 ^ (h4 >> 15)) + (WW | NN << 8) * HASH_3) & WORD
            h6 = ((h6 ^ (h6 >> 15)) * HASH_4) & WORD
            slot = h6 >> (down - 2)
            guess = 0 + recent[slot]
            kind = which(guess, W, N, NW, NE)
            c0 += 2 * kind
            line = four + 2 * LINE * (h4 >> down)
            c1 = pairs + 2 * LINE * (h2 >> down) + 2 * (NE & 15)
            c2 = line + LINE + 2 * (h6 >> 29)
            c3 = spread + 2 * ((0 + distances[W * n + N]) | (0 + distances[W * n + NW]) << 3)
            w = NODES + kind
            if not decoding:
                symbol = 0 + symbols[here]
                bit = 0 + (symbol == W)
            if not_w:
                not_w = False
                bit = none
            else:
                bit, x, size, pos = mixed_bit(
                    decoding, False, bit, x, size, pos, end, data, counters, c0, c1, c2, c3,
                    weights, w * WEIGHTS, stretch, squash, after, none,
                )  # fmt: skip
                if sure_flags:
                    counters[c4] = after[(ONE if bit else ZERO) + counters[c4]]
            if bit:
                symbol = W
            else:
                if N != W and n == 2:
                    bit = none + 1
                elif N != W and not not_n:
                    if not decoding:
                        bit = 0 + (symbol == N)
                    bit, x, size, pos = mixed_bit(
                        decoding, False, bit, x, size, pos, end, data,
                        counters, c0 + 1, c1 + 1, c2 + 1, c3 + 1,
                        weights, (w + FLAGS) * WEIGHTS,
                        stretch, squash, after, none,
                    )  # fmt: skip
                    if sure_flags:
                        counters[c4 + 1] = after[(ONE if bit else ZERO) + counters[c4 + 1]]
                if bit:
                    symbol = N
                else:
                    node = 1
                    place = 1
                    c0 = by_w + (W * finer + part[WW]) * places
                    c1 = by_n + (N * finer + part[NN]) * places
                    if placed:
                        trend = 2 * (points[W] + points[N]) - (points[NW] + points[WW] + points[NN])
                    else:
                        c3 = line
                    while leaf[node] < 0:
                        implied = False
                        if node >= deep:
                            left = 0 + leaf[2 * node]
                            right = 0 + leaf[2 * node + 1]
                            if left >= 0 and (left == W or left == N):  # noqa: SIM109
                                bit = none + 1
                                implied = True
                            elif right >= 0 and (right == W or right == N):  # noqa: SIM109
                                bit = none
                                implied = True
                        if not implied:
                            if not decoding:
                                bit = 0 + (symbol >= middle[node])
                            color = (
                                (0 + levels[W * 256 + node]) * (LEVELS * LEVELS)
                                + (0 + levels[N * 256 + node]) * LEVELS
                                + (0 + levels[NE * 256 + node])
                            )
                            if placed:
                                if n <= FEW:
                                    color = color * LEVELS + levels[NW * 256 + node]
                                view = 4 * node
                                seen = (trend >> (0 + views[view])) & (2 * ORIGIN - 1)
                                seen = ((seen - views[view + 1]) * views[view + 2]) >> 4
                                fourth = FARTHEST if seen > FARTHEST else -FARTHEST if seen < -FARTHEST else seen
                            else:
                                fourth = c3 + place
                            bit, x, size, pos = mixed_bit(
                                decoding, placed, bit, x, size, pos, end, data,
                                counters, c0 + place, c1 + place, colors + node * by_colors + color, fourth,
                                weights, node * WEIGHTS, stretch, squash, after, none,
                            )  # fmt: skip
                        node = 2 * node + bit
                        place = 2 * place + bit
                        if place > 15:
                            c0 += 16 * (node - 15)
                            c1 += 16 * (node - 15)
                            if not placed:
                                c3 = later + LINE * ((((h4 ^ ((node * HASH_1) & WORD)) * HASH_4) & WORD) >> down)
                            place = 1
                    symbol = 0 + leaf[node]
            recent[slot] = symbol
            symbols[here] = symbol
            col += 1

        edge = 0 + symbols[base + width - 1]
        symbols[base + width] = edge
        symbols[base + width + 1] = edge
        symbols[base + width + 2] = edge
        row += 1
        if decoding:
            if pos > end:
                return row - 1, x, pos
        elif pos >= end:
            break
    return row, x, pos


mixed_stripe.combinations = [
    (decoding, *choice) for decoding in (False, True) for choice in ((True, False), (True, True), (False, True))
]
