"""Ordered dithering: the entry of a pixel depends only on its colour and position.

So nothing flickers between frames, and patterns repeat, which compresses well. Each colour has a short list of entries
whose mean is near to it: each is the nearest to the colour plus the error of those before it. The list is sorted by
luma, and the threshold at the position selects an entry.

Source: T. Knoll's pattern dithering (US patent 6,606,166, 1999, expired), as described by J. Yliluoma,
"Arbitrary-palette positional dithering algorithm" (2011).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f32_1d, f32_2d, flag_2d, i64, i64_1d, u8_2d, u32_2d
from ...types import Palette
from ..nearest import Nearest, nearest, nearest_finder
from .diffusion import Mask, Strengths, premultiply, spacing, to_straight
from .thresholds import Matrix

_REACH = np.float32(1.5)
"""Maximum distance of listed entries to their colour, in mean distances of its nearest entry to that one's neighbours.

Without a limit, red specks appear on skin; a lower one costs smoothness (docs/QUALITY.md).
"""
_AT_ONCE = 1 << 20
"""Pixels of a row per kernel call: some tenths of a second, after which Python can handle Ctrl-C."""


def list_length(k: int) -> int:
    """Return the number of entries listed per colour for a palette of k: with small steps, fewer suffice."""
    return 8 if k <= 32 else 4


def _list_entries(find, palette, reach, value, strength, chosen):  # type: ignore[no-untyped-def]
    """Write the entries that mix to a colour to chosen, int64[n]; all but the first are within its reach."""
    share = np.float32(value >> np.uint32(24)) * np.float32(1.0 / 255.0)
    r = np.float32(value & np.uint32(255)) * share
    g = np.float32(value >> np.uint32(8) & np.uint32(255)) * share
    b = np.float32(value >> np.uint32(16) & np.uint32(255)) * share
    a = np.float32(value >> np.uint32(24))
    e0 = e1 = e2 = e3 = np.float32(0.0)
    for n in range(chosen.shape[0]):
        aim = to_straight(value, r + strength * e0, g + strength * e1, b + strength * e2, a + strength * e3)
        best = nearest(find, aim)
        d0, d1, d2, d3 = r - palette[best, 0], g - palette[best, 1], b - palette[best, 2], a - palette[best, 3]
        if n > 0 and d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3 > reach[chosen[0]]:
            best = chosen[0]  # repeat it: a stray pixel is worse than an error
            d0, d1, d2, d3 = r - palette[best, 0], g - palette[best, 1], b - palette[best, 2], a - palette[best, 3]
        chosen[n] = best
        e0 += d0
        e1 += d1
        e2 += d2
        e3 += d3


def _sort(chosen, lumas):  # type: ignore[no-untyped-def]
    """Sort entries by luma, then by index."""
    for n in range(1, chosen.shape[0]):
        entry = chosen[n]
        at = n
        while at > 0 and (
            lumas[chosen[at - 1]] > lumas[entry] or (lumas[chosen[at - 1]] == lumas[entry] and chosen[at - 1] > entry)
        ):
            chosen[at] = chosen[at - 1]
            at -= 1
        chosen[at] = entry


@kernel
def _threshold(
    find: Nearest,
    palette: f32_2d,
    reach: f32_1d,
    lumas: f32_1d,
    matrix: f32_2d,
    pixels: u32_2d,
    strengths: f32_2d,
    held: flag_2d,
    out: u8_2d,
    row: i64,
    chosen: i64_1d,
) -> None:
    """Write the entries of uint32[h, w].

    Args:
        find: look-up of nearest entries.
        palette: float32[k, 4], premultiplied.
        reach: float32[k], maximum squared distance of listed entries to colours nearest to this one.
        lumas: float32[k].
        matrix: float32[n, n], thresholds 0..1.
        pixels: uint32[h, w], packed.
        strengths: float32[h, w], 0..1.
        held: bool[h, w], pixels that keep the entry in `out`.
        out: uint8[h, w], written.
        row: number of the first row.
        chosen: int64[n], scratch.
    """
    height, width = pixels.shape
    size = matrix.shape[0]
    last, last_strength = np.uint32(0), np.float32(-1.0)
    for y in range(height):
        for x in range(width):
            if held[y, x]:
                continue
            value, strength = pixels[y, x], strengths[y, x]
            if strength == np.float32(0.0) or (value >> np.uint32(24) == 0 and find.transparent >= 0):
                out[y, x] = nearest(find, value)
                continue
            if value != last or strength != last_strength:
                _list_entries(find, palette, reach, value, strength, chosen)
                _sort(chosen, lumas)
                last, last_strength = value, strength
            out[y, x] = chosen[int(matrix[(row + y) % size, x % size] * np.float32(chosen.shape[0]))]


KERNELS = (_threshold,)


class Thresholder:
    """Ordered dithering of an image whose rows may come in any order."""

    def __init__(self, palette: Palette, space: str, matrix: Matrix, *, given: bool = False) -> None:
        """Prepare ordered dithering.

        Args:
            palette: uint8[k, 4].
            space: space in which nearest entries are looked up.
            matrix: float32[n, n], thresholds 0..1.
            given: whether the palette was not found for this picture, so that entries far apart have to be mixed.
        """
        self._find = nearest_finder(palette, space)
        self._palette = premultiply(palette)
        reach = np.full(len(palette), np.inf, np.float32) if given else _REACH * spacing(palette)
        self._reach = reach * reach
        weights = np.array([77, 150, 29, 0], np.int64)
        self._lumas = (palette.astype(np.int64) * palette[:, 3:] @ weights).astype(np.float32)
        self._matrix = matrix
        self._chosen = np.empty(list_length(len(palette)), np.int64)

    def remap(
        self,
        pixels: npt.NDArray[np.uint32],
        row: int,
        strengths: Strengths,
        out: npt.NDArray[np.uint8],
        held: Mask | None = None,
    ) -> None:
        """Choose entries for the rows from `row` on.

        Args:
            pixels: uint32[h, w], packed.
            row: number of the first row.
            strengths: float32[h, w], 0..1.
            out: uint8[h, w], written.
            held: bool[h, w], pixels that keep the entry in `out`, or None.
        """
        held = np.zeros(out.shape, np.bool_) if held is None else held
        step = _AT_ONCE // len(self._matrix) * len(self._matrix)
        for left in range(0, pixels.shape[1], step):
            part = np.s_[:, left : left + step]
            _threshold(
                self._find,
                self._palette,
                self._reach,
                self._lumas,
                self._matrix,
                pixels[part],
                strengths[part],
                held[part],
                out[part],
                row,
                self._chosen,
            )
