"""Palettes in the order that is cheapest to store, where the order is nobody's choice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..types import IndexedImage, Indices
from .palette import natural_order


def used_entries(indices: Indices) -> list[int]:
    """The entries that pixels use, in order. indices: not empty."""
    pixels = indices.ravel()
    some = _entries(pixels[::16])
    # Where some pixels have all entries up to the highest, the others need no look.
    return some if len(some) > int(pixels.max()) else _entries(pixels)


def _entries(pixels: Indices) -> list[int]:
    entries: list[int] = np.flatnonzero(np.bincount(pixels)).tolist()
    return entries


def in_natural_order(image: IndexedImage) -> IndexedImage:
    """The same picture with the same entries, by alpha, green, red, blue. Indices beyond the palette stay."""
    order = np.array(natural_order(image.palette.tobytes()), np.intp)
    return _with_entries(image, order)


def compact(image: IndexedImage) -> IndexedImage:
    """The same picture with the entries that pixels use alone, in natural order; those beyond the palette join it."""
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 3] = 255
    palette[: len(image.palette)] = image.palette
    used = np.array(used_entries(image.indices), np.intp)
    order = used[natural_order(palette[used].tobytes())]
    return _with_entries(IndexedImage(palette, image.indices), order)


def _with_entries(image: IndexedImage, order: npt.NDArray[np.intp]) -> IndexedImage:
    table = np.arange(256, dtype=np.uint8)
    table[order] = np.arange(len(order))
    return IndexedImage(image.palette[order], table.take(image.indices))
