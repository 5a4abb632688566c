"""Sources: images as rows of packed pixels, with the importance of each pixel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, OptionTypeError
from .progress import SILENT, Progress

STRIPE = 1 << 17
"""Number of pixels held in full colour at a time."""

_LEAST = 0.25
"""Level that importance 0 counts as, a thousandth of full weight, so that no pixel is lost altogether."""


class Source(Protocol):
    """An image that returns its rows as packed pixels; threads may read concurrently."""

    @property
    def height(self) -> int:
        """Number of rows."""

    @property
    def width(self) -> int:
        """Number of pixels per row."""

    @property
    def has_alpha(self) -> bool:
        """Return whether pixels may be other than opaque."""

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Return packed pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""

    def importance(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """Return the importance of each pixel of these rows, uint8[stop - start, width]; None if uniform."""


def stripes(source: Source, progress: Progress = SILENT) -> Iterator[tuple[int, int]]:
    """Yield first and last row (exclusive) of stripes of at most STRIPE pixels, or of one row."""
    rows = max(1, STRIPE // max(1, source.width))
    for start in range(0, source.height if source.width else 0, rows):
        stop = min(start + rows, source.height)
        yield start, stop
        progress(stop / source.height)


def to_importance(value: Any, height: int, width: int) -> npt.NDArray[np.uint8] | None:
    """Return an importance map uint8[height, width] from an array of uint8 or bool (True is 255), or None."""
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
    """Return the weight of each pixel, float32[n]: 1 for importance 255, a thousandth for 0; None if uniform."""
    if importance is None:
        return None
    return np.maximum(importance.ravel(), np.float32(_LEAST)) * np.float32(1.0 / 255.0)
