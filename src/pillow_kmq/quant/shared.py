"""One histogram for several images, in bounded memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .histogram import VISIBLE, Sorted, pack
from .palette import Counts

_ROOM = 1 << 19
"""Distinct colours that are held at most."""


class Pool:
    """The colours of images that come one by one. Where there are too many, near ones become one: their mean."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._bits = 8
        self.counts = Counts(np.empty(0, np.uint32), np.empty(0), True)

    def add(self, counts: Counts) -> None:
        """Add the colours of one more image."""
        if not len(self.counts.colors):
            self.counts = counts
            return
        both = _joined(self.counts, counts)
        while len(both.colors) > self._room and self._bits > 1:
            self._bits -= 1
            both = _joined(_coarser(self.counts, self._bits), _coarser(counts, self._bits))
        self.counts = both


def _joined(a: Counts, b: Counts) -> Counts:
    """The colours of both, once each, with the sums of their weights."""
    colors, ids = np.unique(np.concatenate([a.colors, b.colors]), return_inverse=True)
    ids = ids.ravel()
    weights: npt.NDArray[np.float64] = np.bincount(ids, np.concatenate([a.weights, b.weights])).astype(float)
    if a.sensed is None or b.sensed is None:
        return Counts(colors, weights, a.whole and b.whole)
    sensed: npt.NDArray[np.float64] = np.bincount(ids, np.concatenate([a.sensed, b.sensed])).astype(float)
    return Counts(colors, weights, a.whole and b.whole, sensed)


def _coarser(counts: Counts, bits: int) -> Counts:
    """Visible colours that agree in `bits` bits of each channel, and all invisible ones, as one: their mean."""
    visible = counts.colors >= VISIBLE
    sensed = counts.weights if counts.sensed is None else counts.sensed
    weights, seen = counts.weights[~visible].sum(keepdims=True), sensed[~visible].sum(keepdims=True)
    clear = Counts(np.zeros(1, np.uint32), weights, False, seen)
    if not visible.any():
        return clear
    bins = Sorted(counts.colors[visible], counts.weights[visible]).merge(bits)
    seen = Sorted(counts.colors[visible], sensed[visible]).merge(bits).weights.astype(np.float64)
    means = Counts(pack(np.floor(bins.colors + 0.5).astype(np.uint8)), bins.weights.astype(np.float64), False, seen)
    return means if visible.all() else _joined(clear, means)
