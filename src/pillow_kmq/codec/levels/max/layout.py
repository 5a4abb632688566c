"""The arrays of the level `max`, and the layouts of `counters` and `scratch` (docs/FORMAT.md, section 7.7)."""

from __future__ import annotations

from typing import NamedTuple

from ....kernels.types import i16_flat, i32_flat, i64_flat, u8_flat, u16_flat, u32_flat

ROWS, COLUMNS = 3, 4
"""The margin of a stripe: rows above, and columns on either side."""

HASHED, COUNTED = 7, 14
"""Inputs of a mix that are counters: of seven hashed contexts, in lines of 16, and in all."""
NEAR, PLACED = 12, 14
"""Inputs that are coordinates of colours: of neighbours; and in all, with a median and a prediction."""
INPUTS = COUNTED + PLACED + 1
"""Counters, coordinates, a constant."""
ROOM = 32
"""Room for the weights of a set: processors take eight at once."""

HALF = 0x80000000
"""The initial state of a counter, a probability of 22 bits above a count of 10 bits."""
RUN, RUNS = 32, 16
"""The least length of a run, and counters of runs."""
SIDES = 243
"""Combinations of the sides of five neighbours, 3^5; see `Stripe.sides`."""
PAIRS, QUADS = 36, 36 * 36
"""Combinations of the levels of two and of four neighbours; see `Stripe.levels`."""
GUESSES, HALVES = 512, 1024
RELATIONS, MORE_RELATIONS, MATCHES = SIDES * 256, 729 * 8, 32 * 24
SETS = SIDES + 1
"""Sets of weights besides one for each node."""
REFINED, REFINED_BY = 25, 2 * PAIRS
"""Points of an interpolation table, and tables for each node."""

# Indices of `scratch`.
NEIGHBORS = 32
"""The twelve nearest neighbours."""
ENERGIES = 52
"""By axis: the sum of squared differences."""
DIFFERENCES = 64
"""Eight for each axis: of neighbours' coordinates to the mean of W and N."""
TAPS = 96
"""Eight for each axis: coefficients of the prediction."""
LINES = 128
"""By hashed context: the line of counters."""
KEYS = 144
"""By hashed context: its hash at the root."""
CHOSEN = 160
"""By input: its counter."""
STATES = 192
"""By input: the state of that counter."""
FETCHED = 208
"""Values that are read only to have them in the cache."""
SCRATCH = 256
"""The length of `scratch`."""

# Indices in `places`, 16 for each axis, after the neighbours.
MEDIAN, PREDICTED = 12, 13


class Stripe(NamedTuple):
    """The state of a stripe: NumPy arrays in compiled code, or any sequences of the same numbers.

    Attributes:
        symbols: uint8[(rows + ROWS) * (width + 2 * COLUMNS)], with margins.
        counters: uint32[layout.end].
        weights: int32[:], sets of ROOM.
        uses: uint8[:], number of uses of each set, up to 255.
        finals: int32[:], three weights by node.
        refined: uint16[:], interpolation tables of REFINED points.
        recent: uint8[:], two tables of the last symbol by a hash of neighbours.
        latest: uint32[:], two tables of its position.
        scratch: int64[SCRATCH], zeros.
        places: int32[64], zeros.
        inputs: int32[ROOM], the one of index INPUTS - 1 is constant, the others are zeros.
        leaf: int16[512], the symbol of a node, or -1.
        middle: uint8[256], the first symbol of a node's right child.
        levels: uint8[n * 256], the position of a symbol's colour relative to a node's bound, 0..5.
        sides: uint8[n * 256], the child of a node that leads to a symbol: 0 none, 1 left, 2 right.
        axes: int16[4 * 256], the coordinates of the symbols' colours.
        cuts: int32[4 * 256], axis, bound and scale of a node; cuts[0] is the number of axes, cuts[1] that of inputs.
        stretch: int16[4096], ln(p / (1 - p)) by probability.
        squash: uint16[6144], the inverse.
        rates: uint16[256], adaptation rates of counters, by count.
        steps: uint8[256], adaptation rates of weights, by uses.
    """

    symbols: u8_flat
    counters: u32_flat
    weights: i32_flat
    uses: u8_flat
    finals: i32_flat
    refined: u16_flat
    recent: u8_flat
    latest: u32_flat
    scratch: i64_flat
    places: i32_flat
    inputs: i32_flat
    leaf: i16_flat
    middle: u8_flat
    levels: u8_flat
    sides: u8_flat
    axes: i16_flat
    cuts: i32_flat
    stretch: i16_flat
    squash: u16_flat
    rates: u16_flat
    steps: u8_flat


def node_count(n: int) -> int:
    """Return a power of two above the numbers, from 1 on, of the nodes with children in a tree of n symbols."""
    nodes = 1
    while nodes < n:
        nodes *= 2
    return nodes


def table_bits(option: int) -> int:
    """Return the bits of the addresses of hashed counters: 15, 17, 19 or 21."""
    return 15 + 2 * option


class Layout(NamedTuple):
    """The start of each table in `counters`, after the hashed ones, and the sizes that addresses depend on.

    Attributes:
        runs: whether a run is whole, by its length.
        relations: by the sides of five neighbours, depth and shape.
        more_relations: by the sides of six neighbours, and depth.
        long_matches: by the length of a match in a large context, the side that it predicts, and depth.
        short_matches: by that of a match in a small context.
        quads: by node, and the levels of four neighbours.
        guesses: by node, and the predicted colour.
        halves: by node, and the half that each of ten neighbours is in.
        end: number of counters.
        nodes: as of `node_count`.
        hash_shift: a hash of 32 bits, shifted right by this, is the number of a line, or an index of `recent`.
        entries: the length of each table in `recent` and `latest`.
    """

    runs: int
    relations: int
    more_relations: int
    long_matches: int
    short_matches: int
    quads: int
    guesses: int
    halves: int
    end: int
    nodes: int
    hash_shift: int
    entries: int


def layout(n: int, option: int) -> Layout:
    """Return the layout for n symbols."""
    bits = table_bits(option)
    nodes = node_count(n)
    runs = 1 << bits
    relations = runs + RUNS
    more_relations = relations + RELATIONS
    long_matches = more_relations + MORE_RELATIONS
    short_matches = long_matches + MATCHES
    quads = short_matches + MATCHES
    guesses = quads + nodes * QUADS
    halves = guesses + nodes * GUESSES
    return Layout(
        runs, relations, more_relations, long_matches, short_matches, quads, guesses, halves, halves + nodes * HALVES,
        nodes, 36 - bits, 1 << (bits - 4),
    )  # fmt: skip
