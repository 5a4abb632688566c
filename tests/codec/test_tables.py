"""Tables that kernels look results up in say what the formulas of docs/FORMAT.md say."""

from __future__ import annotations

import numpy as np

from pillow_kmq.codec.entropy import probability_tables as tables
from pillow_kmq.codec.entropy.range_coder_kernel import ONE, ZERO
from pillow_kmq.codec.levels.default import layout
from pillow_kmq.codec.levels.default import model as state_default
from pillow_kmq.codec.levels.default.mixer_kernel import REACH, WEIGHT_LIMIT
from reference_decoder import STRETCH, clamp, squash, teach


def first_states() -> set[tuple[int, int]]:
    """The probability and the count of what counters start as."""
    stripe = np.array(state_default._first_shapes())
    assert len(stripe) == layout.SHAPES
    return {(int(state) & 4095, int(state) >> 12) for state in {*np.unique(stripe), tables.FIRST_STATE}}


def taught(p: int, count: int, bit: int) -> tuple[int, int]:
    counters = [16 * p + count]
    teach(counters, 0, bit)
    return divmod(counters[0], 16)


def reached() -> set[tuple[int, int]]:
    """All that counters become."""
    known: set[tuple[int, int]] = set()
    new = first_states()
    while new:
        known |= new
        new = {taught(*state, bit) for state in new for bit in (0, 1)} - known
    return known


REACHED = reached()


def test_states_after_a_bit_are_those_of_the_format() -> None:
    array, on_demand = tables.after_array(), tables.after()
    assert len(REACHED) > 10000
    for p, count in REACHED:
        for bit, seen in ((1, ONE), (0, ZERO)):
            new, more = taught(p, count, bit)
            place = seen + (count << 12 | p)
            assert array[place] == on_demand[place] == more << 12 | new


def test_probabilities_stay_within_the_bounds_that_the_format_tells() -> None:
    assert min(p for p, _ in REACHED) == 19
    assert max(p for p, _ in REACHED) == 4091


def test_probabilities_of_a_mix_are_those_of_the_format_however_far_it_goes() -> None:
    table = state_default._squash()
    assert max(map(abs, STRETCH)) * 4 * (WEIGHT_LIMIT >> 16) == REACH
    assert list(table) == [squash(clamp(x, 2900)) for x in range(-REACH, REACH + 1)]
