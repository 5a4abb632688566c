"""All colours of images, for errors that a sample may only estimate."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt

from .counting import STRIPE, Source, stripes
from .histogram import Counter
from .importance import weights_of
from .palette import Blocks

_MOST = 1 << 20


class Everything:
    """The colours of all pixels, as often as they are asked for: kept if they are at most `most`, or else read anew."""

    def __init__(self, sources: Collection[Source], most: int = _MOST) -> None:
        self._sources = sources
        self._most = most
        self._counter: Counter | None = None

    def __call__(self) -> Blocks:
        """Distinct packed colours uint32[m] with their weights float64[m], in one block or stripe by stripe."""
        if self._counter is None:
            self._counter = Counter(self._most)
            for pixels, weights in self._stripes():
                self._counter.add(pixels, weights)
                if self._counter.full:
                    break
        if not self._counter.full:
            return [(self._counter.colors, self._counter.weights)]
        return self._counted_stripes()

    def _counted_stripes(self) -> Blocks:
        for pixels, weights in self._stripes():
            counter = Counter(max(STRIPE, len(pixels)))
            counter.add(pixels, weights)
            yield counter.colors, counter.weights

    def _stripes(self) -> Iterator[tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32] | None]]:
        for source in self._sources:
            for start, stop in stripes(source):
                yield source.rows(start, stop).ravel(), weights_of(source.importance(start, stop))
