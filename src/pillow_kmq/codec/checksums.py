"""Verification of all checksums of a file without decoding its pixels (docs/FORMAT.md, sections 5 and 9)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from ..errors import CorruptError
from .animation.reader import unexpected_chunk
from .container.chunks import Reader, film_crc
from .reader import read_coding_byte

if TYPE_CHECKING:
    from .container.animation_table import Film
    from .reader import Head


def verify(stream: IO[bytes], head: Head) -> None:
    """Verify the rest of a file, from where `read_head` stopped to the end.

    Raises CorruptError for a checksum mismatch, damaged metadata, a missing film, and trailing data; TruncatedError,
    UnsupportedError.
    """
    if head.dropped:
        raise CorruptError(f"invalid KMQ file: damaged metadata ({'; '.join(head.dropped)})")
    reader = Reader(stream, head.crc)
    reader.skip(head.coded_length)
    reader.checksum()
    for number, film in enumerate(head.animation.films[1:] if head.animation else (), 1):
        _verify_film(Reader(stream, film_crc(head.head_crc, number)), film)
    if stream.read(1):
        raise CorruptError("invalid KMQ file: trailing data after the image")


def _verify_film(reader: Reader, film: Film) -> None:
    chunk = reader.chunk()
    if film.own_palette:
        if chunk.tag != "P":
            raise unexpected_chunk(chunk)
        reader.payload(chunk)
        chunk = reader.chunk()
    if chunk.tag != "D":
        raise unexpected_chunk(chunk)
    read_coding_byte(reader, chunk, *film.image_size)
    reader.skip(chunk.length - 1)
    reader.checksum()
