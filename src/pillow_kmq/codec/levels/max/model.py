"""The state of the level `max` at the start of a stripe (docs/FORMAT.md, section 7.7)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ...entropy.probability_tables import squash, stretch
from ...symbols.color_tree import Tree
from ..model import Model
from . import stripe_kernel as kernels
from .mixer_kernel import COUNTED

if TYPE_CHECKING:
    from ...picture import Picture

_RATES = tuple(655360 // (14 + 10 * count) for count in range(256))
_STEPS = tuple(32 + 2000 // (count + 16) for count in range(256))

_ROOM = 32  # inputs that a set of weights has room for
# Of inputs: weights at first, those of the places of W and N behind those of counters; and what is never learned.
_WEIGHTS = (4096,) * COUNTED + (2048, 2048) + (0,) * (_ROOM - COUNTED - 2)
_INPUTS = (0,) * (kernels.INPUTS - 1) + (256,)
_FINAL = 21845


def _option(picture: Picture) -> int:
    option = 0
    while option < 3 and (1 << kernels.table_bits(option)) < 128 * picture.source.size:
        option += 1
    return option


def _milliseconds(pixels: int, n: int, _coded: int) -> float:
    return (0.1 + 0.17 * (n - 1).bit_length()) * pixels


def _plain_stripe(symbols: Any, forest: Tree, option: int) -> kernels.Stripe:
    n = len(forest.order)
    nodes = kernels.node_count(n)
    sets = nodes + kernels.SETS
    entries = 2 << (kernels.table_bits(option) - 4)
    return kernels.Stripe(
        symbols, [kernels.HALF] * kernels.counter_count(n, option), list(_WEIGHTS) * sets, [0] * sets,
        [_FINAL] * (3 * nodes), list(_points()) * (kernels.REFINED_BY * nodes), bytearray(entries), [0] * entries,
        forest.leaf, forest.middle, forest.levels, _sides(forest), _axes(forest), _cuts(forest, kernels.INPUTS),
        [0] * 256, [0] * 64, list(_INPUTS), stretch(), squash(), _RATES, _STEPS,
    )  # fmt: skip


def _array_stripe(symbols: Any, forest: Tree, option: int) -> kernels.Stripe:
    import numpy as np

    n = len(forest.order)
    nodes = kernels.node_count(n)
    sets = nodes + kernels.SETS
    entries = 2 << (kernels.table_bits(option) - 4)
    total = kernels.counter_count(n, option)
    counters = np.empty(total + 16, np.uint32)
    counters = counters[-(counters.ctypes.data // 4) % 16 :][:total]  # a line of 16 is one of the processor's cache
    counters.fill(kernels.HALF)
    return kernels.Stripe(
        symbols, counters, np.tile(np.array(_WEIGHTS, np.int32), sets),
        np.zeros(sets, np.uint8), np.full(3 * nodes, _FINAL, np.int32),
        np.tile(np.array(_points(), np.uint16), kernels.REFINED_BY * nodes), np.zeros(entries, np.uint8),
        np.zeros(entries, np.uint32), np.array(forest.leaf, np.int16), np.frombuffer(forest.middle, np.uint8),
        np.frombuffer(forest.levels, np.uint8), np.frombuffer(_sides(forest), np.uint8),
        np.array(_axes(forest), np.int16), np.array(_cuts(forest, _ROOM), np.int32), np.zeros(256, np.int64),
        np.zeros(64, np.int32), np.array(_INPUTS + (0,) * (_ROOM - kernels.INPUTS), np.int32), *_constants(),
    )  # fmt: skip


@cache
def _constants() -> tuple[Any, ...]:
    import numpy as np

    return (
        np.array(stretch(), np.int16), np.array(squash(), np.uint16), np.array(_RATES, np.uint16),
        np.array(_STEPS, np.uint8),
    )  # fmt: skip


@cache
def _points() -> tuple[int, ...]:
    """A line of probabilities that are what they are given."""
    return tuple(squash()[min(6143, 256 * i)] for i in range(kernels.REFINED))


def _sides(forest: Tree) -> bytes:
    """Whether a node leads to a symbol: 0 no, 1 by its left child, 2 by its right one; at 256 symbol + node."""
    sides = bytearray(256 * len(forest.order))
    for node, symbol in enumerate(forest.leaf):
        if symbol >= 0:
            while node > 1:
                sides[256 * symbol + node // 2] = 1 + node % 2
                node //= 2
    return bytes(sides)


def _axes(forest: Tree) -> list[int]:
    """Where colours lie on four axes."""
    return [place for axis in forest.axes for place in axis + [0] * (256 - len(axis))]


def _cuts(forest: Tree, inputs: int) -> list[int]:
    """How nodes see colours; first, how many axes and inputs there are."""
    cuts = forest.views()
    cuts[:2] = 1 + max(cuts[::4]), inputs
    return cuts


MAX = Model(kernels, kernels.ROWS, kernels.COLUMNS, 8, _option, _milliseconds, _plain_stripe, _array_stripe)
