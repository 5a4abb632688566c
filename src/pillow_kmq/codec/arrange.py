"""Palettes in the order that is cheapest to store, where the order is nobody's choice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..types import IndexedImage, Indices
from .palette import natural_order

_LARGE = 65536  # pixels
_FEW = 32  # entries that some pixels lack are looked for one by one, which is faster than to count all pixels


def used_entries(indices: Indices) -> list[int]:
    """The entries that pixels use, in order. indices: not empty."""
    pixels = np.ascontiguousarray(indices).reshape(-1)
    highest = int(pixels.max())
    counts = np.bincount(pixels[::16], minlength=highest + 1)
    counts[highest] += 1
    left = np.flatnonzero(counts == 0)
    if len(left) > _FEW:
        counts = np.bincount(pixels)
    elif len(left) > 0:
        data = pixels.tobytes()
        counts[left] = [entry in data for entry in left.tolist()]
    entries: list[int] = np.flatnonzero(counts).tolist()
    return entries


def remapped(indices: Indices, table: npt.NDArray[np.uint8]) -> Indices:
    """What a table of 256 has for each index, read-only; a third faster than `take`."""
    return np.frombuffer(indices.tobytes().translate(table.tobytes()), np.uint8).reshape(indices.shape)


def part_unlike(indices: Indices) -> float:
    """What part of the pixels is like neither its left nor its upper neighbour; of large images, in every fifth row."""
    step = 5 if indices.size > _LARGE else 1
    inner = indices[1::step, 1:]
    unlike = inner != indices[1::step, :-1]
    unlike &= inner != indices[:-1:step, 1:]
    return float(np.count_nonzero(unlike) / max(1, unlike.size))


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
    return IndexedImage(image.palette[order], remapped(image.indices, table))
