"""Error diffusion: each pixel passes on what its palette entry got wrong.

Errors are of premultiplied sRGB, unrounded, so that what is invisible pushes nothing. Opaque pixels keep choosing
opaque entries; fully transparent ones, and those of strength 0, take no error and give none. An entry passes on at most
as much as its neighbours in the palette are away: more could not be made up for nearby, and would smear over edges.

Source: R. W. Floyd and L. Steinberg, "An adaptive algorithm for spatial greyscale", Proc. SID 17 (1976), in rows of
alternating directions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..._jit import inlined, kernel
from ...types import Palette
from ..nearest import Nearest, nearest, nearest_finder

Strengths = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_NEIGHBOURS = 3


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
    distances = np.sqrt(((entries[:, None] - entries[None]) ** 2).sum(-1))
    distances[distances == 0] = np.inf
    distances.sort(axis=1)
    near = distances[:, :_NEIGHBOURS]
    there = np.isfinite(near)
    sums: npt.NDArray[np.float64] = np.where(there, near, 0.0).sum(1)
    means: npt.NDArray[np.float32] = (sums / np.maximum(there.sum(1), 1)).astype(np.float32)
    return means


@inlined
def _channel(value, shift, scale):  # type: ignore[no-untyped-def]
    return np.float32(value >> np.uint32(shift) & np.uint32(255)) * scale


@inlined
def _level(x, straight):  # type: ignore[no-untyped-def]
    """The nearest level 0..255 of a premultiplied value."""
    level = x * straight + np.float32(0.5)
    return np.uint32(min(max(level, np.float32(0.0)), np.float32(255.0)))


@inlined
def aim_at(value, r, g, b, a):  # type: ignore[no-untyped-def]
    """The packed straight colour nearest to a premultiplied one; what is opaque stays opaque."""
    alpha = value >> np.uint32(24)
    straight = np.float32(1.0)
    if alpha < np.uint32(255):
        alpha = _level(a, np.float32(1.0))
        straight = np.float32(255.0) / a if a > np.float32(0.0) else np.float32(0.0)
    aim = _level(r, straight) | _level(g, straight) << np.uint32(8)
    return aim | _level(b, straight) << np.uint32(16) | alpha << np.uint32(24)


@inlined
def _spread(cell, r, g, b, a, part):  # type: ignore[no-untyped-def]
    cell[0] += r * part
    cell[1] += g * part
    cell[2] += b * part
    cell[3] += a * part


@inlined
def _within(x, limit):  # type: ignore[no-untyped-def]
    return min(max(x, -limit), limit)


@kernel
def _diffuse(find, palette, limits, pixels, strengths, held, quiet, loud, out, errors, row):  # type: ignore[no-untyped-def]
    """Floyd-Steinberg on the rows of uint32[h, w]; errors float32[2, w + 2, 4] carries over between calls.

    palette float32[k, 4]: premultiplied. limits float32[k]: of the error that an entry passes on, per channel.
    held bool[h, w]: pixels that keep the entry in out, and pass on what it gets wrong as others do.
    strengths float32[h, w]: the part of the error that each pixel takes. It falls to nothing where a pixel's own entry
    is nearer than loud to quiet (squared distances; both negative: it does not). row: the number of the first row; odd
    ones run from right to left.
    """
    height, width = pixels.shape
    for y in range(height):
        here, below = errors[(row + y) & 1], errors[(row + y + 1) & 1]
        for x in range(width + 2):
            for c in range(4):
                below[x, c] = np.float32(0.0)
        step = 1 - 2 * ((row + y) & 1)
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
            r += strength * here[x + 1, 0]
            g += strength * here[x + 1, 1]
            b += strength * here[x + 1, 2]
            a += strength * here[x + 1, 3]
            best = np.int64(out[y, x]) if held[y, x] else nearest(find, aim_at(value, r, g, b, a))
            out[y, x] = best
            limit = limits[best]
            r = _within(r - palette[best, 0], limit)
            g = _within(g - palette[best, 1], limit)
            b = _within(b - palette[best, 2], limit)
            a = _within(a - palette[best, 3], limit)
            _spread(here[x + 1 + step], r, g, b, a, np.float32(7.0 / 16.0))
            _spread(below[x + 1 - step], r, g, b, a, np.float32(3.0 / 16.0))
            _spread(below[x + 1], r, g, b, a, np.float32(5.0 / 16.0))
            _spread(below[x + 1 + step], r, g, b, a, np.float32(1.0 / 16.0))
            x += step


class Diffuser:
    """Floyd-Steinberg dithering of an image whose rows come in order, from the top."""

    def __init__(self, palette: Palette, space: str, width: int, quiet: float = -1.0, loud: float = -1.0) -> None:
        self._find: Nearest = nearest_finder(palette, space)
        self._palette = premultiplied(palette)
        self._limits = spacing(palette)
        self._errors = np.zeros((2, width + 2, 4), np.float32)
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

        row: the number of the first one. held: bool[h, w], pixels that keep the entry in out, or None for none.
        """
        _diffuse(
            self._find,
            self._palette,
            self._limits,
            pixels,
            strengths,
            np.zeros(out.shape, np.bool_) if held is None else held,
            self._quiet,
            self._loud,
            out,
            self._errors,
            row,
        )
