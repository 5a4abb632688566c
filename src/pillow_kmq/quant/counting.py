"""Counting the colours of a whole image, or, of a large photo, of a part of its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .activity import REACH, activity
from .histogram import ALPHA, VISIBLE, Counter
from .importance import weights_of
from .palette import Counts
from .progress import SILENT, Progress
from .sensitivity import sensitivities

STRIPE = 1 << 17
"""Pixels that are held in full colour at a time."""

MOST = 1 << 19
"""Colours that are counted at the most."""

_DRAWN = 1 / 32  # of the sample: an image with fewer colours in it is counted in full, so that none is missed
_SKIP = 8  # of so many rows one is read, in large images

Block = tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32] | None, npt.NDArray[np.float32] | None]


class Source(Protocol):
    """An image that gives its rows as packed pixels; several threads may ask at once."""

    @property
    def height(self) -> int:
        """Rows of pixels."""

    @property
    def width(self) -> int:
        """Pixels per row."""

    @property
    def has_alpha(self) -> bool:
        """Whether pixels can be other than opaque."""

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""

    def importance(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """How important each pixel of these rows is, uint8[stop - start, width]; None: all the same."""


def stripes(source: Source, progress: Progress = SILENT) -> Iterator[tuple[int, int]]:
    """First and last row (exclusive) of stripes of at most STRIPE pixels, but one row at least; none if empty."""
    rows = max(1, STRIPE // max(1, source.width))
    for start in range(0, source.height if source.width else 0, rows):
        stop = min(start + rows, source.height)
        yield start, stop
        progress(stop / source.height)


def count_source(source: Source, colors: int, sample: int, progress: Progress, sensitive: bool = False) -> Counts:
    """The distinct colours of an image that is not empty, and their weights.

    Of an image of more than `sample` pixels only about so many are counted, which stand for all, unless all its
    colours are few; but if it has fully transparent or opaque pixels, then so have the counts.
    """
    size = source.height * source.width
    every = -(-size // sample)
    part, read = Counter(MOST), 0
    if every > 1:
        for pixels, weights, sensed in _sampled(source, every, sensitive):
            part.add(pixels, weights, sensed)
            read += len(pixels)
        if source.has_alpha:
            _add_extremes(source, part)
        if len(part.colors) > max(_DRAWN * sample, colors):
            return _estimate(part, size / read)
    counter = Counter(MOST)
    for start, stop in stripes(source, progress):
        pixels, weights, sensed = _part(source, start, stop, 0, 1, sensitive)
        counter.add(pixels, weights, sensed)
        if every > 1 and counter.full:
            return _estimate(part, size / read)
    return Counts(counter.colors, counter.weights, not counter.full, counter.sensed)


def _estimate(part: Counter, factor: float) -> Counts:
    """Return what a part of the pixels, counted, says of all of them, which are `factor` times as many."""
    return Counts(part.colors, part.weights * factor, whole=False, sensed=part.sensed * factor)


def _sampled(source: Source, every: int, sensitive: bool) -> Iterator[Block]:
    """About one pixel in `every`, with weights: from all rows, or from one in _SKIP where that saves reading."""
    across = every // _SKIP | 1
    if across == 1 or source.height < 64 * _SKIP or source.width < 64 * across:
        every |= 1  # in step neither with interleaved sensors nor with doubled pixels
        for start, stop in stripes(source):
            yield _part(source, start, stop, 0, every, sensitive)
        return
    for number, start in enumerate(range(0, source.height - _SKIP + 1, _SKIP)):
        y = start + number * 5 % _SKIP  # not in step with anything in the picture
        yield _part(source, y, y + 1, number * 7 % across, across, sensitive)


def _part(source: Source, start: int, stop: int, first: int, every: int, sensitive: bool) -> Block:
    """Each `every`-th pixel of some rows, from the `first` on, and its weight."""
    weights = weights_of(source.importance(start, stop))
    top, bottom = (max(start - REACH, 0), min(stop + REACH, source.height)) if sensitive else (start, stop)
    rows = source.rows(top, bottom)
    pixels = np.ascontiguousarray(rows[start - top : stop - top].ravel()[first::every])
    sensed = None
    if sensitive:
        sensed = np.ascontiguousarray(sensitivities(activity(rows, start - top, stop - start)).ravel()[first::every])
    return pixels, weights if weights is None else np.ascontiguousarray(weights[first::every]), sensed


def _add_extremes(source: Source, part: Counter) -> None:
    """Add a fully transparent and an opaque pixel where the sample has none but the image has some."""
    wanted = [kind for kind in (_is_clear, _is_opaque) if not kind(part.colors).any()]
    for start, stop in stripes(source) if wanted else ():
        pixels = source.rows(start, stop).ravel()
        for kind in list(wanted):
            found = pixels[kind(pixels)]
            if len(found):
                part.add(found[:1])
                wanted.remove(kind)
        if not wanted:
            return


def _is_clear(colors: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    return colors < VISIBLE


def _is_opaque(colors: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    return colors >= ALPHA
