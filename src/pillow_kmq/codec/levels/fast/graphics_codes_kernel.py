"""Flags, tokens, runs and numbers of graphics at the level `fast` (docs/FORMAT.md, section 7.8): helpers of kernels.

Each function decodes, or appends what it would write to an encoder's trace.
"""

from __future__ import annotations

from ...entropy.adaptive_rans_kernel import LOW, STEP, TOKENS, fill, promote, renew

LEFT, ABOVE, NEXT, RANKS = 0, 1, 2, 3
"""Tokens of a pixel that is not the guess: W, N, NE, then ranks."""
LIKELY = 1 << LEFT | 1 << ABOVE | 1 << NEXT
"""All tokens but ranks, as bits."""
WHOLE, NONE, LENGTHS = 0, 1, 2
"""Tokens of a run: all of it, nothing, then one for each doubling of its length."""
RUN_TOKENS = 26
SHORTEST = 8
"""The least possible length of a run."""

SHAPES = 80
"""Contexts by shape, which come first."""
BROKEN = SHAPES
"""The context of a pixel that ends a run."""
RUNS = BROKEN + 1
"""The first of eight contexts of runs."""
HITS = RUNS + 8
"""The context of the number of sure guesses that are right."""
CONTEXTS = HITS + 1

UNSEEN, WRONG, SURE = 0, 1, 7
"""The confidence in a guess: there was none yet; it was wrong; then one more for each time that it was right."""
FLAG_KINDS = 5
"""Probabilities of a flag by confidence; the last is for all above."""
FLAGS = FLAG_KINDS * SHAPES
HIT_TOKENS = 12
MOST_HITS = (2 << HIT_TOKENS) - 3
"""The limit of a number of sure guesses that are right; more take another code."""
RATE = 5
"""The adaptation rate of flags: 1/32 of the distance."""


def code_flag(decoding, flag, index, x, pos, end, data, trace, flags):  # type: ignore[no-untyped-def]
    """Code a flag and adapt its probability: flag, x, pos."""
    p = 0 + flags[index]
    low = x & 0xFFFF
    if decoding:
        flag = low < p
    if flag:
        flags[index] = p + ((0x10000 - p) >> RATE)
        if decoding:
            x = p * (x >> 16) + low
        else:
            trace[pos] = p << 16
    else:
        flags[index] = p - (p >> RATE)
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
    """Return, as bits, the tokens of W, N and NE that a pixel of this shape may have if it is not the guess."""
    kind = shape >> 4
    left = kind != 0
    above = kind != 1 and shape & 1 == 0
    next_ = kind != 2 and shape & 4 == 0
    return left << LEFT | above << ABOVE | next_ << NEXT


def code_token(decoding, token, x, pos, end, data, trace, context, contexts):  # type: ignore[no-untyped-def]
    """Code a token in a context that has frequencies, and adapt that: token, x, pos."""
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
    """Code an equally distributed number of 0 to 12 bits: value, x, pos."""
    if decoding:
        rest = 16 - count
        value = (x & 0xFFFF) >> rest
        x, pos = fill((x >> 16 << rest) | (x & ((1 << rest) - 1)), pos, end, data)
    elif count > 0:
        trace[pos] = 1 << (32 - count) | value << (16 - count)
        pos += 1
    return value, x, pos


def code_run(decoding, run, length, x, pos, end, data, trace, contexts):  # type: ignore[no-untyped-def]
    """Code the length of a run that may have up to `length` pixels: run, more than that if invalid, x, pos."""
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
    """Code how many sure guesses are right, 0..MOST_HITS: hits, x, pos. After fewer, the next one is wrong."""
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
    """Code a pixel that is not the guess: symbol, n if invalid, x, pos.

    denied: the rank of the guess, or 0. model: ranked, ranks, contexts, tokens of ranks.
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
