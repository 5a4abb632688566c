"""Visibility of errors at a pixel: high in smooth areas, low in texture and next to edges.

The palette search weights pixels by it, so that a sky or a face counts for more than the same number of pixels of
grass. Very frequent colours are damped: another thousand pixels of a wall count for less than the first thousand of a
hat.

Source: contrast masking, as in G. E. Legge and J. M. Foley, "Contrast masking in human vision", JOSA 70 (1980).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_HALF = 12.0  # range of levels in 3x3 pixels that halves the weight of an error
_SHARE_BITS = 5  # bits per channel that similar colours share

_TABLE = (_HALF / (_HALF + np.arange(256.0))).astype(np.float32)


def sensitivities(activity: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the sensitivity 0..1 of pixels, float32 of the same shape, from their activity."""
    return _TABLE[activity]


def hold_back(
    colors: npt.NDArray[np.uint32], sensed: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return weights divided by the fourth root of the number of pixels of similar colours.

    Args:
        colors: packed colours, uint32[m].
        sensed: the weights to divide, float64[m].
        weights: pixels of each colour, float64[m].
    """
    drop, keep = np.uint32(8 - _SHARE_BITS), np.uint32((1 << _SHARE_BITS) - 1)
    cells = np.zeros(len(colors), np.uint32)
    for shift in (0, 8, 16, 24):
        cells = cells << np.uint32(_SHARE_BITS) | (colors >> (np.uint32(shift) + drop) & keep)
    pixels = np.bincount(cells, weights)
    # Square roots round identically on all platforms.
    return sensed / np.sqrt(np.sqrt(pixels[cells]))
