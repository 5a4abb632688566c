"""A stripe of the level `max` (docs/FORMAT.md, section 7.7): kernel.

Every pixel is a path in the colour tree. Each step is a bit, predicted by fourteen counters and by the coordinates of
fourteen colours on the step's axis. One function encodes and decodes.
"""

from __future__ import annotations

from ....kernels import kernel
from ....kernels.types import as_int32, constant, i64, u8_flat
from ...entropy.range_coder_kernel import WORD
from ...symbols.scan_kernel import repeats
from .layout import (
    CHOSEN,
    COLUMNS,
    COUNTED,
    HALF,
    HALVES,
    HASHED,
    KEYS,
    LINES,
    NEIGHBORS,
    PAIRS,
    PLACED,
    PREDICTED,
    QUADS,
    REFINED,
    ROOM,
    ROWS,
    RUN,
    SIDES,
    STATES,
    Stripe,
    layout,
)
from .mixer_kernel import bounded, mixed_bit, run_bit
from .predictor_kernel import adapt_taps, predict

HASH_1, HASH_3, HASH_4 = 0x9E3779B1, 0xC2B2AE35, 0x2C1B3C6D


def hashed(a, b):  # type: ignore[no-untyped-def]
    """Return 32 bits that depend on two numbers of 32 bits."""
    x = ((a ^ (a >> 15)) + b * HASH_3) & WORD
    x = ((x ^ (x >> 13)) * HASH_4) & WORD
    return x ^ (x >> 16)


def find_lines(node, counters, scratch, hash_shift):  # type: ignore[no-untyped-def]
    """Find the line of each hashed context at a node, 0 for the root; clear it if it belongs to another key."""
    for i in range(HASHED):
        key = 0 + scratch[KEYS + i]
        if node > 0:
            key = hashed(key, node)
        line = (((key * HASH_1) & WORD) >> hash_shift) << 4
        scratch[LINES + i] = line
        scratch[CHOSEN + i] = key
        scratch[STATES + i] = counters[line]  # not for its value: now memory is waited for once, not seven times
    for i in range(HASHED):
        line = scratch[LINES + i]
        key = 0 + scratch[CHOSEN + i]
        if counters[line] != key:
            counters[line] = key
            for k in range(1, 16):
                counters[line + k] = HALF


def read_neighbors(symbols, here, above, above2, above3, scratch):  # type: ignore[no-untyped-def]
    """Set neighbours and keys of the hashed contexts in scratch; return hashes of 6, 8, 11 and 15 neighbours."""
    W = 0 + symbols[here - 1]
    WW = 0 + symbols[here - 2]
    WWW = 0 + symbols[here - 3]
    WWWW = 0 + symbols[here - 4]
    N = 0 + symbols[above]
    NW = 0 + symbols[above - 1]
    NWW = 0 + symbols[above - 2]
    NWWW = 0 + symbols[above - 3]
    NE = 0 + symbols[above + 1]
    NEE = 0 + symbols[above + 2]
    NEEE = 0 + symbols[above + 3]
    NN = 0 + symbols[above2]
    NNW = 0 + symbols[above2 - 1]
    NNE = 0 + symbols[above2 + 1]
    NNWW = 0 + symbols[above2 - 2]
    NNEE = 0 + symbols[above2 + 2]
    NNN = 0 + symbols[above3]
    NNNW = 0 + symbols[above3 - 1]
    NNNE = 0 + symbols[above3 + 1]
    scratch[NEIGHBORS] = W
    scratch[NEIGHBORS + 1] = N
    scratch[NEIGHBORS + 2] = NW
    scratch[NEIGHBORS + 3] = NE
    scratch[NEIGHBORS + 4] = WW
    scratch[NEIGHBORS + 5] = NN
    scratch[NEIGHBORS + 6] = NEE
    scratch[NEIGHBORS + 7] = NNE
    scratch[NEIGHBORS + 8] = NNW
    scratch[NEIGHBORS + 9] = NWW
    scratch[NEIGHBORS + 10] = WWW
    scratch[NEIGHBORS + 11] = NNN
    hash6 = hashed(hashed(W | N << 8 | NE << 16 | NW << 24, 1), WW | NN << 8)
    hash8 = hashed(hash6, NEE | NWW << 8)
    hash11 = hashed(hash8, NNE | NNW << 8 | WWW << 16)
    hash15 = hashed(hash11, NNN | NNWW << 8 | NNEE << 16 | WWWW << 24)
    scratch[KEYS] = hashed(W, 2)
    scratch[KEYS + 1] = hashed(N, 3)
    scratch[KEYS + 2] = hashed(W | WW << 8 | WWW << 16, 4)
    scratch[KEYS + 3] = hashed(W | NE << 8, 5)
    scratch[KEYS + 4] = hashed(N | NN << 8 | NNN << 16, 6)
    scratch[KEYS + 5] = hashed(hashed(N | NE << 8 | NEE << 16 | NEEE << 24, 7), W)
    scratch[KEYS + 6] = hashed(hash15, NNNW | NNNE << 8 | NWWW << 16 | NEEE << 24)
    return hash6, hash8, hash11, hash15


def activity_level(axes, W, N, NW, NE):  # type: ignore[no-untyped-def]
    """Return how much brightness changes between four neighbours, 0..6."""
    activity = abs(0 + axes[W] - axes[NW]) + abs(0 + axes[N] - axes[NW]) + abs(0 + axes[N] - axes[NE])
    return (
        (activity > 8) + (activity > 24) + (activity > 60) + (activity > 120) + (activity > 250)
        + (activity > 500)
    )  # fmt: skip


def side_of(sides, length, symbol, node):  # type: ignore[no-untyped-def]
    """Return the side of the symbol that a match predicts; 0 if there is no match."""
    side = 0
    if length > 0:
        side = 0 + sides[symbol << 8 | node]
    return side


def code_symbol(  # type: ignore[no-untyped-def]
    decoding, symbol, x, size, pos, end, data, stripe, at, shape, active, guess6, guess11, long, expected, short, other
):  # fmt: skip
    """Code a symbol, a path in the tree: symbol, x, size, pos.

    at: the layout. shape, active: which neighbours are equal, and how much they change. guess6, guess11: the last
    symbols after the same 6 and 11 neighbours. long, expected: the length of a match and the symbol that it predicts;
    short, other: those of another match.
    """
    counters, scratch, inputs, places = stripe.counters, stripe.scratch, stripe.inputs, stripe.places
    leaf, middle, levels, sides, cuts = stripe.leaf, stripe.middle, stripe.levels, stripe.sides, stripe.cuts
    nodes = at.nodes
    input_count = 0 + cuts[1]
    W = 0 + scratch[NEIGHBORS]
    N = 0 + scratch[NEIGHBORS + 1]
    NW = 0 + scratch[NEIGHBORS + 2]
    NE = 0 + scratch[NEIGHBORS + 3]
    WW = 0 + scratch[NEIGHBORS + 4]
    NN = 0 + scratch[NEIGHBORS + 5]
    NEE = 0 + scratch[NEIGHBORS + 6]
    NNE = 0 + scratch[NEIGHBORS + 7]
    bit = False
    node = 1
    index = 1
    depth = 0
    while leaf[node] < 0:
        m = 0 + middle[node]
        if not decoding:
            bit = symbol >= m
        w = W << 8 | node
        relation = 0 + sides[w]
        relation2 = (
            ((((sides[WW << 8 | node] * 3 + sides[NN << 8 | node]) * 3 + sides[NEE << 8 | node]) * 3
            + sides[NNE << 8 | node]) * 3 + sides[guess11 << 8 | node]) * 3 + relation
        )  # fmt: skip
        relation = (
            (((relation * 3 + sides[N << 8 | node]) * 3 + sides[NW << 8 | node]) * 3
            + sides[NE << 8 | node]) * 3 + sides[guess6 << 8 | node]
        )  # fmt: skip
        pair = levels[w] * 6 + levels[N << 8 | node]
        pair2 = levels[NE << 8 | node] * 6 + levels[NW << 8 | node]
        axis = 0 + cuts[4 * node]
        bound = as_int32(cuts[4 * node + 1])
        scale = as_int32(cuts[4 * node + 2])
        for i in range(PLACED):
            inputs[COUNTED + i] = bounded(as_int32(as_int32(places[16 * axis + i] - bound) * scale) >> 4, 500)
        guessed = max(0, min(63, (((places[16 * axis + PREDICTED] - bound) * scale) >> 8) + 32))
        half = 0
        for i in range(10):
            half |= (scratch[NEIGHBORS + i] >= m) << i
        side = side_of(sides, long, expected, node)
        side2 = side_of(sides, short, other, node)
        for i in range(HASHED):
            scratch[CHOSEN + i] = scratch[LINES + i] + index
        scratch[CHOSEN + 7] = at.quads + node * QUADS + pair * PAIRS + pair2
        scratch[CHOSEN + 8] = at.relations + (relation * 8 + depth) * 32 + shape
        scratch[CHOSEN + 9] = at.long_matches + (min(long, 31) * 3 + side) * 8 + depth
        scratch[CHOSEN + 10] = at.short_matches + (min(short, 31) * 3 + side2) * 8 + depth
        scratch[CHOSEN + 11] = at.more_relations + relation2 * 8 + depth
        scratch[CHOSEN + 12] = at.guesses + (node * 64 + guessed) * 8 + active
        scratch[CHOSEN + 13] = at.halves + node * HALVES + half
        bit, x, size, pos = mixed_bit(
            decoding, bit, x, size, pos, end, data, stripe, input_count,
            node * ROOM, (nodes + relation) * ROOM, (nodes + SIDES) * ROOM, node * 3,
            (pair * nodes + node) * REFINED, ((PAIRS + pair2) * nodes + node) * REFINED,
        )  # fmt: skip
        node = 2 * node + bit
        index = 2 * index + bit
        depth += 1
        if index > 15 and leaf[node] < 0:
            index = 1
            find_lines(node, counters, scratch, at.hash_shift)
    return 0 + leaf[node], x, size, pos


@kernel
def mixed_stripe(
    decoding: constant,
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
        option: the size of tables, 0..3.

    Returns:
        The number of rows done, the last x and its position in data.
    """
    symbols, counters, recent, latest = stripe.symbols, stripe.counters, stripe.recent, stripe.latest
    scratch, places, axes, rates = stripe.scratch, stripe.places, stripe.axes, stripe.rates
    at = layout(n, option)
    stride = width + 2 * COLUMNS
    axis_count = 0 + stripe.cuts[0]
    size = WORD
    bit = False
    row = far = near = 0
    while row < rows:
        base = (row + ROWS) * stride + COLUMNS
        up = base - stride
        up2 = up - stride
        up3 = up2 - stride
        for i in range(1, COLUMNS + 1):
            symbols[base - i] = symbols[up]
        col = asked = long = short = 0
        while col < width:
            if (decoding and pos > end) or stop[0]:  # a row may be long
                return row, x, pos
            here = base + col
            above = up + col
            above2 = up2 + col
            W = 0 + symbols[here - 1]
            WW = 0 + symbols[here - 2]
            N = 0 + symbols[above]
            NW = 0 + symbols[above - 1]
            NE = 0 + symbols[above + 1]
            if W == N and N == NW and N == NE and N == WW and symbols[above2] == N and col >= asked:
                length = 1 + repeats(symbols, above + 2, width - col - 1, N)
                if length >= RUN:
                    if not decoding:
                        bit = repeats(symbols, here, length, N) == length
                    k = 0
                    while k < 7 and length >> (k + 6) > 0:
                        k += 1
                    bit, x, size, pos = run_bit(decoding, bit, x, size, pos, end, data, counters, at.runs + k, rates)
                    asked = col + length
                    if bit:
                        if decoding:
                            for i in range(length):
                                symbols[here + i] = N
                        col += length
                        far += length
                        near += length
                        continue

            hash6, hash8, hash11, hash15 = read_neighbors(symbols, here, above, above2, up3 + col, scratch)
            find_lines(0, counters, scratch, at.hash_shift)
            slot6 = hash6 >> at.hash_shift
            slot11 = at.entries + (hash11 >> at.hash_shift)
            guess6 = 0 + recent[slot6]
            guess11 = 0 + recent[slot11]
            slot15 = hash15 >> at.hash_shift
            slot8 = at.entries + (hash8 >> at.hash_shift)
            if long == 0:
                far = 0 + latest[slot15]
                long = 0 + (far > 0)
            if short == 0:
                near = 0 + latest[slot8]
                short = 0 + (near > 0)
            expected = 0 + symbols[far]
            other = 0 + symbols[near]
            shape = (W == N) | (W == NW) << 1 | (N == NE) << 2 | (N == NW) << 3 | (W == WW) << 4
            active = activity_level(axes, W, N, NW, NE)
            predict(axis_count, scratch, places, axes)
            symbol = 0
            if not decoding:
                symbol = 0 + symbols[here]
            symbol, x, size, pos = code_symbol(
                decoding, symbol, x, size, pos, end, data, stripe, at, shape, active, guess6, guess11,
                long, expected, short, other,
            )  # fmt: skip
            adapt_taps(axis_count, symbol, scratch, places, axes)
            recent[slot6] = symbol
            recent[slot11] = symbol
            latest[slot15] = here
            latest[slot8] = here
            if long > 0:
                far += 1
                long = long + 1 if expected == symbol else 0
            if short > 0:
                near += 1
                short = short + 1 if other == symbol else 0
            symbols[here] = symbol
            col += 1

        for i in range(COLUMNS):
            symbols[base + width + i] = symbols[base + width - 1]
        row += 1
        if decoding:
            if pos > end:
                return row - 1, x, pos
        elif pos >= end:
            break
    if not decoding:
        x = (x + size - 1) & 0x1FF000000  # of the bitstreams that mean the same, one that ends in zeros
    return row, x, pos
