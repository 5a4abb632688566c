"""Values that the quantiser and the codec exchange. They know arrays, and neither Pillow nor Numba."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import OptionError, OptionTypeError

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""RGBA bytes, uint8[h, w, 4] or uint8[n, 4], straight (not premultiplied) alpha, sRGB."""

Palette: TypeAlias = npt.NDArray[np.uint8]
"""RGBA entries, uint8[k, 4], k = 0..256, straight alpha, sRGB."""

Indices: TypeAlias = npt.NDArray[np.uint8]
"""Palette entry per pixel, uint8[h, w]."""

Pictures: TypeAlias = npt.NDArray[np.uint8]
"""Palette entry per pixel of several pictures of one size, uint8[m, h, w]."""

MAX_COLORS = 256


@dataclass(frozen=True, eq=False)
class IndexedImage:
    """An indexed image: what the quantiser makes and the codec keeps.

    palette: uint8[k, 4], k = 0..256, RGBA, straight alpha. Duplicates and unused entries are legal.
    indices: uint8[h, w]. Values at or above k are legal, as they are in Pillow's P images.
    """

    palette: Palette
    indices: Indices

    def __post_init__(self) -> None:
        palette, indices = self.palette, self.indices
        if not isinstance(palette, np.ndarray) or palette.dtype != np.uint8:
            raise OptionTypeError("palette must be a NumPy array of uint8")
        if not isinstance(indices, np.ndarray) or indices.dtype != np.uint8:
            raise OptionTypeError("indices must be a NumPy array of uint8")
        if palette.ndim != 2 or palette.shape[1] != 4 or palette.shape[0] > MAX_COLORS:
            raise OptionError(f"palette must have shape (0..256, 4), not {palette.shape}")
        if indices.ndim != 2:
            raise OptionError(f"indices must have shape (height, width), not {indices.shape}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IndexedImage):
            return NotImplemented
        return np.array_equal(self.palette, other.palette) and np.array_equal(self.indices, other.indices)

    __hash__ = None  # type: ignore[assignment]

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.indices.shape[0])

    @property
    def width(self) -> int:
        """Pixels per row."""
        return int(self.indices.shape[1])
