"""A stripe of graphics at the level `fast` (docs/FORMAT.md, section 7.8): kernels.

A pixel is predicted to be what followed the same five neighbours the last time. Where that was right six times, nothing
is coded until it is wrong; otherwise a flag says whether it is right. If it is not, a token says what the pixel is. In
flat areas one token stands for a whole run. One function follows the model through a stripe. It decodes, or it is the
first half of the encoder, which records the frequencies of each code, because rANS has to be written from the end.
"""

from __future__ import annotations

from typing import NamedTuple

from ....kernels import kernel
from ....kernels.types import i64, u8_flat, u16_flat, u32_flat
from ...entropy.adaptive_rans_kernel import LOW, Colors, Contexts, Ranks, first_state, put_back, put_state
from ...entropy.range_coder_kernel import WORD
from ...symbols.scan_kernel import four, match_index, repeats
from .graphics_codes_kernel import (
    BROKEN,
    CONTEXTS,
    FLAG_KINDS,
    FLAGS,
    MOST_HITS,
    RANKS,
    SHAPES,
    SHORTEST,
    SURE,
    UNSEEN,
    WRONG,
    code_flag,
    code_hits,
    code_other,
    code_run,
)

__all__ = ["CONTEXTS", "FLAGS", "MOST_HITS", "RANKS", "Stripe", "decode_stripe", "encode_stripe"]

HASH = 0x85EBCA6B


class Stripe(NamedTuple):
    """The state of a stripe: NumPy arrays in compiled code, or any sequences of the same numbers.

    Attributes:
        symbols: uint8[(rows + 1) * (width + 4)], with a margin of one row above and two columns on either side.
        colors: lists of colours by distance.
        contexts: statistics of tokens.
        ranks: ranks as tokens.
        flags: uint16[FLAGS], the probability that a guess is right, by confidence and shape.
        recent: uint16[(1 << bits) + 256], by a hash of five neighbours: the last symbol, above 3 bits of confidence.
        last: uint8[256], by W: the last symbol that was neither sure nor in a run.
        trace: uint32[:], for encoders: frequency and start of each code.
    """

    symbols: u8_flat
    colors: Colors
    contexts: Contexts
    ranks: Ranks
    flags: u16_flat
    recent: u16_flat
    last: u8_flat
    trace: u32_flat


def code_stripe(decoding, data, pos, end, stripe, width, rows, n, bits):  # type: ignore[no-untyped-def]
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
        bits: the bits of addresses in `recent`.

    Returns:
        The number of rows done, and the position after them in data or in the trace; -1 if the bitstream is invalid.
    """
    symbols, colors, contexts, rank_tokens, flags, recent, last, trace = stripe
    model = colors.ranked, colors.ranks, contexts, rank_tokens
    ranks = colors.ranks
    down = 32 - bits
    stride = width + 4
    left = 0  # sure guesses that are right before anything else is coded; for an encoder, that may be
    mark = 0  # where in the trace there is room for their number
    due = False  # whether a decoder knows that the next one is wrong
    x = 0
    if decoding:
        x = first_state(data, pos, end)
        pos += 4
        if x == 0:
            return 0, -1
    row = 0
    while row < rows and (decoding or pos < end):
        base = (row + 1) * stride + 2
        up = base - stride
        symbol = 0 + symbols[up]
        symbols[base - 1] = symbols[base - 2] = symbol
        col = same = 0
        upper = four(symbols, up - 1)  # NW, N, NE, NEE, the first lowest
        while col < width:
            # `upper` is read at the end of the pixel before: compilers would read its bytes one by one where they are
            # used.
            here = base + col
            W = symbol
            NW = upper & 255
            N = (upper >> 8) & 255
            NE = (upper >> 16) & 255
            flat = False
            if upper == W * 0x01010101 and symbols[here - 2] == W:
                if col >= same:  # otherwise it is known that the symbols above are W up to there
                    same = col + 1 + repeats(symbols, up + col + 2, width - col - 1, W)
                length = same - col
                flat = length >= SHORTEST
            if flat:
                run = 0
                if not decoding:
                    run = repeats(symbols, here, length, W)
                run, x, pos = code_run(decoding, run, length, x, pos, end, data, trace, contexts)
                if run > length:
                    return row, -1
                if decoding:
                    for i in range(run):
                        symbols[here + i] = W
                col += run
                if run == length:
                    upper = four(symbols, up + col - 1)
                    continue
                here += run
                NE = 0 + symbols[up + col + 1]
                if not decoding:
                    symbol = 0 + symbols[here]
                context, denied = BROKEN, 0
                slot = 0  # unused, but without it takes 3 % longer
            else:
                slot = (((upper * HASH) & WORD) >> down) + W
                known = 0 + recent[slot]
                confidence = known & 7
                guess = known >> 3
                hit = False
                if confidence == SURE:
                    if left == 0 and not due:
                        if decoding:
                            left, x, pos = code_hits(decoding, 0, x, pos, end, data, trace, contexts)
                            due = left < MOST_HITS
                        else:
                            left = MOST_HITS
                            mark = pos
                            pos += 2
                    if decoding:
                        hit = left > 0
                    else:
                        hit = symbols[here] == guess
                    if hit:
                        left -= 1
                    if not decoding and (left == 0 or not hit):
                        code_hits(decoding, MOST_HITS - left, x, mark, end, data, trace, contexts)
                        left = 0
                    if hit:
                        symbol = guess
                        symbols[here] = symbol
                        col += 1
                        upper = four(symbols, up + col - 1)
                        continue
                    due = False
                latest = 0 + last[W]  # always read, so that compilers need no branch
                guess = latest if confidence == UNSEEN else guess
                if not decoding:
                    symbol = 0 + symbols[here]
                    hit = symbol == guess

                context = (W == N) | (W == NW) << 1 | (N == NE) << 2 | (N == NW) << 3
                context |= match_index(guess, W, N, NE, NW) << 4
                if confidence < SURE:
                    index = min(confidence, FLAG_KINDS - 1) * SHAPES + context
                    hit, x, pos = code_flag(decoding, hit, index, x, pos, end, data, trace, flags)
                if hit:
                    symbol = guess
                    recent[slot] = guess << 3 | min(max(confidence, WRONG) + 1, SURE)
                    last[W] = symbol
                    symbols[here] = symbol
                    col += 1
                    upper = four(symbols, up + col - 1)
                    continue
                denied = 0 + ranks[W << 8 | guess]

            symbol, x, pos = code_other(decoding, symbol, W, N, NE, denied, context, n, x, pos, end, data, trace, model)
            if symbol >= n:
                return row, -1
            symbols[here] = symbol
            col += 1
            upper = four(symbols, up + col - 1)
            if context != BROKEN:
                recent[slot] = symbol << 3 | WRONG
                last[W] = symbol

        symbols[base + width] = symbols[base + width + 1] = symbols[base + width - 1]
        row += 1
        if decoding and pos > end:
            return row - 1, pos
    if not decoding and left > 0:
        code_hits(decoding, MOST_HITS - left, x, mark, end, data, trace, contexts)
    if decoding and x != LOW:
        return row, -1
    return row, pos


@kernel
def encode_stripe(
    data: u8_flat, pos: i64, end: i64, stripe: Stripe, width: i64, rows: i64, n: i64, bits: i64
) -> tuple[int, int]:
    """Encode rows until there are `end` codes.

    The bitstream ends at data[pos]. Returns the number of rows, and where in data the bitstream starts.
    """
    rows, count = code_stripe(False, data, 0, end, stripe, width, rows, n, bits)
    trace = stripe.trace
    x = LOW
    while count > 0:
        count -= 1
        entry = 0 + trace[count]
        size = entry >> 16
        if x >= size << 16:
            x, pos = put_back(x, size << 16, pos, data)
        x = x // size << 16 | (x % size + (entry & 0xFFFF))
    return rows, put_state(x, pos, data)


@kernel
def decode_stripe(
    data: u8_flat, pos: i64, end: i64, stripe: Stripe, width: i64, rows: i64, n: i64, bits: i64
) -> tuple[int, int]:
    """Decode rows; see `code_stripe`."""
    return code_stripe(True, data, pos, end, stripe, width, rows, n, bits)
