"""From pixels to palette and indices: count, search, order, remap. Stripe by stripe, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ..types import IndexedImage, Palette
from .dither import Diffusion
from .histogram import Counter
from .nearest import nearest_finder, remap
from .options import Options
from .order import ordered
from .search import find_palette

STRIPE = 1 << 19
"""Pixels that are held in full colour at a time."""

_SAMPLE = 1 << 19  # pixels that make a histogram of a photo
_DRAWN = 1 << 14  # a larger image with fewer colours in its sample is counted in full: none shall be missed
_VISIBLE = np.uint32(0x01000000)  # packed pixels from here on are not fully transparent


Counts: TypeAlias = tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]


class Source(Protocol):
    """An image that gives its rows as packed pixels."""

    @property
    def height(self) -> int:
        """Rows of pixels."""

    @property
    def width(self) -> int:
        """Pixels per row."""

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""


def quantize_source(source: Source, options: Options) -> IndexedImage:
    """Find a palette for an image, or take the given one, and choose an entry for every pixel."""
    if source.height == 0 or source.width == 0:
        return IndexedImage(np.empty((0, 4), np.uint8), np.empty((source.height, source.width), np.uint8))
    palette = options.palette
    if palette is None:
        palette = ordered(_palette_of(_count(source, options.colors), options))
    return IndexedImage(palette, _indices(source, palette, options))


def stripes(source: Source) -> Iterator[tuple[int, int]]:
    """First and last row (exclusive) of stripes of at most STRIPE pixels, but one row at least."""
    rows = max(1, STRIPE // source.width)
    for start in range(0, source.height, rows):
        yield start, min(start + rows, source.height)


def _count(source: Source, colors: int) -> Counts:
    """The distinct colours of an image and their weights: of all pixels, or of sampled rows of a large photo."""
    sample = None
    every = -(-source.height * source.width // _SAMPLE)
    if every > 1:
        sample = Counter(_SAMPLE + source.width)
        for start in range(0, source.height - every + 1, every):
            y = start + (start // every * 5) % every  # not in step with anything in the picture
            sample.add(source.rows(y, y + 1).ravel())
        if len(sample.colors) > max(_DRAWN, colors):
            return sample.colors, sample.weights
    counter = Counter(_SAMPLE)
    for start, stop in stripes(source):
        counter.add(source.rows(start, stop).ravel())
    if sample is not None and counter.full:
        counter = sample
    return counter.colors, counter.weights


def _palette_of(counts: Counts, options: Options) -> Palette:
    """The palette for counted pixels; fully transparent ones get an entry of their own."""
    colors, weights = counts
    visible = colors >= _VISIBLE
    if visible.all() or (options.fixed[:, 3] == 0).any():
        return find_palette(colors[visible], weights[visible], options)
    clear = np.zeros((1, 4), np.uint8)
    if options.colors == 1 or not visible.any():
        return clear
    rest = replace(options, colors=options.colors - 1)
    return np.concatenate([clear, find_palette(colors[visible], weights[visible], rest)])


def _indices(source: Source, palette: Palette, options: Options) -> npt.NDArray[np.uint8]:
    find = nearest_finder(palette, options.space)
    out = np.empty((source.height, source.width), np.uint8)
    diffusion = None
    if options.dither is not None:
        diffusion = Diffusion(find, palette, source.width, options.dither.strength)
    for start, stop in stripes(source):
        pixels = source.rows(start, stop)
        if diffusion is not None:
            diffusion.remap(pixels, out[start:stop])
        else:
            remap(find, pixels.ravel(), out[start:stop].reshape(-1))
    return out
