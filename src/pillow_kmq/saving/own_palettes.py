"""Frames of an animation that are quantised one by one: each gets a palette of its own for the pixels that change.

Pixels that look the same as in the previous frame keep the colour that they have there, whatever palette it is from.
So nothing flickers where nothing moves, and a frame's palette is not spent on what is on the screen already. In GIF
files, pixels become transparent only together with others around them, which then have to be drawn again: such frames
are quantised as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..alpha import has_alpha
from ..checks import check_integer
from ..codec.animation.scene import bounds
from ..frames import Frames
from ..quant import quantize
from ..quant.background import composite, to_background
from ..quant.histogram import ALPHA
from ..quant.progress import Progress
from ..types import MAX_COLORS, IndexedImage, Pixels
from .options import indexed_image
from .stored_frames import pixels_of


class _Change(NamedTuple):
    """What a frame changes.

    Attributes:
        window: The rectangle around all changes, as an index.
        changed: True for each changed pixel there, packed to bits row by row.
        picture: The rectangle, quantised; unchanged pixels are fully transparent.
    """

    window: tuple[slice, slice]
    changed: npt.NDArray[np.uint8]
    picture: IndexedImage


class OwnPalettes:
    """Frames as colours, uint8[h, w, 4], of which each has few that are new; may be iterated more than once.

    Memory holds the indices of all changed rectangles.
    """

    def __init__(self, frames: Frames, options: dict[str, Any], progress: Any = None, *, erasing: bool = True) -> None:
        """Quantise all frames.

        Args:
            frames: Frames of one size.
            options: Keywords of `quantize`.
            progress: Called with the fraction done, 0..1; None (default) for no calls.
            erasing: True if a frame can make single pixels transparent.
        """
        tell = Progress(progress)
        background = to_background(options.pop("background", None))
        count = len(frames)
        before: npt.NDArray[np.uint32] | None = None
        self._changes: list[_Change] = []
        for number, image in enumerate(frames):
            values = np.ascontiguousarray(pixels_of(image, {})).view("<u4")[..., 0].astype(np.uint32)
            if background is not None:
                values = composite(values, background, ALPHA)
            if before is not None and not erasing and ((values == 0) & (before != 0)).any():
                before = None
            clear = background is None and has_alpha(image)
            self._changes.append(_change(values, before, {**options}, clear=clear))
            self._shape = values.shape
            before = values
            tell((number + 1) / count)

    def __iter__(self) -> Iterator[Pixels]:
        shown = np.zeros((*self._shape, 4), np.uint8)
        for window, packed, picture in self._changes:
            shown = shown.copy()
            part = shown[window]
            changed = np.unpackbits(packed, count=part.shape[0] * part.shape[1]).astype(bool).reshape(part.shape[:2])
            colors = picture.palette[picture.indices[changed]]
            colors[colors[:, 3] == 0] = 0
            part[changed] = colors
            yield shown


def _change(
    values: npt.NDArray[np.uint32], before: npt.NDArray[np.uint32] | None, options: dict[str, Any], *, clear: bool
) -> _Change:
    """Quantise the changed pixels of a frame.

    Args:
        values: Packed colours, uint32[h, w].
        before: Those of the previous frame, or None to quantise the whole frame.
        options: Keywords of `quantize`.
        clear: Reserve an entry for transparent pixels in any case.
    """
    changed = np.ones(values.shape, bool) if before is None else values != before
    left, top, width, height = bounds(changed)
    window = np.s_[top : top + height, left : left + width]
    changed = changed[window]
    part = np.where(changed, values[window], np.uint32(0))
    colors = check_integer("colors", options.pop("colors", MAX_COLORS), 1, MAX_COLORS)
    invisible = bool((part == 0).any())
    if clear or before is not None:
        colors = min(colors, MAX_COLORS - 1 + invisible)
    if invisible:
        colors = max(colors, 2)
    opaque = bool((part >= ALPHA).all())
    pixels = part.astype("<u4").view(np.uint8).reshape(height, width, 4)
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]) if opaque else pixels)
    return _Change(window, np.packbits(changed), indexed_image(quantize(image, colors, **options), {}))
