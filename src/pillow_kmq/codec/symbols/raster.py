"""Decoded pixels as they lie in memory, and how stripes are put together to an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from .margins import map_symbols, without_margins
from .stripes import Stripe, decode_stripes

if TYPE_CHECKING:
    from ...types import Indices


class Raster(NamedTuple):
    """The indices of an image: row y is `width` bytes of data from first + y * stride on.

    Kernels need margins around rows; to leave these where they are spares a copy of the image.
    """

    data: bytes | bytearray
    height: int
    width: int
    first: int
    stride: int

    @classmethod
    def dense(cls, data: bytes | bytearray, height: int, width: int) -> Raster:
        """Rows without gaps."""
        return cls(data, height, width, 0, width)

    def buffer(self) -> Any:
        """The bytes from the first pixel to the last, or some more."""
        return memoryview(self.data)[self.first :]

    def indices(self) -> Indices:
        """A view, uint8[height, width]."""
        import numpy as np

        return np.ndarray((self.height, self.width), np.uint8, self.data, self.first, (self.stride, 1))


def decode_raster(
    stripes: list[Stripe], decode: Callable[[Stripe], tuple[bytearray, int, bool]],
    table: bytes, margins: tuple[int, int], height: int, width: int, stop: bytearray, *, partial: bool,
) -> Raster:  # fmt: skip
    """The image in some stripes.

    decode: symbols of a stripe, in margins (rows above, columns on either side); how many rows are right; whether the
    code is in order. table: the index of each symbol, 256 bytes. stop: see `decode_stripes`. partial: what did not
    arrive is zero. Raises CorruptError.
    """
    above, beside = margins
    stride = width + 2 * beside
    if len(stripes) == 1 and not partial:
        whole: bytes | bytearray = b""

        def alone(stripe: Stripe) -> bool:
            nonlocal whole
            symbols, _, intact = decode(stripe)
            whole = map_symbols(symbols, table)
            return intact

        decode_stripes(stripes, alone, stop, partial=False)
        return Raster(whole, height, width, above * stride + beside, stride)

    pixels = bytearray(height * width)

    def part(stripe: Stripe) -> bool:
        symbols, done, intact = decode(stripe)
        without_margins(map_symbols(symbols, table), margins, pixels, stripe.row, done, width)
        return intact

    decode_stripes(stripes, part, stop, partial=partial)
    return Raster.dense(pixels, height, width)
