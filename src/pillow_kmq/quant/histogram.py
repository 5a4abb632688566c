"""Counting colours: distinct RGBA values with weights, and their merging into bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .._jit import kernel

ALPHA = np.uint32(0xFF000000)
"""The alpha byte of a packed pixel: 0xAABBGGRR, that is R, G, B, A in memory on a little-endian machine."""

_HASH = np.uint32(0x9E3779B1)  # Knuth's multiplicative constant, 2**32 / golden ratio


@kernel
def _distinct(pixels, table, shift, colors, counts, ids, limit):  # type: ignore[no-untyped-def]
    """Number the distinct values of `pixels` in order of appearance; returns their count, or -1 past `limit`.

    table int32[2**(32 - shift)], filled with -1: open addressing with linear probing.
    """
    mask = np.uint32(table.shape[0] - 1)
    found = 0
    last = np.uint32(0)
    last_id = np.int32(-1)
    for i in range(pixels.shape[0]):
        value = pixels[i]
        if last_id >= 0 and value == last:  # runs are common in drawn images
            ids[i] = last_id
            counts[last_id] += 1
            continue
        slot = np.uint32(np.uint32(value * _HASH) >> np.uint32(shift))
        while table[slot] >= 0 and colors[table[slot]] != value:
            slot = np.uint32(slot + np.uint32(1)) & mask
        if table[slot] < 0:
            if found >= limit:
                return -1
            table[slot] = np.int32(found)
            colors[found] = value
            counts[found] = 0
            found += 1
        last = value
        last_id = table[slot]
        ids[i] = last_id
        counts[last_id] += 1
    return found


@dataclass(frozen=True)
class Distinct:
    """The distinct values among some pixels.

    colors: uint32[m], packed 0xAABBGGRR, in order of appearance.
    counts: int64[m], how often each occurs.
    ids: int32[n], for each pixel its position in `colors`.
    """

    colors: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]


def distinct(pixels: npt.NDArray[np.uint32], limit: int | None = None) -> Distinct | None:
    """Find the distinct values of `pixels`, uint32[n]; None when there are more than `limit` of them."""
    n = pixels.shape[0]
    limit = n if limit is None else min(limit, n)
    bits = max(4, int(2 * limit + 1).bit_length())
    table = np.full(1 << bits, -1, np.int32)
    colors = np.empty(limit + 1, np.uint32)
    counts = np.empty(limit + 1, np.int64)
    ids = np.empty(n, np.int32)
    found = _distinct(pixels, table, 32 - bits, colors, counts, ids, limit)
    if found < 0:
        return None
    return Distinct(colors[:found].copy(), counts[:found].copy(), ids)


def pack(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """RGBA bytes, uint8[..., 4], as packed pixels, uint32[n]."""
    return np.ascontiguousarray(pixels).reshape(-1, 4).view("<u4").astype(np.uint32, copy=False).ravel()


def unpack(colors: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Packed pixels, uint32[n], as RGBA bytes, uint8[n, 4]."""
    return np.ascontiguousarray(colors).astype("<u4", copy=False).view(np.uint8).reshape(-1, 4)


@dataclass(frozen=True)
class Histogram:
    """Colours and how much each weighs.

    colors: float32[m, 4], straight R, G, B and A, 0..255: a colour, or the mean of a bin's.
    weights: float32[m], > 0.
    """

    colors: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]


def merge(colors: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64], bits: int) -> Histogram:
    """Merge colours that agree in the `bits` high bits of every channel (1..8; 8 merges nothing).

    Means are exact, and of premultiplied colour: what is hardly visible hardly counts. Fully opaque colours
    share no bin with others, so that opaque stays opaque.
    """
    rgba = unpack(colors).astype(np.float64)
    if bits >= 8:
        return Histogram(rgba.astype(np.float32), weights.astype(np.float32))
    mask = np.uint32(((0xFF << (8 - bits)) & 0xFF) * 0x01010101)
    keys = colors & mask
    keys[colors >= ALPHA] |= ALPHA
    bins = distinct(keys)
    assert bins is not None
    m = len(bins.colors)
    alpha = weights * rgba[:, 3]
    total_alpha = np.bincount(bins.ids, alpha, m)
    mean = np.empty((m, 4), np.float32)
    for channel in range(3):
        mean[:, channel] = np.bincount(bins.ids, alpha * rgba[:, channel], m) / np.maximum(total_alpha, 1e-30)
    total = np.bincount(bins.ids, weights, m)
    mean[:, 3] = total_alpha / total
    return Histogram(mean, total.astype(np.float32))
