"""Palettes as balanced trees in colour space: the symbols of the context-mixing levels (docs/FORMAT.md, section 7.3).

Trees are built in plain Python with integers, so that a small image needs no NumPy. If NumPy is loaded already, it
fills the tables. A compiled kernel does everything, many times faster.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from functools import cached_property, lru_cache
from itertools import pairwise, repeat
from typing import TYPE_CHECKING

from . import color_tree_kernel as kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BOUNDS = (-kernels.FAR, -kernels.NEAR, 0, kernels.NEAR, kernels.FAR)
_DISTANCES = (1, 30, 75, 187, 467, 1167)
_STEPS = bytes(1) + b"".join(
    bytes([step]) * (end - start) for step, (start, end) in enumerate(pairwise((*_DISTANCES, 2551)), 1)
)
"""By a sum of differences, 0..2550: the number of _DISTANCES that are at most that."""


class Tree:
    """A binary tree over n symbols. The root is node 1; node i has the children 2i and 2i+1.

    Attributes:
        order: the number of the colour of each symbol.
        leaf: int16[512], the symbol of a node; -1 if it has children.
        middle: uint8[256], the first symbol of a node's right child.
        axes: on each of four axes, the coordinates of the symbols' colours.
    """

    def __init__(self, colors: bytes) -> None:
        """Build the tree of 1..256 colours, RGBA with straight alpha."""
        axes = axes_of(colors)
        n = len(axes[0])
        members = sorted(range(n), key=list(zip(*axes, strict=True)).__getitem__)
        orders = [i for axis in axes for i in sorted(members, key=axis.__getitem__)]
        places = [value for axis in axes for value in axis]
        if kernels.whole_tree.variant().wanted():
            self.order, self.leaf, self.middle, self._cuts, self.levels, self.distances = _compiled(places, orders, n)
        else:
            self.order, self.leaf, self.middle, self._cuts = _split(places, orders, n)
        self.axes = [[axis[i] for i in self.order] for axis in axes]

    def cuts(self) -> Iterator[tuple[int, int, int, int, int]]:
        """Yield the nodes with children: node, axis, twice the bound, sum of distances from it, number of colours."""
        for node, start in enumerate(range(0, len(self._cuts), 4)):
            axis, bound, width, count = self._cuts[start : start + 4]
            if count:
                yield node, axis, bound, width, count

    def views(self) -> list[int]:
        """Return, by node, int[256 * 4]: axis, twice the bound, 4096 divided by the mean distance from that, 0."""
        views = [0] * 1024
        for node, axis, bound, width, count in self.cuts():
            views[4 * node : 4 * node + 3] = axis, bound, min(65535, (4096 * count + width // 2) // width)
        return views

    @cached_property
    def levels(self) -> bytes:
        """The position of symbol s relative to the bound of node i, 0..5, at 256 s + i: uint8[n * 256]."""
        if "numpy" in sys.modules:
            return self._levels()
        # Sorted by coordinate on an axis, equal levels are runs.
        values = [sorted(axis) for axis in self.axes]
        ranks = [bytes(map(bisect_left, repeat(known), axis)) for known, axis in zip(values, self.axes, strict=True)]
        levels = bytearray(256 * len(self.order))
        for node, axis, bound, width, count in self.cuts():
            known = values[axis]
            ends = [bisect_left(known, _first_value(bound, part * width, 16 * count)) for part in _BOUNDS]
            runs = [bytes([level]) * (end - start) for level, (start, end) in enumerate(pairwise((0, *ends, 256)))]
            levels[node::256] = ranks[axis].translate(b"".join(runs))
        return bytes(levels)

    def _levels(self) -> bytes:
        import numpy as np

        cuts = np.array(self._cuts, np.int32).reshape(-1, 4)
        nodes = np.flatnonzero(cuts[:, 3])
        axes, bounds, widths, counts = cuts[nodes].T[..., None]
        places = (2 * np.array(self.axes, np.int32)[axes[:, 0]] - bounds) * (16 * counts)
        levels = np.zeros((256, len(self.order)), np.uint8)
        levels[nodes] = sum((places >= part * widths).view(np.uint8) for part in _BOUNDS)
        return levels.T.tobytes()

    @cached_property
    def distances(self) -> bytes:
        """The distance of the colours of two symbols, 0..6: uint8[n * n]."""
        import numpy as np

        axes = np.array(self.axes, np.int16)
        sums = sum(np.abs(axis[:, None] - axis) for axis in axes)
        table: bytes = np.frombuffer(_STEPS, np.uint8).take(sums).tobytes()
        return table

    def distances_on_demand(self) -> dict[int, int]:
        """Return `distances` as a dictionary that computes them on demand, without NumPy."""
        return _Distances(self.axes)


class _Distances(dict[int, int]):
    """Distances of symbols s and t at n * s + t. A small image needs few of them."""

    def __init__(self, axes: list[list[int]]) -> None:
        super().__init__()
        self._points = list(zip(*axes, strict=True))

    def __missing__(self, key: int) -> int:
        one, other = divmod(key, len(self._points))
        self[key] = _STEPS[sum(abs(a - b) for a, b in zip(self._points[one], self._points[other], strict=True))]
        return self[key]


@lru_cache(maxsize=64)
def tree(colors: bytes) -> Tree:
    """Return the tree of 1..256 colours, RGBA with straight alpha; trees are cached."""
    return Tree(colors)


def _split(places: list[int], orders: list[int], n: int) -> tuple[list[int], array[int], bytes, array[int]]:
    """Return order, leaf, middle and cuts of n colours; for the arguments see `split_colors`."""
    leaf, middle, cuts = [-1] * 512, [0] * 256, [0] * 1024
    kernel: Callable[..., None] = kernels.split_colors
    kernel(places, orders, n, leaf, middle, cuts, [0] * 1024, [0] * n, [0] * n)
    return orders[:n], array("h", leaf), bytes(middle), array("i", cuts)


def _compiled(
    places: list[int], orders: list[int], n: int
) -> tuple[list[int], array[int], bytes, array[int], bytes, bytes]:
    """Return the result of `_split`, levels and distances."""
    numbers, leaf, middle, cuts = array("i", orders), array("h", [-1]) * 512, bytearray(256), array("i", bytes(4096))
    levels, distances = bytearray(256 * n), bytearray(n * n)
    work = [array("i", bytes(4096)) for _ in range(3)]
    steps = bytearray(_STEPS)
    kernels.whole_tree(array("i", places), numbers, n, leaf, middle, cuts, *work, steps, levels, distances)
    return numbers[:n].tolist(), leaf, bytes(middle), cuts, bytes(levels), bytes(distances)


def axes_of(colors: bytes) -> list[list[int]]:
    """Return coordinates of RGBA colours on four axes: brightness, two colour differences, and alpha, premultiplied."""
    alphas = colors[3::4]
    planes = [colors[i::4] for i in range(3)]
    if alphas.count(255) < len(alphas):
        planes = [bytes((c * a + 127) // 255 for c, a in zip(plane, alphas, strict=True)) for plane in planes]
    red, green, blue = planes
    return [
        [r + g + b for r, g, b in zip(red, green, blue, strict=True)],
        [r - b for r, b in zip(red, blue, strict=True)],
        [2 * g - r - b for r, g, b in zip(red, green, blue, strict=True)],
        list(alphas),
    ]


def _first_value(bound: int, numerator: int, denominator: int) -> int:
    """Return the least v with (2 v - bound) * denominator >= numerator."""
    return -((-numerator - bound * denominator) // (2 * denominator))
