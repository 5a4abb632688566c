"""A background onto which pixels are composited where the palette has no entry for them."""

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

_WAYS = "(r, g, b), '#rrggbb' or a colour name such as 'white'"


def to_background(value: Any, name: str = "background") -> Rgb | None:
    """Parse `background=`, or option `name`: (r, g, b), "#rrggbb" or a colour name known to Pillow; None stays None."""
    if value is None:
        return None
    if isinstance(value, str):
        from PIL import ImageColor

        try:
            channels: Any = ImageColor.getrgb(value)
        except ValueError:
            raise OptionError(f"{name} must be a colour, {_WAYS}, not {shown(value)}") from None
    else:
        channels = value
    try:
        channels = [check_integer(name, channel, 0, 255) for channel in channels]
    except TypeError:
        raise OptionTypeError(f"{name} must be a colour, {_WAYS}, not {shown(value)}") from None
    if len(channels) not in (3, 4):
        raise OptionError(f"{name} must be a colour, {_WAYS}, not {shown(value)}")
    if len(channels) == 4 and channels[3] != 255:
        raise OptionError(f"{name} must be opaque, not {shown(value)}: leave out the alpha")
    return channels[0], channels[1], channels[2]


def resolve_background(palette: Palette | None, background: Rgb | None) -> tuple[Rgb, np.uint32]:
    """Return the background, and the packed pixel below which pixels are composited onto it.

    With a background, that applies to all pixels that are not opaque. Without one, the background is white, for pixels
    that the given palette has no entry for: fully transparent ones if it has no fully transparent entry, and
    translucent ones if all its entries are opaque.
    """
    if background is not None:
        return background, ALPHA
    if palette is None or (palette[:, 3] == 0).any():
        return WHITE, np.uint32(0)
    return WHITE, ALPHA if (palette[:, 3] == 255).all() else VISIBLE


def composite(pixels: npt.NDArray[np.uint32], background: Rgb, below: np.uint32) -> npt.NDArray[np.uint32]:
    """Composite packed pixels below `below`, uint32[...], onto the background, as an 8-bit screen does."""
    where = pixels < below
    if not where.any():  # always so if `below` is 0
        return pixels
    colors = unpack(pixels[where]).astype(np.uint32)
    alpha = colors[:, 3:]
    colors[:, :3] = (colors[:, :3] * alpha + np.array(background, np.uint32) * (255 - alpha) + 127) // 255
    colors[:, 3] = 255
    result = pixels.copy()
    result[where] = pack(colors.astype(np.uint8))
    return result
