"""Histograms of any number of pixels in bounded memory, which add up to the same result in any order.

A colour is a Morton code: the bits of its channels, interleaved. If there are more distinct colours than a limit, low
bits are dropped, one by one, until few enough cells remain. The number of bits to drop follows from the set of all
colours, and sums are integers, so that a total does not depend on how the images were divided and merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import LimitError
from ..quant.histogram import ALPHA, VISIBLE, Counts, pack

Integers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

ONE = 1 << 16
"""The weight of a pixel."""

LIMIT = 1 << 17
"""Default maximum number of cells. Palettes of 500 tiles of photos were no better with eight times as many."""

_CODE_BITS = 32
_BLUE, _RED, _GREEN = 1, 2, 3  # positions of bits in a group of four; alpha, at 0, is dropped first and green last
_POSITIONS = (_RED, _GREEN, _BLUE, 0)
_MOST = 2.0**61 / 255  # maximum total weight: twice the sums of weight times channel fit into 64 bits


class ColorHistogram(NamedTuple):
    """Cells of colours with sums over their pixels.

    Attributes:
        keys: uint64[m], ascending: 0 for transparent, 1 for translucent and 2 for opaque colours, followed by a Morton
            code of 32 bits, of which the lowest are zero.
        weights: int64[m], sums of weights, 65,536 per pixel.
        sensed: int64[m], sums of weights times the sensitivity of the eye.
        offsets: int64[4, m], sums of weights times the difference of R, G, B and A from the smallest in the cell.
        dropped: number of low bits of the codes that are zero, 0..32.
    """

    keys: Keys
    weights: Integers
    sensed: Integers
    offsets: Integers
    dropped: int

    @property
    def bits(self) -> tuple[int, int, int, int]:
        """Number of bits of R, G, B and A that tell colours apart, 8 each unless the limit was exceeded."""
        red, green, blue, alpha = (8 - _count_dropped(self.dropped, position) for position in _POSITIONS)
        return red, green, blue, alpha

    @property
    def largest_change(self) -> int:
        """Bound, in levels, of the difference between any channel of a colour and the mean of its cell."""
        return (1 << 8 - min(self.bits)) - 1 if len(self.keys) else 0


EMPTY = ColorHistogram(
    np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty((4, 0), np.int64), 0
)


def to_histogram(counts: Counts, weight: float = 1.0, limit: int = LIMIT) -> ColorHistogram:
    """Return the histogram of counted colours.

    Args:
        counts: distinct colours, of which at most one is fully transparent, and their weights.
        weight: factor of all weights, more than 0; each colour keeps at least 1/65,536 of a pixel.
        limit: maximum number of cells, at least 3.

    Raises:
        LimitError: the weights are too large for 64 bits.
    """
    sensed = counts.weights if counts.sensed is None else counts.sensed
    _check_total(float(counts.weights.sum()) * weight * ONE)
    order = np.argsort(keys := _to_keys(counts.colors))
    exact = ColorHistogram(
        keys[order],
        _fixed_point(counts.weights[order] * weight),
        _fixed_point(sensed[order] * weight),
        np.zeros((4, len(order)), np.int64),
        0,
    )
    return _bounded(exact, limit)


def merge(histograms: Sequence[ColorHistogram], limit: int = LIMIT) -> ColorHistogram:
    """Return the sum of histograms that were made with the same limit; neither their order nor grouping matters.

    Args:
        histograms: any number.
        limit: maximum number of cells, at least 3.

    Raises:
        LimitError: the weights are too large for 64 bits.
    """
    if not histograms:
        return EMPTY
    dropped = max(each.dropped for each in histograms)
    coarse = [_coarsen(each, dropped) for each in histograms]
    joined = ColorHistogram(
        np.concatenate([each.keys for each in coarse]),
        np.concatenate([each.weights for each in coarse]),
        np.concatenate([each.sensed for each in coarse]),
        np.concatenate([each.offsets for each in coarse], axis=1),
        dropped,
    )
    _check_total(float(joined.weights.sum(dtype=np.float64)))
    order = np.argsort(joined.keys, kind="stable")
    return _bounded(_add_equal(joined, order), limit)


def to_counts(histogram: ColorHistogram, whole: bool = True) -> Counts:
    """Return the mean colour of each cell, rounded, with its weight in pixels; fully transparent colours become 0.

    Args:
        histogram: the histogram.
        whole: False if its colours are those of samples.
    """
    packed = _mean_colors(histogram)
    packed[packed < VISIBLE] = 0
    sensed = histogram.sensed / float(ONE)
    return Counts(packed, histogram.weights / float(ONE), whole and histogram.dropped == 0, sensed)


def heaviest_color(histogram: ColorHistogram) -> int:
    """Return the packed mean colour of the cell of largest weight, the first of equals; 0 if there is none."""
    return int(_mean_colors(histogram)[np.argmax(histogram.weights)]) if len(histogram.keys) else 0


def _check_total(weight: float) -> None:
    if weight > _MOST:
        raise LimitError(f"the images have more than {_MOST / ONE:.0e} weighted pixels: use several palettes")


def _fixed_point(weights: npt.NDArray[np.float64]) -> Integers:
    scaled: Integers = np.maximum(np.floor(weights * ONE + 0.5), 1.0).astype(np.int64)
    return scaled


def _count_dropped(dropped: int, position: int) -> int:
    return (dropped + 3 - position) // 4


def _bounded(histogram: ColorHistogram, limit: int) -> ColorHistogram:
    """Drop as few bits as possible, so that at most `limit` cells remain."""
    keys = histogram.keys
    if len(keys) <= limit:
        return histogram
    # Two neighbours stay apart while the highest bit in which they differ is not dropped.
    highest = np.frexp((keys[1:] ^ keys[:-1]).astype(np.float64))[1] - 1
    apart = np.bincount(highest, minlength=_CODE_BITS + 2)
    cells = 1 + np.cumsum(apart[::-1])[::-1]  # cells[b]: number of cells without the lowest b bits
    return _coarsen(histogram, int(np.argmax(cells <= limit)))


def _coarsen(histogram: ColorHistogram, dropped: int) -> ColorHistogram:
    """Merge cells that differ only in the `dropped` lowest bits."""
    if dropped == histogram.dropped:
        return histogram
    low = np.uint64((1 << dropped) - 1)
    offsets = np.empty_like(histogram.offsets)
    for channel in range(4):
        offsets[channel] = histogram.offsets[channel] + histogram.weights * _channel(histogram.keys & low, channel)
    coarse = histogram._replace(keys=histogram.keys & ~low, offsets=offsets, dropped=dropped)
    return _add_equal(coarse, np.arange(len(coarse.keys)))


def _add_equal(cells: ColorHistogram, order: npt.NDArray[np.intp]) -> ColorHistogram:
    """Add up cells with equal keys; `order` sorts the keys."""
    if not len(order):
        return cells
    keys = cells.keys[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    offsets = np.empty((4, len(first)), np.int64)
    for channel in range(4):  # one by one, to hold one copy at a time
        offsets[channel] = np.add.reduceat(cells.offsets[channel, order], first)
    weights, sensed = (np.add.reduceat(sums[order], first) for sums in (cells.weights, cells.sensed))
    return cells._replace(keys=keys[first], weights=weights, sensed=sensed, offsets=offsets)


def _to_keys(colors: npt.NDArray[np.uint32]) -> Keys:
    """Return the keys of packed colours, uint64[m]."""
    keys = (colors >= VISIBLE).astype(np.uint64) + (colors >= ALPHA).astype(np.uint64) << np.uint64(_CODE_BITS)
    for channel, position in enumerate(_POSITIONS):
        x = (colors >> np.uint32(8 * channel) & np.uint32(255)).astype(np.uint64)
        x = (x | x << np.uint64(12)) & np.uint64(0x000F000F)
        x = (x | x << np.uint64(6)) & np.uint64(0x03030303)
        x = (x | x << np.uint64(3)) & np.uint64(0x11111111)
        keys |= x << np.uint64(position)
    return keys


def _channel(keys: Keys, channel: int) -> Integers:
    """Return R, G, B or A (0..3) of the Morton codes, int64[m]."""
    x = keys >> np.uint64(_POSITIONS[channel]) & np.uint64(0x11111111)
    x = (x | x >> np.uint64(3)) & np.uint64(0x03030303)
    x = (x | x >> np.uint64(6)) & np.uint64(0x000F000F)
    return ((x | x >> np.uint64(12)) & np.uint64(0xFF)).astype(np.int64)


def _mean_colors(histogram: ColorHistogram) -> npt.NDArray[np.uint32]:
    """Return the mean of each cell, rounded half up, as packed colours uint32[m]; they are distinct."""
    means = np.empty((len(histogram.keys), 4), np.uint8)
    for channel in range(4):
        mean = (2 * histogram.offsets[channel] + histogram.weights) // (2 * histogram.weights)
        means[:, channel] = _channel(histogram.keys, channel) + mean
    return pack(means)
