"""Palettes as balanced trees in colour space: the symbols of the context-mixing levels (docs/FORMAT.md, section 7).

Plain Python on whole numbers, so that a small image needs no NumPy. Where that is loaded anyway, it fills the tables,
or a compiled kernel does all, many times as fast.
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
"""How many of _DISTANCES are at most a sum of differences, 0..2550."""


class Tree:
    """A tree over n symbols; node i has the children 2i and 2i+1, the root is 1.

    order: the colour of each symbol. leaf, int16[512]: the symbol of a node, -1 where it has children. middle[256]: the
    first symbol of the right child. axes: four, of where the symbols' colours lie.
    """

    def __init__(self, colors: bytes) -> None:
        """Of 1..256 colours, RGBA in straight alpha."""
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
        """Nodes with children: node, axis, twice the bound, sum of distances from it, number of colours."""
        for node, start in enumerate(range(0, len(self._cuts), 4)):
            axis, bound, width, count = self._cuts[start : start + 4]
            if count:
                yield node, axis, bound, width, count

    def views(self) -> list[int]:
        """[4 * 256], by node: axis, twice the bound, 4096 over the mean distance from that, and 0."""
        views = [0] * 1024
        for node, axis, bound, width, count in self.cuts():
            views[4 * node : 4 * node + 3] = axis, bound, min(65535, (4096 * count + width // 2) // width)
        return views

    @cached_property
    def levels(self) -> bytes:
        """[n * 256]: where a symbol's colour lies as seen from a node, 0..5; of symbol s and node i at 256 s + i."""
        if "numpy" in sys.modules:
            return self._levels()
        # By rank on an axis, levels are runs.
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
        """[n * n]: how far apart two symbols' colours are, 0..6."""
        import numpy as np

        axes = np.array(self.axes, np.int16)
        sums = sum(np.abs(axis[:, None] - axis) for axis in axes)
        table: bytes = np.frombuffer(_STEPS, np.uint8).take(sums).tobytes()
        return table

    def distances_on_demand(self) -> dict[int, int]:
        """The same without NumPy, computed when they are asked for."""
        return _Distances(self.axes)


class _Distances(dict[int, int]):
    """How far apart symbol s and t are, at n * s + t; a small image needs few of them."""

    def __init__(self, axes: list[list[int]]) -> None:
        super().__init__()
        self._points = list(zip(*axes, strict=True))

    def __missing__(self, place: int) -> int:
        one, other = divmod(place, len(self._points))
        self[place] = _STEPS[sum(abs(a - b) for a, b in zip(self._points[one], self._points[other], strict=True))]
        return self[place]


@lru_cache(maxsize=64)
def tree(colors: bytes) -> Tree:
    """The tree of 1..256 colours, RGBA in straight alpha, kept for the next image that has them."""
    return Tree(colors)


def _split(places: list[int], orders: list[int], n: int) -> tuple[list[int], array[int], bytes, array[int]]:
    """Order, leaf, middle and cuts of n colours."""
    leaf, middle, cuts = [-1] * 512, [0] * 256, [0] * 1024
    kernel: Callable[..., None] = kernels.split_colors
    kernel(places, orders, n, leaf, middle, cuts, [0] * 1024, [0] * n, [0] * n)
    return orders[:n], array("h", leaf), bytes(middle), array("i", cuts)


def _compiled(
    places: list[int], orders: list[int], n: int
) -> tuple[list[int], array[int], bytes, array[int], bytes, bytes]:
    """The same, and levels and distances."""
    import numpy as np

    numbers = np.array(orders, np.int32)
    leaf, middle, cuts = np.full(512, -1, np.int16), np.zeros(256, np.uint8), np.zeros(1024, np.int32)
    levels, distances = np.zeros(256 * n, np.uint8), np.zeros(n * n, np.uint8)
    room = np.zeros((3, 1024), np.int32)
    steps = np.frombuffer(_STEPS, np.uint8)
    kernels.whole_tree(np.array(places, np.int32), numbers, n, leaf, middle, cuts, *room, steps, levels, distances)
    return (
        numbers[:n].tolist(), array("h", leaf.tobytes()), middle.tobytes(), array("i", cuts.tobytes()),
        levels.tobytes(), distances.tobytes(),
    )  # fmt: skip


def axes_of(colors: bytes) -> list[list[int]]:
    """Brightness, two differences of colour, and alpha, of premultiplied components."""
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
    """The least v with (2 v - bound) * denominator >= numerator."""
    return -((-numerator - bound * denominator) // (2 * denominator))
