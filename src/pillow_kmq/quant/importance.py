"""Maps of importance: which pixels the palette is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, OptionTypeError

_LEAST = 0.25
"""What importance 0 counts for: a thousandth of the full weight, so that nothing is lost altogether."""


def to_importance(value: Any, height: int, width: int) -> npt.NDArray[np.uint8] | None:
    """A map uint8[height, width] from an array of uint8 or bool (true is 255); None if there is none."""
    if value is None:
        return None
    if not isinstance(value, np.ndarray):
        raise OptionTypeError(f"importance must be an image of mode L or 1 or an array, not {type(value).__name__}")
    if value.dtype == np.bool_:
        value = value.astype(np.uint8) * np.uint8(255)
    if value.dtype != np.uint8:
        raise OptionTypeError(f"importance must hold uint8 or bool, not {value.dtype}")
    if value.shape != (height, width):
        raise OptionError(f"importance must have the image's shape ({height}, {width}), not {value.shape}")
    checked: npt.NDArray[np.uint8] = value
    return checked


def weights_of(importance: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.float32] | None:
    """The weight of each pixel, float32[n], from its importance: 255 counts 1, 0 a thousandth. None: all the same."""
    if importance is None:
        return None
    return np.maximum(importance.ravel(), np.float32(_LEAST)) * np.float32(1.0 / 255.0)
