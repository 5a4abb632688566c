"""Colour histograms: distinct RGBA values with weights, and their merging into bins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ..kernels import kernel
from ..kernels.types import f32_1d, f32_2d, f64_1d, i64, i64_1d, u32_1d, u64_1d

ALPHA = np.uint32(0xFF000000)
"""The alpha byte of a packed pixel 0xAABBGGRR, which is R, G, B, A in memory on a little-endian machine."""

VISIBLE = np.uint32(0x01000000)
"""The smallest packed pixel that is not fully transparent."""

_HASH = np.uint64(0x9E3779B1)  # Knuth's multiplicative constant, 2**32 / golden ratio
_FIRST_BITS = 12  # bits of the first hash table, before it grows
_NO_WEIGHTS = np.ones(1, np.float32)


def _slot(value, shift):  # type: ignore[no-untyped-def]
    """Return the high 32 - shift bits of the 32-bit product."""
    return np.uint32((np.uint64(value) * _HASH & np.uint64(0xFFFFFFFF)) >> np.uint64(shift))


@kernel
def _count(
    pixels: u32_1d,
    weights: f32_1d,
    sensitivities: f32_1d,
    start: i64,
    table: u64_1d,
    shift: i64,
    colors: u32_1d,
    totals: f64_1d,
    sensed: f64_1d,
    found: i64,
) -> tuple[int, int]:
    """Number distinct pixels in order of appearance and add up their weights, until `colors` is full.

    Args:
        pixels: uint32[n], packed.
        weights: float32[n], or [1] for all pixels.
        sensitivities: float32[n], or [1] for all pixels.
        start: first pixel to count.
        table: uint64[2**(32 - shift)], entries value | (number + 1) << 32; open addressing with linear probing.
        shift: 32 less the bits of a hash.
        colors: uint32[limit], written.
        totals: float64[limit], written: sums of weights.
        sensed: float64[limit], written: sums of weights times sensitivities.
        found: number of colours so far.

    Returns:
        The number of pixels read, and of colours found.
    """
    mask = np.uint32(table.shape[0] - 1)
    each = weights.shape[0] > 1
    sensitive = sensitivities.shape[0] > 1
    for i in range(start, pixels.shape[0]):
        value = pixels[i]
        slot = _slot(value, shift)
        held = table[slot]
        while held != 0 and np.uint32(held) != value:
            slot = np.uint32(slot + np.uint32(1)) & mask
            held = table[slot]
        number = np.int64(held >> np.uint64(32)) - 1
        if number < 0:
            if found >= colors.shape[0]:
                return i, found
            number = found
            table[slot] = np.uint64(value) | np.uint64(found + 1) << np.uint64(32)
            colors[found] = value
            totals[found] = 0.0
            sensed[found] = 0.0
            found += 1
        weight = np.float64(weights[i] if each else weights[0])
        totals[number] += weight
        sensed[number] += weight * np.float64(sensitivities[i] if sensitive else sensitivities[0])
    return pixels.shape[0], found


@kernel
def _rehash(colors: u32_1d, table: u64_1d, shift: i64) -> None:
    mask = np.uint32(table.shape[0] - 1)
    for j in range(colors.shape[0]):
        slot = _slot(colors[j], shift)
        while table[slot] != 0:
            slot = np.uint32(slot + np.uint32(1)) & mask
        table[slot] = np.uint64(colors[j]) | np.uint64(j + 1) << np.uint64(32)


COUNTING = (_count, _rehash)


class Counter:
    """The distinct colours of pixels that come block by block, with their weights.

    Beyond `limit` colours it stops counting and sets `full`.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.full = False
        self._found = 0
        self._colors = np.empty(0, np.uint32)
        self._totals, self._sensed = np.empty(0), np.empty(0)
        self._shift = 32 - _FIRST_BITS
        self._grow()

    def _grow(self) -> None:
        """Double the capacity; the table stays at most half full."""
        self._shift -= 1
        room = min(self._limit, 1 << (31 - self._shift))
        colors, totals, sensed = np.empty(room, np.uint32), np.empty(room), np.empty(room)
        colors[: self._found] = self._colors
        totals[: self._found] = self._totals
        sensed[: self._found] = self._sensed
        self._colors, self._totals, self._sensed = colors, totals, sensed
        self._table = np.zeros(1 << (32 - self._shift), np.uint64)
        if self._found:
            _rehash(colors[: self._found], self._table, self._shift)

    def add(
        self,
        pixels: npt.NDArray[np.uint32],
        weights: npt.NDArray[np.float32] | None = None,
        sensitivities: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """Count packed pixels.

        Args:
            pixels: uint32[n].
            weights: float32[n]; None weighs each pixel 1.
            sensitivities: float32[n]; None is 1 for each pixel.
        """
        weights = _NO_WEIGHTS if weights is None else weights
        sensitivities = _NO_WEIGHTS if sensitivities is None else sensitivities
        at = 0
        while not self.full:
            at, self._found = _count(
                pixels,
                weights,
                sensitivities,
                at,
                self._table,
                self._shift,
                self._colors,
                self._totals,
                self._sensed,
                self._found,
            )
            if at == len(pixels):
                break
            if self._found == self._limit:
                self.full = True
            else:
                self._grow()

    @property
    def colors(self) -> npt.NDArray[np.uint32]:
        """The distinct colours in order of appearance, uint32[m]."""
        return self._colors[: self._found]

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """The weight of each colour, float64[m]."""
        return self._totals[: self._found]

    @property
    def sensed(self) -> npt.NDArray[np.float64]:
        """The sum of weight times sensitivity of each colour, float64[m]."""
        return self._sensed[: self._found]


def clear_invisible(pixels: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return packed pixels, uint32[...], with all fully transparent ones set to 0."""
    return pixels * (pixels >= VISIBLE)


def pack(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Pack RGBA bytes, uint8[..., 4], into pixels, uint32[n]."""
    return np.ascontiguousarray(pixels).reshape(-1, 4).view("<u4").astype(np.uint32, copy=False).ravel()


def unpack(colors: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Unpack pixels, uint32[n], into RGBA bytes, uint8[n, 4]."""
    return np.ascontiguousarray(colors).astype("<u4", copy=False).view(np.uint8).reshape(-1, 4)


Blocks: TypeAlias = Iterable[tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]]
"""Packed colours, uint32[m], with their weights, float64[m], block by block."""


class Counts(NamedTuple):
    """Distinct colours and their weights.

    Attributes:
        colors: uint32[m], packed as 0xAABBGGRR.
        weights: float64[m].
        whole: whether these are all colours of the image, not those of a sample.
        sensed: float64[m], weights times the sensitivity of the eye at the pixels, or None if that is uniform.
        hidden: red, green and blue of the fully transparent entry, 0x00BBGGRR.
    """

    colors: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float64]
    whole: bool = True
    sensed: npt.NDArray[np.float64] | None = None
    hidden: int = 0


@dataclass(frozen=True)
class Histogram:
    """Weighted bins in Morton order, translucent ones first.

    Attributes:
        colors: float32[m, 4], straight R, G, B and A, 0..255: a colour, or the mean of a bin.
        weights: float32[m], > 0.
        translucent: number of leading bins that are not opaque.
    """

    colors: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    translucent: int


_INDEX_BITS = 20  # low bits of a sort key, below the 33 bits of the Morton code
MOST_COLORS = 1 << _INDEX_BITS
"""Maximum number of colours that can be sorted."""


def _spread(byte):  # type: ignore[no-untyped-def]
    """Return eight bits spaced four bits apart."""
    x = np.uint64(byte)
    x = (x | x << np.uint64(12)) & np.uint64(0x000F000F)
    x = (x | x << np.uint64(6)) & np.uint64(0x03030303)
    return (x | x << np.uint64(3)) & np.uint64(0x11111111)


@kernel
def _sort_keys(colors: u32_1d, keys: u64_1d) -> None:
    """Write Morton codes, the interleaved bits of R, G, B and A, opaque colours last, followed by the index."""
    low = np.uint32(255)
    for i in range(colors.shape[0]):
        value = colors[i]
        code = _spread(value & low) << np.uint64(3) | _spread(value >> np.uint32(8) & low) << np.uint64(2)
        code |= _spread(value >> np.uint32(16) & low) << np.uint64(1) | _spread(value >> np.uint32(24))
        if value >= ALPHA:
            code |= np.uint64(1 << 32)
        keys[i] = code << np.uint64(_INDEX_BITS) | np.uint64(i)


@kernel
def _count_bins(keys: u64_1d, counts: i64_1d) -> None:
    """Count the bins for each number of bits per channel, 0..8: counts int64[9]."""
    for bits in range(9):
        counts[bits] = 1
    for i in range(1, keys.shape[0]):
        differ = (keys[i] ^ keys[i - 1]) >> np.uint64(_INDEX_BITS)
        for bits in range(8, -1, -1):
            if differ >> np.uint64(4 * (8 - bits)) == 0:
                break
            counts[bits] += 1


@kernel
def _merge(keys: u64_1d, colors: u32_1d, weights: f64_1d, bits: i64, means: f32_2d, totals: f32_1d) -> int:
    """Write the mean colour and weight of each bin of `bits` bits; return the number of translucent bins."""
    low = np.uint32(255)
    shift = np.uint64(_INDEX_BITS + 4 * (8 - bits))
    n = keys.shape[0]
    i = 0
    translucent = 0
    for j in range(means.shape[0]):
        cell = keys[i] >> shift
        red, green, blue, alpha, total = 0.0, 0.0, 0.0, 0.0, 0.0
        value = np.uint32(0)
        while i < n and keys[i] >> shift == cell:
            number = keys[i] & np.uint64((1 << _INDEX_BITS) - 1)
            value = colors[number]
            weight = weights[number]
            visible = weight * np.float64(value >> np.uint32(24))
            red += visible * np.float64(value & low)
            green += visible * np.float64(value >> np.uint32(8) & low)
            blue += visible * np.float64(value >> np.uint32(16) & low)
            alpha += visible
            total += weight
            i += 1
        means[j, 0] = red / alpha
        means[j, 1] = green / alpha
        means[j, 2] = blue / alpha
        means[j, 3] = alpha / total
        totals[j] = total
        if value < ALPHA:
            translucent += 1
    return translucent


SORTING = (_sort_keys, _count_bins, _merge)


class Sorted:
    """Distinct visible colours in Morton order, to be merged into bins of any size."""

    def __init__(self, colors: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64]) -> None:
        """Sort colours.

        Args:
            colors: uint32[m], packed, m = 1..MOST_COLORS.
            weights: float64[m], > 0.
        """
        self._colors, self._weights = colors, weights
        self._keys = np.empty(len(colors), np.uint64)
        _sort_keys(colors, self._keys)
        self._keys.sort()
        self.counts = np.empty(9, np.int64)
        _count_bins(self._keys, self.counts)

    def merge(self, bits: int) -> Histogram:
        """Merge colours that agree in the `bits` high bits of every channel, 0..8, into `counts[bits]` bins.

        Means are exact and of premultiplied colour, so that a colour counts in proportion to its alpha. Opaque colours
        never share a bin with others, so that opaque stays opaque.
        """
        number = int(self.counts[bits])
        means, totals = np.empty((number, 4), np.float32), np.empty(number, np.float32)
        translucent = _merge(self._keys, self._colors, self._weights, bits, means, totals)
        return Histogram(means, totals, translucent)
