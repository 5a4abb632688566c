"""A background that pixels are laid on where the palette has no entry for what is not opaque."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..checks import check_integer, shown
from ..errors import OptionError, OptionTypeError
from ..types import Palette
from .histogram import ALPHA, VISIBLE, pack, unpack

Rgb: TypeAlias = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)

_WAYS = "(r, g, b), '#rrggbb' or a name that Pillow knows, like 'white'"


def to_background(value: Any) -> Rgb | None:
    """Return a colour given as (r, g, b), "#rrggbb" or a colour name of Pillow; None stays None."""
    if value is None:
        return None
    if isinstance(value, str):
        from PIL import ImageColor

        try:
            channels: Any = ImageColor.getrgb(value)
        except ValueError:
            raise OptionError(f"background must be a colour, {_WAYS}, not {shown(value)}") from None
    else:
        channels = value
    try:
        channels = [check_integer("background", channel, 0, 255) for channel in channels]
    except TypeError:
        raise OptionTypeError(f"background must be a colour, {_WAYS}, not {shown(value)}") from None
    if len(channels) not in (3, 4):
        raise OptionError(f"background must be a colour, {_WAYS}, not {shown(value)}")
    if len(channels) == 4 and channels[3] != 255:
        raise OptionError(f"background must be opaque, not {shown(value)}: leave the alpha out")
    return channels[0], channels[1], channels[2]


def laid_on(palette: Palette | None, background: Rgb | None) -> tuple[Rgb, np.uint32]:
    """Return the background, and the packed pixel below which pixels are laid on it.

    All that are not opaque are laid on a background that was asked for. Without one, white is for those that have no
    entry in the palette given: invisible pixels if none is fully transparent, and translucent ones if all are opaque.
    """
    if background is not None:
        return background, ALPHA
    if palette is None or (palette[:, 3] == 0).any():
        return WHITE, np.uint32(0)
    return WHITE, ALPHA if (palette[:, 3] == 255).all() else VISIBLE


def composite(pixels: npt.NDArray[np.uint32], background: Rgb, below: np.uint32) -> npt.NDArray[np.uint32]:
    """Lay packed pixels of less than `below`, uint32[...], on the background, as an 8-bit screen does."""
    where = pixels < below
    if not where.any():  # as always if nothing is to be laid on it
        return pixels
    colors = unpack(pixels[where]).astype(np.uint32)
    alpha = colors[:, 3:]
    colors[:, :3] = (colors[:, :3] * alpha + np.array(background, np.uint32) * (255 - alpha) + 127) // 255
    colors[:, 3] = 255
    result = pixels.copy()
    result[where] = pack(colors.astype(np.uint8))
    return result
