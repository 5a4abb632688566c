"""How the pixels of an APNG file are stored: as entries of its only palette, or as colours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from ...types import MAX_COLORS, Palette, Pixels
from .png_data import full_color_data, palette_data
from .timeline import NOTHING, Canvas, Timeline


class Layout(ABC):
    """How pixels are stored.

    Attributes:
        bits, color_type: As in the chunk IHDR.
        chunks: Chunks for the palette, with their names.
        clear: True if fully transparent pixels can be stored.
    """

    bits: int
    color_type: int
    chunks: list[tuple[bytes, bytes]]
    clear: bool

    @abstractmethod
    def data(self, drawn: Canvas) -> bytes:
        """Compress a part of a canvas, NOTHING for transparent pixels."""

    @abstractmethod
    def opaque(self, drawn: Canvas) -> bool:
        """Return whether all pixels are opaque or NOTHING."""


class _Entries(Layout):
    color_type = 3

    def __init__(self, palette: Palette, clear: int | None) -> None:
        self.bits = bits_of(len(palette))
        alphas = palette[:, 3].tobytes().rstrip(b"\xff")
        self.chunks = [(b"PLTE", palette[:, :3].tobytes()), *([(b"tRNS", alphas)] if alphas else [])]
        self.clear = clear is not None
        self._entries = np.append(clear or 0, np.arange(len(palette))).astype(np.uint8)
        self._opaque = np.append(True, palette[:, 3] == 255)

    def data(self, drawn: Canvas) -> bytes:
        return palette_data(self._entries[drawn], self.bits)

    def opaque(self, drawn: Canvas) -> bool:
        return bool(self._opaque[drawn].all())


class _Colors(Layout):
    bits = 8

    def __init__(self, *, alpha: bool) -> None:
        self.color_type = 6 if alpha else 2
        self.chunks = []
        self.clear = alpha

    def data(self, drawn: Canvas) -> bytes:
        return full_color_data(_channels(drawn)[..., : 4 if self.clear else 3])

    def opaque(self, drawn: Canvas) -> bool:
        return bool(((drawn == NOTHING) | (_channels(drawn)[..., 3] == 255)).all())


def _channels(drawn: Canvas) -> Pixels:
    return np.ascontiguousarray(drawn, "<u4").view(np.uint8).reshape(*drawn.shape, 4)


def bits_of(entries: int) -> int:
    """Return the bits of an index into a palette: 1, 2, 4 or 8."""
    return next(bits for bits in (1, 2, 4, 8) if entries <= 1 << bits)


def layouts(timeline: Timeline) -> Iterator[Layout]:
    """Yield the layouts that can hold all frames."""
    palette = timeline.palette
    if palette is None:
        yield _Colors(alpha=True)
        if timeline.opaque:
            yield _Colors(alpha=False)
        return
    yield _Entries(palette, timeline.clear_entry)
    more = len(palette) + 1
    if timeline.clear_entry is None and more <= MAX_COLORS and bits_of(more) == bits_of(len(palette)):
        yield _Entries(np.concatenate([palette, np.zeros((1, 4), np.uint8)]), more - 1)
