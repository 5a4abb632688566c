"""Error diffusion: each pixel passes on what its palette entry got wrong.

Errors are of premultiplied sRGB, unrounded, so that what is invisible pushes nothing. Opaque pixels keep choosing
opaque entries; fully transparent ones, and those of strength 0, take no error and give none. An entry passes on at most
as much as its neighbours in the palette are away: more could not be made up for nearby, and would smear over edges.

With a palette that was not found for the picture, errors may take the aim far beyond the levels 0..255. The entry
nearest to that aim makes up for it; the one nearest to the aim's clipped colour would forget which way it lay.

Sources: see filters.py; rows are done in alternating directions.
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

_NEIGHBOURS = 3
_REACH = 3.0  # how much an entry of a given palette passes on, in distances to its neighbours
_LEAST, _MOST = np.float32(-8.0), np.float32(263.0)  # aims nearer to 0..255 than these count as within
_OKLAB = SPACES["oklab"]
_UNIT = (100.0 / 255.0) ** 2  # squared units of Oklab that a squared sRGB level is worth


def premultiplied(palette: Palette) -> npt.NDArray[np.float32]:
    """Entries float32[k, 4] with R, G and B times alpha, all 0..255."""
    entries: npt.NDArray[np.float32] = palette.astype(np.float32)
    entries[:, :3] *= entries[:, 3:] * np.float32(1.0 / 255.0)
    return entries


def spacing(palette: Palette) -> npt.NDArray[np.float32]:
    """The mean distance of each entry to its three nearest other ones, float32[k]; 0 where there are none.

    Distances are of premultiplied sRGB; entries that look the same are one.
    """
    entries = premultiplied(palette).astype(np.float64)
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
    """The nearest level 0..255 of a premultiplied value."""
    level = x * straight + np.float32(0.5)
    return np.uint32(min(max(level, np.float32(0.0)), np.float32(255.0)))


def aim_at(value, r, g, b, a):  # type: ignore[no-untyped-def]
    """The packed straight colour nearest to a premultiplied one; what is opaque stays opaque."""
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


def _within(x, limit):  # type: ignore[no-untyped-def]
    return min(max(x, -limit), limit)


def _clipped(x):  # type: ignore[no-untyped-def]
    return min(max(x, np.float32(0.0)), np.float32(255.0))


def _nearest_beyond(find, palette, r, g, b):  # type: ignore[no-untyped-def]
    """The entry nearest to an opaque aim that is beyond 0..255, the lowest-numbered one of equals.

    For c the clipped aim, o what is beyond, and an entry e: |c + o - e|^2 = |c - e|^2 + 2 o (c - e) + |o|^2. The first
    term is taken in the working space, which goes no further, and the last is the same for all entries.
    """
    c0, c1, c2 = _clipped(r), _clipped(g), _clipped(b)
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
    quiet: f32,
    loud: f32,
    out: u8_2d,
    errors: f32_2d,
    targets: i64_1d,
    row: i64,
) -> None:
    """Error diffusion on the rows of uint32[h, w].

    palette: float32[k, 4], premultiplied.
    limits: float32[k], of the error that an entry passes on, per channel.
    places, shares: the error filter.
    beyond: whether aims beyond 0..255 are looked up as they are.
    held: bool[h, w], pixels that keep the entry in out, and pass on what it gets wrong as others do.
    strengths: float32[h, w], the part of the error that each pixel takes. It falls to nothing where a pixel's own entry
        is nearer than loud to quiet (squared distances; both negative: it does not).
    errors: float32[rows * (w + 2 * MARGIN), 4], a ring of rows that carries over between calls.
    targets: int64[n], scratch: where in it the filter's places are, less the column.
    row: the number of the first row; odd ones run from right to left.
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
            if still or quiet >= np.float32(0.0):
                best = nearest(find, value)
                d0, d1, d2, d3 = r - palette[best, 0], g - palette[best, 1], b - palette[best, 2], a - palette[best, 3]
                off = d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
                if still or off <= quiet:
                    if not held[y, x]:
                        out[y, x] = best
                    x += step
                    continue
                strength *= min((off - quiet) / (loud - quiet), np.float32(1.0))
            r += strength * here[x + MARGIN, 0]
            g += strength * here[x + MARGIN, 1]
            b += strength * here[x + MARGIN, 2]
            a += strength * here[x + MARGIN, 3]
            if held[y, x]:
                best = np.int64(out[y, x])
            elif beyond and value >= ALPHA and (min(r, g, b) < _LEAST or max(r, g, b) > _MOST):
                best = _nearest_beyond(find, palette, r, g, b)
            else:
                best = nearest(find, aim_at(value, r, g, b, a))
            out[y, x] = best
            limit = limits[best]
            r = _within(r - palette[best, 0], limit)
            g = _within(g - palette[best, 1], limit)
            b = _within(b - palette[best, 2], limit)
            a = _within(a - palette[best, 3], limit)
            for t in range(targets.shape[0]):
                _spread(errors[targets[t] + x], r, g, b, a, shares[t])
            x += step


KERNELS = (_diffuse,)


class Diffuser:
    """Error diffusion on images whose rows come in order, from the top."""

    def __init__(
        self,
        palette: Palette,
        space: str,
        width: int,
        quiet: float = -1.0,
        loud: float = -1.0,
        *,
        kernel: str = "floyd-steinberg",
        given: bool = False,
    ) -> None:
        """Prepare to diffuse.

        palette: uint8[k, 4].
        width: pixels per row.
        quiet, loud: squared distances between which strength rises, see `_diffuse`.
        kernel: a name in filters.FILTER_NAMES.
        given: whether the palette was not found for the picture, so that mixtures of entries far apart are needed.
        """
        self._find: Nearest = nearest_finder(palette, space)
        self._palette = premultiplied(palette)
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
    ) -> None:
        """Choose entries for the next rows: pixels uint32[h, w], strengths float32[h, w] 0..1, out uint8[h, w].

        row: the number of the first one; with 0, another image begins. held: bool[h, w], pixels that keep the entry
        in out, or None for none.
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
            self._quiet,
            self._loud,
            out,
            self._errors,
            self._targets,
            row,
        )
