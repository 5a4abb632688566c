"""Parts of large `.kmq` images, without decoding the whole."""

from __future__ import annotations

from os import PathLike
from typing import IO

from PIL import Image

from .checks import shown, to_integer
from .errors import OptionError, OptionTypeError
from .KmqImagePlugin import KmqImageFile


def read_region(source: str | PathLike[str] | IO[bytes], box: tuple[int, int, int, int]) -> Image.Image:
    """A rectangle of a `.kmq` file as a P image, decoding only the stripes of rows that it needs.

    box: left, upper, right, lower, as in `Image.crop`, within the image and not empty. Palette and `info` are as if the
    file had been opened. Pillow's limit on pixels holds for the rows that have to be decoded. Damage to other rows does
    no harm. Small images have one stripe, so this gains nothing. Raises OptionError (a ValueError) for another box or
    an animation, whose frames are cropped after `seek`; OptionTypeError (a TypeError) for another source; and what
    opening and loading a file raises.
    """
    from .codec import read_region as read

    try:
        left, top, right, bottom = (to_integer("box", side) for side in box)
    except (TypeError, ValueError):
        raise OptionError(f"box must be four whole numbers, not {shown(box)}") from None
    if not isinstance(source, (str, bytes, PathLike)) and not hasattr(source, "read"):
        raise OptionTypeError(f"source must be a path or a binary file object, not {type(source).__name__}")
    with KmqImageFile(source) as im:
        assert im.fp is not None
        limit = None if Image.MAX_IMAGE_PIXELS is None else 2 * Image.MAX_IMAGE_PIXELS
        indices = read(im.fp, im.head, left, top, right - left, bottom - top, max_pixels=limit)
        part = Image.frombytes("P", (right - left, bottom - top), indices.tobytes())
        assert im.palette is not None
        part.putpalette(bytes(im.palette.palette), "RGB")  # getpalette would load the image
        part.info = dict(im.info)
    return part
