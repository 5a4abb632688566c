"""Error diffusion: each pixel passes on what its palette entry got wrong.

Errors are of premultiplied sRGB, so that what is invisible pushes nothing. Opaque pixels keep choosing opaque entries,
and fully transparent ones take no error and give none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .._jit import inlined, kernel
from .nearest import Nearest, nearest


@inlined
def _target(value, error, strength):  # type: ignore[no-untyped-def]
    """The packed straight colour that a pixel aims at, and its four premultiplied channels (float32)."""
    low = np.uint32(255)
    alpha = np.float32(value >> np.uint32(24))
    scale = alpha * np.float32(1.0 / 255.0)
    a = alpha
    if alpha < np.float32(255.0):
        a = min(max(alpha + strength * error[3], np.float32(0.0)), np.float32(255.0))
    r = np.float32(value & low) * scale + strength * error[0]
    g = np.float32(value >> np.uint32(8) & low) * scale + strength * error[1]
    b = np.float32(value >> np.uint32(16) & low) * scale + strength * error[2]
    r = min(max(r, np.float32(0.0)), a)
    g = min(max(g, np.float32(0.0)), a)
    b = min(max(b, np.float32(0.0)), a)
    straight = np.float32(255.0) / a if a > np.float32(0.0) else np.float32(0.0)
    half = np.float32(0.5)
    aim = np.uint32(min(r * straight + half, np.float32(255.0)))
    aim |= np.uint32(min(g * straight + half, np.float32(255.0))) << np.uint32(8)
    aim |= np.uint32(min(b * straight + half, np.float32(255.0))) << np.uint32(16)
    aim |= np.uint32(a + half) << np.uint32(24)
    return aim, r, g, b, a


@kernel
def _diffuse(find, palette, pixels, out, errors, row, strength):  # type: ignore[no-untyped-def]
    """Floyd-Steinberg on the rows of uint32[h, w]; errors float32[2, w + 2, 4] carries over between calls.

    palette float32[k, 4]: premultiplied. row: the number of the first row; odd ones run from right to left.
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
            if value >> np.uint32(24) == 0 and find.transparent >= 0:
                out[y, x] = find.transparent
                x += step
                continue
            aim, r, g, b, a = _target(value, here[x + 1], strength)
            best = nearest(find, aim)
            out[y, x] = best
            r -= palette[best, 0]
            g -= palette[best, 1]
            b -= palette[best, 2]
            a -= palette[best, 3]
            _spread(here[x + 1 + step], r, g, b, a, np.float32(7.0 / 16.0))
            _spread(below[x + 1 - step], r, g, b, a, np.float32(3.0 / 16.0))
            _spread(below[x + 1], r, g, b, a, np.float32(5.0 / 16.0))
            _spread(below[x + 1 + step], r, g, b, a, np.float32(1.0 / 16.0))
            x += step


@inlined
def _spread(cell, r, g, b, a, part):  # type: ignore[no-untyped-def]
    cell[0] += r * part
    cell[1] += g * part
    cell[2] += b * part
    cell[3] += a * part


class Diffusion:
    """Floyd-Steinberg dithering of an image that comes stripe by stripe, from the top."""

    def __init__(self, find: Nearest, palette: npt.NDArray[np.uint8], width: int, strength: float) -> None:
        self._find = find
        self._strength = np.float32(strength)
        self._palette = palette.astype(np.float32)
        self._palette[:, :3] *= self._palette[:, 3:] / np.float32(255.0)
        self._errors = np.zeros((2, width + 2, 4), np.float32)
        self._row = 0

    def remap(self, pixels: npt.NDArray[np.uint32], out: npt.NDArray[np.uint8]) -> None:
        """Choose entries for the next rows: packed pixels uint32[h, w], indices to out, uint8[h, w]."""
        _diffuse(self._find, self._palette, pixels, out, self._errors, self._row, self._strength)
        self._row += len(pixels)
