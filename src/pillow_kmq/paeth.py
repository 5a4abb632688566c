"""The Paeth filter of PNG files (PNG, third edition, 9.4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def paeth(left: Bytes, up: Bytes, corner: Bytes) -> Bytes:
    """Return the prediction of each byte from those to the left, above, and above to the left: uint8, of one shape."""
    across = up.astype(np.int16) - corner
    down = left.astype(np.int16) - corner
    both = np.abs(across + down)
    across, down = np.abs(across), np.abs(down)
    return np.where((across <= down) & (across <= both), left, np.where(down <= both, up, corner))
