"""Images as they are seen: laid on a background where one is needed, without the colours of invisible pixels.

These are counted apart, as the transparent entry takes the most frequent one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt

from .background import composite, laid_on
from .histogram import MOST_COLORS, VISIBLE, Counter, Counts, seen
from .options import Options
from .source import Source, stripes

_ROOM = 1 << 17
"""Colours of invisible pixels that are kept, and pixels that are added at once."""


class Seen:
    """A source as it is seen with some options."""

    def __init__(self, source: Source, options: Options) -> None:
        self._source = source
        self._background, self._below = laid_on(options.palette, options.background)
        self.height, self.width = source.height, source.width

    @property
    def has_alpha(self) -> bool:
        """Whether pixels can be other than opaque."""
        return self._source.has_alpha and bool(self._below <= VISIBLE)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""
        pixels = self._source.rows(start, stop)
        if not self._source.has_alpha:
            return pixels
        pixels = seen(composite(pixels, self._background, self._below))
        pixels.flags.writeable = False  # as those of images: kernels compile once for both
        return pixels

    def importance(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """How important each pixel of these rows is, uint8[stop - start, width]; None: all the same."""
        return self._source.importance(start, stop)

    def add_hidden(self, hidden: HiddenColors) -> None:
        """Count the colours of pixels that are invisible, unless they are laid on a background."""
        if self._below == 0 and self._source.has_alpha:
            for start, stop in stripes(self._source):
                hidden.add(self._source.rows(start, stop))


class AllSeen:
    """Sources as they are seen, which can be iterated as often as they can."""

    def __init__(self, sources: Collection[Source], options: Options) -> None:
        self._sources = sources
        self._options = options

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, item: object) -> bool:
        return any(source is item for source in self)

    def __iter__(self) -> Iterator[Seen]:
        return (Seen(source, self._options) for source in self._sources)


def merge_hidden(counts: Counts) -> Counts:
    """Return counts of distinct colours in which the invisible ones are one, 0, and `hidden` the heaviest of them."""
    hidden = counts.colors < VISIBLE
    if not hidden.any():
        return counts
    colors, weights = counts.colors[hidden], counts.weights[hidden]
    merged = Counts(np.append(np.uint32(0), counts.colors[~hidden]), np.append(weights.sum(), counts.weights[~hidden]))
    return merged._replace(whole=counts.whole, hidden=_heaviest(colors, weights))


def _heaviest(colors: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64]) -> int:
    """Return the colour of most weight, the smallest of equals."""
    return int(colors[weights == weights.max()].min())


class HiddenColors:
    """How many invisible pixels have which colour; where there are very many, rare ones may be forgotten."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._counter = Counter(MOST_COLORS)

    def add(self, pixels: npt.NDArray[np.uint32]) -> None:
        """Count the invisible ones among packed pixels, uint32[...]."""
        hidden = pixels[pixels < VISIBLE]
        hidden.flags.writeable = False  # as other pixels: kernels compile once for both
        for start in range(0, len(hidden), self._room):
            if len(self._counter.colors) > self._room:
                self._forget()
            self._counter.add(hidden[start : start + self._room])

    def _forget(self) -> None:
        """Keep the more frequent half."""
        colors, weights = self._counter.colors, self._counter.weights
        frequent = np.argsort(-weights, kind="stable")[: self._room // 2]
        kept = colors[frequent]
        kept.flags.writeable = False
        self._counter = Counter(MOST_COLORS)
        self._counter.add(kept, weights[frequent].astype(np.float32))

    @property
    def most_frequent(self) -> int:
        """The packed colour that most have, the smallest of equals; 0 if there are none."""
        colors, weights = self._counter.colors, self._counter.weights
        return _heaviest(colors, weights) if len(colors) else 0
