"""Activity: the largest range of any channel among a pixel and its eight neighbours.

Errors show where it is small: there, they count for more in the search and are dithered. They hide where it is large.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..kernels import kernel
from ..kernels.types import i64, u8_1d, u8_2d

REACH = 1
"""Rows above and below a pixel that its activity depends on."""


@kernel
def _ranges(channels: u8_2d, first: i64, low: u8_1d, high: u8_1d, out: u8_2d) -> None:
    """Write the largest range of any channel in 3x3 pixels.

    All loops run over bytes in memory order, so that they vectorise.

    Args:
        channels: uint8[m, 4 * w].
        first: first row wanted.
        low: uint8[4 * w], scratch.
        high: uint8[4 * w], scratch.
        out: uint8[h, w], written, for the rows first <= y < first + h.
    """
    rows, size = channels.shape
    for y in range(out.shape[0]):
        here = channels[first + y]
        above = channels[max(first + y - 1, 0)]
        below = channels[min(first + y + 1, rows - 1)]
        for i in range(size):
            low[i] = min(min(above[i], here[i]), below[i])
            high[i] = max(max(above[i], here[i]), below[i])
        for x in range(out.shape[1]):
            left, right = max(4 * x - 4, 0), min(4 * x + 4, size - 4)
            most = np.uint8(0)
            for c in range(4):
                least = min(min(low[left + c], low[4 * x + c]), low[right + c])
                largest = max(max(high[left + c], high[4 * x + c]), high[right + c])
                most = max(most, np.uint8(largest - least))
            out[y, x] = most


KERNELS = (_ranges,)


def activity(pixels: npt.NDArray[np.uint32], first: int, height: int) -> npt.NDArray[np.uint8]:
    """Return the activity 0..255 of the rows first <= y < first + height of packed pixels, uint8[height, w]."""
    width = pixels.shape[1]
    out = np.empty((height, width), np.uint8)
    low, high = np.empty((2, 4 * width), np.uint8)
    _ranges(np.ascontiguousarray(pixels).view(np.uint8), first, low, high, out)
    return out
