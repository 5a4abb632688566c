"""The model of the level `max` (docs/FORMAT.md, section 7.7): kernels.

Every pixel is a path in the tree of colours, every step a bit that fourteen counters guess, and the places of fourteen
colours along the step's axis. One function codes a stripe; with `decoding` a constant, it becomes the encoder or the
decoder.
"""

from __future__ import annotations

from typing import NamedTuple

from ....kernels import kernel
from ....kernels.types import constant, i16_flat, i32_flat, i64, i64_flat, narrow, u8_flat, u16_flat, u32_flat
from ...entropy.range_coder_kernel import WORD, repeats
from .mixer_kernel import COUNTED, bounded, mixed_bit, run_bit
from .predictor_kernel import PLACED, adjust, predict

ROWS, COLUMNS = 3, 4
"""The margin of a stripe: rows above, and columns on either side."""

HASH_1, HASH_3, HASH_4 = 0x9E3779B1, 0xC2B2AE35, 0x2C1B3C6D
HALF = 0x80000000

# Inputs of a mix: counters of seven hashed contexts, a line of 16 each, and seven direct ones; places; a constant. Sets
# of weights have room for three more, as processors take eight at once.
HASHED, INPUTS = 7, COUNTED + PLACED + 1
RUN, RUNS = 32, 16
HALVES = 1024
FOUR, RELATIONS, MORE_RELATIONS, MATCHES = 1296, 243 * 256, 729 * 8, 32 * 24
SETS = 243 + 1  # of weights, beside one per node
REFINED, REFINED_BY = 25, 72


class Stripe(NamedTuple):
    """What a kernel works on: arrays, or anything else with the same numbers.

    symbols: uint8[(rows + 3) * (width + 8)]. counters: uint32. weights: int32, sets of 32. uses: uint8, by set. finals:
    int32, three by node. refined: uint16. recent: uint8, two tables. latest: uint32, two tables. leaf: int16[512].
    middle: uint8[256]. levels, sides: uint8[n * 256]. axes: int16[4 * 256]. cuts: int32[256 * 4], axis, bound and scale
    of a node; cuts[0] is the number of axes, cuts[1] that of inputs. scratch: int64[256], zeros. places: int32[64],
    zeros. inputs: int32[29 to 32], the 29th what it is to be, the others zeros.
    """

    symbols: u8_flat
    counters: u32_flat
    weights: i32_flat
    uses: u8_flat
    finals: i32_flat
    refined: u16_flat
    recent: u8_flat
    latest: u32_flat
    leaf: i16_flat
    middle: u8_flat
    levels: u8_flat
    sides: u8_flat
    axes: i16_flat
    cuts: i32_flat
    scratch: i64_flat
    places: i32_flat
    inputs: i32_flat
    stretch: i16_flat
    squash: u16_flat
    rates: u16_flat
    steps: u8_flat


def node_count(n: int) -> int:
    """The nodes with children of a tree of n symbols, numbered from 1, are below this."""
    return 1 << (n - 1).bit_length()


def table_bits(option: int) -> int:
    """Bits of the addresses of hashed counters: 15, 17, 19 or 21."""
    return 15 + 2 * option


def counter_count(n: int, option: int) -> int:
    """How many counters a stripe of n symbols has."""
    direct = node_count(n) * (FOUR + 512 + HALVES)
    return (1 << table_bits(option)) + RUNS + RELATIONS + MORE_RELATIONS + 2 * MATCHES + direct


def hashed(a, b):  # type: ignore[no-untyped-def]
    """32 bits that depend on two numbers of 32 bits."""
    x = ((a ^ (a >> 15)) + b * HASH_3) & WORD
    x = ((x ^ (x >> 13)) * HASH_4) & WORD
    return x ^ (x >> 16)


def find_lines(node, counters, scratch, down):  # type: ignore[no-untyped-def]
    """Where the 15 counters of each key are, less one; new if another key was there. node: 0 at the root."""
    for i in range(HASHED):
        key = 0 + scratch[144 + i]
        if node > 0:
            key = hashed(key, node)
        place = (((key * HASH_1) & WORD) >> down) << 4
        scratch[128 + i] = place
        scratch[160 + i] = key
        scratch[192 + i] = counters[place]  # not for its value: now memory is waited for once, not seven times
    for i in range(HASHED):
        place = scratch[128 + i]
        key = 0 + scratch[160 + i]
        if counters[place] != key:
            counters[place] = key
            for k in range(1, 16):
                counters[place + k] = HALF


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
    """Code rows of symbols below n >= 2, from x and data[pos] on: the number of rows done, the last x, and where it is.

    Decoding: up to data[end], or to where the code has ended before the rows have. Encoding: up to the row that passes
    data[end]; data must have room for it. stop: uint8[1]; once another thread makes it 1, return at once, with what is
    then of no use. option: see `table_bits`.
    """
    symbols, counters, weights, uses, finals, refined, recent, latest, leaf, middle = stripe[:10]
    levels, sides, axes, cuts, scratch, places, inputs, stretch, squash, rates, steps = stripe[10:]
    bits = table_bits(option)
    down = 36 - bits  # to a line
    less = 36 - bits  # to an entry of `recent` or `latest`
    entries = 1 << (bits - 4)
    nodes = 1
    while nodes < n:
        nodes *= 2
    runs = 1 << bits
    relations = runs + RUNS
    more = relations + RELATIONS
    matches = more + MORE_RELATIONS
    four = matches + 2 * MATCHES
    guesses = four + nodes * FOUR
    halves = guesses + nodes * 512
    stride = width + 2 * COLUMNS

    axis_count = 0 + cuts[0]
    input_count = 0 + cuts[1]
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
            above3 = up3 + col
            W = 0 + symbols[here - 1]
            WW = 0 + symbols[here - 2]
            N = 0 + symbols[above]
            NW = 0 + symbols[above - 1]
            NE = 0 + symbols[above + 1]
            NN = 0 + symbols[above2]
            if W == N and N == NW and N == NE and N == WW and N == NN and col >= asked:
                length = 1 + repeats(symbols, above + 2, width - col - 1, N)
                if length >= RUN:
                    if not decoding:
                        bit = repeats(symbols, here, length, N) == length
                    k = 0
                    while k < 7 and length >> (k + 6) > 0:
                        k += 1
                    bit, x, size, pos = run_bit(decoding, bit, x, size, pos, end, data, counters, runs + k, rates)
                    asked = col + length
                    if bit:
                        if decoding:
                            for i in range(length):
                                symbols[here + i] = N
                        col += length
                        far += length
                        near += length
                        continue

            WWW = 0 + symbols[here - 3]
            WWWW = 0 + symbols[here - 4]
            NWW = 0 + symbols[above - 2]
            NEE = 0 + symbols[above + 2]
            NNW = 0 + symbols[above2 - 1]
            NNE = 0 + symbols[above2 + 1]
            NNWW = 0 + symbols[above2 - 2]
            NNEE = 0 + symbols[above2 + 2]
            NNN = 0 + symbols[above3]
            NNNW = 0 + symbols[above3 - 1]
            NNNE = 0 + symbols[above3 + 1]
            NWWW = 0 + symbols[above - 3]
            NEEE = 0 + symbols[above + 3]
            scratch[32] = W
            scratch[33] = N
            scratch[34] = NW
            scratch[35] = NE
            scratch[36] = WW
            scratch[37] = NN
            scratch[38] = NEE
            scratch[39] = NNE
            scratch[40] = NNW
            scratch[41] = NWW
            scratch[42] = WWW
            scratch[43] = NNN
            h6 = hashed(hashed(W | N << 8 | NE << 16 | NW << 24, 1), WW | NN << 8)
            h8 = hashed(h6, NEE | NWW << 8)
            h11 = hashed(h8, NNE | NNW << 8 | WWW << 16)
            h15 = hashed(h11, NNN | NNWW << 8 | NNEE << 16 | WWWW << 24)
            scratch[144] = hashed(W, 2)
            scratch[145] = hashed(N, 3)
            scratch[146] = hashed(W | WW << 8 | WWW << 16, 4)
            scratch[147] = hashed(W | NE << 8, 5)
            scratch[148] = hashed(N | NN << 8 | NNN << 16, 6)
            scratch[149] = hashed(hashed(N | NE << 8 | NEE << 16 | NEEE << 24, 7), W)
            scratch[150] = hashed(h15, NNNW | NNNE << 8 | NWWW << 16 | NEEE << 24)
            find_lines(0, counters, scratch, down)
            slot6 = h6 >> less
            slot11 = entries + (h11 >> less)
            guess6 = 0 + recent[slot6]
            guess11 = 0 + recent[slot11]
            slot15 = h15 >> less
            slot8 = entries + (h8 >> less)
            if long == 0:
                far = 0 + latest[slot15]
                long = 0 + (far > 0)
            if short == 0:
                near = 0 + latest[slot8]
                short = 0 + (near > 0)
            expected = 0 + symbols[far]
            other = 0 + symbols[near]
            shape = (W == N) | (W == NW) << 1 | (N == NE) << 2 | (N == NW) << 3 | (W == WW) << 4
            activity = abs(0 + axes[W] - axes[NW]) + abs(0 + axes[N] - axes[NW]) + abs(0 + axes[N] - axes[NE])
            active = (
                (activity > 8) + (activity > 24) + (activity > 60) + (activity > 120) + (activity > 250)
                + (activity > 500)
            )  # fmt: skip
            predict(axis_count, scratch, places, axes)
            if not decoding:
                symbol = 0 + symbols[here]
            node = 1
            place = 1
            depth = 0
            while leaf[node] < 0:
                if not decoding:
                    bit = symbol >= middle[node]
                m = 0 + middle[node]
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
                bound = narrow(cuts[4 * node + 1])
                scale = narrow(cuts[4 * node + 2])
                for i in range(PLACED):
                    inputs[COUNTED + i] = bounded(narrow(narrow(places[16 * axis + i] - bound) * scale) >> 4, 500)
                guessed = max(0, min(63, (((places[16 * axis + 13] - bound) * scale) >> 8) + 32))
                half = 0
                for i in range(10):
                    half |= (scratch[32 + i] >= m) << i
                side = 0
                if long > 0:
                    side = 0 + sides[expected << 8 | node]
                side2 = 0
                if short > 0:
                    side2 = 0 + sides[other << 8 | node]
                for i in range(HASHED):
                    scratch[160 + i] = scratch[128 + i] + place
                scratch[167] = four + node * FOUR + pair * 36 + pair2
                scratch[168] = relations + (relation * 8 + depth) * 32 + shape
                scratch[169] = matches + (min(long, 31) * 3 + side) * 8 + depth
                scratch[170] = matches + MATCHES + (min(short, 31) * 3 + side2) * 8 + depth
                scratch[171] = more + relation2 * 8 + depth
                scratch[172] = guesses + (node * 64 + guessed) * 8 + active
                scratch[173] = halves + node * HALVES + half
                bit, x, size, pos = mixed_bit(
                    decoding, bit, x, size, pos, end, data, counters, scratch, inputs, input_count, weights, uses,
                    node * 32, (nodes + relation) * 32, (nodes + 243) * 32, finals, node * 3,
                    refined, (pair * nodes + node) * REFINED, ((36 + pair2) * nodes + node) * REFINED,
                    stretch, squash, rates, steps,
                )  # fmt: skip
                node = 2 * node + bit
                place = 2 * place + bit
                depth += 1
                if place > 15 and leaf[node] < 0:
                    place = 1
                    find_lines(node, counters, scratch, down)
            symbol = 0 + leaf[node]
            adjust(axis_count, symbol, scratch, places, axes)
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
        x = (x + size - 1) & 0x1FF000000  # of the codes that mean the same, one that ends in zeros
    return row, x, pos
