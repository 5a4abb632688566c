"""The `.kmq` format: indexed images as bytes and back (docs/FORMAT.md). It knows neither colour spaces nor floats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..checks import check_choice
from ..errors import CorruptError, OptionError, OptionTypeError
from .container.metadata import Metadata
from .palette.chunk import natural_order
from .pixels import COMPRESSIONS
from .reader import MAX_PIXELS, Head, open_data, read_head, read_indices, read_pixels
from .region import read_region
from .threads import set_threads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..types import IndexedImage, Pixels
    from .animation.reader import FrameReader

__all__ = [
    "COMPRESSIONS",
    "MAX_PIXELS",
    "Head",
    "Metadata",
    "decode",
    "encode",
    "encode_animation",
    "natural_order",
    "read_animation",
    "read_head",
    "read_indices",
    "read_pixels",
    "read_region",
    "set_threads",
]


def encode(image: IndexedImage, *, compression: str = "default", metadata: Metadata | None = None) -> bytes:
    """Encode an indexed image as a `.kmq` file, without loss: indices and palette stay as they are.

    Args:
        image: 1 to 2^24 pixels per side.
        compression: Level of compression, one of COMPRESSIONS; "deflate" is the fastest, "max" the smallest.
        metadata: Profile, Exif, XMP, resolution and texts to store with the image.

    Returns:
        The bytes of the file.

    Raises:
        OptionError: An unknown level, an unsupported image size, or metadata that a file cannot hold.
        OptionTypeError: An argument has the wrong type.
    """
    from ..types import IndexedImage
    from .picture import keep_palette
    from .writer import encode_picture

    if not isinstance(image, IndexedImage):
        remedy = "make one from pixels with quantize_array, or save a Pillow image with im.save"
        raise OptionTypeError(f"image must be an IndexedImage, not {type(image).__name__}: {remedy}")
    return encode_picture(keep_palette(image), compression, metadata)


def encode_animation(
    frames: Iterable[IndexedImage | Pixels],
    durations: int | Sequence[int],
    *,
    plays: int = 0,
    compression: str = "default",
    metadata: Metadata | None = None,
) -> bytes:
    """Encode an animation as a `.kmq` file, without loss.

    If all frames are IndexedImages with one palette, their indices and the palette are kept. Otherwise their colours
    are; if there are at most 256 in all frames together, the file has one palette and its frames are indices.

    Args:
        frames: 1 to 65536 frames of one size: IndexedImages, or colours as uint8[h, w, 4], RGBA. Iterated twice,
            unless they are an iterator, which is made a list.
        durations: Milliseconds, 0 to 2^32 - 1: one number for all frames, or one for each.
        plays: Number of times that the animation is shown, 0 to 2^32 - 1; 0 means endlessly.
        compression: As in `encode`.
        metadata: As in `encode`.

    Returns:
        The bytes of the file.

    Raises:
        OptionError: No frame, too many frames, frames of different or unsupported sizes, or an option out of range.
        OptionTypeError: A frame or an argument has the wrong type.
    """
    from .animation.writer import encode_frames

    check_choice("compression", compression, COMPRESSIONS)
    return encode_frames(frames, durations, plays, compression, Metadata() if metadata is None else metadata)


def decode(data: bytes, *, max_pixels: int | None = MAX_PIXELS) -> IndexedImage:
    """Decode a `.kmq` file that holds a still image.

    Args:
        data: The bytes of the file.
        max_pixels: Largest accepted number of pixels, checked before memory is allocated; None means no limit.

    Returns:
        The image, with the indices and the palette that were encoded.

    Raises:
        NotKmqError: The data do not start like a KMQ file.
        TruncatedError: The file ends too early.
        CorruptError: The file is damaged or breaks a rule of the format.
        UnsupportedError: The file needs a newer decoder.
        LimitError: The image has more than `max_pixels`.
        OptionError: The file holds an animation, which `read_animation` reads.
        OptionTypeError: An argument has the wrong type.
    """
    stream, head = open_data(data, max_pixels)
    if head.animation is not None:
        raise OptionError("the KMQ file is an animation: read its frames with read_animation")
    indices = read_indices(stream, head)
    if stream.read(1):
        raise CorruptError("invalid KMQ file: trailing data after the image")
    from ..types import IndexedImage

    return IndexedImage(head.palette, indices)


def read_animation(data: bytes, *, max_pixels: int | None = MAX_PIXELS) -> FrameReader:
    """Open the frames of a `.kmq` file; a still image has one.

    Args:
        data: The bytes of the file.
        max_pixels: Largest accepted number of pixels of a frame; None means no limit.

    Returns:
        A reader that decodes frames on demand. Its methods raise the same errors.

    Raises:
        NotKmqError: The data do not start like a KMQ file.
        TruncatedError: The file ends too early.
        CorruptError: The file is damaged or breaks a rule of the format.
        UnsupportedError: The file needs a newer decoder.
        LimitError: Frames have more than `max_pixels`.
        OptionTypeError: An argument has the wrong type.
    """
    from .animation.reader import FrameReader

    return FrameReader(*open_data(data, max_pixels))
