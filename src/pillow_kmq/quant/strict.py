"""`strict=`: every pixel must have a colour of the given palette."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from ..errors import StrictError
from ..types import Palette
from .background import Rgb, composite
from .histogram import ALPHA, clear_invisible, pack, unpack
from .source import Source, stripes


def check_strictly(sources: Collection[Source], palette: Palette, background: Rgb | None) -> None:
    """Raise StrictError unless all pixels of some images are in a palette.

    All fully transparent colours are the same. They are missing in an opaque palette, as no pixel is composited onto a
    background that was not asked for.

    Args:
        sources: the images.
        palette: uint8[k, 4].
        background: colour onto which all pixels that are not opaque are composited, or None.
    """
    entries = np.unique(clear_invisible(pack(palette)))
    for number, source in enumerate(sources, 1):
        for start, stop in stripes(source):
            pixels = source.rows(start, stop)
            if source.has_alpha:
                pixels = clear_invisible(pixels if background is None else composite(pixels, background, ALPHA))
            found = _first_missing(pixels.ravel(), entries)
            if found is not None:
                y, x = divmod(found, source.width)
                where = f"image {number}, " if len(sources) > 1 else ""
                raise StrictError(
                    f"{where}pixel ({x}, {start + y}) is {_shown(pixels[y, x])}, which is not in the palette: add the "
                    "colour, or leave out strict"
                )


def _first_missing(pixels: npt.NDArray[np.uint32], entries: npt.NDArray[np.uint32]) -> int | None:
    """Return the index of the first pixel, uint32[n], that is not among entries in ascending order, or None."""
    starts = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1  # of runs, as runs are long in pictures of few colours
    starts = np.concatenate([[0], starts])
    colors = pixels[starts]
    nearest = entries[np.minimum(np.searchsorted(entries, colors), len(entries) - 1)]
    missing = np.flatnonzero(nearest != colors)
    return int(starts[missing[0]]) if len(missing) else None


def _shown(pixel: np.uint32) -> str:
    """Return a packed pixel as a hex colour, with its alpha if it is not opaque."""
    if not pixel:
        return "fully transparent"
    digits = unpack(np.array([pixel], np.uint32)).tobytes().hex()
    return f"#{digits[:6] if pixel >= ALPHA else digits}"
