"""The `.kmq` format: an indexed image as bytes and back (docs/FORMAT.md). It knows no colours and no floats."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from ..errors import CorruptError, LimitError, OptionError
from .container import MAX_SIDE, Writer
from .metadata import Metadata, encode_metadata
from .palette import encode_palette, natural_order
from .pixels import COMPRESSIONS, encode_pixels
from .reading import Head, read_head, read_indices, read_pixels
from .threads import set_threads

if TYPE_CHECKING:
    from ..types import IndexedImage

__all__ = [
    "COMPRESSIONS",
    "MAX_PIXELS",
    "Head",
    "Metadata",
    "decode",
    "encode",
    "natural_order",
    "read_head",
    "read_indices",
    "read_pixels",
    "set_threads",
    "warmup",
]

MAX_PIXELS = 1 << 28
"""The largest image that `decode` accepts unless told otherwise: 256 MB of indices."""

# With fewer bytes of pixels than these, one checksum has to do for the whole file.
_OWN_CHECKSUM = 1024


def encode(image: IndexedImage, *, compression: str = "default", metadata: Metadata | None = None) -> bytes:
    """The `.kmq` file that holds `image` exactly: the same indices, the same palette.

    compression: one of COMPRESSIONS. metadata: what else to store. Raises OptionError for another compression, for
    images without pixels or of more than 2^24 pixels on a side, and for metadata that a file cannot hold.
    """
    if compression not in COMPRESSIONS:
        raise OptionError(f"compression must be one of {', '.join(COMPRESSIONS)}, not {compression!r}")
    if not 1 <= min(image.indices.shape) <= max(image.indices.shape) <= MAX_SIDE:
        raise OptionError(
            f"an image of {image.width}x{image.height} pixels does not fit a KMQ file: 1 to {MAX_SIDE} on a side do"
        )
    beside = encode_metadata(metadata) if metadata is not None else []
    colors = image.palette.tobytes()
    pixels = encode_pixels(image.indices, colors, compression)
    file = Writer(image.width, image.height)
    if colors:
        palette = encode_palette(colors, sorting=compression != "deflate")
        file.chunk("P", palette, checked=len(pixels) >= _OWN_CHECKSUM)
    for tag, payload in beside:
        file.chunk(tag, payload, checked=True)
    file.chunk("D", pixels, checked=True)
    return file.getvalue()


def decode(data: bytes, *, max_pixels: int | None = MAX_PIXELS) -> IndexedImage:
    """The image in a `.kmq` file.

    max_pixels: refuse larger images before anything is allocated; None for no limit. Raises NotKmqError,
    TruncatedError, CorruptError, UnsupportedError, LimitError (docs/FORMAT.md, section 1).
    """
    stream = BytesIO(data)
    head = read_head(stream)
    if max_pixels is not None and head.width * head.height > max_pixels:
        raise LimitError(
            f"a KMQ file of {head.width}x{head.height} pixels: more than {max_pixels} need a higher max_pixels"
        )
    indices = read_indices(stream, head)
    if stream.read(1):
        raise CorruptError("broken KMQ file: something follows the end of the image")
    from ..types import IndexedImage

    return IndexedImage(head.palette, indices)


def warmup() -> None:
    """Compile the kernels of all levels, if they are not kept on disk already: some seconds in a new environment."""
    import numpy as np

    from ..types import IndexedImage

    y, x = np.indices((100, 100))
    image = IndexedImage(np.zeros((4, 4), np.uint8), (x * y // 16 % 4).astype(np.uint8))
    decode(encode(image))
