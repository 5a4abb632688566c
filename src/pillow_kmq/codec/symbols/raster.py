"""Decoded pixels as they lie in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ...types import Indices


class Raster(NamedTuple):
    """The indices of an image.

    Kernels need margins around rows. Rows with gaps between them save a copy of the image.

    Attributes:
        data: the pixels, one byte each.
        height: number of rows.
        width: pixels per row.
        first: the position of the first pixel in data.
        stride: bytes from the start of a row to the start of the next one.
    """

    data: bytes | bytearray
    height: int
    width: int
    first: int
    stride: int

    @classmethod
    def dense(cls, data: bytes | bytearray, height: int, width: int) -> Raster:
        """Return a raster of rows without gaps."""
        return cls(data, height, width, 0, width)

    def buffer(self) -> Any:
        """Return the bytes from the first pixel on; there may be some after the last pixel."""
        return memoryview(self.data)[self.first :]

    def indices(self) -> Indices:
        """Return a view, uint8[height, width]."""
        import numpy as np

        return np.ndarray((self.height, self.width), np.uint8, self.data, self.first, (self.stride, 1))
