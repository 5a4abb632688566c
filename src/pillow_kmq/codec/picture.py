"""What is to be coded: indices, and which entry of the palette each stands for, mapped as late as can be."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .symbols.margins import SAME, with_margins

if TYPE_CHECKING:
    from ..types import Indices

_LARGE = 65536  # pixels
_SAMPLE = 16384  # pixels
_FEW = 32  # indices that some pixels lack are looked for one by one, which is faster than to count all pixels


class Picture:
    """A picture of entries: `table` has that of each index in `source`.

    colors: the palette, RGBA, four bytes an entry. source: uint8[h, w], not empty. table: 256 bytes, none twice among
    those of indices that occur. used: the entries that pixels use, in order, where they are known.
    """

    def __init__(self, colors: bytes, source: Indices, table: bytes = SAME, used: list[int] | None = None) -> None:
        self.colors, self.source, self.table = colors, source, table
        if used is not None:
            self.used = used

    @property
    def entries(self) -> int:
        """How many the palette has."""
        return len(self.colors) // 4

    @cached_property
    def used(self) -> list[int]:
        """The entries that pixels use, in order; some may be beyond the palette."""
        return sorted(self.table[i] for i in used_indices(self.source))

    @property
    def large(self) -> bool:
        """Whether to look at some of its pixels alone, to tell what kind of picture it is."""
        return self.source.size > _LARGE

    @cached_property
    def unlike(self) -> float:
        """What part of the pixels is like neither the left nor the upper one; of large pictures, in every fifth row."""
        step = 5 if self.large else 1
        inner = self.source[1::step, 1:]
        unlike = inner != self.source[1::step, :-1]
        unlike &= inner != self.source[:-1:step, 1:]
        return float(np.count_nonzero(unlike) / max(1, unlike.size))

    @cached_property
    def repeats(self) -> float:
        """What part of the pixels that are unlike is as the last such one with the same four neighbours.

        Of large pictures, in some rows in the middle.
        """
        height, width = self.source.shape
        rows = min(height, max(2, _SAMPLE // width))
        top = (height - rows) // 2
        above, row = self.source[top : top + rows - 1], self.source[top + 1 : top + rows]
        inner = row[:, 1:-1]
        unlike = (inner != row[:, :-2]) & (inner != above[:, 1:-1])
        hashes = np.zeros(np.count_nonzero(unlike), np.uint32)
        for neighbour in (above[:, :-2], above[:, 2:], above[:, 1:-1], row[:, :-2]):
            hashes <<= 8
            hashes |= neighbour[unlike]
        hashes *= np.uint32(0x85EBCA6B)
        short = (hashes >> np.uint32(16)).astype(np.uint16)  # which NumPy sorts in no time
        order = np.argsort(short, kind="stable")
        short, pixels = short[order], inner[unlike][order]
        again = (short[1:] == short[:-1]) & (pixels[1:] == pixels[:-1])
        return float(np.count_nonzero(again) / max(1, short.size))

    @cached_property
    def indices(self) -> Indices:
        """The entries, uint8[h, w]."""
        return self.symbols(SAME, (0, 0))

    def symbols(self, table: bytes, margins: tuple[int, int]) -> Indices:
        """What another table has for each entry, and zeros around it, as `with_margins` makes them."""
        return with_margins(self.source, self.table.translate(table), margins)


def used_indices(indices: Indices) -> list[int]:
    """Those that occur, in order. indices: not empty."""
    pixels = np.ascontiguousarray(indices).reshape(-1)
    highest = int(pixels.max())
    counts = np.bincount(pixels[::16], minlength=highest + 1)
    counts[highest] += 1
    left = np.flatnonzero(counts == 0)
    if len(left) > _FEW:
        counts = np.bincount(pixels)
    elif len(left) > 0:
        data = pixels.tobytes()
        counts[left] = [index in data for index in left.tolist()]
    found: list[int] = np.flatnonzero(counts).tolist()
    return found
