"""Images as they appear: composited onto a background where needed, without the colours of invisible pixels.

Those colours are counted separately, because the fully transparent entry takes the most frequent one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt

from .background import composite, resolve_background
from .histogram import MOST_COLORS, VISIBLE, Counter, Counts, clear_invisible
from .options import Options
from .source import Source, stripes

_ROOM = 1 << 17
"""Maximum number of colours of invisible pixels kept, and pixels added at a time."""


class CompositedSource:
    """A source composited as some options ask."""

    def __init__(self, source: Source, options: Options) -> None:
        self._source = source
        self._background, self._below = resolve_background(options.palette, options.background)
        self.height, self.width = source.height, source.width

    @property
    def has_alpha(self) -> bool:
        """Return whether pixels may be other than opaque."""
        return self._source.has_alpha and bool(self._below <= VISIBLE)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Return packed pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""
        pixels = self._source.rows(start, stop)
        if not self._source.has_alpha:
            return pixels
        pixels = clear_invisible(composite(pixels, self._background, self._below))
        pixels.flags.writeable = False  # like those of images, so that kernels compile only once
        return pixels

    def importance(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """Return the importance of each pixel of these rows, uint8[stop - start, width]; None if uniform."""
        return self._source.importance(start, stop)

    def add_hidden(self, hidden: HiddenColors) -> None:
        """Count the colours of invisible pixels, unless these are composited onto a background."""
        if self._below == 0 and self._source.has_alpha:
            for start, stop in stripes(self._source):
                hidden.add(self._source.rows(start, stop))


class CompositedSources:
    """Composited sources, which can be iterated as often as the originals."""

    def __init__(self, sources: Collection[Source], options: Options) -> None:
        self._sources = sources
        self._options = options

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, item: object) -> bool:
        return any(source is item for source in self)

    def __iter__(self) -> Iterator[CompositedSource]:
        return (CompositedSource(source, self._options) for source in self._sources)


def merge_hidden(counts: Counts) -> Counts:
    """Merge the invisible ones of distinct colours into one, 0, and set `hidden` to the heaviest of them."""
    hidden = counts.colors < VISIBLE
    if not hidden.any():
        return counts
    colors, weights = counts.colors[hidden], counts.weights[hidden]
    merged = Counts(np.append(np.uint32(0), counts.colors[~hidden]), np.append(weights.sum(), counts.weights[~hidden]))
    return merged._replace(whole=counts.whole, hidden=_heaviest(colors, weights))


def _heaviest(colors: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64]) -> int:
    """Return the colour of largest weight; among equals, the smallest."""
    return int(colors[weights == weights.max()].min())


class HiddenColors:
    """A count of the colours of invisible pixels; if there are very many colours, rare ones may be dropped."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._counter = Counter(MOST_COLORS)

    def add(self, pixels: npt.NDArray[np.uint32]) -> None:
        """Count the invisible pixels among packed ones, uint32[...]."""
        hidden = pixels[pixels < VISIBLE]
        hidden.flags.writeable = False  # like other pixels, so that kernels compile only once
        for start in range(0, len(hidden), self._room):
            if len(self._counter.colors) > self._room:
                self._forget()
            self._counter.add(hidden[start : start + self._room])

    def _forget(self) -> None:
        """Drop the less frequent half."""
        colors, weights = self._counter.colors, self._counter.weights
        frequent = np.argsort(-weights, kind="stable")[: self._room // 2]
        kept = colors[frequent]
        kept.flags.writeable = False
        self._counter = Counter(MOST_COLORS)
        self._counter.add(kept, weights[frequent].astype(np.float32))

    @property
    def most_frequent(self) -> int:
        """The most frequent packed colour, the smallest of equals; 0 if there are none."""
        colors, weights = self._counter.colors, self._counter.weights
        return _heaviest(colors, weights) if len(colors) else 0
