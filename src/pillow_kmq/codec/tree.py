"""Palettes as balanced trees in colour space: the symbols of the context-mixing levels (docs/FORMAT.md, section 7).

Plain Python on whole numbers, so that a small image needs neither NumPy nor Numba; where NumPy is loaded anyway, it
fills the tables, several times as fast.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from functools import cached_property, lru_cache
from itertools import pairwise, repeat
from operator import itemgetter

# What brings the spreads along R+G+B, R-B, 2G-R-B and alpha to one scale, in 1/30.
_SCALES = (17, 21, 12, 30)
_BOUNDS = (-16, -6, 0, 6, 16)
_DISTANCES = (1, 30, 75, 187, 467, 1167)
_STEPS = bytes(1) + b"".join(
    bytes([step]) * (end - start) for step, (start, end) in enumerate(pairwise((*_DISTANCES, 2551)), 1)
)
"""How many of _DISTANCES are at most a sum of differences, 0..2550."""


class Tree:
    """A tree over n symbols; node i has the children 2i and 2i+1, the root is 1.

    order: the colour of each symbol. leaf[512]: the symbol of a node, -1 where it has children. middle[256]: the first
    symbol of the right child. axes: four, of where the symbols' colours lie. cuts: node, axis, twice the bound, sum of
    distances from it, number of colours.
    """

    def __init__(self, colors: bytes) -> None:
        """Of 1..256 colours, RGBA in straight alpha."""
        self.order: list[int] = []
        self.leaf = [-1] * 512
        self.middle = [0] * 256
        self.cuts: list[tuple[int, int, int, int, int]] = []
        self.axes = axes_of(colors)
        members = sorted(range(len(self.axes[0])), key=lambda i: [axis[i] for axis in self.axes])
        self._split(1, members)
        self.axes = [[axis[i] for i in self.order] for axis in self.axes]

    def _split(self, node: int, members: list[int]) -> None:
        """Cut them in two; they are in order of their four axes, then of the palette."""
        if len(members) == 1:
            self.leaf[node] = len(self.order)
            self.order += members
            return
        half = (len(members) + 1) // 2
        # Distances from a value in the middle add up to what is right of it, less what is left, plus `more` times it.
        more = 2 * half - len(members)  # left than right
        of_members = itemgetter(*members)
        widest, chosen, values = -1, 0, []
        for number, axis in enumerate(self.axes):
            known = sorted(of_members(axis))
            spread = (sum(known[half:]) - sum(known[:half]) + more * known[half]) * _SCALES[number]
            if spread > widest:
                widest, chosen, values = spread, number, known
        bound = values[half - 1] + values[half]
        width = max(1, 2 * (sum(values[half:]) - sum(values[:half])) + more * bound)
        self.cuts.append((node, chosen, bound, width, len(members)))
        ranked = sorted(members, key=self.axes[chosen].__getitem__)
        left = set(ranked[:half])
        self._split(2 * node, [i for i in members if i in left])
        self.middle[node] = len(self.order)
        self._split(2 * node + 1, [i for i in members if i not in left])

    @cached_property
    def levels(self) -> bytes:
        """[n * 256]: where a symbol's colour lies as seen from a node, 0..5; of symbol s and node i at 256 s + i."""
        if "numpy" in sys.modules:
            return self._levels()
        # By rank on an axis, levels are runs.
        values = [sorted(axis) for axis in self.axes]
        ranks = [bytes(map(bisect_left, repeat(known), axis)) for known, axis in zip(values, self.axes, strict=True)]
        levels = bytearray(256 * len(self.order))
        for node, axis, bound, width, count in self.cuts:
            known = values[axis]
            ends = [bisect_left(known, _first_value(bound, part * width, 16 * count)) for part in _BOUNDS]
            runs = [bytes([level]) * (end - start) for level, (start, end) in enumerate(pairwise((0, *ends, 256)))]
            levels[node::256] = ranks[axis].translate(b"".join(runs))
        return bytes(levels)

    def _levels(self) -> bytes:
        import numpy as np

        nodes, axes, bounds, widths, counts = np.array(self.cuts, np.int32).reshape(-1, 5).T[..., None]
        places = (2 * np.array(self.axes, np.int32)[axes[:, 0]] - bounds) * (16 * counts)
        levels = np.zeros((256, len(self.order)), np.uint8)
        levels[nodes[:, 0]] = sum((places >= part * widths).view(np.uint8) for part in _BOUNDS)
        return levels.T.tobytes()

    @cached_property
    def distances(self) -> bytes:
        """[n * n]: how far apart two symbols' colours are, 0..6."""
        if "numpy" in sys.modules:
            import numpy as np

            axes = np.array(self.axes, np.int16)
            sums = sum(np.abs(axis[:, None] - axis) for axis in axes)
            table: bytes = np.frombuffer(_STEPS, np.uint8).take(sums).tobytes()
            return table
        points = list(zip(*self.axes, strict=True))
        return b"".join(
            [
                bytes([_STEPS[abs(p - a) + abs(q - b) + abs(r - c) + abs(s - d)] for p, q, r, s in points])
                for a, b, c, d in points
            ]
        )


@lru_cache(maxsize=64)
def tree(colors: bytes) -> Tree:
    """The tree of 1..256 colours, RGBA in straight alpha, kept for the next image that has them."""
    return Tree(colors)


def axes_of(colors: bytes) -> list[list[int]]:
    """Brightness, two differences of colour, and alpha, of premultiplied components."""
    axes: list[list[int]] = [[], [], [], []]
    for i in range(0, len(colors), 4):
        a = colors[i + 3]
        r, g, b = ((c * a + 127) // 255 for c in colors[i : i + 3])
        for axis, value in zip(axes, (r + g + b, r - b, 2 * g - r - b, a), strict=True):
            axis.append(value)
    return axes


def _first_value(bound: int, numerator: int, denominator: int) -> int:
    """The least v with (2 v - bound) * denominator >= numerator."""
    return -((-numerator - bound * denominator) // (2 * denominator))
