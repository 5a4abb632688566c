"""Exact nearest palette entries of RGBA colours, by candidate lists.

The working space is divided into cells. The list of a cell holds every entry that can be nearest to a point of the
cell: all entries whose distance to its box is at most the smallest maximum distance of any entry. Lists are made on
first use. A small cache from RGBA value to entry comes first, since neighbouring pixels are similar.

Opaque colours always map to opaque entries and fully transparent ones to the first fully transparent entry, whatever
the distance, provided that the palette has such entries.

Source: after M. E. Celebi, "Improving the performance of k-means for color quantization", Image and Vision Computing 29
(2011) and the cell lists of P. S. Heckbert, "Color image quantization for frame buffer display", SIGGRAPH 1982.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..color import LINEAR, SPACES, to_point, to_points
from ..kernels import kernel
from ..kernels.types import f32_2d, f32_3d, f64_1d, i16_1d, i16_2d, i32_1d, i32_2d, i64, i64_1d, u8_1d, u32_1d
from .histogram import ALPHA

_BITS3, _BITS4 = 5, 4  # cells per coordinate: 2**5 without alpha, 2**4 with it
_POOL = 1 << 20  # bytes of all candidate lists
_CACHE_BITS = 16  # the cache has 2**16 slots
_HASH = np.uint64(0x9E3779B1)  # Knuth's multiplicative constant, 2**32 / golden ratio

# Bounds of each coordinate of a space, for alpha 0..1.
_RANGES = {
    "srgb": ((-127.5, 127.5), (-127.5, 127.5), (-127.5, 127.5), (0.0, 220.84)),
    "linear": ((-127.5, 127.5), (-127.5, 127.5), (-127.5, 127.5), (0.0, 220.84)),
    "oklab": ((-50.0, 50.0), (-23.5, 27.7), (-31.3, 20.0), (0.0, 50.0)),
}


class Nearest(NamedTuple):
    """State of nearest-entry look-ups in kernels; made by `nearest_finder`.

    In arrays of two rows, row 0 is for translucent colours and row 1 for opaque ones.

    Attributes:
        linear: color.LINEAR.
        space: number of the space in color.SPACES.
        points: float32[4, k], the palette in the working space.
        low: float32[2, 4], corner of the first cell.
        width: float32[2, 4], size of a cell.
        cells: float32[2, 4], its inverse.
        entries: int16[2, k], the entries to choose from.
        sizes: int64[2], the number of these.
        choice: float32[2, 4, k], the points of these.
        bounds: float32[2, k], scratch.
        order: int32[2, k], a view of `bounds`: non-negative floats sort like their bits.
        transparent: the entry of fully transparent colours, or -1.
        starts: int32[2, cells], start of the list of each cell in the pool, -1 if not made yet.
        pool: uint8[], lists, each preceded by its length (0 means 256).
        used: int64[1], bytes of the pool in use.
        keys: uint32[], the colours in the cache.
        labels: int16[], their entries; -1 is empty.
    """

    linear: f64_1d
    space: i64
    points: f32_2d
    low: f32_2d
    width: f32_2d
    cells: f32_2d
    entries: i16_2d
    sizes: i64_1d
    choice: f32_3d
    bounds: f32_2d
    order: i32_2d
    transparent: i64
    starts: i32_2d
    pool: u8_1d
    used: i64_1d
    keys: u32_1d
    labels: i16_1d


def nearest_finder(palette: npt.NDArray[np.uint8], space: str) -> Nearest:
    """Prepare look-ups of nearest palette entries; not thread-safe.

    Args:
        palette: uint8[k, 4], k = 1..256.
        space: space of the distance, a key of color.SPACES.
    """
    alpha = palette[:, 3]
    everything = np.arange(len(palette), dtype=np.int16)
    opaque = everything[alpha == 255]
    clear = everything[alpha == 0]
    opaque = opaque if len(opaque) else everything
    entries = np.zeros((2, len(palette)), np.int16)
    entries[0] = everything
    entries[1, : len(opaque)] = opaque
    low = np.array([[low for low, _ in _RANGES[space]]] * 2, np.float32)
    span = np.array([high - low for low, high in _RANGES[space]], np.float32)
    width = np.stack([span / (1 << _BITS4), span / (1 << _BITS3)]).astype(np.float32)
    cells = (1.0 / width).astype(np.float32)
    low[1, 3], width[1, 3] = span[3], 0.0  # opaque points lie in one plane
    points = to_points(palette, space)
    bounds = np.zeros((2, len(palette)), np.float32)
    return Nearest(
        LINEAR,
        SPACES[space],
        points,
        low,
        width,
        cells,
        entries,
        np.array([len(everything), len(opaque)]),
        np.ascontiguousarray(points[:, entries].transpose(1, 0, 2)),
        bounds,
        bounds.view(np.int32),
        int(clear[0]) if len(clear) else -1,
        np.full((2, 1 << 4 * _BITS4), -1, np.int32),
        np.empty(_POOL, np.uint8),
        np.zeros(1, np.int64),
        np.zeros(1 << _CACHE_BITS, np.uint32),
        np.full(1 << _CACHE_BITS, -1, np.int16),
    )


def _list_cell(find, kind, cell, c0, c1, c2, c3):  # type: ignore[no-untyped-def]
    """Make the list of the cell with coordinates c0..c3; return False if the pool is full."""
    size = find.sizes[kind]
    start = find.used[0]
    zero = np.float32(0.0)
    if start + size + 2 > find.pool.shape[0]:
        return False
    half0, half1 = find.width[kind, 0] * np.float32(0.5), find.width[kind, 1] * np.float32(0.5)
    half2, half3 = find.width[kind, 2] * np.float32(0.5), find.width[kind, 3] * np.float32(0.5)
    middle0 = find.low[kind, 0] + find.width[kind, 0] * np.float32(c0) + half0
    middle1 = find.low[kind, 1] + find.width[kind, 1] * np.float32(c1) + half1
    middle2 = find.low[kind, 2] + find.width[kind, 2] * np.float32(c2) + half2
    middle3 = find.low[kind, 3] + find.width[kind, 3] * np.float32(c3) + half3
    points = find.choice[kind]
    for t in range(size):
        away0, away1 = abs(points[0, t] - middle0), abs(points[1, t] - middle1)
        away2, away3 = abs(points[2, t] - middle2), abs(points[3, t] - middle3)
        far0, far1, far2, far3 = away0 + half0, away1 + half1, away2 + half2, away3 + half3
        find.bounds[1, t] = far0 * far0 + far1 * far1 + far2 * far2 + far3 * far3
        gap0, gap1, gap2, gap3 = away0 - half0, away1 - half1, away2 - half2, away3 - half3
        gap0 = gap0 if gap0 > zero else zero
        gap1 = gap1 if gap1 > zero else zero
        gap2 = gap2 if gap2 > zero else zero
        gap3 = gap3 if gap3 > zero else zero
        find.bounds[0, t] = gap0 * gap0 + gap1 * gap1 + gap2 * gap2 + gap3 * gap3
    bits = find.order[1, 0]
    for t in range(1, size):
        bits = min(bits, find.order[1, t])
    find.order[1, 0] = bits
    # Rounding of points and of cells must not drop an entry.
    bound = find.bounds[1, 0] * np.float32(1.001) + np.float32(0.001)
    length = 0
    for t in range(size):
        find.pool[start + length + 1] = find.entries[kind, t]
        length += find.bounds[0, t] <= bound
    find.pool[start] = length & 255
    find.starts[kind, cell] = start
    find.used[0] = start + length + 1
    return True


def _cell(x, low, cells, bits):  # type: ignore[no-untyped-def]
    return min(max(int((x - low) * cells), 0), (1 << bits) - 1)


def _distance(find, j, p0, p1, p2, p3):  # type: ignore[no-untyped-def]
    d0, d1 = p0 - find.points[0, j], p1 - find.points[1, j]
    d2, d3 = p2 - find.points[2, j], p3 - find.points[3, j]
    return d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3


def _nearest_of_all(find, kind, p0, p1, p2, p3):  # type: ignore[no-untyped-def]
    best = np.int64(find.entries[kind, 0])
    least = np.float32(np.inf)
    for t in range(find.sizes[kind]):
        j = np.int64(find.entries[kind, t])
        distance = _distance(find, j, p0, p1, p2, p3)
        if distance < least:
            least = distance
            best = j
    return best


def _nearest_point(find, kind, p0, p1, p2, p3):  # type: ignore[no-untyped-def]
    """Return the entry nearest to a point (float32), the lowest index of equals."""
    bits = _BITS4 - kind * (_BITS4 - _BITS3)
    c0 = _cell(p0, find.low[kind, 0], find.cells[kind, 0], bits)
    c1 = _cell(p1, find.low[kind, 1], find.cells[kind, 1], bits)
    c2 = _cell(p2, find.low[kind, 2], find.cells[kind, 2], bits)
    c3 = 0 if kind == 1 else _cell(p3, find.low[kind, 3], find.cells[kind, 3], bits)
    cell = ((c3 << bits | c0) << bits | c1) << bits | c2
    start = np.int64(find.starts[kind, cell])
    if start < 0:
        if not _list_cell(find, kind, cell, c0, c1, c2, c3):
            return _nearest_of_all(find, kind, p0, p1, p2, p3)
        start = np.int64(find.starts[kind, cell])
    length = (np.int64(find.pool[start]) + 255) % 256 + 1
    best = np.int64(0)
    least = np.float32(np.inf)
    for t in range(start + 1, start + 1 + length):
        j = np.int64(find.pool[t])
        distance = _distance(find, j, p0, p1, p2, p3)
        if distance < least:
            least = distance
            best = j
    return best


def nearest(find, value):  # type: ignore[no-untyped-def]
    """Return the palette entry of a packed pixel 0xAABBGGRR."""
    slot = (np.uint64(value) * _HASH & np.uint64(0xFFFFFFFF)) >> np.uint64(32 - _CACHE_BITS)
    if find.keys[slot] == value and find.labels[slot] >= 0:
        return np.int64(find.labels[slot])
    alpha = value >> np.uint32(24)
    if alpha == 0 and find.transparent >= 0:
        return np.int64(find.transparent)
    r = np.float64(value & np.uint32(255))
    g = np.float64(value >> np.uint32(8) & np.uint32(255))
    b = np.float64(value >> np.uint32(16) & np.uint32(255))
    p0, p1, p2, p3 = to_point(r, g, b, np.float64(alpha), find.space, find.linear)
    kind = 1 if alpha == 255 else 0
    best = _nearest_point(find, kind, np.float32(p0), np.float32(p1), np.float32(p2), np.float32(p3))
    find.keys[slot] = value
    find.labels[slot] = best
    return best


@kernel
def _remap(find: Nearest, pixels: u32_1d, out: u8_1d) -> None:
    for i in range(pixels.shape[0]):
        out[i] = nearest(find, pixels[i])


KERNELS = (_remap,)
"""Kernels that images of any size need."""


@kernel
def _look_up(table: u8_1d, pixels: u32_1d, out: u8_1d, missing: i32_1d) -> int:
    """Write the entries found in the table, list the indices of the other pixels and return their number."""
    count = 0
    for i in range(pixels.shape[0]):
        value = pixels[i]
        known = table[value & np.uint32(0xFFFFFF)]
        out[i] = (np.int64(known) + 255) % 256
        missing[count] = i
        count += (known == 0) | (value < ALPHA)
    return count


@kernel
def _remap_missing(find: Nearest, table: u8_1d, pixels: u32_1d, out: u8_1d, missing: i32_1d, count: i64) -> None:
    for t in range(count):
        i = missing[t]
        value = pixels[i]
        best = nearest(find, value)
        out[i] = best
        if value >= ALPHA:
            table[value & np.uint32(0xFFFFFF)] = (best + 1) % 256


def color_table() -> npt.NDArray[np.uint8]:
    """Return a table for `remap` of large images: 1 + the entry of each opaque colour, 0 while it is unknown.

    Entry 255 wraps around to 0 and is never found. Threads may share a table, since all of them write the same.
    """
    return np.zeros(1 << 24, np.uint8)


def remap(
    find: Nearest,
    pixels: npt.NDArray[np.uint32],
    out: npt.NDArray[np.uint8],
    table: npt.NDArray[np.uint8] | None = None,
) -> None:
    """Write the nearest entry of each pixel.

    Args:
        find: the look-up.
        pixels: uint32[n], packed.
        out: uint8[n], written.
        table: shared `color_table`, for large images.
    """
    if table is None:
        _remap(find, pixels, out)
        return
    missing = np.empty(len(pixels) + 1, np.int32)
    count = _look_up(table, pixels, out, missing)
    _remap_missing(find, table, pixels, out, missing, count)
