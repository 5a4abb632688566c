"""Counting the colours of images: of one image, of a sample of a large one, or of several images together."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt

from .activity import REACH, activity
from .histogram import ALPHA, VISIBLE, Blocks, Counter, Counts, Sorted, pack
from .progress import Progress
from .sensitivity import sensitivities
from .source import STRIPE, Source, stripes, weights_of

MOST = 1 << 19
"""Maximum number of distinct colours counted."""

# Minimum number of distinct colours of a sample, as a fraction of its pixels: with fewer, the image is counted in full,
# so that no colour is missed.
_DRAWN = 1 / 32

_SKIP = 8  # one row in _SKIP is read in large images

Block = tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32] | None, npt.NDArray[np.float32] | None]


def count_source(source: Source, colors: int, sample: int, progress: Progress, sensitive: bool = False) -> Counts:
    """Count the distinct colours of a non-empty image.

    An image of more than `sample` pixels is sampled down to about that many, unless the sample holds few colours; its
    weights are scaled to all pixels. Fully transparent and opaque pixels of the image are always represented in the
    sample.

    Args:
        source: the image.
        colors: number of palette colours; images of no more colours are never sampled.
        sample: number of pixels above which the image is sampled.
        progress: reports the count.
        sensitive: whether to add up the sensitivity of the eye too.
    """
    size = source.height * source.width
    every = -(-size // sample)
    part, read = Counter(MOST), 0
    if every > 1:
        for pixels, weights, sensed in _sample(source, every, sensitive):
            part.add(pixels, weights, sensed)
            read += len(pixels)
        if source.has_alpha:
            _add_extremes(source, part)
        if len(part.colors) > max(_DRAWN * sample, colors):
            return _estimate(part, size / read)
    counter = Counter(MOST)
    for start, stop in stripes(source, progress):
        pixels, weights, sensed = _read_part(source, start, stop, 0, 1, sensitive)
        counter.add(pixels, weights, sensed)
        if every > 1 and counter.full:
            return _estimate(part, size / read)
    return Counts(counter.colors, counter.weights, not counter.full, counter.sensed)


def _estimate(part: Counter, factor: float) -> Counts:
    """Scale the counts of a sample to all pixels, `factor` times as many."""
    return Counts(part.colors, part.weights * factor, whole=False, sensed=part.sensed * factor)


def _sample(source: Source, every: int, sensitive: bool) -> Iterator[Block]:
    """Yield about one pixel in `every`, with weights: from all rows, or from one in _SKIP if that saves reading."""
    across = every // _SKIP | 1
    if across == 1 or source.height < 64 * _SKIP or source.width < 64 * across:
        every |= 1  # odd, not to alias with interleaved sensors or doubled pixels
        for start, stop in stripes(source):
            yield _read_part(source, start, stop, 0, every, sensitive)
        return
    for number, start in enumerate(range(0, source.height - _SKIP + 1, _SKIP)):
        y = start + number * 5 % _SKIP  # varies from row to row, to avoid aliasing with the picture
        yield _read_part(source, y, y + 1, number * 7 % across, across, sensitive)


def _read_part(source: Source, start: int, stop: int, first: int, every: int, sensitive: bool) -> Block:
    """Return every `every`-th pixel of some rows, starting with the `first`, with weights and sensitivities."""
    weights = weights_of(source.importance(start, stop))
    top, bottom = (max(start - REACH, 0), min(stop + REACH, source.height)) if sensitive else (start, stop)
    rows = source.rows(top, bottom)
    pixels = np.ascontiguousarray(rows[start - top : stop - top].ravel()[first::every])
    sensed = None
    if sensitive:
        sensed = np.ascontiguousarray(sensitivities(activity(rows, start - top, stop - start)).ravel()[first::every])
    return pixels, weights if weights is None else np.ascontiguousarray(weights[first::every]), sensed


def _add_extremes(source: Source, part: Counter) -> None:
    """Add a fully transparent and an opaque pixel if the image has one but the sample has not."""
    wanted = [kind for kind in (_is_transparent, _is_opaque) if not kind(part.colors).any()]
    for start, stop in stripes(source) if wanted else ():
        pixels = source.rows(start, stop).ravel()
        for kind in list(wanted):
            found = pixels[kind(pixels)]
            if len(found):
                part.add(found[:1])
                wanted.remove(kind)
        if not wanted:
            return


def _is_transparent(colors: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    return colors < VISIBLE


def _is_opaque(colors: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    return colors >= ALPHA


_ROOM = 1 << 19
"""Maximum number of distinct colours held."""


class Pool:
    """The colours of images that come one by one; beyond `room` colours, near ones are merged into their mean."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._bits = 8
        self.counts = Counts(np.empty(0, np.uint32), np.empty(0), True)

    def add(self, counts: Counts) -> None:
        """Add the colours of another image."""
        if not len(self.counts.colors):
            self.counts = counts
            return
        both = _join(self.counts, counts)
        while len(both.colors) > self._room and self._bits > 1:
            self._bits -= 1
            both = _join(_coarsen(self.counts, self._bits), _coarsen(counts, self._bits))
        self.counts = both


def _join(a: Counts, b: Counts) -> Counts:
    """Return the distinct colours of both, with the sums of their weights."""
    colors, ids = np.unique(np.concatenate([a.colors, b.colors]), return_inverse=True)
    ids = ids.ravel()
    weights: npt.NDArray[np.float64] = np.bincount(ids, np.concatenate([a.weights, b.weights])).astype(float)
    if a.sensed is None or b.sensed is None:
        return Counts(colors, weights, a.whole and b.whole)
    sensed: npt.NDArray[np.float64] = np.bincount(ids, np.concatenate([a.sensed, b.sensed])).astype(float)
    return Counts(colors, weights, a.whole and b.whole, sensed)


def _coarsen(counts: Counts, bits: int) -> Counts:
    """Merge visible colours that agree in `bits` bits per channel into their mean, and all fully transparent ones."""
    visible = counts.colors >= VISIBLE
    sensed = counts.weights if counts.sensed is None else counts.sensed
    weights, seen = counts.weights[~visible].sum(keepdims=True), sensed[~visible].sum(keepdims=True)
    clear = Counts(np.zeros(1, np.uint32), weights, False, seen)
    if not visible.any():
        return clear
    bins = Sorted(counts.colors[visible], counts.weights[visible]).merge(bits)
    seen = Sorted(counts.colors[visible], sensed[visible]).merge(bits).weights.astype(np.float64)
    means = Counts(pack(np.floor(bins.colors + 0.5).astype(np.uint8)), bins.weights.astype(np.float64), False, seen)
    return means if visible.all() else _join(clear, means)


_KEPT = 1 << 20  # distinct colours kept at most; target errors of a sample are checked on all pixels


class Everything:
    """The colours of all pixels, available repeatedly: kept if there are at most `most`, otherwise read again."""

    def __init__(self, sources: Collection[Source], most: int = _KEPT) -> None:
        self._sources = sources
        self._most = most
        self._counter: Counter | None = None

    def __call__(self) -> Blocks:
        """Return distinct packed colours uint32[m] with weights float64[m], in one block or stripe by stripe."""
        if self._counter is None:
            self._counter = Counter(self._most)
            for pixels, weights in self._read_stripes():
                self._counter.add(pixels, weights)
                if self._counter.full:
                    break
        if not self._counter.full:
            return [(self._counter.colors, self._counter.weights)]
        return self._count_stripes()

    def _count_stripes(self) -> Blocks:
        for pixels, weights in self._read_stripes():
            counter = Counter(max(STRIPE, len(pixels)))
            counter.add(pixels, weights)
            yield counter.colors, counter.weights

    def _read_stripes(self) -> Iterator[tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32] | None]]:
        for source in self._sources:
            for start, stop in stripes(source):
                yield source.rows(start, stop).ravel(), weights_of(source.importance(start, stop))
