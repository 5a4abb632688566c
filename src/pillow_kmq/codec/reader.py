"""The reader of `.kmq` files: the head first, then the pixels (docs/FORMAT.md, sections 2 to 7)."""

from __future__ import annotations

from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ..checks import check_integer
from ..errors import CorruptError, LimitError, OptionTypeError, TruncatedError, UnsupportedError
from .container.chunks import Chunk, DamagedChunkError, Reader
from .container.metadata import MAX_BYTES, TAGS, Metadata, decode_metadata, name_of
from .palette.chunk import MAX_PAYLOAD, decode_palette
from .pixels import check_pixels, decode_pixels, has_stripes

if TYPE_CHECKING:
    from ..types import Indices, Palette
    from .container.animation_table import Animation
    from .symbols.raster import Raster

MAX_PIXELS = 1 << 28
"""The default limit of `decode` on the number of pixels: 256 MB of indices."""

MAX_TABLE = 1 << 22
"""The limit on the length of chunk A in bytes; 65536 frames and films take less."""

_MAX_HEAD_CHUNKS = 255


class Head(NamedTuple):
    """Everything before the pixels, and the state needed to continue reading."""

    width: int
    height: int
    colors: bytes
    """The palette, RGBA, four bytes per entry."""
    coding_byte: int
    """The first byte of chunk D: coding and options."""
    coded_length: int
    """The number of bytes of chunk D after the coding byte."""
    crc: int
    """The checksum of everything up to and including the coding byte."""
    head_crc: int
    """The checksum of everything before chunk D."""
    animation: Animation | None
    """The table of an animation, whose first film chunk D is; None for a still image."""
    metadata: Metadata
    """Profile, Exif, XMP, resolution and texts; fields that are missing or damaged are empty."""
    dropped: tuple[str, ...]
    """One phrase per damaged metadata chunk that was left out."""

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
    """Read a file up to its coded pixels. Allocates little memory, whatever sizes the file declares.

    Args:
        stream: A binary stream at the start of the file.

    Returns:
        The head. The stream is then at the coded pixels, where `read_pixels`, `read_indices` and `read_region` start.

    Raises:
        NotKmqError: The data do not start like a KMQ file.
        TruncatedError: The file ends within the head.
        CorruptError: The head is damaged or breaks a rule of the format.
        UnsupportedError: The file needs a newer decoder.
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
            animation = _read_animation(reader, chunk, width, height, seen=animation is not None)
        elif chunk.ancillary:
            _read_metadata(reader, chunk, metadata, dropped)
        else:
            raise UnsupportedError(f"unsupported KMQ file: unknown chunk {chunk.tag!r}; a newer pillow-kmq is needed")
    raise CorruptError(f"invalid KMQ file: more than {_MAX_HEAD_CHUNKS} chunks before the pixels")


def _read_metadata(reader: Reader, chunk: Chunk, metadata: dict[str, Any], dropped: list[str]) -> None:
    """Read an ancillary chunk into `metadata`, or skip it and add the reason to `dropped`."""
    known = chunk.tag in TAGS
    try:
        payload = reader.ancillary_payload(chunk, MAX_BYTES if known else 0)
        if not known:
            return
        name = name_of(chunk.tag)
        if payload is None:
            dropped.append(f"{name}: longer than {MAX_BYTES} bytes")
        elif name in metadata:
            dropped.append(f"{name}: more than one chunk")
        else:
            metadata[name] = _decode(chunk.tag, payload)
    except DamagedChunkError as error:
        dropped.append(f"{name_of(chunk.tag) if known else chunk.tag}: {error}")


def _decode(tag: str, payload: bytes) -> Any:
    try:
        return decode_metadata(tag, payload)
    except CorruptError as error:
        raise DamagedChunkError(str(error)) from error


def _read_animation(reader: Reader, chunk: Chunk, width: int, height: int, *, seen: bool) -> Animation:
    if seen or not chunk.checked:
        raise CorruptError("invalid KMQ file: more than one chunk A, or one without a checksum")
    if chunk.length > MAX_TABLE:
        raise CorruptError(f"invalid KMQ file: chunk A has {chunk.length} bytes, more than {MAX_TABLE}")
    from .container.animation_table import decode_table

    return decode_table(reader.payload(chunk), width, height)


def read_palette(reader: Reader, chunk: Chunk, *, seen: bool) -> bytes:
    """Read the palette, RGBA, from a chunk P whose head was read. seen: whether there was one before."""
    if seen:
        raise CorruptError("invalid KMQ file: more than one palette")
    if chunk.length > MAX_PAYLOAD:
        raise CorruptError(f"invalid KMQ file: the palette chunk has {chunk.length} bytes, more than {MAX_PAYLOAD}")
    return decode_palette(reader.payload(chunk))


def read_coding_byte(reader: Reader, chunk: Chunk, height: int, width: int) -> int:
    """Read the first byte of chunk D. Raises CorruptError unless coding and length can hold the image."""
    if not chunk.checked or chunk.length == 0:
        raise CorruptError("invalid KMQ file: the pixels are missing or have no checksum")
    coding_byte = reader.byte()
    check_pixels(coding_byte, chunk.length - 1, height, width)
    return coding_byte


def read_pixels(stream: IO[bytes], head: Head, *, partial: bool = False) -> Raster:
    """Decode chunk D. Reads nothing after it.

    Args:
        stream: The stream as `read_head` left it.
        head: The head of the file; for an animation, the image of the first film is decoded.
        partial: Decode what can be decoded of a truncated or damaged file; missing rows are zero.

    Returns:
        The indices, which may have margins; see `read_indices` for an array.

    Raises:
        TruncatedError: The file ends too early, and `partial` is false.
        CorruptError: The pixels are damaged.
    """
    reader = Reader(stream, head.crc)
    return read_coded(reader, head.coding_byte, head.coded_length, head.image_size, head.colors, partial=partial)


def read_coded(
    reader: Reader, coding_byte: int, length: int, size: tuple[int, int], colors: bytes, *, partial: bool
) -> Raster:
    """Decode a chunk D whose first byte was read, as `read_pixels`. size: height and width."""
    coded = reader.available(length)
    try:
        reader.checksum()
    except TruncatedError:
        if not partial:
            raise
        partial = len(coded) < length  # otherwise only the checksum is missing
    except CorruptError:
        if not (partial and has_stripes(coding_byte)):
            raise
    else:
        partial = False
    return decode_pixels(coding_byte, coded, *size, colors, partial=partial)


def read_indices(stream: IO[bytes], head: Head, *, partial: bool = False) -> Indices:
    """Decode chunk D as an array. Reads nothing after it.

    Args:
        stream: The stream as `read_head` left it.
        head: The head of the file; for an animation, the image of the first film is decoded.
        partial: Decode what can be decoded of a truncated or damaged file; missing rows are zero.

    Returns:
        Indices, uint8[h, w].

    Raises:
        TruncatedError: The file ends too early, and `partial` is false.
        CorruptError: The pixels are damaged.
    """
    return read_pixels(stream, head, partial=partial).indices().copy()


def open_data(data: bytes, max_pixels: int | None) -> tuple[BytesIO, Head]:
    """Read the head of a whole file in memory; returns the stream, too. See `codec.decode` for limits and errors."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise OptionTypeError(f"data must be bytes, not {type(data).__name__}")
    stream = BytesIO(data)
    if max_pixels is not None:
        check_integer("max_pixels", max_pixels, 0, 2**63 - 1)
    head = read_head(stream)
    if max_pixels is not None and head.width * head.height > max_pixels:
        raise LimitError(
            f"image size {head.width}x{head.height} exceeds the limit of {max_pixels} pixels: raise max_pixels, "
            "or pass None for no limit"
        )
    return stream, head
