"""Images as rows of packed pixels, and how important each pixel is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, OptionTypeError
from .progress import SILENT, Progress

STRIPE = 1 << 17
"""Pixels that are held in full colour at a time."""

_LEAST = 0.25
"""What importance 0 counts for: a thousandth of the full weight, so that nothing is lost altogether."""


class Source(Protocol):
    """An image that gives its rows as packed pixels; several threads may ask at once."""

    @property
    def height(self) -> int:
        """Rows of pixels."""

    @property
    def width(self) -> int:
        """Pixels per row."""

    @property
    def has_alpha(self) -> bool:
        """Whether pixels can be other than opaque."""

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""

    def importance(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """How important each pixel of these rows is, uint8[stop - start, width]; None: all the same."""


def stripes(source: Source, progress: Progress = SILENT) -> Iterator[tuple[int, int]]:
    """First and last row (exclusive) of stripes of at most STRIPE pixels, but one row at least; none if empty."""
    rows = max(1, STRIPE // max(1, source.width))
    for start in range(0, source.height if source.width else 0, rows):
        stop = min(start + rows, source.height)
        yield start, stop
        progress(stop / source.height)


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
