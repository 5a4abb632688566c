"""Search for the smallest image data of a palette PNG: order of the palette, bit depth, row filters, compression.

Every way is tried on a sample of the picture first, and the best on the whole picture, as many as the level asks for.
Quick compression of the sample misjudges bit depths and filters, so that the best ways of each kind come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from ..interruptible import wait_for
from ..quant.progress import Progress
from ..types import Indices, Palette
from . import png_deflate
from .png_order import Order, edge_first, luma_order, neighbour_orders
from .png_rows import ADAPTIVE, NONE, Coding

MAX = 7
"""The level "max"."""

_FINALISTS = {1: 2, 2: 2, 3: 3, 4: 4, 5: 8}
"""Number of ways tried on the whole picture; all at higher levels."""

_MORE = 3  # least level that tries a second improved order, and all filters
_FILTERED = ("sub", "paeth", "entropy")
_SAMPLE = 1 << 16  # pixels
_SMALL = 1 << 16  # pixels of a picture that is quick to compress however it is done
_BAND = 32  # rows of the sample that are contiguous


@dataclass(frozen=True)
class Picture:
    """A picture to write.

    Attributes:
        indices: uint8[h, w].
        palette: uint8[k, 4], of more entries than any index.
        transparent: Number of entries at the start of the palette that must stay in front of the others.
        free_order: True if the palette may be reordered.
        depths: Bits per pixel that may be used, ascending; all hold the palette.
    """

    indices: Indices
    palette: Palette
    transparent: int
    free_order: bool
    depths: tuple[int, ...]


class Found(NamedTuple):
    """A way to write the picture, and the zlib stream of its rows."""

    coding: Coding
    stream: bytes


def smallest(picture: Picture, level: int, progress: Progress) -> Found:
    """Return the smallest image data found.

    Args:
        picture: The picture to write.
        level: 1..6, or MAX.
        progress: Told the fraction done, less than 1; it may cancel.

    Raises:
        CancelledError: `progress` cancelled the work.
    """
    stop = bytearray(1)
    codings = _codings(picture, level)
    if level > 1:
        codings = wait_for(partial(_ranked, picture.indices, codings, stop), stop)
    codings = codings[: _FINALISTS.get(level)]
    effort = png_deflate.GOOD if level == 1 and picture.indices.size > _SMALL else png_deflate.THOROUGH
    best: Found | None = None
    for number, coding in enumerate(codings):
        progress(number / len(codings))
        found = Found(coding, wait_for(partial(png_deflate.compressed, picture.indices, coding, effort), stop))
        if best is None or len(found.stream) < len(best.stream):
            best = found
    assert best is not None
    if level == MAX and png_deflate.has_zopfli():
        found = Found(best.coding, png_deflate.with_zopfli(picture.indices, best.coding))
        best = min(best, found, key=lambda each: len(each.stream))
    return best


def _codings(picture: Picture, level: int) -> list[Coding]:
    """Return all ways to try."""
    entries = len(picture.palette)
    given = np.arange(entries)
    unfiltered, filtered = [given], [given]
    if level > 1 and picture.free_order and entries > 1:
        near = neighbour_orders(picture.indices, entries, picture.transparent, count=1 if level < _MORE else 2)
        unfiltered += [edge_first(picture.indices, order, picture.transparent) for order in (given, near[0])]
        filtered += [luma_order(picture.palette), *near]
    codings = [Coding(order, depth) for depth in picture.depths for order in _distinct(unfiltered)]
    if level > 1 and 8 in picture.depths:
        filters = _FILTERED if level < _MORE else ("sub", "paeth", *ADAPTIVE)
        codings += [Coding(order, 8, name) for order in _distinct(filtered) for name in filters]
    return codings


def _distinct(orders: list[Order]) -> list[Order]:
    return list({order.tobytes(): order for order in orders}.values())


def _ranked(indices: Indices, codings: list[Coding], stop: bytearray) -> list[Coding]:
    """Return the codings by their size on a sample of the picture, but the best of each kind first."""
    sample = _sample(indices)
    sizes = [0 if stop[0] else len(png_deflate.compressed(sample, coding, png_deflate.QUICK)) for coding in codings]
    by_size = [codings[number] for number in np.argsort(sizes, kind="stable")]
    best = {(coding.depth, coding.filter == NONE): coding for coding in reversed(by_size)}
    return sorted(by_size, key=lambda coding: best[coding.depth, coding.filter == NONE] is not coding)


def _sample(indices: Indices) -> Indices:
    """Return bands of rows from all over the picture, or the whole if it is small."""
    height, width = indices.shape
    count = max(1, _SAMPLE // (_BAND * width))
    if height <= count * _BAND:
        return indices
    tops = np.linspace(0, height - _BAND, count + 2).astype(int)[1:-1]
    return np.concatenate([indices[top : top + _BAND] for top in tops])
