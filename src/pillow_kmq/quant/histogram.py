"""Counting colours: distinct RGBA values with weights, and their merging into bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .._jit import inlined, kernel

ALPHA = np.uint32(0xFF000000)
"""The alpha byte of a packed pixel: 0xAABBGGRR, that is R, G, B, A in memory on a little-endian machine."""

_HASH = np.uint64(0x9E3779B1)  # Knuth's multiplicative constant, 2**32 / golden ratio
_FIRST_BITS = 12
_NO_WEIGHTS = np.ones(1, np.float32)


@inlined
def _slot(value, shift):  # type: ignore[no-untyped-def]
    """The high 32 - shift bits of the 32-bit product."""
    return np.uint32((np.uint64(value) * _HASH & np.uint64(0xFFFFFFFF)) >> np.uint64(shift))


@kernel
def _count(pixels, weights, start, table, shift, colors, totals, ids, found):  # type: ignore[no-untyped-def]
    """Number distinct pixels in order of appearance and add up their weights.

    table uint64[2**(32 - shift)]: a value, and 2**32 times its number + 1; open addressing with linear probing.
    weights [n], or [1] for all. Stops when `colors` is full. Returns how far it came in `pixels`, and how many
    colours there are.
    """
    mask = np.uint32(table.shape[0] - 1)
    each = weights.shape[0] > 1
    for i in range(start, pixels.shape[0]):
        value = pixels[i]
        if i > start and value == pixels[i - 1]:  # runs are common in drawn images
            number = ids[i - 1]
        else:
            slot = _slot(value, shift)
            held = table[slot]
            while held != 0 and np.uint32(held) != value:
                slot = np.uint32(slot + np.uint32(1)) & mask
                held = table[slot]
            number = np.int32(np.int64(held >> np.uint64(32)) - 1)
            if number < 0:
                if found >= colors.shape[0]:
                    return i, found
                number = np.int32(found)
                table[slot] = np.uint64(value) | np.uint64(found + 1) << np.uint64(32)
                colors[found] = value
                totals[found] = 0.0
                found += 1
        ids[i] = number
        totals[number] += weights[i] if each else weights[0]
    return pixels.shape[0], found


@kernel
def _rehash(colors, table, shift):  # type: ignore[no-untyped-def]
    mask = np.uint32(table.shape[0] - 1)
    for j in range(colors.shape[0]):
        slot = _slot(colors[j], shift)
        while table[slot] != 0:
            slot = np.uint32(slot + np.uint32(1)) & mask
        table[slot] = np.uint64(colors[j]) | np.uint64(j + 1) << np.uint64(32)


class Counter:
    """The distinct colours of pixels that come block by block, with their weights.

    Past `limit` colours it stops counting and `full` is true.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.full = False
        self._found = 0
        self._colors = np.empty(0, np.uint32)
        self._totals = np.empty(0)
        self._shift = 32 - _FIRST_BITS
        self._grow()

    def _grow(self) -> None:
        """Make room for twice as many colours; the table stays at most half full."""
        self._shift -= 1
        room = min(self._limit, 1 << (31 - self._shift))
        colors, totals = np.empty(room, np.uint32), np.empty(room)
        colors[: self._found] = self._colors
        totals[: self._found] = self._totals
        self._colors, self._totals = colors, totals
        self._table = np.zeros(1 << (32 - self._shift), np.uint64)
        _rehash(colors[: self._found], self._table, self._shift)

    def add(
        self, pixels: npt.NDArray[np.uint32], weights: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.int32]:
        """Count packed pixels uint32[n], each with its weight; returns the colour number of each, int32[n]."""
        if weights is None or len(pixels) <= 1:
            weights = _NO_WEIGHTS if weights is None else weights[:1]
        ids = np.empty(len(pixels), np.int32)
        at = 0
        while not self.full:
            at, self._found = _count(
                pixels, weights, at, self._table, self._shift, self._colors, self._totals, ids, self._found
            )
            if at == len(pixels):
                break
            if self._found == self._limit:
                self.full = True
            else:
                self._grow()
        return ids

    @property
    def colors(self) -> npt.NDArray[np.uint32]:
        """The distinct values in order of appearance, uint32[m]."""
        return self._colors[: self._found]

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """The weight of each, float64[m]."""
        return self._totals[: self._found]


def pack(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """RGBA bytes, uint8[..., 4], as packed pixels, uint32[n]."""
    return np.ascontiguousarray(pixels).reshape(-1, 4).view("<u4").astype(np.uint32, copy=False).ravel()


def unpack(colors: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Packed pixels, uint32[n], as RGBA bytes, uint8[n, 4]."""
    return np.ascontiguousarray(colors).astype("<u4", copy=False).view(np.uint8).reshape(-1, 4)


@dataclass(frozen=True)
class Histogram:
    """Colours and how much each weighs, sorted: translucent ones first, neighbours alike.

    colors: float32[m, 4], straight R, G, B and A, 0..255: a colour, or the mean of a bin's.
    weights: float32[m], > 0.
    translucent: how many of the first ones are not opaque.
    """

    colors: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    translucent: int


@kernel
def _morton(colors, codes):  # type: ignore[no-untyped-def]
    """Interleave the bits of R, G, B and A, so that near codes are near colours; opaque colours come last."""
    for i in range(colors.shape[0]):
        value = colors[i]
        code = np.uint64(0)
        for bit in range(7, -1, -1):
            for channel in range(4):
                code = code << np.uint64(1) | np.uint64(value >> np.uint32(8 * channel + bit) & np.uint32(1))
        if value >= ALPHA:
            code |= np.uint64(1 << 32)
        codes[i] = code


@kernel
def _sum_bins(colors, weights, ids, sums):  # type: ignore[no-untyped-def]
    low = np.uint32(255)
    for i in range(colors.shape[0]):
        j = ids[i]
        value = colors[i]
        alpha = weights[i] * np.float64(value >> np.uint32(24))
        sums[j, 0] += alpha * np.float64(value & low)
        sums[j, 1] += alpha * np.float64(value >> np.uint32(8) & low)
        sums[j, 2] += alpha * np.float64(value >> np.uint32(16) & low)
        sums[j, 3] += alpha
        sums[j, 4] += weights[i]


def _sorted(colors: npt.NDArray[np.uint32]) -> npt.NDArray[np.intp]:
    codes = np.empty(len(colors), np.uint64)
    _morton(colors, codes)
    return np.argsort(codes)  # no two are equal


def merge(colors: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64], bits: int) -> Histogram:
    """Merge visible colours, uint32[m], that agree in the `bits` high bits of every channel (1..8; 8 merges nothing).

    Means are exact, and of premultiplied colour: what is hardly visible hardly counts. Fully opaque colours
    share no bin with others, so that opaque stays opaque.
    """
    if bits >= 8:
        order = _sorted(colors)
        rgba = unpack(colors[order]).astype(np.float32)
        return Histogram(rgba, weights[order].astype(np.float32), int(np.count_nonzero(colors < ALPHA)))
    keys = colors & np.uint32(((0xFF << (8 - bits)) & 0xFF) * 0x01010101)
    keys[colors >= ALPHA] |= ALPHA
    bins = Counter(len(keys))
    ids = bins.add(keys)
    sums = np.zeros((len(bins.colors), 5))
    _sum_bins(colors, weights, ids, sums)
    sums = sums[_sorted(bins.colors)]
    mean = np.empty((len(sums), 4), np.float32)
    mean[:, :3] = sums[:, :3] / sums[:, 3:4]
    mean[:, 3] = sums[:, 3] / sums[:, 4]
    return Histogram(mean, sums[:, 4].astype(np.float32), int(np.count_nonzero(bins.colors < ALPHA)))
