"""The order of palette entries. It changes no pixel: only bytes, and how a palette looks to people."""

from __future__ import annotations

import numpy as np

from ..types import Palette


def ordered(palette: Palette) -> Palette:
    """The palette uint8[k, 4] by luma, the fully transparent entry first, then other translucent ones.

    PNG and KMQ then store no alpha for the opaque rest.
    """
    alpha = palette[:, 3].astype(np.int64)
    luma = palette[:, :3].astype(np.int64) @ np.array([299, 587, 114])
    kind = np.where(alpha == 0, 0, np.where(alpha < 255, 1, 2))
    return palette[np.lexsort((luma, kind))]
