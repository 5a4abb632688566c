"""Still pixels of an animation, which keep their palette entry so that dithering does not flicker.

Error diffusion carries every change of a frame to the pixels after it, which would flicker although nothing has moved.
A pixel is still if it looks the same as in the previous frame; colours of fully transparent pixels do not count. Pixels
of importance 0 are not held, since they are never dithered: they take the nearest entry in each frame.

Consecutive images of the same size are frames. The pixels of one frame are kept in memory, 4 bytes each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...types import Indices
from ..histogram import clear_invisible
from .diffusion import Mask


class StillPixels:
    """The previous frame, compared with the next one and replaced by it, in stripes in any order."""

    def __init__(self) -> None:
        self._pixels = np.empty((0, 0), np.uint32)
        self._indices = np.empty((0, 0), np.uint8)
        self._follows = False

    def next_frame(self, height: int, width: int) -> Indices:
        """Return an array for the indices of the next frame, uint8[height, width].

        It holds the indices of the previous frame if that has the same size.
        """
        self._follows = self._pixels.shape == (height, width)
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
        held = visible == before if self._follows else None
        before[:] = visible
        if held is not None and importance is not None:
            held &= importance > 0
        return held
