"""The writer of still images (docs/FORMAT.md, sections 2 to 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..checks import check_choice
from ..errors import OptionError
from .container.chunks import MAX_SIDE, Writer
from .container.metadata import Metadata, encode_metadata
from .palette.chunk import encode_palette
from .pixels import COMPRESSIONS, encode_pixels

if TYPE_CHECKING:
    from .picture import Picture

# Bytes of chunk D. Below them the palette goes without a checksum of its own: that of chunk D covers it as well.
_OWN_CHECKSUM = 1024


def encode_picture(picture: Picture, compression: str, metadata: Metadata | None = None) -> bytes:
    """Encode a picture as a `.kmq` file; arguments and errors as in `codec.encode`."""
    height, width = picture.source.shape
    colors = picture.colors
    check_choice("compression", compression, COMPRESSIONS)
    if not 1 <= min(height, width) <= max(height, width) <= MAX_SIDE:
        raise OptionError(f"image size {width}x{height} is not supported: each side must be 1 to {MAX_SIDE} pixels")
    metadata_chunks = encode_metadata(metadata) if metadata is not None else []
    pixels = encode_pixels(picture, compression)
    file = Writer(width, height)
    if colors:
        # A sorted palette is slow to read: fast levels use it only where it is a large part of the file.
        sorting = compression != "deflate" and (compression != "fast" or len(pixels) < 4 * len(colors))
        palette = encode_palette(colors, sorting=sorting)
        file.chunk("P", palette, checked=len(pixels) >= _OWN_CHECKSUM)
    for tag, payload in metadata_chunks:
        file.chunk(tag, payload, checked=True)
    file.chunk("D", pixels, checked=True)
    return file.getvalue()
