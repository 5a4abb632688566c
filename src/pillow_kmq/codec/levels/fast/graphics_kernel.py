"""The level `fast` for graphics (docs/FORMAT.md, section 7.8): kernels.

A pixel is guessed to be what came the last time after the same five neighbours. Where that was right six times, nothing
is coded until it is wrong; otherwise a flag says whether it is right. Where it is not, a token says what the pixel is.
Where all is flat, one token does for a whole run. One function follows the model through a stripe; with `decoding` a
constant, it becomes the decoder, or the first half of the encoder, which notes what each code costs, because rANS has
to be written from the end.
"""

from __future__ import annotations

from typing import NamedTuple

from ....kernels import kernel
from ....kernels.types import i64, u8_flat, u16_flat, u32_flat
from ...entropy.adaptive_rans_kernel import (
    LOW,
    STEP,
    TOKENS,
    Colors,
    Contexts,
    Ranks,
    fill,
    first_state,
    promote,
    put_back,
    put_state,
    renew,
)
from ...symbols.scan_kernel import four, match_index, repeats

WORD = 0xFFFFFFFF
HASH = 0x85EBCA6B

LEFT, ABOVE, NEXT, RANKS = 0, 1, 2, 3
"""Tokens of a pixel that is not the guess: W, N, NE, then ranks."""
LIKELY = 1 << LEFT | 1 << ABOVE | 1 << NEXT  # as bits, all but ranks
WHOLE, NONE, LENGTHS = 0, 1, 2
"""Tokens of a run: whole, none, then one for each doubling of its length."""
RUN_TOKENS = 26
SHORTEST = 8  # pixels that a run may have, at least

SHAPES = 80  # contexts of their own
BROKEN = SHAPES  # and one for the pixel that breaks a run
RUNS = BROKEN + 1  # eight for runs
HITS = RUNS + 8  # and one for how often sure guesses are right
CONTEXTS = HITS + 1

UNSEEN, WRONG, SURE = 0, 1, 7
"""Of a guess: there is none yet; it was wrong; then one more for each time that it was right since."""
FLAG_KINDS = 5  # by that, the last for all that are more
FLAGS = FLAG_KINDS * SHAPES
HIT_TOKENS = 12
MOST_HITS = (2 << HIT_TOKENS) - 3  # of a code
RATE = 5  # of flags


class Stripe(NamedTuple):
    """What a kernel works on: arrays, or anything else with the same numbers.

    symbols: uint8[(rows + 1) * (width + 4)], one row and two columns of margin. colors, contexts, ranks: as in
    `fast_contexts`. flags: uint16[FLAGS], the probability that a guess is right. recent: uint16[(1 << bits) + 256], a
    symbol above how sure it is, 3 bits. last: uint8[256], by W, the last symbol that was not sure and had nothing to do
    with a run. trace: uint32, for encoders, the size and the start of each code.
    """

    symbols: u8_flat
    colors: Colors
    contexts: Contexts
    ranks: Ranks
    flags: u16_flat
    recent: u16_flat
    last: u8_flat
    trace: u32_flat


def code_flag(decoding, flag, place, x, pos, end, data, trace, flags):  # type: ignore[no-untyped-def]
    """Code a flag, which its place learns: flag, x, pos."""
    p = 0 + flags[place]
    low = x & 0xFFFF
    if decoding:
        flag = low < p
    if flag:
        flags[place] = p + ((0x10000 - p) >> RATE)
        if decoding:
            x = p * (x >> 16) + low
        else:
            trace[pos] = p << 16
    else:
        flags[place] = p - (p >> RATE)
        if decoding:
            x = (0x10000 - p) * (x >> 16) + low - p
        else:
            trace[pos] = (0x10000 - p) << 16 | p
    if not decoding:
        pos += 1
    elif x < LOW:
        x, pos = fill(x, pos, end, data)
    return flag, x, pos


def likely_tokens(shape):  # type: ignore[no-untyped-def]
    """By bit, those of W, N and NE that a pixel of this shape may have if it is not the guess."""
    kind = shape >> 4
    left = kind != 0
    above = kind != 1 and shape & 1 == 0
    behind = kind != 2 and shape & 4 == 0
    return left << LEFT | above << ABOVE | behind << NEXT


def code_token(decoding, token, x, pos, end, data, trace, context, contexts):  # type: ignore[no-untyped-def]
    """Code a token in a context that has sizes, which learns it: token, x, pos."""
    counts, starts, wait = contexts.counts, contexts.starts, contexts.wait
    first = context * TOKENS
    if decoding:
        low = x & 0xFFFF
        token = start = 0
        after = (0 + starts[first + 1]) << 4
        while low >= after:
            token += 1
            start = after
            after = (0 + starts[first + token + 1]) << 4
        x, pos = fill((after - start) * (x >> 16) + low - start, pos, end, data)
    else:
        start = 0 + starts[first + token]
        size = (0 + starts[first + token + 1]) - start
        trace[pos] = size << 20 | start << 4
        pos += 1
    counts[first + token] = (0 + counts[first + token]) + STEP
    wait[context] = (0 + wait[context]) - 1
    return token, x, pos


def code_bits(decoding, value, count, x, pos, end, data, trace):  # type: ignore[no-untyped-def]
    """Code a number of 0 to 12 bits that says nothing of itself: value, x, pos."""
    if decoding:
        rest = 16 - count
        value = (x & 0xFFFF) >> rest
        x, pos = fill((x >> 16 << rest) | (x & ((1 << rest) - 1)), pos, end, data)
    elif count > 0:
        trace[pos] = 1 << (32 - count) | value << (16 - count)
        pos += 1
    return value, x, pos


def code_run(decoding, run, length, x, pos, end, data, trace, contexts):  # type: ignore[no-untyped-def]
    """Code how much of a possible run there is: run, 0..length, or more where the code makes no sense, x, pos."""
    k = 0
    while k < 7 and length >> (k + 4) > 0:
        k += 1
    context = RUNS + k
    if contexts.wait[context] == 0:
        renew(contexts, context, RUN_TOKENS, 0, TOKENS, False)
    token = WHOLE
    if run < length:
        token = NONE
        while run >> (token - NONE) > 0:
            token += 1
    token, x, pos = code_token(decoding, token, x, pos, end, data, trace, context, contexts)
    if decoding:
        run = length if token == WHOLE else 0
    if token >= LENGTHS:
        k = token - LENGTHS
        low, x, pos = code_bits(decoding, run & ((1 << min(k, 12)) - 1), min(k, 12), x, pos, end, data, trace)
        high = 0
        if k > 12:
            high, x, pos = code_bits(decoding, (run >> 12) & ((1 << (k - 12)) - 1), k - 12, x, pos, end, data, trace)
        if decoding:
            run = 1 << k | high << 12 | low
            if run >= length:
                run = length + 1
    return run, x, pos


def code_hits(decoding, hits, x, pos, end, data, trace, contexts):  # type: ignore[no-untyped-def]
    """Code how many sure guesses are right, 0..MOST_HITS: hits, x, pos. If less than most, the one behind is wrong."""
    if contexts.wait[HITS] == 0:
        renew(contexts, HITS, HIT_TOKENS, 0, TOKENS, False)
    token = 0
    while (hits + 2) >> (token + 2) > 0:
        token += 1
    token, x, pos = code_token(decoding, token, x, pos, end, data, trace, HITS, contexts)
    first = (2 << token) - 2
    low, x, pos = code_bits(decoding, hits - first, token + 1, x, pos, end, data, trace)
    if decoding:
        hits = first + low
    return hits, x, pos


def code_other(decoding, symbol, W, N, NE, denied, context, n, x, pos, end, data, trace, model):  # type: ignore[no-untyped-def]
    """Code a pixel that is not the guess: symbol, or n where the code makes no sense, x, pos.

    denied: the rank of the guess, or 0.
    """
    ranked, ranks, contexts, rank_tokens = model
    token_of, bits_of, first_of = rank_tokens
    if contexts.wait[context] == 0:
        likely = LIKELY if context == BROKEN else likely_tokens(context)
        renew(contexts, context, RANKS + 1 + token_of[n - 2], likely, RANKS, False)
    rank = 0
    token = LEFT
    if not decoding and symbol != W:
        token = ABOVE
        if symbol != N:
            token = NEXT
            if symbol != NE:
                rank = 0 + ranks[W << 8 | symbol]
                rank -= rank > denied > 0
                token = RANKS + token_of[rank - 1]
    token, x, pos = code_token(decoding, token, x, pos, end, data, trace, context, contexts)
    if token == LEFT:
        symbol = W
    elif token == ABOVE:
        symbol = N
    elif token == NEXT:
        symbol = NE
    else:
        k = 0 + bits_of[token]
        low, x, pos = code_bits(decoding, rank - first_of[token], k, x, pos, end, data, trace)
        if decoding:
            rank = first_of[token] + low
        rank += rank >= denied > 0
        symbol = n
        if rank < n:
            symbol = 0 + ranked[W << 8 | rank]
            promote(W, rank, ranked, ranks)
    return symbol, x, pos


def code_stripe(decoding, data, pos, end, stripe, width, rows, n, bits):  # type: ignore[no-untyped-def]
    """Code rows of symbols below n >= 2; the number of rows done, and where.

    Decoding: from data[pos] up to data[end], or to where the code has ended before the rows have; the position behind
    them, or -1 where the code makes no sense. Encoding: until there are `end` entries of the trace; their number.
    """
    symbols, colors, contexts, rank_tokens, flags, recent, last, trace = stripe
    model = colors.ranked, colors.ranks, contexts, rank_tokens
    ranks = colors.ranks
    down = 32 - bits
    stride = width + 4
    left = 0  # sure guesses that are right before anything more is said; for an encoder, that may be
    mark = 0  # where an encoder has left room to say how many were
    due = False  # whether a decoder knows that the one behind them is wrong
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
            # Wherever a pixel is done, the next `upper` is read: here, where its bytes are used, compilers would read
            # them one by one.
            here = base + col
            W = symbol
            NW = upper & 255
            N = (upper >> 8) & 255
            NE = (upper >> 16) & 255
            flat = False
            if upper == W * 0x01010101 and symbols[here - 2] == W:
                if col >= same:  # otherwise the symbols above are known to be W as far as that
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
                slot = 0  # unused; 1.03 of the time without
            else:
                slot = (((upper * HASH) & WORD) >> down) + W
                known = 0 + recent[slot]
                sure = known & 7
                guess = known >> 3
                hit = False
                if sure == SURE:
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
                latest = 0 + last[W]  # read always, so that compilers choose without a branch
                guess = latest if sure == UNSEEN else guess
                if not decoding:
                    symbol = 0 + symbols[here]
                    hit = symbol == guess

                context = (W == N) | (W == NW) << 1 | (N == NE) << 2 | (N == NW) << 3
                context |= match_index(guess, W, N, NE, NW) << 4
                if sure < SURE:
                    place = min(sure, FLAG_KINDS - 1) * SHAPES + context
                    hit, x, pos = code_flag(decoding, hit, place, x, pos, end, data, trace, flags)
                if hit:
                    symbol = guess
                    recent[slot] = guess << 3 | min(max(sure, WRONG) + 1, SURE)
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
    """Code rows until `end` codes are noted, up to data[pos]; their number, and where in data they begin."""
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
    """See `code_stripe`."""
    return code_stripe(True, data, pos, end, stripe, width, rows, n, bits)
