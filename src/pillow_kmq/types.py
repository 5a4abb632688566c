"""Types shared by the quantiser and the codec. They depend on NumPy, not on Pillow or Numba."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import OptionError, OptionTypeError

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""RGBA, uint8[h, w, 4] or uint8[n, 4], straight (not premultiplied) alpha, sRGB."""

Palette: TypeAlias = npt.NDArray[np.uint8]
"""RGBA entries, uint8[k, 4], k = 0..256, straight alpha, sRGB."""

Indices: TypeAlias = npt.NDArray[np.uint8]
"""Palette index per pixel, uint8[h, w]."""

Pictures: TypeAlias = npt.NDArray[np.uint8]
"""Palette index per pixel of several pictures of one size, uint8[m, h, w]."""

MAX_COLORS = 256


@dataclass(frozen=True, eq=False)
class IndexedImage:
    """An indexed image: a palette, and an index per pixel.

    Args:
        palette: uint8[k, 4], k = 0..256, RGBA, straight alpha, sRGB. Duplicates and unused entries are allowed.
        indices: uint8[h, w]. Values of k and above are allowed, as in Pillow's P images.

    Raises:
        OptionError: An array has the wrong shape.
        OptionTypeError: An argument is not an array of uint8.
    """

    palette: Palette
    indices: Indices

    def __post_init__(self) -> None:
        palette, indices = self.palette, self.indices
        if not isinstance(palette, np.ndarray) or palette.dtype != np.uint8:
            raise OptionTypeError(f"palette must be a NumPy array of uint8, not {_kind(palette)}")
        if not isinstance(indices, np.ndarray) or indices.dtype != np.uint8:
            raise OptionTypeError(f"indices must be a NumPy array of uint8, not {_kind(indices)}")
        if palette.ndim != 2 or palette.shape[1] != 4 or palette.shape[0] > MAX_COLORS:
            raise OptionError(f"palette must have shape (k, 4) with k = 0..{MAX_COLORS}, not {palette.shape}")
        if indices.ndim != 2:
            raise OptionError(f"indices must have shape (height, width), not {indices.shape}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IndexedImage):
            return NotImplemented
        return np.array_equal(self.palette, other.palette) and np.array_equal(self.indices, other.indices)

    __hash__ = None  # type: ignore[assignment]

    def _repr_html_(self) -> str:
        from .notebook import page_of, picture_of

        return page_of(picture_of(self), f"{self.width} x {self.height} pixels, {len(self.palette)} colours")

    def _repr_png_(self) -> bytes:
        from .notebook import picture_of, png_of

        return png_of(picture_of(self))

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.indices.shape[0])

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.indices.shape[1])


def _kind(value: object) -> str:
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
