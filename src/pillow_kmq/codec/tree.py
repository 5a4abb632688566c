"""Palettes as balanced trees in colour space: the symbols of the context-mixing levels (docs/FORMAT.md, section 7).

Plain Python on whole numbers, so that a small image needs neither NumPy nor Numba.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

# What brings the spreads along R+G+B, R-B, 2G-R-B and alpha to one scale, in 1/30.
_SCALES = (17, 21, 12, 30)
_DISTANCES = (1, 30, 75, 187, 467, 1167)
_BOUNDS = (-16, -6, 0, 6, 16)


class Tree(NamedTuple):
    """A tree over n symbols; node i has the children 2i and 2i+1, the root is 1.

    order: the colour of each symbol. leaf[512]: the symbol of a node, -1 where it has children. middle[256]: the first
    symbol of the right child. levels[n * 256]: where a symbol's colour lies, 0..5, as seen from a node; that of symbol
    s and node i at 256 s + i. distances[n * n]: between two symbols' colours, 0..6. axes: four, of where
    the symbols' colours lie. cuts: node, axis, twice the bound, sum of distances from it, number of colours.
    """

    order: list[int]
    leaf: list[int]
    middle: list[int]
    levels: bytes
    distances: bytes
    axes: list[list[int]]
    cuts: list[tuple[int, int, int, int, int]]


@lru_cache(maxsize=64)
def tree(colors: bytes) -> Tree:
    """The tree of 1..256 colours, RGBA in straight alpha."""
    return _Builder(colors).tree()


class _Builder:
    def __init__(self, colors: bytes) -> None:
        self.n = len(colors) // 4
        self.axes: list[list[int]] = [[], [], [], []]
        for i in range(0, len(colors), 4):
            a = colors[i + 3]
            r, g, b = ((c * a + 127) // 255 for c in colors[i : i + 3])
            for axis, value in zip(self.axes, (r + g + b, r - b, 2 * g - r - b, a), strict=True):
                axis.append(value)
        self.order: list[int] = []
        self.leaf = [-1] * 512
        self.middle = [0] * 256
        self.splits: list[tuple[int, int, int, int, int]] = []

    def tree(self) -> Tree:
        self._split(1, sorted(range(self.n), key=lambda i: [axis[i] for axis in self.axes]))
        axes = [[axis[i] for i in self.order] for axis in self.axes]
        return Tree(self.order, self.leaf, self.middle, self._levels(), self._distances(), axes, self.splits)

    def _split(self, node: int, members: list[int]) -> None:
        """Cut them in two; they are in order of their four axes, then of the palette."""
        if len(members) == 1:
            self.leaf[node] = len(self.order)
            self.order += members
            return
        half = (len(members) + 1) // 2
        widest, chosen = -1, 0
        for number, axis in enumerate(self.axes):
            values = sorted([axis[i] for i in members])
            center = values[half]
            spread = sum([abs(value - center) for value in values]) * _SCALES[number]
            if spread > widest:
                widest, chosen = spread, number
        axis = self.axes[chosen]
        ranked = sorted(members, key=axis.__getitem__)
        bound = axis[ranked[half - 1]] + axis[ranked[half]]
        width = max(1, sum([abs(2 * axis[i] - bound) for i in members]))
        self.splits.append((node, chosen, bound, width, len(members)))
        left = set(ranked[:half])
        self._split(2 * node, [i for i in members if i in left])
        self.middle[node] = len(self.order)
        self._split(2 * node + 1, [i for i in members if i not in left])

    def _levels(self) -> bytes:
        levels = bytearray(256 * self.n)
        for node, chosen, bound, width, count in self.splits:
            axis = self.axes[chosen]
            b0, b1, b2, b3, b4 = (_first_value(bound, part * width, 16 * count) for part in _BOUNDS)
            values = [axis[i] for i in self.order]
            levels[node::256] = bytes([(v >= b0) + (v >= b1) + (v >= b2) + (v >= b3) + (v >= b4) for v in values])
        return bytes(levels)

    def _distances(self) -> bytes:
        steps = bytes(sum(d >= bound for bound in _DISTANCES) for d in range(2551))
        p, q, r, s = ([axis[i] for i in self.order] for axis in self.axes)
        points = list(zip(p, q, r, s, strict=True))
        return b"".join(
            [
                bytes([steps[abs(p - a) + abs(q - b) + abs(r - c) + abs(s - d)] for p, q, r, s in points])
                for a, b, c, d in points
            ]
        )


def _first_value(bound: int, numerator: int, denominator: int) -> int:
    """The least v with (2 v - bound) * denominator >= numerator."""
    return -((-numerator - bound * denominator) // (2 * denominator))
