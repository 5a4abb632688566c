"""Parts of large `.kmq` images, without decoding the whole."""

from __future__ import annotations

from os import PathLike
from typing import IO

from PIL import Image

from .checks import shown, to_integer
from .errors import OptionError, OptionTypeError
from .KmqImagePlugin import KmqImageFile


def read_region(source: str | PathLike[str] | IO[bytes], box: tuple[int, int, int, int]) -> Image.Image:
    """Read a rectangle of a `.kmq` file, decoding only the stripes of rows that it needs.

    Damage to other stripes does not matter. Small images have a single stripe, so all of it is decoded. Pillow's limit
    on the number of pixels applies to the rows that have to be decoded.

    Args:
        source: path of the file, or a binary file object.
        box: left, upper, right and lower edge, as in `Image.crop`, within the image and not empty.

    Returns:
        A P image, with palette and `info` as if the file had been opened.

    Raises:
        OptionError: the box is invalid, or the file is an animation (a ValueError); crop its frames after `seek`.
        OptionTypeError: the source has the wrong type (a TypeError).
        CorruptError: the file is damaged (an OSError). All errors of opening and loading a file are raised too.
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
