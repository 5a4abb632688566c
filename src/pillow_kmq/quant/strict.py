"""`strict=`: every pixel must have a colour of the given palette."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

import numpy as np
import numpy.typing as npt

from ..errors import StrictError
from ..types import Palette
from .background import Rgb, composite
from .histogram import ALPHA, clear_invisible, pack, unpack
from .source import Source, stripes

_FACTOR = 0x9E3779B1  # Knuth's multiplicative constant, 2**32 / golden ratio
_SHIFT = np.uint32(16)


def check_strictly(sources: Collection[Source], palette: Palette, background: Rgb | None) -> None:
    """Raise StrictError unless all pixels of some images are in a palette.

    All fully transparent colours are the same. They are missing in an opaque palette, as no pixel is composited onto a
    background that was not asked for.

    Args:
        sources: the images.
        palette: uint8[k, 4].
        background: colour onto which all pixels that are not opaque are composited, or None.
    """
    entries = _Entries(np.unique(clear_invisible(pack(palette))))
    for number, source in enumerate(sources, 1):
        for start, stop in stripes(source):
            pixels = source.rows(start, stop)
            if source.has_alpha:
                pixels = clear_invisible(pixels if background is None else composite(pixels, background, ALPHA))
            found = entries.first_missing(pixels.ravel())
            if found is not None:
                y, x = divmod(found, source.width)
                where = f"image {number}, " if len(sources) > 1 else ""
                raise StrictError(
                    f"{where}pixel ({x}, {start + y}) is {_shown(pixels[y, x])}, which is not in the palette: add the "
                    "colour, or leave out strict"
                )


class _Entries:
    """Packed colours, uint32[k], k = 1..256, in a table in which each has a slot of its own."""

    def __init__(self, colors: npt.NDArray[np.uint32]) -> None:
        for factor in count(_FACTOR, 2):  # about two in three suit 256 colours
            self._factor = np.uint32(factor & 0xFFFFFFFF)
            slots = colors * self._factor >> _SHIFT
            if len(np.unique(slots)) == len(colors):
                break
        self._table = np.full(1 << 32 - int(_SHIFT), colors[0])
        self._table[slots] = colors

    def first_missing(self, pixels: npt.NDArray[np.uint32]) -> int | None:
        """Return the index of the first pixel, uint32[n], n > 0, that is not among the colours, or None."""
        missing = self._table[pixels * self._factor >> _SHIFT] != pixels
        first = int(missing.argmax())
        return first if missing[first] else None


def _shown(pixel: np.uint32) -> str:
    """Return a packed pixel as a hex colour, with its alpha if it is not opaque."""
    if not pixel:
        return "fully transparent"
    digits = unpack(np.array([pixel], np.uint32)).tobytes().hex()
    return f"#{digits[:6] if pixel >= ALPHA else digits}"
