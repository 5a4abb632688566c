"""A stripe of the level `default` (docs/FORMAT.md, section 7.6): kernel.

One function encodes and decodes; constants make variants of it. A pixel is in a run, or flags say that it is W or N, or
it is a path in the colour tree. Tree bits are predicted from a four-neighbour context for graphics, and from the
gradient of the colours around for photos.
"""

from __future__ import annotations

from ....kernels import kernel
from ....kernels.types import constant, i64, u8_flat
from ...entropy.range_coder_kernel import ONE, WORD, ZERO, P, code_bit
from ...symbols.scan_kernel import match_index, repeats
from .layout import FLAGS, LINE, NODES, SURE_FLAG, Stripe, layout
from .mixer_kernel import mixed_bit
from .tree_kernel import HASH_1, HASH_4, code_path

HASH_2, HASH_3 = 0x85EBCA6B, 0xC2B2AE35

LENGTH, LOWER = 8, 72
"""The counters of a run that ends early: of the number of bits of its length, and of these bits."""
FLAT = 0x286
"""Bits of the shape: N equals NW, NE and W, and W equals WW."""
SHORTEST, LONGEST = 8, 255
"""Pixels of a run. Without a limit, looking for the end again after each run that ends early takes quadratic time."""

SURE, NEVER = 4096 * 15 // 16, 4096 // 16
"""The probability from which on a flag is sure, and that of W below which the flag for N may be sure."""


def code_run(decoding, symbols, here, length, x, size, pos, end, data, counters, after):  # type: ignore[no-untyped-def]
    """Code how many of the `length` symbols from `here` on equal the one before: run, x, size, pos."""
    symbol = 0 + symbols[here - 1]
    run = bit = 0
    if not decoding:
        run = repeats(symbols, here, length, symbol)
        bit = 0 + (run == length)
    most = 2  # bits of `length` after the first
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
            counter = LENGTH + most * 8 + bits
            bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, counter, after)
            bits += bit
        coded = 1
        for i in range(bits):
            bit = ((run + 1) >> (bits - 1 - i)) & 1
            counter = LOWER + bits * 8 + i
            bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, counter, after)
            coded = 2 * coded + bit
        run = min(coded, length) - 1
    if decoding:
        for i in range(run):
            symbols[here + i] = symbol
    return run, x, size, pos


def neighbors_before(symbols, here, above, above2):  # type: ignore[no-untyped-def]
    """Return the pixel before `here`, its neighbours W, NW, N, NE, NEE, NN and NNE, and their part of its shape."""
    W = 0 + symbols[here - 2]
    NW = 0 + symbols[above - 2]
    N = 0 + symbols[above - 1]
    NE = 0 + symbols[above]
    NEE = 0 + symbols[above + 1]
    NN = 0 + symbols[above2 - 1]
    NNE = 0 + symbols[above2]
    shape = (NW == N) << 1 | (N == NE) << 2 | (NE == NEE) << 3 | (N == NN) << 5 | (NE == NNE) << 6
    return 0 + symbols[here - 1], W, NW, N, NE, NEE, NN, NNE, shape


def next_shape(shape, W, WW, N, NW, NE, NEE, NN, NNE):  # type: ignore[no-untyped-def]
    """Return which neighbours are equal, one bit for each pair, from the shape of the pixel before."""
    return (
        (shape >> 1) & 0x37 | (NE == NEE) << 3 | (NE == NNE) << 6 | (W == N) << 7 | (W == NW) << 8
        | (W == WW) << 9 | (NN == NNE) << 10 | (W == NE) << 11
    )  # fmt: skip


def hash_neighbors(W, WW, N, NW, NE, NN):  # type: ignore[no-untyped-def]
    """Return hashes of 32 bits: of W and N, of four neighbours, of six."""
    hash2 = ((W | N << 8) * HASH_1) & WORD
    hash4 = ((W | N << 8 | NE << 16 | NW << 24) * HASH_2) & WORD
    hash6 = ((hash4 ^ (hash4 >> 15)) + (WW | NN << 8) * HASH_3) & WORD
    hash6 = ((hash6 ^ (hash6 >> 15)) * HASH_4) & WORD
    return hash2, hash4, hash6


def code_flags(  # type: ignore[no-untyped-def]
    decoding, sure_flags, symbol, x, size, pos, end, data, stripe, W, N, n, not_w, not_n,
    c0, c1, c2, c3, sure, kind, opaque_zero,
):  # fmt: skip
    """Code whether a pixel is W and, if not, whether it is N: bit, whether it is one of them, symbol, x, size, pos.

    not_w, not_n: whether it is known that it is not. c0 to c3: the counters of the flag for W. sure: of its sure flag.
    """
    counters, after = stripe.counters, stripe.after
    bit = opaque_zero
    if not not_w:
        if not decoding:
            bit = 0 + (symbol == W)
        bit, x, size, pos = mixed_bit(
            decoding, False, bit, x, size, pos, end, data, stripe, c0, c1, c2, c3, NODES + kind, opaque_zero
        )
        if sure_flags:
            counters[sure] = after[(ONE if bit else ZERO) + counters[sure]]
    if bit:
        return bit, W, x, size, pos
    if N != W and n == 2:
        bit = opaque_zero + 1
    elif N != W and not not_n:
        if not decoding:
            bit = 0 + (symbol == N)
        bit, x, size, pos = mixed_bit(
            decoding, False, bit, x, size, pos, end, data, stripe, c0 + 1, c1 + 1, c2 + 1, c3 + 1,
            NODES + FLAGS + kind, opaque_zero,
        )  # fmt: skip
        if sure_flags:
            counters[sure + 1] = after[(ONE if bit else ZERO) + counters[sure + 1]]
    if bit:
        symbol = N
    return bit, symbol, x, size, pos


@kernel
def mixed_stripe(
    decoding: constant,
    use_gradient: constant,
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
    """Encode or decode rows of symbols.

    Args:
        decoding: whether to decode.
        use_gradient: whether to predict tree bits from the gradient; follows from option.
        sure_flags: whether to code sure flags first; follows from option.
        x: initial state of the range coder.
        data: uint8[:], the bitstream, or room for it.
        pos: where in data to start.
        end: decoding: the length of the bitstream, at which to stop even if there are rows left. Encoding: stop after
            the row that reaches this position.
        stop: uint8[1]. Once another thread makes it 1, return at once with an invalid result.
        stripe: the state.
        width: pixels per row.
        rows: number of rows.
        n: number of symbols, at least 2.
        option: 0 for small images and noise, 1 for photos, 2 for small images with sure flags, 3 for graphics.

    Returns:
        The number of rows done, the last x and its position in data.
    """
    symbols, counters, recent, after = stripe.symbols, stripe.counters, stripe.recent, stripe.after
    distances = stripe.distances
    at = layout(n, option)
    stride = width + 6
    deep = 1  # nodes below this one have no leaf
    while deep * 4 < n:
        deep *= 2

    opaque_zero = option >> 8
    size = opaque_zero + WORD
    bit = opaque_zero
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
        not_w = False  # known after a run that ended early and after a sure flag
        symbol = W = NW = N = NE = NEE = NN = NNE = edge
        while col < width:
            if stop[0]:
                return row, x, pos
            here = base + col
            above = up + col
            above2 = up2 + col
            if moved:  # at the start of a row and after a run
                moved = False
                symbol, W, NW, N, NE, NEE, NN, NNE, shape = neighbors_before(symbols, here, above, above2)
            WW = W
            W = symbol
            NW = N
            N = NE
            NE = NEE
            NEE = 0 + symbols[above + 2]
            NN = NNE
            NNE = 0 + symbols[above2 + 1]
            shape = next_shape(shape, W, WW, N, NW, NE, NEE, NN, NNE)

            if shape & FLAT == FLAT and not not_w:
                length = 1 + repeats(symbols, above + 2, min(width - col, LONGEST) - 1, N)
                if length >= SHORTEST:
                    run, x, size, pos = code_run(
                        decoding, symbols, here, length, x, size, pos, end, data, counters, after
                    )  # fmt: skip
                    not_w = run < length
                    moved = True
                    col += run
                    continue

            not_n = False
            c0 = at.shapes + LINE * shape
            sure = c0 + SURE_FLAG
            if sure_flags and not not_w and counters[sure] & P >= SURE:
                if not decoding:
                    bit = 0 + (symbols[here] == W)
                bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, sure, after)
                if bit:
                    symbol = W
                    symbols[here] = symbol
                    col += 1
                    continue
                not_w = True
            elif sure_flags and not not_w and counters[sure] & P < NEVER and counters[sure + 1] & P >= SURE:
                if not decoding:
                    bit = 0 + (symbols[here] == N)
                bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, sure + 1, after)
                if bit:
                    symbol = N
                    symbols[here] = symbol
                    col += 1
                    continue
                not_n = True

            hash2, hash4, hash6 = hash_neighbors(W, WW, N, NW, NE, NN)
            slot = hash6 >> (at.line_shift - 2)
            kind = match_index(0 + recent[slot], W, N, NW, NE)
            line = at.quads + 2 * LINE * (hash4 >> at.line_shift)
            c0 += 2 * kind
            c1 = at.pairs + 2 * LINE * (hash2 >> at.line_shift) + 2 * (NE & 15)
            c2 = line + LINE + 2 * (hash6 >> 29)
            c3 = at.distances + 2 * ((0 + distances[W * n + N]) | (0 + distances[W * n + NW]) << 3)
            if not decoding:
                symbol = 0 + symbols[here]
            bit, symbol, x, size, pos = code_flags(
                decoding, sure_flags, symbol, x, size, pos, end, data, stripe, W, N, n, not_w, not_n,
                c0, c1, c2, c3, sure, kind, opaque_zero,
            )  # fmt: skip
            not_w = False
            if not bit:
                symbol, x, size, pos = code_path(
                    decoding, use_gradient, symbol, x, size, pos, end, data, stripe, at, n, deep,
                    W, N, NE, NW, WW, NN, hash4, line, opaque_zero,
                )  # fmt: skip
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
