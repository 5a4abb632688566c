"""Palettes in the order that is cheapest to store, where the order is nobody's choice."""

from __future__ import annotations

from ..types import IndexedImage
from .palette.chunk import colors_of, natural_order
from .picture import Picture, used_indices
from .symbols.margins import SAME


def as_it_is(image: IndexedImage) -> Picture:
    """The picture with its palette as it is."""
    return Picture(image.palette.tobytes(), image.indices)


def in_natural_order(image: IndexedImage) -> Picture:
    """The same picture with the same entries, by alpha, green, red, blue. Indices beyond the palette stay."""
    return _with_entries(image, natural_order(image.palette.tobytes()))


def compact(image: IndexedImage) -> Picture:
    """The same picture with the entries that pixels use alone, in natural order; those beyond the palette join it."""
    used = used_indices(image.indices)
    order = [used[i] for i in natural_order(colors_of(used, image.palette.tobytes()))]
    return _with_entries(image, order, list(range(len(order))))


def _with_entries(image: IndexedImage, order: list[int], used: list[int] | None = None) -> Picture:
    table = bytearray(SAME)
    for entry, index in enumerate(order):
        table[index] = entry
    return Picture(colors_of(order, image.palette.tobytes()), image.indices, bytes(table), used)
