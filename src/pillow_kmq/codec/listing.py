"""The chunks of a file, as a list for people (docs/FORMAT.md, sections 3 to 5)."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

from .container.chunks import Reader
from .symbols.stripes import CODINGS

_TRAILER = 4  # bytes of a checksum
_LEVELS = {coding: level for level, coding in CODINGS.items()}


class ListedChunk(NamedTuple):
    """A chunk.

    Attributes:
        tag: One letter.
        size: Bytes with its head and its checksum.
        level: The level of compression of a chunk D, otherwise None.
    """

    tag: str
    size: int
    level: str | None


def list_chunks(data: bytes) -> tuple[int, list[ListedChunk]]:
    """List the chunks of a file, without decoding them.

    Args:
        data: The bytes of a file whose head can be read.

    Returns:
        The size of the header in bytes, and all chunks in order.

    Raises:
        TruncatedError: The file ends within a chunk.
        CorruptError: Something else than a chunk follows.
    """
    stream = BytesIO(data)
    reader = Reader(stream)
    reader.header()
    header = stream.tell()
    chunks = []
    while stream.tell() < len(data):
        start = stream.tell()
        chunk = reader.chunk()
        coding = data[stream.tell()] & 0x0F if chunk.tag == "D" and stream.tell() < len(data) else None
        reader.skip(chunk.length + _TRAILER * chunk.checked)
        level = None if coding is None else _LEVELS.get(coding, "deflate")
        chunks.append(ListedChunk(chunk.tag, stream.tell() - start, level))
    return header, chunks
