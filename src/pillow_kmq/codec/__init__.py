"""The `.kmq` format: an indexed image as bytes and back (docs/FORMAT.md). It knows no colours and no floats."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import IO

import numpy as np

from ..errors import CorruptError, LimitError, OptionError, TruncatedError, UnsupportedError
from ..types import IndexedImage, Indices, Palette
from .container import MAX_SIDE, Chunk, Reader, Writer
from .palette import MAX_PAYLOAD, decode_palette, encode_palette
from .rows import DEFLATED, STORED, check_rows, decode_rows, encode_rows

__all__ = ["COMPRESSIONS", "MAX_PIXELS", "Head", "decode", "encode", "read_head", "read_indices"]

COMPRESSIONS = ("deflate",)
"""The levels of compression, fastest first."""

MAX_PIXELS = 1 << 28
"""The largest image that `decode` accepts unless told otherwise: 256 MB of indices."""

_MAX_HEAD_CHUNKS = 255

# With fewer bytes of pixels than these, one checksum has to do for the whole file.
_OWN_CHECKSUM = 1024


def encode(image: IndexedImage, *, compression: str = "deflate") -> bytes:
    """The `.kmq` file that holds `image` exactly: the same indices, the same palette.

    compression: one of COMPRESSIONS. Raises OptionError for another one and for images without pixels or of more
    than 2^24 pixels on a side.
    """
    if compression not in COMPRESSIONS:
        raise OptionError(f"compression must be one of {', '.join(COMPRESSIONS)}, not {compression!r}")
    if not 1 <= min(image.indices.shape) <= max(image.indices.shape) <= MAX_SIDE:
        raise OptionError(
            f"an image of {image.width}x{image.height} pixels does not fit a KMQ file: 1 to {MAX_SIDE} on a side do"
        )
    pixels = encode_rows(image.indices)
    file = Writer(image.width, image.height)
    if len(image.palette):
        file.chunk("P", encode_palette(image.palette), checked=len(pixels) >= _OWN_CHECKSUM)
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
    return IndexedImage(head.palette, indices)


@dataclass(frozen=True, eq=False)
class Head:
    """What stands before the pixels: size and palette (uint8[k, 4]), and where reading goes on."""

    width: int
    height: int
    palette: Palette
    coding_byte: int
    """The first byte of chunk D."""
    coded_length: int
    """How many bytes of chunk D follow it."""
    crc: int = field(repr=False)
    """The checksum of everything up to and including that byte."""


def read_head(stream: IO[bytes]) -> Head:
    """Read a file up to its coded pixels. Trusts nothing and allocates little, whatever the file announces.

    Raises NotKmqError, TruncatedError, CorruptError, UnsupportedError.
    """
    reader = Reader(stream)
    width, height = reader.header()
    palette = np.empty((0, 4), np.uint8)
    for _ in range(_MAX_HEAD_CHUNKS + 1):
        chunk = reader.chunk()
        if chunk.tag == "D":
            coding_byte = _coding_byte(reader, chunk, height, width)
            return Head(width, height, palette, coding_byte, chunk.length - 1, reader.crc)
        if chunk.tag == "P":
            palette = _palette(reader, chunk, seen=len(palette) > 0)
        elif chunk.ancillary:
            reader.skip(chunk)
        else:
            raise UnsupportedError(f"a KMQ file with a chunk {chunk.tag!r}: a newer pillow-kmq is needed")
    raise CorruptError(f"broken KMQ file: more than {_MAX_HEAD_CHUNKS} chunks before the pixels")


def _palette(reader: Reader, chunk: Chunk, *, seen: bool) -> Palette:
    if seen:
        raise CorruptError("broken KMQ file: it has two palettes")
    if chunk.length > MAX_PAYLOAD:
        raise CorruptError(f"broken KMQ file: a palette of {chunk.length} bytes")
    return decode_palette(reader.payload(chunk))


def _coding_byte(reader: Reader, chunk: Chunk, height: int, width: int) -> int:
    """The first byte of chunk D, if it and the chunk's length fit the image."""
    if not chunk.checked or chunk.length == 0:
        raise CorruptError("broken KMQ file: its pixels lack a checksum or are missing")
    coding_byte = reader.byte()
    if coding_byte & 0x0F not in (STORED, DEFLATED):
        raise UnsupportedError(f"KMQ pixels of coding {coding_byte & 0x0F}: a newer pillow-kmq is needed")
    check_rows(coding_byte, chunk.length - 1, height, width)
    return coding_byte


def read_indices(stream: IO[bytes], head: Head, *, partial: bool = False) -> Indices:
    """The indices uint8[h, w], read from where `read_head` stopped; nothing beyond the image is read.

    partial: show what there is of a truncated file; rows that did not arrive are zero. Otherwise raises
    TruncatedError. Raises CorruptError.
    """
    reader = Reader(stream, head.crc)
    coded = reader.available(head.coded_length)
    try:
        reader.checksum()
    except TruncatedError:
        if not partial:
            raise
        return decode_rows(head.coding_byte, coded, head.height, head.width, partial=True)
    return decode_rows(head.coding_byte, coded, head.height, head.width)
