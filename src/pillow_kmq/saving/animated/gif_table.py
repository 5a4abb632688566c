"""Colour tables of GIF files."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...codec.animation.scene import distinct
from ...types import MAX_COLORS, Indices, Palette
from .timeline import NOTHING, Canvas, Timeline


class Table(NamedTuple):
    """A colour table.

    Attributes:
        values: Values of a canvas, ascending.
        entries: The entry for each of them, a permutation of 0..k - 1.
        colors: RGB entries, uint8[k, 3], k = 1..256.
        clear: The entry for transparent pixels; None for any that a frame does not use.
    """

    values: Canvas
    entries: Indices
    colors: npt.NDArray[np.uint8]
    clear: int | None = None

    @property
    def size(self) -> int:
        """Number of entries in a file: 2, 4, 8 .. 256."""
        return max(2, 1 << (len(self.colors) - 1).bit_length())

    @property
    def size_code(self) -> int:
        """The size as the format stores it, 0..7."""
        return self.size.bit_length() - 2

    @property
    def data(self) -> bytes:
        """The entries in a file."""
        return self.colors.tobytes().ljust(3 * self.size, b"\0")

    def indices(self, drawn: Canvas, *, transparency: bool) -> tuple[Indices, int | None] | None:
        """Return pixels as entries, and the entry that means transparent, if any.

        Returns None if an entry is missing.

        Args:
            drawn: Canvas values; NOTHING for transparent pixels.
            transparency: True to define a transparent entry even if there is no such pixel.
        """
        colors = distinct(drawn)
        transparency |= bool(colors[0] == NOTHING)
        colors = colors[colors != NOTHING]
        if not np.isin(colors, self.values).all():
            return None
        clear = self._free_entry(self.entries[np.searchsorted(self.values, colors)]) if transparency else None
        if transparency and clear is None:
            return None
        indices = self.entries.take(np.searchsorted(self.values, drawn), mode="clip")
        if clear is not None:
            indices[drawn == NOTHING] = clear
        return indices, clear

    def _free_entry(self, used: Indices) -> int | None:
        if self.clear is not None:
            return self.clear
        free = np.setdiff1d(np.arange(self.size), used)
        return int(free[0]) if len(free) else None


def global_tables(timeline: Timeline) -> list[Table]:
    """Return tables of all frames to try; none if the frames have no common palette.

    The palette of the frames keeps its order. In one found here, colours that many frames draw come first, as data of
    small indices are shorter. It has no entry for transparent pixels, as most frames leave one unused; if a power of
    two colours fills the table, a table with room for more is another choice.
    """
    palette, clear = timeline.palette, timeline.clear_entry
    if palette is None:
        return []
    values, colors = np.arange(1, len(palette) + 1), palette[:, :3]
    if timeline.own_palette:
        return [Table(values, np.arange(len(palette), dtype=np.uint8), colors, clear)]
    visible = np.arange(len(palette)) != clear if len(palette) > 1 else np.ones(1, bool)
    order = np.argsort(-np.array(timeline.uses)[visible], kind="stable")
    table = Table(values[visible], np.argsort(order).astype(np.uint8), colors[visible][order])
    if table.size > len(table.colors) or table.size == MAX_COLORS:
        return [table]
    return [table, table._replace(colors=np.concatenate([table.colors, np.zeros((1, 3), np.uint8)]))]


def local_table(drawn: Canvas, palette: Palette | None, *, transparency: bool) -> Table | None:
    """Return a table of the colours in a part of a canvas, or None if there are too many.

    Args:
        drawn: Canvas values: 1 + entry of `palette`, or colours; NOTHING for transparent pixels.
        palette: RGBA, uint8[k, 4], or None.
        transparency: True for an additional entry, the first, for transparent pixels.
    """
    values = distinct(drawn)
    values = values[values != NOTHING]
    if palette is None:
        colors = values.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3]
    else:
        colors = palette[values - 1, :3]
    if transparency or len(values) == 0:
        values = np.concatenate([np.full(1, NOTHING, values.dtype), values])
        colors = np.concatenate([np.zeros((1, 3), np.uint8), colors])
    if len(values) > MAX_COLORS:
        return None
    return Table(values, np.arange(len(values), dtype=np.uint8), colors, 0 if transparency else None)
