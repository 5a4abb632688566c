"""The level `max`: initial state (docs/FORMAT.md, section 7.7)."""

from __future__ import annotations

from array import array
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from ...entropy.probability_tables import squash, stretch
from ...symbols.color_tree import Tree
from ...symbols.stripes import CODINGS
from ..mixing import MixingLevel
from ..state import Field, constants, variables
from . import layout as layouts
from . import stripe_kernel as kernels

if TYPE_CHECKING:
    from ...picture import Picture

_RATES = array("H", (655360 // (14 + 10 * count) for count in range(256)))
_STEPS = bytes(32 + 2000 // (count + 16) for count in range(256))

_WEIGHTS = (4096,) * layouts.COUNTED + (2048, 2048) + (0,) * (layouts.ROOM - layouts.COUNTED - 2)
"""Initial weights: those of the colours of W and N follow those of counters."""
_INPUTS = (0,) * (layouts.INPUTS - 1) + (256,) + (0,) * (layouts.ROOM - layouts.INPUTS)
"""Inputs: the last one is constant."""
_FINAL = 21845


class MaxLevel(MixingLevel):
    """The level `max`."""

    coding = CODINGS["max"]
    margins = layouts.ROWS, layouts.COLUMNS
    kernel = kernels.mixed_stripe
    stripe_scale = 8

    def option(self, picture: Picture) -> int:
        """Choose the size of tables by the number of pixels."""
        option = 0
        while option < 3 and (1 << layouts.table_bits(option)) < 128 * picture.source.size:
            option += 1
        return option

    def milliseconds(self, pixels: int, n: int, expected: int) -> float:
        """Estimate by pixels and the depth of the tree."""
        return (0.1 + 0.17 * (n - 1).bit_length()) * pixels

    def state(self, symbols: Any, forest: Tree, option: int, *, compiled: bool) -> layouts.Stripe:
        """Return the kernel's NamedTuple at the start of a stripe."""
        arrays = variables(_variables(len(forest.order), option))
        return layouts.Stripe(symbols=symbols, **arrays, **_constants(forest, compiled))


@lru_cache(maxsize=16)
def _variables(n: int, option: int) -> list[Field]:
    nodes = layouts.node_count(n)
    sets = nodes + layouts.SETS
    entries = 2 << (layouts.table_bits(option) - 4)
    return [
        Field("counters", "I", layouts.layout(n, option).end, layouts.HALF, aligned=True),
        Field("weights", "i", layouts.ROOM * sets, _WEIGHTS),
        Field("uses", "B", sets),
        Field("finals", "i", 3 * nodes, _FINAL),
        Field("refined", "H", layouts.REFINED * layouts.REFINED_BY * nodes, _points()),
        Field("recent", "B", entries),
        Field("latest", "I", entries),
        Field("scratch", "q", layouts.SCRATCH),
        Field("places", "i", 64),
        Field("inputs", "i", layouts.ROOM, _INPUTS),
    ]


@lru_cache(maxsize=16)
def _constants(forest: Tree, compiled: bool) -> dict[str, Any]:
    n = len(forest.order)
    fields = [
        Field("leaf", "h", 512, forest.leaf),
        Field("middle", "B", 256, forest.middle),
        Field("levels", "B", 256 * n, forest.levels),
        Field("sides", "B", 256 * n, _sides(forest)),
        Field("axes", "h", 4 * 256, _axes(forest)),
        Field("cuts", "i", 4 * 256, _cuts(forest, layouts.ROOM if compiled else layouts.INPUTS)),
        Field("stretch", "h", 4096, stretch()),
        Field("squash", "H", 6145, squash()),
        Field("rates", "H", 256, _RATES),
        Field("steps", "B", 256, _STEPS),
    ]
    return constants(fields, compiled)


@cache
def _points() -> tuple[int, ...]:
    """Return an interpolation table that maps every probability to itself."""
    return tuple(squash()[min(6143, 256 * i)] for i in range(layouts.REFINED))


def _sides(forest: Tree) -> bytes:
    """Return the child of a node that leads to a symbol, at 256 symbol + node: 0 none, 1 left, 2 right."""
    sides = bytearray(256 * len(forest.order))
    for node, symbol in enumerate(forest.leaf):
        if symbol >= 0:
            while node > 1:
                sides[256 * symbol + node // 2] = 1 + node % 2
                node //= 2
    return bytes(sides)


def _axes(forest: Tree) -> array[int]:
    """Return the colours' coordinates on four axes, 256 each."""
    return array("h", (value for axis in forest.axes for value in axis + [0] * (256 - len(axis))))


def _cuts(forest: Tree, inputs: int) -> array[int]:
    """Return axis, bound and scale of each node; the first two items are the numbers of axes and of inputs.

    inputs: compiled code adds up more than there are, as vectors are filled that way; the others are zeros.
    """
    cuts = forest.views()
    cuts[:2] = 1 + max(cuts[::4]), inputs
    return array("i", cuts)


MAX = MaxLevel()
