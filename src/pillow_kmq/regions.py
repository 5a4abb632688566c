"""Regions of large `.kmq` images, read without decoding the whole."""

from __future__ import annotations

from os import PathLike
from typing import IO

from PIL import Image

from .checks import shown, to_integer
from .errors import OptionError, OptionTypeError
from .KmqImagePlugin import KmqImageFile


def read_region(source: str | PathLike[str] | IO[bytes], box: tuple[int, int, int, int]) -> Image.Image:
    """Read a rectangle of a `.kmq` file, decoding only the stripes of rows that it touches.

    Damage to other rows does not matter. Small images have a single stripe, so that nothing is saved. Pillow's limit
    on the number of pixels applies to the rows that have to be decoded.

    Args:
        source: A path, or a binary file object.
        box: (left, upper, right, lower) in pixels as in `Image.crop`, not empty and within the image.

    Returns:
        A P image of the size of the box, with the palette and `info` of the opened file.

    Raises:
        OptionError: A ValueError: the box is invalid, or the file is an animation (crop its frames after `seek`).
        OptionTypeError: A TypeError: `source` is neither a path nor a file object.
        LimitError: The rows to be decoded exceed Pillow's limit on pixels.
        KmqError: Any error of opening and loading the file, such as TruncatedError or CorruptError.
    """
    from .codec import read_region as read

    try:
        left, top, right, bottom = (to_integer("box", side) for side in box)
    except (TypeError, ValueError):
        raise OptionError(f"box must be four integers, not {shown(box)}") from None
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
