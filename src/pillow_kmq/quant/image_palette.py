"""The palette of an image, or its distinct colours."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..errors import ModeError, OptionError
from ..types import MAX_COLORS, Palette
from .colors import to_colors
from .histogram import clear_invisible, unpack
from .pillow_source import ImageSource

_STRIPE = 256  # rows


def palette_of(im: Image.Image, name: str = "palette") -> Palette:
    """Return the palette of a P image, including its transparency, or the distinct colours of any other, uint8[k, 4].

    Palette entries keep their order; distinct colours are in order of first appearance, row by row.
    """
    if im.palette is None or im.mode not in ("P", "PA"):
        return _distinct_colors(im, name)
    im.load()
    mode = im.palette.mode
    entries = np.frombuffer(im.im.getpalette(mode, mode), np.uint8).reshape(-1, len(mode))
    palette = to_colors(name, entries[: max(1, len(im.palette.palette) // len(mode))])
    transparency = im.info.get("transparency")
    if isinstance(transparency, bytes):
        palette[: len(transparency), 3] = np.frombuffer(transparency, np.uint8)[: len(palette)]
    elif isinstance(transparency, int) and transparency < len(palette):
        palette[transparency, 3] = 0
    return palette


def _distinct_colors(im: Image.Image, name: str) -> Palette:
    try:
        source = ImageSource(im)
    except ModeError as error:
        raise ModeError(f"{name}: {error}") from None
    found: dict[int, None] = {}
    for top in range(0, source.height if source.width else 0, _STRIPE):
        pixels = clear_invisible(source.rows(top, min(top + _STRIPE, source.height)).ravel())
        colors, first = np.unique(pixels, return_index=True)
        found.update(dict.fromkeys(colors[np.argsort(first)].tolist()))
        if len(found) > MAX_COLORS:
            raise OptionError(f"{name} has more than {MAX_COLORS} colours; reduce the image first with quantize or kmq")
    return unpack(np.array(list(found), np.uint32))
