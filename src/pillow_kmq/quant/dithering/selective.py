"""Where dithering helps: in smooth shades, not at edges nor in texture.

Where a pixel's activity (`quant.activity`) is small beside the palette's steps, these show as bands, and strength is
full; where the picture itself varies as much as they do, nobody sees them, and strength is nothing. The same keeps
errors from crossing edges.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .diffusion import Strengths

_SMOOTH, _BUSY = 0.3, 0.8  # activities, in mean steps of the palette, of full and of no strength


def smoothness(levels: npt.NDArray[np.uint8], step: float) -> Strengths:
    """Strengths 0..1 of activities, float32 of the same shape; step: the mean step of the palette."""
    each = (_BUSY * step - np.arange(256.0)) / max((_BUSY - _SMOOTH) * step, 1e-6)
    table: Strengths = np.clip(each, 0.0, 1.0).astype(np.float32)
    return table[levels]
