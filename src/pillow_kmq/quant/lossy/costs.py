"""Estimated cost in bits of each index, given its neighbours, as context-coding formats such as KMQ see it.

A pixel is first compared with the previous frame of an animation, then with its left neighbour W and its upper
neighbour N. Each comparison is a flag, whose probability depends on which neighbours equal each other. The probability
of any other index is the mean of two, one conditioned on W and one on N. All are relative frequencies in the picture.
Deflate codes repetitions with fewer bits, too, so that the same choice suits it.

LZW, the coder of GIF files, knows only what comes before an index in its row, and its dictionary is too small for most
pairs of 256 colours. For it, the probability of every index is its frequency after W, mixed with its frequency in the
picture, which counts as much as hundreds of observations.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f32_1d, f32_2d, flag, i32_2d, i64, u8_2d, u16_flat
from ...types import Indices

_DROP = 4  # bits of probabilities, of 16, that the table of logarithms ignores
_STEPS = 1 << 16 - _DROP
_SHARED = 8.0  # observations that the overall frequency of an index counts for in every context
_SHARED_LZW = 512.0  # the same for LZW
_BITS = np.array([round(-math.log2((i + 0.5) / _STEPS / 2) * 2**16) for i in range(2 * _STEPS)])


class Counts(NamedTuple):
    """Frequencies, int32; filled by `_count`.

    Attributes:
        west: [16, 2], by shape: index differs from W, equals W.
        north: [16, 2], by shape, among those that differ from W: differs from N, equals N.
        kept: [8, 2], by the neighbours kept: index differs from that of the previous frame, equals it.
        after_west: [k, k], by W: other indices.
        after_north: [k, k], by N: other indices.
        lzw: whether costs are those of LZW: `after_west` counts all indices, and `west` and `north` none.
    """

    west: i32_2d
    north: i32_2d
    kept: i32_2d
    after_west: i32_2d
    after_north: i32_2d
    lzw: flag


class Costs(NamedTuple):
    """Costs, float32 unless stated; made by `costs_of`.

    Attributes:
        west: [16, 2], bits of the flag for W, by shape.
        north: [16, 2], bits of the flag for N, by shape.
        kept: [8, 2], bits of the flag for the previous frame.
        after_west: uint16[k * k], probability of other indices, by W, in units of 2**-16.
        after_north: uint16[k * k], probability of other indices, by N.
        colors: k.
        bits: [2 * 4096], bits by the sum of two probabilities, in units of 1/4096.
        lzw: whether `after_west` is of all indices, and alone determines their costs.
    """

    west: f32_2d
    north: f32_2d
    kept: f32_2d
    after_west: u16_flat
    after_north: u16_flat
    colors: i64
    bits: f32_1d
    lzw: flag


def _shape(w, n, nw, ne):  # type: ignore[no-untyped-def]
    """Return which neighbours equal each other, 0..15; 8 and more if W equals N."""
    return 8 * (w == n) + 4 * (w == nw) + 2 * (n == nw) + (n == ne)


def cost(costs, value, w, n, nw, ne):  # type: ignore[no-untyped-def]
    """Return the bits of an index within one picture."""
    if costs.lzw:
        return costs.bits[2 * np.int64(costs.after_west[w * costs.colors + value]) >> _DROP]
    shape = _shape(w, n, nw, ne)
    if value == w:
        return costs.west[shape, 1]
    bits = costs.west[shape, 0]
    if value == n:
        return bits + costs.north[shape, 1]
    k = costs.colors
    likely = np.int64(costs.after_west[w * k + value]) + np.int64(costs.after_north[n * k + value])
    return bits + costs.north[shape, 0] + costs.bits[likely >> _DROP]


def neighbours(indices, x, y):  # type: ignore[no-untyped-def]
    """Return W, N, NW and NE of a pixel; those outside the picture are replaced by others, or by 0."""
    width = indices.shape[1]
    if y == 0:
        w = np.int64(indices[y, x - 1]) if x > 0 else np.int64(0)
        return w, w, w, w
    n = np.int64(indices[y - 1, x])
    w = np.int64(indices[y, x - 1]) if x > 0 else n
    nw = np.int64(indices[y - 1, x - 1]) if x > 0 else n
    ne = np.int64(indices[y - 1, x + 1]) if x + 1 < width else n
    return w, n, nw, ne


def kept_before(indices, before, x, y):  # type: ignore[no-untyped-def]
    """Return which of W, N and NE equal the previous frame, 0..7; those outside the picture count as equal."""
    width = indices.shape[1]
    w = x == 0 or indices[y, x - 1] == before[y, x - 1]
    n = y == 0 or indices[y - 1, x] == before[y - 1, x]
    ne = y == 0 or x + 1 == width or indices[y - 1, x + 1] == before[y - 1, x + 1]
    return 4 * w + 2 * n + ne


@kernel
def _count(indices: u8_2d, before: u8_2d, animated: flag, start: i64, stop: i64, step: i64, counts: Counts) -> None:
    """Add `step` to the counts of all pixels in some rows.

    Args:
        indices: uint8[h, w].
        before: uint8[h, w], the previous frame if `animated`, otherwise any array.
        animated: whether there is a previous frame.
        start: the first row.
        stop: the row after the last.
        step: 1 or -1.
        counts: frequencies, changed.
    """
    for y in range(start, stop):
        for x in range(indices.shape[1]):
            value = np.int64(indices[y, x])
            if animated:
                same = value == before[y, x]
                counts.kept[kept_before(indices, before, x, y), np.int64(same)] += step
                if same:
                    continue
            w, n, nw, ne = neighbours(indices, x, y)
            if counts.lzw:
                counts.after_west[w, value] += step
                continue
            shape = _shape(w, n, nw, ne)
            counts.west[shape, np.int64(value == w)] += step
            if value != w:
                counts.north[shape, np.int64(value == n)] += step
                if value != n:
                    counts.after_west[w, value] += step
                    counts.after_north[n, value] += step


KERNELS = (_count,)


def no_counts(k: int, *, lzw: bool = False) -> Counts:
    """Return counts of no pixels.

    Args:
        k: number of entries.
        lzw: whether costs are to be those of LZW.
    """

    def zeros(*shape: int) -> npt.NDArray[np.int32]:
        return np.zeros(shape, np.int32)

    return Counts(zeros(16, 2), zeros(16, 2), zeros(8, 2), zeros(k, k), zeros(k, k), lzw)


def copy_of(counts: Counts) -> Counts:
    """Return a copy, whose arrays can be changed."""
    west, north, kept, after_west, after_north, lzw = counts
    return Counts(west.copy(), north.copy(), kept.copy(), after_west.copy(), after_north.copy(), lzw)


def count(counts: Counts, indices: Indices, before: Indices | None, start: int, stop: int, step: int = 1) -> None:
    """Add `step` to the counts of the pixels in the rows start <= y < stop.

    Args:
        counts: frequencies, changed.
        indices: uint8[h, w], all below k.
        before: the previous frame, uint8[h, w], or None.
        start: first row.
        stop: last row, exclusive.
        step: 1 or -1.
    """
    _count(indices, indices if before is None else before, before is not None, start, stop, step, counts)


def costs_of(counts: Counts) -> Costs:
    """Return the costs that follow from counts."""
    west, north, kept = (_flag_bits(table) for table in (counts.west, counts.north, counts.kept))
    north[8:] = 0.0  # where N equals W, there is no flag for N
    overall = counts.after_west.sum(0) + 0.5
    overall *= (_SHARED_LZW if counts.lzw else _SHARED) / overall.sum()
    after_west, after_north = (_likelihoods(table, overall) for table in (counts.after_west, counts.after_north))
    bits = (_BITS / 2**16).astype(np.float32)
    return Costs(west, north, kept, after_west, after_north, len(overall), bits, counts.lzw)


def _flag_bits(table: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    shares = (table + 0.5) / (table.sum(1, keepdims=True) + 1.0)
    bits: npt.NDArray[np.float32] = (_BITS[(shares * 2 * _STEPS).astype(np.int64)] / 2**16).astype(np.float32)
    return bits


def _likelihoods(table: npt.NDArray[np.int32], overall: npt.NDArray[np.float64]) -> npt.NDArray[np.uint16]:
    shares = (table + overall) / (table.sum(1, keepdims=True) + overall.sum())
    likely: npt.NDArray[np.uint16] = np.minimum(shares * 2**16, 2**16 - 1).astype(np.uint16).reshape(-1)
    return likely
