# mypy: disallow-untyped-calls=False
"""The model of the level `fast` (docs/FORMAT.md, section 7.8): kernels that are plain Python until `compiled`.

A pixel is one token, nearly always: a guess, a neighbour, or a rank among the colours near to its left neighbour's. One
function follows the model through a stripe; with `decoding` a constant, it becomes the decoder, or the first half of
the encoder, which notes what each token costs, because rANS has to be written from the end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

WORD = 0xFFFFFFFF
LOW = 1 << 16  # the state of the coder is at least this much, and below 2^32
ONE = 4096  # the sum of the frequencies of a context
PLACE = 0x3FFFFFF  # an index with this mask is seen to be positive, which spares a check per access
LONG = 0x7FFFFFFFFFFF  # the same, for longer arrays
HASH = 0x85EBCA6B

# Tokens of a pixel: the guess, W, N, NE, then ranks: 0..3, and from there on two for each doubling.
GUESS, LEFT, ABOVE, NEXT, RANKS = 0, 1, 2, 3, 4
# Tokens of a run: whole, none, then one for each doubling of its length.
WHOLE, NONE, LENGTHS = 0, 1, 2
RUN_TOKENS = 26
TOKENS = 32  # room for a context's

# Contexts: by shape and kind, two for the pixel that breaks a run, eight for runs. Then those that are split off.
SHAPES = 80
BROKEN = SHAPES
RUNS = BROKEN + 2
PLAIN = RUNS + 8
PARTS = 14
CONTEXTS = PLAIN + SHAPES * PARTS

STEP = 16  # what a token adds to its count
LIMIT = 8000
SPLIT = 100  # a context that was used so often is split
SPLIT_TOTAL = 400
PERIOD = 1024
DISTANCES = 1200
GRAIN = 4  # colours closer than this count as equally far


class Stripe(NamedTuple):
    """What a kernel works on: arrays, or anything else with the same numbers.

    symbols: uint8[(rows + 2) * (width + 4)], two rows and two columns of margin. ranked, ranks: uint8[256 * n], the
    colours near to a colour, and the place of each; a stripe changes its copy. levels: uint8[256 * n]: how far apart
    two colours are. counts, starts: uint16[CONTEXTS * TOKENS]. slots: uint8[CONTEXTS * 256]. wait, period, uses:
    uint16[CONTEXTS]. parts: uint16[SHAPES * PARTS]. recent: uint8[1 << bits]. trace: uint32, for encoders.
    """

    symbols: Any
    ranked: Any
    ranks: Any
    extents: Any
    counts: Any
    starts: Any
    slots: Any
    wait: Any
    period: Any
    uses: Any
    parts: Any
    recent: Any
    trace: Any
    costs: Any
    widths: Any
    bases: Any


def rank_colors(axes, n, ranked, ranks, places):  # type: ignore[no-untyped-def]
    """Order the other colours by distance, for each. axes: int32[4 * n]; places: int32[DISTANCES], to count in."""
    for s in range(n):
        for i in range(DISTANCES):
            places[i] = 0
        for t in range(n):
            distance = (
                abs(axes[4 * s] - axes[4 * t])
                + 2 * abs(axes[4 * s + 1] - axes[4 * t + 1])
                + 2 * abs(axes[4 * s + 2] - axes[4 * t + 2])
                + 2 * abs(axes[4 * s + 3] - axes[4 * t + 3])
            )
            if t != s:
                places[distance // GRAIN + 1] += 1
        places[0] = 1
        for i in range(1, DISTANCES):
            places[i] += places[i - 1]
        ranked[256 * s] = s
        ranks[257 * s] = 0
        for t in range(n):
            if t != s:
                distance = (
                    abs(axes[4 * s] - axes[4 * t])
                    + 2 * abs(axes[4 * s + 1] - axes[4 * t + 1])
                    + 2 * abs(axes[4 * s + 2] - axes[4 * t + 2])
                    + 2 * abs(axes[4 * s + 3] - axes[4 * t + 3])
                )
                place = places[distance // GRAIN]
                places[distance // GRAIN] = place + 1
                ranked[256 * s + place] = t
                ranks[256 * s + t] = place


def set_sizes(context, tokens, counts, starts, slots):  # type: ignore[no-untyped-def]
    """Frequencies from counts: each at least one, ONE in all."""
    first = context * TOKENS
    total = 0
    for t in range(tokens):
        total += 0 + counts[(first + t) & PLACE]
    scale = ((ONE - tokens) << 16) // total
    left = ONE
    best = 0
    most = 0
    for t in range(tokens):
        count = 0 + counts[(first + t) & PLACE]
        left -= 1 + ((count * scale) >> 16)
        if count > most:
            most = count
            best = t
    start = 0
    slot = context * 256
    for t in range(tokens):
        starts[(first + t) & PLACE] = start
        start += 1 + (((0 + counts[(first + t) & PLACE]) * scale) >> 16)
        if t == best:
            start += left
        end = context * 256 + ((start + 15) >> 4)
        while slot < end:
            slots[slot & PLACE] = t
            slot += 1
    starts[(first + tokens) & PLACE] = start


def halve(context, tokens, limit, counts):  # type: ignore[no-untyped-def]
    """Halve the counts of a context until they are at most `limit` in all."""
    first = context * TOKENS
    total = limit + 1
    while total > limit:
        total = 0
        for t in range(tokens):
            total += 0 + counts[(first + t) & PLACE]
        if total > limit:
            for t in range(tokens):
                counts[(first + t) & PLACE] = ((0 + counts[(first + t) & PLACE]) + 1) >> 1


def begin(context, tokens, favoured, counts, starts, slots, wait, period):  # type: ignore[no-untyped-def]
    """The first state of a context."""
    first = context * TOKENS
    for t in range(tokens):
        counts[first + t] = 1
        if favoured > 0 and t < favoured + 8:
            counts[first + t] = 6 if t < favoured else 3
    wait[context] = 1
    period[context] = 1
    set_sizes(context, tokens, counts, starts, slots)


def part_of(shape, part, tokens, used, counts, starts, slots, wait, period, uses, parts):  # type: ignore[no-untyped-def]
    """The context for a shape of which this part is not split off, and how many contexts are used then."""
    place = shape * PARTS + part
    if uses[shape] < SPLIT:
        if uses[shape] == 0:
            begin(shape, tokens, RANKS, counts, starts, slots, wait, period)
        uses[shape] += 1
        return shape, used
    parts[place] = used
    for t in range(tokens):
        counts[used * TOKENS + t] = counts[shape * TOKENS + t]
    halve(used, tokens, SPLIT_TOTAL, counts)
    wait[used] = 1
    period[used] = 1
    set_sizes(used, tokens, counts, starts, slots)
    return used, used + 1


def fill(x, pos, end, data):  # type: ignore[no-untyped-def]
    """The next two bytes into a small state: x, pos. Without a branch, which could not be foreseen."""
    place = min(pos, end) & LONG
    word = (0 + data[place]) | (0 + data[place + 1]) << 8
    small = x < LOW
    x = x << 16 | word if small else x
    pos = pos + 2 if small else pos
    return x, pos


def token_of(rank):  # type: ignore[no-untyped-def]
    """The token of a rank, less RANKS."""
    k = 0
    while rank >> (k + 2) > 0:
        k += 1
    return rank if k == 0 else 2 * k + (rank >> k)


def code_token(  # type: ignore[no-untyped-def]
    decoding, token, x, pos, end, data, trace, context, tokens, counts, starts, slots, wait, period
):
    """Code a token in a context, which learns it: token, x, pos."""
    first = context * TOKENS
    if decoding:
        low = x & (ONE - 1)
        token = 0 + slots[(context * 256 + (low >> 4)) & PLACE]
        start = 0 + starts[(first + token) & PLACE]
        after = 0 + starts[(first + token + 1) & PLACE]
        while low >= after:
            token += 1
            start = after
            after = 0 + starts[(first + token + 1) & PLACE]
        x = (after - start) * (x >> 12) + low - start
        x, pos = fill(x, pos, end, data)
    else:
        start = 0 + starts[(first + token) & PLACE]
        size = (0 + starts[(first + token + 1) & PLACE]) - start
        trace[pos & PLACE] = size << 16 | start
        pos += 1
    place = (first + token) & PLACE
    counts[place] = (0 + counts[place]) + STEP
    waiting = (0 + wait[context & 0xFFFF]) - 1
    if waiting == 0:
        halve(context, tokens, LIMIT, counts)
        set_sizes(context, tokens, counts, starts, slots)
        waiting = 0 + period[context & 0xFFFF]
        waiting = min(PERIOD, waiting + ((waiting + 3) >> 2))
        period[context & 0xFFFF] = waiting
    wait[context & 0xFFFF] = waiting
    return token, x, pos


def code_bits(decoding, value, count, x, pos, end, data, trace):  # type: ignore[no-untyped-def]
    """Code a number of 1 to 12 bits that says nothing of itself: value, x, pos."""
    if decoding:
        low = x & (ONE - 1)
        value = low >> (12 - count)
        x = (x >> 12 << (12 - count)) | (low & ((1 << (12 - count)) - 1))
        x, pos = fill(x, pos, end, data)
    else:
        trace[pos & PLACE] = 1 << (28 - count) | value << (12 - count)
        pos += 1
    return value, x, pos


def code_stripe(decoding, data, pos, end, stripe, width, rows, n, bits):  # type: ignore[no-untyped-def]
    """Code rows of symbols below n >= 2; the number of rows done, and where.

    Decoding: from data[pos] up to data[end], or to where the code has ended before the rows have; the position behind
    them, or -1 where the code makes no sense. Encoding: up to `end` entries of the trace; their number.
    """
    symbols, ranked, ranks, extents, counts, starts, slots = stripe[:7]
    wait, period, uses, parts, recent, trace, costs, widths, bases = stripe[7:]
    guessing = bits > 0
    down = 32 - bits
    stride = width + 4
    tokens = RANKS + token_of(n - 2) + 1
    used = PLAIN
    cost = noted = 0
    room = len(trace) - 3 * width - 64

    x = 0
    if decoding:
        for i in range(4):
            if pos + i < end:
                x |= (0 + data[pos + i]) << (8 * i)
        pos += 4
        if x < LOW:
            return 0, -1
    token = 0
    row = 0
    while row < rows:
        base = (row + 2) * stride + 2
        up = base - stride
        up2 = up - stride
        edge = 0 + symbols[up]
        symbols[base - 1] = edge
        symbols[base - 2] = edge
        col = 0
        moved = True
        broken = False
        symbol = W = N = NE = NW = edge
        while col < width:
            here = (base + col) & LONG
            above = (up + col) & LONG
            if moved:  # at the start of a row and behind a run
                moved = False
                W = 0 + symbols[here - 2]
                symbol = 0 + symbols[here - 1]
                N = 0 + symbols[above - 1]
                NE = 0 + symbols[above]
            WW = W
            W = symbol
            NW = N
            N = NE
            NE = 0 + symbols[above + 1]

            if W == N and N == NE and N == NW and W == WW and symbols[(up2 + col) & LONG] == N and not broken:
                length = 2
                while col + length < width and symbols[above + length + 1] == N:
                    length += 1
                length = min(length, width - col)
                if length >= 8:
                    run = 0
                    if not decoding:
                        while run < length and symbols[here + run] == N:
                            run += 1
                        token = WHOLE
                        if run < length:
                            token = NONE
                            while run >> (token - NONE) > 0:
                                token += 1
                    k = 0
                    while k < 7 and length >> (k + 4) > 0:
                        k += 1
                    if period[RUNS + k] == 0:
                        begin(RUNS + k, RUN_TOKENS, 0, counts, starts, slots, wait, period)
                    token, x, pos = code_token(
                        decoding, token, x, pos, end, data, trace, RUNS + k, RUN_TOKENS, counts, starts, slots,
                        wait, period,
                    )  # fmt: skip
                    if token == WHOLE:
                        run = length
                    else:
                        broken = True
                        k = token - LENGTHS
                        if token == NONE:
                            run = 0
                        elif k > 0:
                            low = run & ((1 << min(k, 12)) - 1)
                            high = (run >> 12) & ((1 << max(k - 12, 0)) - 1)
                            low, x, pos = code_bits(decoding, low, min(k, 12), x, pos, end, data, trace)
                            if k > 12:
                                high, x, pos = code_bits(decoding, high, k - 12, x, pos, end, data, trace)
                            run = 1 << k | high << 12 | low
                        else:
                            run = 1
                        if run >= length:
                            return row, -1
                    if decoding:
                        for i in range(run):
                            symbols[here + i] = N
                    if run > 0:
                        col += run
                        moved = True
                        continue

            slot = (((W | N << 8 | NE << 16 | NW << 24) * HASH) & WORD) >> down
            guess = W
            if guessing:
                guess = 0 + recent[slot & 0xFFFFF]
            rank_n = 0 + ranks[(W << 8 | N) & 0xFFFF]
            if broken:
                broken = False
                context = BROKEN + (W == N)
                if period[context] == 0:
                    begin(context, tokens, RANKS, counts, starts, slots, wait, period)
            else:
                kind = 64
                if guess == NW:
                    kind = 48
                if guess == NE:
                    kind = 32
                if guess == N:
                    kind = 16
                if guess == W:
                    kind = 0
                shape = kind | (W == N) | (W == NW) << 1 | (N == NE) << 2 | (N == NW) << 3
                part = 2 * (0 + extents[rank_n]) + (W == WW)
                context = 0 + parts[(shape * PARTS + part) & 0xFFFF]
                if context == 0:
                    context, used = part_of(shape, part, tokens, used, counts, starts, slots, wait, period, uses, parts)
            rank_g = 0 + ranks[(W << 8 | guess) & 0xFFFF]
            if guess == N:
                rank_g = 0
            near = min(rank_n, rank_g)
            far = max(rank_n, rank_g)
            rank = 0
            if not decoding:
                symbol = 0 + symbols[here]
                if symbol == guess:
                    token = GUESS
                elif symbol == W:
                    token = LEFT
                elif symbol == N:
                    token = ABOVE
                elif guessing and symbol == NE:
                    token = NEXT
                else:
                    rank = 0 + ranks[W << 8 | symbol]
                    rank -= 1 + (0 < near < rank) + (0 < far < rank)
                    token = RANKS + token_of(rank)
            token, x, pos = code_token(
                decoding, token, x, pos, end, data, trace, context, tokens, counts, starts, slots, wait, period
            )
            # Without branches, as these could not be foreseen: for a token that is no rank, nothing changes.
            k = 0 + widths[token & 31]
            low = 0
            if not decoding:
                low = rank & ((1 << k) - 1)
            low, x, pos = code_bits(decoding, low, k, x, pos, end, data, trace)
            rank = (0 + bases[token & 31]) + low
            rank += near > 0 and rank >= near
            rank += far > 0 and rank >= far
            if rank >= n:
                return row, -1
            ranked_there = 0 + ranked[(W << 8 | rank) & 0xFFFF]
            if decoding:
                symbol = ranked_there
                if token == NEXT:
                    symbol = NE
                if token == ABOVE:
                    symbol = N
                if token == LEFT:
                    symbol = W
                if token == GUESS:
                    symbol = guess
            better = rank - ((rank + 6) >> 3)
            other = 0 + ranked[(W << 8 | better) & 0xFFFF]
            ranked[(W << 8 | better) & 0xFFFF] = ranked_there
            ranked[(W << 8 | rank) & 0xFFFF] = other
            ranks[(W << 8 | ranked_there) & 0xFFFF] = better
            ranks[(W << 8 | other) & 0xFFFF] = rank
            if guessing:
                recent[slot & 0xFFFFF] = symbol
            symbols[here] = symbol
            col += 1

        edge = 0 + symbols[base + width - 1]
        symbols[base + width] = edge
        symbols[base + width + 1] = edge
        row += 1
        if decoding:
            if pos > end:
                return row - 1, pos
        else:
            while noted < pos:
                cost += 0 + costs[trace[noted] >> 16]
                noted += 1
            if cost >= end or pos > room:
                break
    if decoding and x != LOW:
        return row, -1
    return row, pos


def encode_stripe(data, pos, end, stripe, width, rows, n, bits):  # type: ignore[no-untyped-def]
    """Code as many rows as `end` entries of the trace are room for; their number, and that of bytes in data."""
    rows, count = code_stripe(False, data, 0, end, stripe, width, rows, n, bits)
    trace = stripe[12]
    x = LOW
    pos = len(data)
    while count > 0:
        count -= 1
        entry = 0 + trace[count]
        size = entry >> 16
        start = entry & 0xFFFF
        if x >= size << 20:
            pos -= 2
            data[pos] = x & 255
            data[pos + 1] = (x >> 8) & 255
            x >>= 16
        x = x // size << 12 | (x % size + start)
    for i in range(4):
        pos -= 1
        data[pos] = (x >> (24 - 8 * i)) & 255
    return rows, pos


def decode_stripe(data, pos, end, stripe, width, rows, n, bits):  # type: ignore[no-untyped-def]
    """See `code_stripe`."""
    return code_stripe(True, data, pos, end, stripe, width, rows, n, bits)
