"""The level `fast` for photos (docs/FORMAT.md, section 7.8): kernels.

A pixel is one token: W, N, or a rank among the colours near to W. No branch hangs on what a processor cannot foresee.
One function follows the model through a stripe; with `decoding` a constant, it becomes the decoder, or the first half
of the encoder, which notes what each token costs, because rANS has to be written from the end.
"""

from __future__ import annotations

from typing import NamedTuple

from ....kernels import kernel
from ....kernels.types import i64, u8_flat, u16_flat, u32_flat
from ...entropy.adaptive_rans_kernel import (
    LOW,
    ONE,
    SPAN,
    SPANS,
    STEP,
    TOKENS,
    Colors,
    Contexts,
    Ranks,
    fill,
    first_state,
    halve,
    promote,
    put_back,
    put_state,
    renew,
)

LEFT, ABOVE, RANKS = 0, 1, 2
"""Tokens: W, N, then ranks."""

SHAPES = 16
FREE = 1 + SHAPES  # the first context that is split off
SPLIT_KEYS = 7 * 2 * SHAPES
CONTEXTS = FREE + SPLIT_KEYS
SPLIT = 100  # a context that was used so often is split
SPLIT_TOTAL = 400


class Stripe(NamedTuple):
    """What a kernel works on: arrays, or anything else with the same numbers.

    symbols: uint8[(rows + 1) * (width + 4)], one row and two columns of margin. colors, contexts, ranks: as in
    `fast_contexts`. levels: uint8[256 * n + 256], 0..6, by W and colour, how far apart they are. uses:
    uint16[1 + SHAPES], FREE at first, the number of contexts, then how often that of a shape was used, 0. parts:
    uint16[PARTS], contexts that were split off, 0 at first. trace: uint32, for encoders, size, start, bits and what
    they are of each token.
    """

    symbols: u8_flat
    colors: Colors
    levels: u8_flat
    contexts: Contexts
    ranks: Ranks
    uses: u16_flat
    split: u16_flat
    trace: u32_flat


def prepare(contexts, uses, split, context, shape, key, tokens):  # type: ignore[no-untyped-def]
    """A context with sizes: one that waits for new ones, or (0) that of a part, of its shape as long as that is new."""
    counts, wait = contexts.counts, contexts.wait
    if context == 0:
        context = 1 + shape
        if uses[1 + shape] < SPLIT:
            uses[1 + shape] += 1
        else:
            context = 0 + uses[0]
            uses[0] += 1
            split[key] = context
            for t in range(tokens):
                counts[context * TOKENS + t] = counts[(1 + shape) * TOKENS + t]
            halve(context, SPLIT_TOTAL, counts)
    if wait[context] == 0:
        renew(contexts, context, tokens, 1 << LEFT | 1 << ABOVE, RANKS, True)
    return context


def code_stripe(decoding, data, pos, end, stripe, width, rows, n):  # type: ignore[no-untyped-def]
    """Code rows of symbols below n >= 2; the number of rows done, and where.

    Decoding: from data[pos] up to data[end], or to where the code has ended before the rows have; the position behind
    them, or -1 where the code makes no sense. Encoding: until there are `end` entries of the trace; their number.
    """
    symbols, colors, levels, contexts, rank_tokens, uses, split, trace = stripe
    ranked, ranks = colors
    counts, starts, slots, wait = contexts.counts, contexts.starts, contexts.slots, contexts.wait
    token_of, bits_of, first_of = rank_tokens
    stride = width + 4
    tokens = RANKS + 1 + token_of[n - 2]
    token = extra = x = 0
    if decoding:
        x = first_state(data, pos, end)
        pos += 4
        if x == 0:
            return 0, -1
    row = 0
    while row < rows and (decoding or pos < end):
        base = (row + 1) * stride + 2
        up = base - stride
        W = WW = NE = 0 + symbols[up]
        N = 0 + symbols[up - 1]
        symbols[base - 1] = W
        for col in range(width):
            NW = N
            N = NE
            NE = 0 + symbols[up + col + 1]
            shape = (W == N) | (W == NW) << 1 | (N == NE) << 2 | (N == NW) << 3
            key = levels[W << 8 | N] << 5 | shape << 1 | (W == WW)
            context = 0 + split[key]
            if wait[context] == 0:
                context = prepare(contexts, uses, split, context, shape, key, tokens)
            first = context * TOKENS
            symbol = rank = 0
            rank_n = 0 + ranks[W << 8 | N]
            skip = rank_n if rank_n > 0 else 256  # no rank, where N is W
            if decoding:
                low = x & (ONE - 1)
                token = 0 + slots[context << SPANS | low >> SPAN]
                start = 0 + starts[first + token]
                after = 0 + starts[first + token + 1]
                while low >= after:
                    token += 1
                    start = after
                    after = 0 + starts[first + token + 1]
                x = (after - start) * (x >> 12) + low - start
                bits = 0 + bits_of[token]
                extra = x & ((1 << bits) - 1)
                x, pos = fill(x >> bits, pos, end, data)
            else:
                symbol = 0 + symbols[base + col]
                token = LEFT
                if symbol != W:
                    token = ABOVE
                    if symbol != N:
                        rank = 0 + ranks[W << 8 | symbol]
                        rank -= rank > skip
                        token = RANKS + token_of[rank - 1]
                bits = 0 + bits_of[token]
                extra = (rank - first_of[token]) & ((1 << bits) - 1)
                start = 0 + starts[first + token]
                size = (0 + starts[first + token + 1]) - start
                trace[pos] = size << 20 | start << 8 | bits << 4 | extra
                pos += 1
            counts[first + token] = (0 + counts[first + token]) + STEP
            wait[context] = (0 + wait[context]) - 1
            rank = (0 + first_of[token]) + extra
            rank += rank >= skip
            if rank >= n:
                return row, -1
            if decoding:
                symbol = 0 + ranked[W << 8 | rank]  # W for rank 0, which LEFT has
                if token == ABOVE:
                    symbol = N
            promote(W if token >= RANKS else n, rank, ranked, ranks)
            symbols[base + col] = symbol
            WW = W
            W = symbol
        symbols[base + width] = W
        row += 1
        if decoding and pos > end:
            return row - 1, pos
    if decoding and x != LOW:
        return row, -1
    return row, pos


@kernel
def encode_stripe(data: u8_flat, pos: i64, end: i64, stripe: Stripe, width: i64, rows: i64, n: i64) -> tuple[int, int]:
    """Code rows until `end` tokens are noted, up to data[pos]; their number, and where in data they begin."""
    rows, count = code_stripe(False, data, 0, end, stripe, width, rows, n)
    trace = stripe.trace
    x = LOW
    while count > 0:
        count -= 1
        entry = 0 + trace[count]
        size = entry >> 20
        bits = (entry >> 4) & 15
        x, pos = put_back(x, size << (20 - bits), pos, data)
        x = x << bits | (entry & 15)
        x = x // size << 12 | (x % size + ((entry >> 8) & 0xFFF))
    return rows, put_state(x, pos, data)


@kernel
def decode_stripe(data: u8_flat, pos: i64, end: i64, stripe: Stripe, width: i64, rows: i64, n: i64) -> tuple[int, int]:
    """See `code_stripe`."""
    return code_stripe(True, data, pos, end, stripe, width, rows, n)
