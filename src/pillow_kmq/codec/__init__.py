"""The `.kmq` format: an indexed image as bytes and back (docs/FORMAT.md). It knows no colours and no floats."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from ..checks import check_choice, check_integer
from ..errors import CorruptError, LimitError, OptionError, OptionTypeError
from .container.chunks import MAX_SIDE, Writer
from .container.metadata import Metadata, encode_metadata
from .palette.chunk import encode_palette, natural_order
from .pixels import COMPRESSIONS, encode_pixels
from .reader import Head, read_head, read_indices, read_pixels
from .region import read_region
from .threads import set_threads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..types import IndexedImage, Pixels
    from .animation.reader import FrameReader
    from .picture import Picture

__all__ = [
    "COMPRESSIONS",
    "MAX_PIXELS",
    "Head",
    "Metadata",
    "decode",
    "encode",
    "encode_animation",
    "encode_picture",
    "natural_order",
    "read_animation",
    "read_head",
    "read_indices",
    "read_pixels",
    "read_region",
    "set_threads",
]

MAX_PIXELS = 1 << 28
"""The largest image that `decode` accepts unless told otherwise: 256 MB of indices."""

# With fewer bytes of pixels than these, one checksum has to do for the whole file.
_OWN_CHECKSUM = 1024


def encode(image: IndexedImage, *, compression: str = "default", metadata: Metadata | None = None) -> bytes:
    """The `.kmq` file that holds `image` exactly: the same indices, the same palette.

    compression: one of COMPRESSIONS. metadata: what else to store. Raises OptionError for another compression, for
    images without pixels or of more than 2^24 pixels on a side, and for metadata that a file cannot hold, and
    OptionTypeError for arguments of another type.
    """
    from ..types import IndexedImage
    from .arrange import as_it_is

    if not isinstance(image, IndexedImage):
        remedy = "quantize_array makes one of pixels, and Pillow images are saved by im.save"
        raise OptionTypeError(f"image must be an IndexedImage, not {type(image).__name__}: {remedy}")
    return encode_picture(as_it_is(image), compression, metadata)


def encode_picture(picture: Picture, compression: str, metadata: Metadata | None = None) -> bytes:
    """The same for a picture whose palette was arranged, and whose pixels are mapped only once for that."""
    height, width = picture.source.shape
    colors = picture.colors
    check_choice("compression", compression, COMPRESSIONS)
    if not 1 <= min(height, width) <= max(height, width) <= MAX_SIDE:
        raise OptionError(f"an image of {width}x{height} pixels does not fit a KMQ file: 1 to {MAX_SIDE} on a side do")
    beside = encode_metadata(metadata) if metadata is not None else []
    pixels = encode_pixels(picture, compression)
    file = Writer(width, height)
    if colors:
        # A sorted palette takes long to read.
        sorting = compression != "deflate" and (compression != "fast" or len(pixels) < 4 * len(colors))
        palette = encode_palette(colors, sorting=sorting)
        file.chunk("P", palette, checked=len(pixels) >= _OWN_CHECKSUM)
    for tag, payload in beside:
        file.chunk(tag, payload, checked=True)
    file.chunk("D", pixels, checked=True)
    return file.getvalue()


def encode_animation(
    frames: Iterable[IndexedImage | Pixels],
    durations: int | Sequence[int],
    *,
    plays: int = 0,
    compression: str = "default",
    metadata: Metadata | None = None,
) -> bytes:
    """The `.kmq` file of an animation, without loss.

    frames: 1..65536, all of one size, gone through twice; IndexedImages, or colours, RGBA uint8[h, w, 4]. Where all
    are IndexedImages of one palette, indices and palette are kept, as colours otherwise; with at most 256 of them in
    all, the file has one palette and frames that are indices. durations: milliseconds, of each frame or of all, below
    2^32. plays: 0 is without end. compression, metadata: as in `encode`. Raises OptionError, and OptionTypeError for
    frames of another type.
    """
    from .animation.writer import encode_frames

    check_choice("compression", compression, COMPRESSIONS)
    return encode_frames(frames, durations, plays, compression, Metadata() if metadata is None else metadata)


def decode(data: bytes, *, max_pixels: int | None = MAX_PIXELS) -> IndexedImage:
    """The image in a `.kmq` file.

    max_pixels: refuse larger images before anything is allocated; None for no limit. Raises NotKmqError,
    TruncatedError, CorruptError, UnsupportedError, LimitError (docs/FORMAT.md, section 1), OptionError for an
    animation, and OptionTypeError for what is not bytes.
    """
    stream = _stream(data)
    head = _checked_head(stream, max_pixels)
    if head.animation is not None:
        raise OptionError("a KMQ file of several frames: read_animation reads them")
    indices = read_indices(stream, head)
    if stream.read(1):
        raise CorruptError("broken KMQ file: something follows the end of the image")
    from ..types import IndexedImage

    return IndexedImage(head.palette, indices)


def read_animation(data: bytes, *, max_pixels: int | None = MAX_PIXELS) -> FrameReader:
    """The frames of a `.kmq` file, one if it is a still image; they are decoded when they are asked for.

    max_pixels: refuse larger frames. Raises what `decode` raises, and so do the methods of what is returned.
    """
    from .animation.reader import FrameReader

    stream = _stream(data)
    return FrameReader(stream, _checked_head(stream, max_pixels))


def _stream(data: bytes) -> BytesIO:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise OptionTypeError(f"data must be bytes, not {type(data).__name__}")
    return BytesIO(data)


def _checked_head(stream: BytesIO, max_pixels: int | None) -> Head:
    if max_pixels is not None:
        check_integer("max_pixels", max_pixels, 0, 2**63 - 1)
    head = read_head(stream)
    if max_pixels is not None and head.width * head.height > max_pixels:
        raise LimitError(
            f"a KMQ file of {head.width}x{head.height} pixels: more than {max_pixels} need a higher max_pixels"
        )
    return head
