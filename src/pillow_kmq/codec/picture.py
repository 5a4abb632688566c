"""Pictures to be encoded: indices, and a table that maps them to palette entries as late as possible."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .palette.chunk import colors_of, natural_order
from .symbols.margins import SAME, with_margins

if TYPE_CHECKING:
    from ..types import IndexedImage, Indices

_LARGE = 65536  # pixels
_SAMPLE = 16384  # pixels
_FEW = 32  # missing indices up to which searching for each is faster than counting all pixels


class Picture:
    """An indexed picture whose indices are mapped to palette entries by a table.

    Attributes:
        colors: The palette, RGBA, four bytes per entry.
        source: Indices, uint8[h, w], not empty.
        table: 256 bytes, the palette entry of each index; indices that occur have different entries.
        used: The entries that pixels use, in ascending order; some may be beyond the palette.
    """

    def __init__(self, colors: bytes, source: Indices, table: bytes = SAME, used: list[int] | None = None) -> None:
        self.colors, self.source, self.table = colors, source, table
        if used is not None:
            self.used = used

    @property
    def entries(self) -> int:
        """The number of palette entries."""
        return len(self.colors) // 4

    @cached_property
    def used(self) -> list[int]:
        """The entries that pixels use, in ascending order; some may be beyond the palette."""
        return sorted(self.table[i] for i in used_indices(self.source))

    @property
    def large(self) -> bool:
        """True if statistics are taken from a sample of the pixels."""
        return self.source.size > _LARGE

    @cached_property
    def unlike(self) -> float:
        """Share of pixels that equal neither the left nor the upper neighbour, in every fifth row of large pictures."""
        step = 5 if self.large else 1
        inner = self.source[1::step, 1:]
        unlike = inner != self.source[1::step, :-1]
        unlike &= inner != self.source[:-1:step, 1:]
        return float(np.count_nonzero(unlike) / max(1, unlike.size))

    @cached_property
    def repeats(self) -> float:
        """The share of the pixels counted by `unlike` that equal the last one with the same four neighbours.

        Measured in rows in the middle of large pictures.
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
        short = (hashes >> np.uint32(16)).astype(np.uint16)  # NumPy sorts 16 bits by radix
        order = np.argsort(short, kind="stable")
        short, pixels = short[order], inner[unlike][order]
        again = (short[1:] == short[:-1]) & (pixels[1:] == pixels[:-1])
        return float(np.count_nonzero(again) / max(1, short.size))

    @cached_property
    def indices(self) -> Indices:
        """The palette entry of each pixel, uint8[h, w]."""
        return self.symbols(SAME, (0, 0))

    def symbols(self, table: bytes, margins: tuple[int, int]) -> Indices:
        """Map palette entries to symbols by a second table and add margins of zeros, as `with_margins` does."""
        return with_margins(self.source, self.table.translate(table), margins)


def keep_palette(image: IndexedImage) -> Picture:
    """Return a picture with the palette as it is."""
    return Picture(image.palette.tobytes(), image.indices)


def sort_palette(image: IndexedImage) -> Picture:
    """Return the same picture with its palette in natural order. Indices beyond the palette stay."""
    return _with_entries(image, natural_order(image.palette.tobytes()))


def compact_palette(image: IndexedImage) -> Picture:
    """Return the same picture with only the entries that pixels use, in natural order.

    Indices beyond the palette become opaque black entries.
    """
    used = used_indices(image.indices)
    order = [used[i] for i in natural_order(colors_of(used, image.palette.tobytes()))]
    return _with_entries(image, order, list(range(len(order))))


def _with_entries(image: IndexedImage, order: list[int], used: list[int] | None = None) -> Picture:
    table = bytearray(SAME)
    for entry, index in enumerate(order):
        table[index] = entry
    return Picture(colors_of(order, image.palette.tobytes()), image.indices, bytes(table), used)


def used_indices(indices: Indices) -> list[int]:
    """Return the values that occur, in ascending order. indices: not empty."""
    pixels = np.ascontiguousarray(indices).reshape(-1)
    highest = int(pixels.max())
    counts = np.bincount(pixels[::16], minlength=highest + 1)
    counts[highest] += 1
    missing = np.flatnonzero(counts == 0)
    if len(missing) > _FEW:
        counts = np.bincount(pixels)
    elif len(missing) > 0:
        data = pixels.tobytes()
        counts[missing] = [index in data for index in missing.tolist()]
    found: list[int] = np.flatnonzero(counts).tolist()
    return found
