"""Still pixels of an animation, which keep their palette entry so that dithering does not flicker.

Error diffusion carries every change of a frame to the pixels after it, which would flicker although nothing has moved.
A pixel is still if it looks the same as in the previous frame; colours of fully transparent pixels do not count. Pixels
of importance 0 are not held, since they are never dithered: they take the nearest entry in each frame.

With `lossy`, a pixel is also still if it has changed by a few levels at most, and those around it in its row by half as
much on average: noise is still, while the edge of a thing that moves is not. It is compared with what it looked like
when its entry was chosen, so that small changes cannot add up, and what moves leaves no trail.

Consecutive images of the same size are frames. The pixels of one frame are kept in memory, 4 bytes each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...types import Indices
from ..histogram import clear_invisible
from .diffusion import Mask

_MOST = 8  # levels by which a pixel of a lossy animation may change and still be held
_ASIDE = 4  # pixels to either side whose mean change must be small, too


class StillPixels:
    """The previous frame, compared with the next one and replaced by it, in stripes in any order."""

    def __init__(self, lossy: float = 0.0) -> None:
        """Prepare for the first image; `lossy` is the strength of the option of that name."""
        self._tolerance = _level(lossy)
        self.before: Indices | None = None
        """The indices of the previous frame, uint8[h, w], while the next one is made; None if there is none."""
        self.kept: Mask | None = None
        """The pixels held so far in this frame, bool[h, w], or None."""
        self._pixels = np.empty((0, 0), np.uint32)
        self._indices = np.empty((0, 0), np.uint8)
        self._follows = False

    def next_frame(self, height: int, width: int) -> Indices:
        """Return an array for the indices of the next frame, uint8[height, width].

        It holds the indices of the previous frame if that has the same size.
        """
        self._follows = self._pixels.shape == (height, width)
        self.before = self._indices if self._follows else None
        self.kept = np.zeros((height, width), np.bool_) if self._follows and self._tolerance else None
        if self._follows:
            self._indices = self._indices.copy()
        else:
            self._pixels = np.empty((height, width), np.uint32)
            self._indices = np.empty((height, width), np.uint8)
        return self._indices

    def held(self, start: int, pixels: npt.NDArray[np.uint32], importance: npt.NDArray[np.uint8] | None) -> Mask | None:
        """Return which pixels keep their entry, bool[h, w], or None for none; call it once per row of a frame.

        Args:
            start: number of the first row.
            pixels: uint32[h, w], packed.
            importance: uint8[h, w], or None for 255 everywhere.
        """
        visible = clear_invisible(pixels)
        before = self._pixels[start : start + len(pixels)]
        if not self._follows:
            before[:] = visible
            return None
        held = visible == before
        if self._tolerance:
            held |= _are_similar(visible, before, self._tolerance)
        np.copyto(before, visible, where=~held)
        if importance is not None:
            held &= importance > 0
        if self.kept is not None:
            self.kept[start : start + len(pixels)] = held
        return held


def _level(lossy: float) -> int:
    """Return by how many levels a pixel may change and still be held."""
    return min(1 + round(lossy), _MOST) if lossy else 0


def _are_similar(pixels: npt.NDArray[np.uint32], before: npt.NDArray[np.uint32], most: int) -> Mask:
    """Return which pixels differ by at most `most` levels, and by half of that on average over a part of the row.

    Args:
        pixels: uint32[h, w], packed.
        before: uint32[h, w], packed.
        most: 1..255.
    """
    height, width = pixels.shape
    similar = pixels >> np.uint32(24) == before >> np.uint32(24)
    for shift in (0, 8, 16):
        change = _channel(pixels, shift) - _channel(before, shift)
        similar &= np.abs(change) <= most
        sums = np.zeros((height, width + 2 * _ASIDE + 1), np.int32)
        padded = np.pad(np.clip(change, -2 * most, 2 * most), ((0, 0), (_ASIDE, _ASIDE)), mode="edge")
        np.cumsum(padded, axis=1, out=sums[:, 1:])
        span = 2 * _ASIDE + 1
        similar &= 2 * np.abs(sums[:, span:] - sums[:, :-span]) <= most * span
    return similar


def _channel(pixels: npt.NDArray[np.uint32], shift: int) -> npt.NDArray[np.int16]:
    return (pixels >> np.uint32(shift) & np.uint32(255)).astype(np.int16)
