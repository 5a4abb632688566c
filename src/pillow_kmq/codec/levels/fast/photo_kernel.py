"""A stripe of a photo at the level `fast` (docs/FORMAT.md, section 7.8): kernels.

A pixel is one token: W, N, or a rank among the colours near to W. No branch depends on what a processor cannot predict.
One function follows the model through a stripe. It decodes, or it is the first half of the encoder, which records the
frequencies of each token, because rANS has to be written from the end.
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
FREE = 1 + SHAPES
"""The first context that is split off."""
SPLIT_KEYS = 7 * 2 * SHAPES
CONTEXTS = FREE + SPLIT_KEYS
SPLIT = 100
"""The number of uses after which contexts are split off that of a shape."""
SPLIT_TOTAL = 400
"""The limit for the sum of counts that a new context takes over."""


class Stripe(NamedTuple):
    """The state of a stripe: NumPy arrays in compiled code, or any sequences of the same numbers.

    Attributes:
        symbols: uint8[(rows + 1) * (width + 4)], with a margin of one row above and two columns on either side.
        colors: lists of colours by distance.
        levels: uint8[256 * n + 256], by W and colour: their distance, 0..6.
        contexts: statistics of tokens.
        ranks: ranks as tokens.
        uses: uint16[1 + SHAPES], the number of contexts, then how often that of each shape was used.
        split: uint16[SPLIT_KEYS], contexts that were split off, or 0.
        trace: uint32[:], for encoders: frequency, start, number of extra bits and these, of each token.
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
    """Return a context with up-to-date frequencies.

    Args:
        contexts: all contexts.
        uses: see `Stripe`.
        split: see `Stripe`.
        context: one that is due for new frequencies, or 0 if none was split off for the key yet.
        shape: which neighbours are equal.
        key: what contexts are split by.
        tokens: number of tokens.
    """
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
    """Follow the model through rows of symbols.

    Args:
        decoding: whether to decode; otherwise, to write the trace.
        data: uint8[:], the bitstream to decode.
        pos: where in data to start; 0 for encoders.
        end: the length of the bitstream; for encoders, the length of the trace at which to stop after the current row.
        stripe: the state.
        width: pixels per row.
        rows: number of rows.
        n: number of symbols, at least 2.

    Returns:
        The number of rows done, and the position after them in data or in the trace; -1 if the bitstream is invalid.
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
            skip = rank_n if rank_n > 0 else 256  # no rank if N is W
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
                symbol = 0 + ranked[W << 8 | rank]  # W for rank 0, that of LEFT
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
    """Encode rows until there are `end` tokens.

    The bitstream ends at data[pos]. Returns the number of rows, and where in data the bitstream starts.
    """
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
    """Decode rows; see `code_stripe`."""
    return code_stripe(True, data, pos, end, stripe, width, rows, n)
