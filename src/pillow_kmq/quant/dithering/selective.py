"""Strengths of selective dithering: full in smooth areas, none at edges or in texture.

Where the activity of a pixel (`quant.activity`) is small compared with the palette steps, these show as bands, and the
strength is full. Where the picture itself varies as much, nobody sees them, and the strength is 0. That also keeps
errors from crossing edges.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .diffusion import Strengths

_SMOOTH, _BUSY = 0.3, 0.8  # activities of full and of no strength, in mean palette steps


def smoothness(levels: npt.NDArray[np.uint8], step: float) -> Strengths:
    """Return strengths 0..1, float32, for activities and the mean step of the palette."""
    each = (_BUSY * step - np.arange(256.0)) / max((_BUSY - _SMOOTH) * step, 1e-6)
    table: Strengths = np.clip(each, 0.0, 1.0).astype(np.float32)
    return table[levels]
