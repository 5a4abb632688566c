"""Error diffusion: each pixel passes the error of its palette entry on to its neighbours.

Errors are unrounded and of premultiplied sRGB, so that invisible pixels have none. Opaque pixels still choose opaque
entries; fully transparent pixels, and those of strength 0, neither receive nor pass on errors. An entry passes on at
most its distance to its neighbours in the palette: a larger error could not be compensated nearby and would smear over
edges.

With a given palette, errors may push the target colour far beyond the levels 0..255. The entry nearest to the unclipped
target compensates for that; the one nearest to the clipped target would lose the direction of the error.

Sources: see filters.py; rows are scanned in alternating directions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...color import SPACES, to_point
from ...kernels import kernel
from ...kernels.types import f32, f32_1d, f32_2d, flag, flag_2d, i64, i64_1d, i64_2d, u8_2d, u32_2d
from ...types import Palette
from ..histogram import ALPHA
from ..nearest import Nearest, nearest, nearest_finder
from .filters import MARGIN, error_filter

Strengths = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_NEIGHBOURS = 3  # entries whose mean distance is the spacing of an entry
_REACH = 3.0  # error that an entry of a given palette may pass on, in distances to its neighbours
_LEAST, _MOST = np.float32(-8.0), np.float32(263.0)  # targets between these count as within 0..255
_OKLAB = SPACES["oklab"]
_UNIT = (100.0 / 255.0) ** 2  # squared units of Oklab per squared sRGB level


def premultiply(palette: Palette) -> npt.NDArray[np.float32]:
    """Return entries float32[k, 4] with R, G and B multiplied by alpha, all 0..255."""
    entries: npt.NDArray[np.float32] = palette.astype(np.float32)
    entries[:, :3] *= entries[:, 3:] * np.float32(1.0 / 255.0)
    return entries


def spacing(palette: Palette) -> npt.NDArray[np.float32]:
    """Return the mean distance of each entry to its three nearest other ones, float32[k]; 0 if there are none.

    Distances are of premultiplied sRGB; entries that look the same count as one.
    """
    entries = premultiply(palette).astype(np.float64)
    squares = np.zeros((len(entries), len(entries)))
    for channel in entries.T:
        squares += np.square(channel[:, None] - channel)
    same = squares == 0
    squares[:, np.triu(same, 1).any(axis=0)] = np.inf
    squares[same] = np.inf
    near = np.sort(np.partition(squares, min(_NEIGHBOURS, len(squares)) - 1)[:, :_NEIGHBOURS])
    there = np.isfinite(near)
    sums: npt.NDArray[np.float64] = np.where(there, np.sqrt(near), 0.0).sum(1)
    means: npt.NDArray[np.float32] = (sums / np.maximum(there.sum(1), 1)).astype(np.float32)
    return means


def _channel(value, shift, scale):  # type: ignore[no-untyped-def]
    return np.float32(value >> np.uint32(shift) & np.uint32(255)) * scale


def _level(x, straight):  # type: ignore[no-untyped-def]
    """Return the nearest level 0..255 of a premultiplied value."""
    level = x * straight + np.float32(0.5)
    return np.uint32(min(max(level, np.float32(0.0)), np.float32(255.0)))


def to_straight(value, r, g, b, a):  # type: ignore[no-untyped-def]
    """Return the packed straight colour nearest to a premultiplied one; opaque stays opaque."""
    alpha = value >> np.uint32(24)
    straight = np.float32(1.0)
    if alpha < np.uint32(255):
        alpha = _level(a, np.float32(1.0))
        straight = np.float32(255.0) / a if a > np.float32(0.0) else np.float32(0.0)
    aim = _level(r, straight) | _level(g, straight) << np.uint32(8)
    return aim | _level(b, straight) << np.uint32(16) | alpha << np.uint32(24)


def _spread(cell, r, g, b, a, part):  # type: ignore[no-untyped-def]
    cell[0] += r * part
    cell[1] += g * part
    cell[2] += b * part
    cell[3] += a * part


def _clamp(x, limit):  # type: ignore[no-untyped-def]
    return min(max(x, -limit), limit)


def _clip_level(x):  # type: ignore[no-untyped-def]
    return min(max(x, np.float32(0.0)), np.float32(255.0))


def _nearest_beyond(find, palette, r, g, b):  # type: ignore[no-untyped-def]
    """Return the entry nearest to an opaque target beyond 0..255, the lowest index of equals.

    With the clipped target c, the excess o and an entry e: |c + o - e|^2 = |c - e|^2 + 2 o (c - e) + |o|^2. The first
    term is computed in the working space, which ends at 0..255; the last is the same for all entries.
    """
    c0, c1, c2 = _clip_level(r), _clip_level(g), _clip_level(b)
    o0, o1, o2 = r - c0, g - c1, b - c2
    p0, p1, p2, p3 = to_point(np.float64(c0), np.float64(c1), np.float64(c2), 255.0, find.space, find.linear)
    twice = np.float32(2.0 * _UNIT if find.space == _OKLAB else 2.0)
    best, least = np.int64(0), np.float32(np.inf)
    for t in range(find.sizes[1]):
        j = np.int64(find.entries[1, t])
        d0, d1 = np.float32(p0) - find.points[0, j], np.float32(p1) - find.points[1, j]
        d2, d3 = np.float32(p2) - find.points[2, j], np.float32(p3) - find.points[3, j]
        cost = d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
        cost += twice * (o0 * (c0 - palette[j, 0]) + o1 * (c1 - palette[j, 1]) + o2 * (c2 - palette[j, 2]))
        if cost < least:
            best, least = j, cost
    return best


@kernel
def _diffuse(
    find: Nearest,
    palette: f32_2d,
    limits: f32_1d,
    places: i64_2d,
    shares: f32_1d,
    beyond: flag,
    held: flag_2d,
    pixels: u32_2d,
    strengths: f32_2d,
    gates: f32_2d,
    quiet: f32,
    loud: f32,
    out: u8_2d,
    errors: f32_2d,
    targets: i64_1d,
    row: i64,
) -> None:
    """Diffuse errors over the rows of uint32[h, w].

    Args:
        find: look-up of nearest entries.
        palette: float32[k, 4], premultiplied.
        limits: float32[k], maximum error that each entry passes on, per channel.
        places: int64[n, 2], neighbours of the error filter.
        shares: float32[n], their weights.
        beyond: whether targets beyond 0..255 are looked up unclipped.
        held: bool[h, w], pixels that keep the entry in `out` and pass on its error.
        pixels: uint32[h, w], packed.
        strengths: float32[h, w], fraction of the error that each pixel receives.
        gates: float32[h, w], how far the strength of each pixel depends on `quiet` and `loud`, 0..1.
        quiet: squared distance of a pixel to its own nearest entry at which its strength is 0, if its gate is 1.
        loud: squared distance at which its strength is full; between the two, it rises linearly.
        out: uint8[h, w], written.
        errors: float32[rows * (w + 2 * MARGIN), 4], ring of rows that persists between calls.
        targets: int64[n], scratch: offset of each neighbour in `errors`, less the column.
        row: number of the first row; odd rows run from right to left.
    """
    height, width = pixels.shape
    line = width + 2 * MARGIN
    rows = errors.shape[0] // line
    for y in range(height):
        at = (row + y) % rows * line
        here = errors[at : at + line]
        at = (row + y + rows - 1) % rows * line
        farthest = errors[at : at + line]
        for x in range(line):
            for c in range(4):
                farthest[x, c] = np.float32(0.0)
        step = 1 - 2 * ((row + y) & 1)
        for t in range(targets.shape[0]):
            targets[t] = (row + y + places[t, 0]) % rows * line + MARGIN + step * places[t, 1]
        x = 0 if step > 0 else width - 1
        for _ in range(width):
            value = pixels[y, x]
            strength = strengths[y, x]
            a = np.float32(value >> np.uint32(24))
            scale = a * np.float32(1.0 / 255.0)
            r, g, b = _channel(value, 0, scale), _channel(value, 8, scale), _channel(value, 16, scale)
            still = strength == np.float32(0.0) or (a == np.float32(0.0) and find.transparent >= 0)
            gate = gates[y, x]
            if still or gate > np.float32(0.0):
                best = nearest(find, value)
                if not still:
                    d0, d1 = r - palette[best, 0], g - palette[best, 1]
                    d2, d3 = b - palette[best, 2], a - palette[best, 3]
                    off = d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
                    heard = min((off - quiet) / (loud - quiet), np.float32(1.0)) if off > quiet else np.float32(0.0)
                    strength *= heard + (np.float32(1.0) - gate) * (np.float32(1.0) - heard)
                if still or strength == np.float32(0.0):
                    if not held[y, x]:
                        out[y, x] = best
                    x += step
                    continue
            r += strength * here[x + MARGIN, 0]
            g += strength * here[x + MARGIN, 1]
            b += strength * here[x + MARGIN, 2]
            a += strength * here[x + MARGIN, 3]
            if held[y, x]:
                best = np.int64(out[y, x])
            elif beyond and value >= ALPHA and (min(r, g, b) < _LEAST or max(r, g, b) > _MOST):
                best = _nearest_beyond(find, palette, r, g, b)
            else:
                best = nearest(find, to_straight(value, r, g, b, a))
            out[y, x] = best
            limit = limits[best]
            r = _clamp(r - palette[best, 0], limit)
            g = _clamp(g - palette[best, 1], limit)
            b = _clamp(b - palette[best, 2], limit)
            a = _clamp(a - palette[best, 3], limit)
            for t in range(targets.shape[0]):
                _spread(errors[targets[t] + x], r, g, b, a, shares[t])
            x += step


KERNELS = (_diffuse,)


class Diffuser:
    """Error diffusion over images whose rows come in order from the top."""

    def __init__(
        self,
        palette: Palette,
        space: str,
        width: int,
        quiet: float = 0.0,
        loud: float = 0.0,
        *,
        kernel: str = "floyd-steinberg",
        given: bool = False,
    ) -> None:
        """Prepare error diffusion.

        Args:
            palette: uint8[k, 4].
            space: space in which nearest entries are looked up.
            width: pixels per row.
            quiet: see `_diffuse`.
            loud: see `_diffuse`.
            kernel: a name in filters.FILTER_NAMES.
            given: whether the palette was not found for this picture, so that entries far apart have to be mixed.
        """
        self._find: Nearest = nearest_finder(palette, space)
        self._palette = premultiply(palette)
        self._limits = spacing(palette) * np.float32(_REACH if given else 1.0)
        self._beyond = given
        self._filter = error_filter(kernel)
        self._errors = np.zeros((self._filter.rows * (width + 2 * MARGIN), 4), np.float32)
        self._targets = np.empty(len(self._filter.places), np.int64)
        self._quiet, self._loud = np.float32(quiet), np.float32(loud)

    def remap(
        self,
        pixels: npt.NDArray[np.uint32],
        row: int,
        strengths: Strengths,
        out: npt.NDArray[np.uint8],
        held: Mask | None = None,
        gates: Strengths | None = None,
    ) -> None:
        """Choose entries for the next rows.

        Args:
            pixels: uint32[h, w], packed.
            row: number of the first row; 0 begins another image.
            strengths: float32[h, w], 0..1.
            out: uint8[h, w], written.
            held: bool[h, w], pixels that keep the entry in `out`, or None.
            gates: float32[h, w], how far strengths depend on `quiet` and `loud`, 0..1; None is nowhere.
        """
        if row == 0:
            self._errors.fill(0)
        _diffuse(
            self._find,
            self._palette,
            self._limits,
            self._filter.places,
            self._filter.shares,
            self._beyond,
            np.zeros(out.shape, np.bool_) if held is None else held,
            pixels,
            strengths,
            np.zeros(out.shape, np.float32) if gates is None else gates,
            self._quiet,
            self._loud,
            out,
            self._errors,
            self._targets,
            row,
        )
