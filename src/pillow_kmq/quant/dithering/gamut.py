"""Gamut mapping for given palettes: colours that no mixture of entries shows become the nearest that one does.

The error of a colour out of gamut can never be compensated. It would accumulate and smear over the next edge, or be
clipped together with the part that mixtures need. The gamut of opaque entries is their convex hull in sRGB. Pixels that
are not opaque stay unchanged.

Source of the projection: P. Wolfe, "Finding the nearest point in a polytope", Mathematical Programming 11 (1976).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f64_1d, f64_2d, i64_1d, u8_1d, u32_1d, u32_2d
from ...types import Palette
from ..histogram import ALPHA

_CELL = 17  # levels: corners of cells are at 0, 17 ... 255
_SIDE = 255 // _CELL
_UNKNOWN, _INSIDE, _OUTSIDE = 0, 1, 2
_CLOSE = 0.5  # squared distance below which a colour counts as in gamut
_GAP = 0.02  # upper bound of the squared error of a projection
_STEPS = 64  # maximum number of steps of a projection
_CORNERS = 4  # maximum number of entries in a mixture
_CACHE_BITS = 16  # the cache has 2**16 slots
_HASH = np.uint64(0x9E3779B1)


class _Reach(NamedTuple):
    """The gamut of a palette, as kernels need it.

    Attributes:
        entries: float64[k, 3], the opaque entries.
        active: int64[4], scratch: the entries of a mixture.
        shares: float64[4], scratch: the share of each.
        wanted: float64[4], scratch.
        system: float64[3, 4], scratch.
        corners: uint8[n], whether each corner is in the hull, if known.
        cells: uint8[n], whether each cell is, if known: it is inside if all its corners are.
        keys: uint32[n], colours in the cache; 0 is empty.
        values: uint32[n], their projections.
    """

    entries: f64_2d
    active: i64_1d
    shares: f64_1d
    wanted: f64_1d
    system: f64_2d
    corners: u8_1d
    cells: u8_1d
    keys: u32_1d
    values: u32_1d


def _nearest_entry(entries, x0, x1, x2):  # type: ignore[no-untyped-def]
    best, least = 0, np.inf
    for j in range(entries.shape[0]):
        d0, d1, d2 = entries[j, 0] - x0, entries[j, 1] - x1, entries[j, 2] - x2
        distance = d0 * d0 + d1 * d1 + d2 * d2
        if distance < least:
            best, least = j, distance
    return best


def _solve_shares(reach, count, x0, x1, x2):  # type: ignore[no-untyped-def]
    """Set `wanted` to the shares, of any sign, of the nearest point in the affine hull of the active entries.

    Solve the normal equations of the differences from the first entry by Gaussian elimination.
    """
    entries, active, wanted, system = reach.entries, reach.active, reach.wanted, reach.system
    first, size = active[0], count - 1
    for i in range(size):
        at = active[i + 1]
        d0, d1 = entries[at, 0] - entries[first, 0], entries[at, 1] - entries[first, 1]
        d2 = entries[at, 2] - entries[first, 2]
        for j in range(size):
            other = active[j + 1]
            system[i, j] = d0 * (entries[other, 0] - entries[first, 0]) + d1 * (entries[other, 1] - entries[first, 1])
            system[i, j] += d2 * (entries[other, 2] - entries[first, 2])
        system[i, size] = d0 * (x0 - entries[first, 0]) + d1 * (x1 - entries[first, 1]) + d2 * (x2 - entries[first, 2])
    for i in range(size):
        for below in range(i + 1, size):
            part = system[below, i] / system[i, i]
            for j in range(i, size + 1):
                system[below, j] -= part * system[i, j]
    wanted[0] = 1.0
    for i in range(size - 1, -1, -1):
        value = system[i, size]
        for j in range(i + 1, size):
            value -= system[i, j] * wanted[j + 1]
        wanted[i + 1] = value / system[i, i]
        wanted[0] -= wanted[i + 1]


def _drop_unneeded(reach, count, x0, x1, x2):  # type: ignore[no-untyped-def]
    """Move to the nearest mixture of the active entries, drop those that it does not need and return their number."""
    active, shares, wanted = reach.active, reach.shares, reach.wanted
    while count > 1:
        _solve_shares(reach, count, x0, x1, x2)
        part, dropped = 1.0, -1
        for i in range(count):
            if wanted[i] <= 0.0 and shares[i] <= part * (shares[i] - wanted[i]):
                part, dropped = shares[i] / (shares[i] - wanted[i]) if shares[i] > 0.0 else 0.0, i
        for i in range(count):
            shares[i] += part * (wanted[i] - shares[i])
        if dropped < 0:
            break
        count -= 1
        for i in range(dropped, count):
            active[i], shares[i] = active[i + 1], shares[i + 1]
    if count == 1:
        shares[0] = 1.0
    return count


def _project(reach, x0, x1, x2):  # type: ignore[no-untyped-def]
    """Return the point of the convex hull that is nearest to a colour."""
    entries, active, shares = reach.entries, reach.active, reach.shares
    active[0], shares[0], count = _nearest_entry(entries, x0, x1, x2), 1.0, 1
    y0 = y1 = y2 = 0.0
    for _ in range(_STEPS):
        y0 = y1 = y2 = 0.0
        for i in range(count):
            y0 += shares[i] * entries[active[i], 0]
            y1 += shares[i] * entries[active[i], 1]
            y2 += shares[i] * entries[active[i], 2]
        g0, g1, g2 = y0 - x0, y1 - x1, y2 - x2
        if g0 * g0 + g1 * g1 + g2 * g2 < _CLOSE * 0.5:
            break
        low, least = 0, np.inf
        for j in range(entries.shape[0]):
            slope = g0 * entries[j, 0] + g1 * entries[j, 1] + g2 * entries[j, 2]
            if slope < least:
                low, least = j, slope
        if g0 * y0 + g1 * y1 + g2 * y2 - least <= _GAP or count == _CORNERS:
            break
        active[count], shares[count] = low, 0.0
        count = _drop_unneeded(reach, count + 1, x0, x1, x2)
    return y0, y1, y2


def _corner_inside(reach, i0, i1, i2):  # type: ignore[no-untyped-def]
    at = (i0 * (_SIDE + 1) + i1) * (_SIDE + 1) + i2
    if reach.corners[at] == _UNKNOWN:
        x0, x1, x2 = float(i0 * _CELL), float(i1 * _CELL), float(i2 * _CELL)
        y0, y1, y2 = _project(reach, x0, x1, x2)
        d0, d1, d2 = y0 - x0, y1 - x1, y2 - x2
        reach.corners[at] = _INSIDE if d0 * d0 + d1 * d1 + d2 * d2 < _CLOSE else _OUTSIDE
    return reach.corners[at] == _INSIDE


def _cell_inside(reach, cell, i0, i1, i2):  # type: ignore[no-untyped-def]
    if reach.cells[cell] == _UNKNOWN:
        inside = True
        for corner in range(8):
            inside = inside and _corner_inside(reach, i0 + (corner & 1), i1 + (corner >> 1 & 1), i2 + (corner >> 2))
        reach.cells[cell] = _INSIDE if inside else _OUTSIDE
    return reach.cells[cell] == _INSIDE


def _map_color(reach, value):  # type: ignore[no-untyped-def]
    """Return the nearest colour in gamut to a packed opaque colour, or the colour itself if it is inside."""
    x0 = float(value & np.uint32(255))
    x1 = float(value >> np.uint32(8) & np.uint32(255))
    x2 = float(value >> np.uint32(16) & np.uint32(255))
    y0, y1, y2 = _project(reach, x0, x1, x2)
    d0, d1, d2 = y0 - x0, y1 - x1, y2 - x2
    if d0 * d0 + d1 * d1 + d2 * d2 < _CLOSE:
        return value
    near = np.uint32(y0 + 0.5) | np.uint32(y1 + 0.5) << np.uint32(8) | np.uint32(y2 + 0.5) << np.uint32(16)
    return near | np.uint32(ALPHA)


@kernel
def _map_pixels(reach: _Reach, pixels: u32_2d, out: u32_2d) -> None:
    height, width = pixels.shape
    for y in range(height):
        for x in range(width):
            value = pixels[y, x]
            out[y, x] = value
            if value < ALPHA:
                continue
            i0 = min(int(value & np.uint32(255)) // _CELL, _SIDE - 1)
            i1 = min(int(value >> np.uint32(8) & np.uint32(255)) // _CELL, _SIDE - 1)
            i2 = min(int(value >> np.uint32(16) & np.uint32(255)) // _CELL, _SIDE - 1)
            if _cell_inside(reach, (i0 * _SIDE + i1) * _SIDE + i2, i0, i1, i2):
                continue
            slot = (np.uint64(value) * _HASH & np.uint64(0xFFFFFFFF)) >> np.uint64(32 - _CACHE_BITS)
            if reach.keys[slot] != value:
                reach.values[slot] = _map_color(reach, value)
                reach.keys[slot] = value
            out[y, x] = reach.values[slot]


KERNELS = (_map_pixels,)


class Gamut:
    """The colours that mixtures of the opaque entries of a palette show; not thread-safe."""

    def __init__(self, palette: Palette) -> None:
        entries = np.unique(palette[palette[:, 3] == 255][:, :3], axis=0).astype(np.float64)
        self._reach = _Reach(
            entries,
            np.empty(_CORNERS, np.int64),
            np.empty(_CORNERS),
            np.empty(_CORNERS),
            np.empty((_CORNERS - 1, _CORNERS)),
            np.full((_SIDE + 1) ** 3, _UNKNOWN, np.uint8),
            np.full(_SIDE**3, _UNKNOWN, np.uint8),
            np.zeros(1 << _CACHE_BITS, np.uint32),
            np.zeros(1 << _CACHE_BITS, np.uint32),
        )

    def map_pixels(self, pixels: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        """Return packed pixels uint32[h, w] with opaque ones out of gamut replaced by the nearest in gamut."""
        if not len(self._reach.entries):
            return pixels
        out = np.empty_like(pixels)
        _map_pixels(self._reach, pixels, out)
        out.flags.writeable = pixels.flags.writeable  # kernels compile separately for read-only arrays
        return out
