"""Reading a `.kmq` file: its head, then its pixels (docs/FORMAT.md, sections 2 to 7)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ..errors import CorruptError, TruncatedError, UnsupportedError
from .container.chunks import Chunk, DamagedChunkError, Reader
from .container.metadata import MAX_BYTES, TAGS, Metadata, decode_metadata, name_of
from .palette.chunk import MAX_PAYLOAD, decode_palette
from .pixels import check_pixels, decode_pixels, has_stripes

if TYPE_CHECKING:
    from ..types import Indices, Palette
    from .container.animation_table import Animation
    from .symbols.raster import Raster

_MAX_HEAD_CHUNKS = 255

MAX_TABLE = 1 << 22
"""Bytes of a chunk A: more than 65536 frames and films ever take."""


class Head(NamedTuple):
    """What stands before the pixels, and where reading goes on."""

    width: int
    height: int
    colors: bytes
    """The palette: RGBA, four bytes an entry."""
    coding_byte: int
    """The first byte of chunk D."""
    coded_length: int
    """How many bytes of chunk D follow it."""
    crc: int
    """The checksum of everything up to and including that byte."""
    head_crc: int
    """The checksum of everything before chunk D."""
    animation: Animation | None
    """If there are several frames; chunk D is then the first film."""
    metadata: Metadata
    dropped: tuple[str, ...]
    """What is wrong with metadata that were left out, a phrase each."""

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the image in chunk D."""
        return self.animation.films[0].image_size if self.animation else (self.height, self.width)

    @property
    def palette(self) -> Palette:
        """The palette, uint8[k, 4]."""
        import numpy as np

        return np.frombuffer(self.colors, np.uint8).reshape(-1, 4).copy()


def read_head(stream: IO[bytes]) -> Head:
    """Read a file up to its coded pixels. Trusts nothing and allocates little, whatever the file announces.

    Raises NotKmqError, TruncatedError, CorruptError, UnsupportedError.
    """
    reader = Reader(stream)
    width, height = reader.header()
    colors = b""
    metadata: dict[str, Any] = {}
    dropped: list[str] = []
    animation: Animation | None = None
    for _ in range(_MAX_HEAD_CHUNKS + 1):
        head_crc = reader.crc
        chunk = reader.chunk()
        if chunk.tag == "D":
            size = animation.films[0].image_size if animation else (height, width)
            coding_byte = read_coding_byte(reader, chunk, *size)
            return Head(
                width, height, colors, coding_byte, chunk.length - 1, reader.crc, head_crc,
                animation, Metadata(**metadata), tuple(dropped),
            )  # fmt: skip
        if chunk.tag == "P":
            colors = read_palette(reader, chunk, seen=colors != b"")
        elif chunk.tag == "A":
            animation = _animation(reader, chunk, width, height, seen=animation is not None)
        elif chunk.ancillary:
            _read_metadata(reader, chunk, metadata, dropped)
        else:
            raise UnsupportedError(f"a KMQ file with a chunk {chunk.tag!r}: a newer pillow-kmq is needed")
    raise CorruptError(f"broken KMQ file: more than {_MAX_HEAD_CHUNKS} chunks before the pixels")


def _read_metadata(reader: Reader, chunk: Chunk, metadata: dict[str, Any], dropped: list[str]) -> None:
    """Read an ancillary chunk into `metadata`, or leave it out and say why in `dropped`."""
    known = chunk.tag in TAGS
    try:
        payload = reader.ancillary_payload(chunk, MAX_BYTES if known else 0)
        if not known:
            return
        name = name_of(chunk.tag)
        if payload is None:
            dropped.append(f"{name}: more than {MAX_BYTES} bytes")
        elif name in metadata:
            dropped.append(f"{name}: there twice")
        else:
            metadata[name] = _decoded(chunk.tag, payload)
    except DamagedChunkError as error:
        dropped.append(f"{name_of(chunk.tag) if known else chunk.tag}: {error}")


def _decoded(tag: str, payload: bytes) -> Any:
    try:
        return decode_metadata(tag, payload)
    except CorruptError as error:
        raise DamagedChunkError(str(error)) from error


def _animation(reader: Reader, chunk: Chunk, width: int, height: int, *, seen: bool) -> Animation:
    if seen or not chunk.checked:
        raise CorruptError("broken KMQ file: it has two chunks A, or one without a checksum")
    if chunk.length > MAX_TABLE:
        raise CorruptError(f"broken KMQ file: a chunk A of {chunk.length} bytes")
    from .container.animation_table import decode_table

    return decode_table(reader.payload(chunk), width, height)


def read_palette(reader: Reader, chunk: Chunk, *, seen: bool) -> bytes:
    """The entries of a chunk P whose head was read, RGBA; seen: whether there was one before."""
    if seen:
        raise CorruptError("broken KMQ file: it has two palettes")
    if chunk.length > MAX_PAYLOAD:
        raise CorruptError(f"broken KMQ file: a palette of {chunk.length} bytes")
    return decode_palette(reader.payload(chunk))


def read_coding_byte(reader: Reader, chunk: Chunk, height: int, width: int) -> int:
    """The first byte of chunk D, if it and the chunk's length fit the image."""
    if not chunk.checked or chunk.length == 0:
        raise CorruptError("broken KMQ file: its pixels lack a checksum or are missing")
    coding_byte = reader.byte()
    check_pixels(coding_byte, chunk.length - 1, height, width)
    return coding_byte


def read_pixels(stream: IO[bytes], head: Head, *, partial: bool = False) -> Raster:
    """The indices of chunk D, read from where `read_head` stopped; nothing beyond is read.

    partial: show what there is of a truncated or damaged file; rows that did not arrive are zero. Otherwise raises
    TruncatedError. Raises CorruptError.
    """
    reader = Reader(stream, head.crc)
    return read_coded(reader, head.coding_byte, head.coded_length, head.image_size, head.colors, partial=partial)


def read_coded(
    reader: Reader, coding_byte: int, length: int, size: tuple[int, int], colors: bytes, *, partial: bool
) -> Raster:
    """The indices of a chunk D whose first byte was read. size: height and width. Otherwise as `read_pixels`."""
    coded = reader.available(length)
    try:
        reader.checksum()
    except TruncatedError:
        if not partial:
            raise
        partial = len(coded) < length  # otherwise the checksum alone is missing
    except CorruptError:
        if not (partial and has_stripes(coding_byte)):
            raise
    else:
        partial = False
    return decode_pixels(coding_byte, coded, *size, colors, partial=partial)


def read_indices(stream: IO[bytes], head: Head, *, partial: bool = False) -> Indices:
    """What `read_pixels` reads, as uint8[h, w]; of an animation, the image of its first film."""
    return read_pixels(stream, head, partial=partial).indices().copy()
