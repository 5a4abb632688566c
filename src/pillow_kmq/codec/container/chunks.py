"""The bytes of a `.kmq` file around its payloads: signature, sizes, chunks, checksums (docs/FORMAT.md, 1 to 5)."""

from __future__ import annotations

import zlib
from typing import IO, NamedTuple

from ...errors import CorruptError, NotKmqError, TruncatedError, UnsupportedError
from .varint import read_varint, to_varint

SIGNATURE = b"\x8bKMQ"
VERSION = 1
MAX_SIDE = 1 << 24

_CHECKED = 0x80
_ANCILLARY = 0x20
_BLOCK = 1 << 20
_TRUNCATED = "truncated KMQ file: it ends before its last chunk does"


class DamagedChunkError(CorruptError):
    """An ancillary chunk is damaged, and nothing else."""


class Chunk(NamedTuple):
    """What stands before a payload. tag: one letter; length: bytes of payload; checked: a checksum follows it."""

    tag: str
    length: int
    checked: bool

    @property
    def ancillary(self) -> bool:
        """Whether a decoder that does not know this chunk may skip it."""
        return bool(ord(self.tag) & _ANCILLARY)

    def head(self) -> bytes:
        """It as bytes."""
        return bytes([ord(self.tag) | (_CHECKED if self.checked else 0)]) + to_varint(self.length)


def film_crc(head_crc: int, number: int) -> int:
    """What the checksums of a film's chunks start from. head_crc: the checksum of all before the first chunk D."""
    return zlib.crc32(to_varint(number), head_crc) if number else head_crc


class Writer:
    """A file in the making. width, height: 1..MAX_SIDE."""

    def __init__(self, width: int, height: int) -> None:
        self._bytes = bytearray()
        self._crc = 0
        self._append(SIGNATURE + bytes([VERSION]) + to_varint(width - 1) + to_varint(height - 1))

    def chunk(self, tag: str, payload: bytes, *, checked: bool) -> None:
        """Append a chunk, and if `checked` a checksum: of itself if ancillary, else of all critical ones so far."""
        data = Chunk(tag, len(payload), checked).head() + payload
        if ord(tag) & _ANCILLARY:
            self._bytes += data
            crc = zlib.crc32(data)
        else:
            self._append(data)
            crc = self._crc
        if checked:
            self._bytes += crc.to_bytes(4, "little")

    def end_head(self) -> None:
        """What follows is the chunk D."""
        self._head_crc = self._crc

    def film(self, number: int) -> None:
        """What follows are the chunks of film `number` > 0 of an animation."""
        self._crc = film_crc(self._head_crc, number)

    def getvalue(self) -> bytes:
        """The file so far."""
        return bytes(self._bytes)

    def _append(self, data: bytes) -> None:
        self._bytes += data
        self._crc = zlib.crc32(data, self._crc)


class Reader:
    """A file being read, in order. crc: the checksum of what was read before, to go on in the middle of a file."""

    def __init__(self, stream: IO[bytes], crc: int = 0) -> None:
        self._stream = stream
        self.crc = crc

    def header(self) -> tuple[int, int]:
        """Width and height, 1..MAX_SIDE. Raises NotKmqError, UnsupportedError, CorruptError, TruncatedError."""
        if self.available(len(SIGNATURE)) != SIGNATURE:
            raise NotKmqError("not a KMQ file")
        version = self.byte()
        if version > VERSION:
            raise UnsupportedError(
                f"a KMQ file of version {version}; this decoder knows version {VERSION}: a newer pillow-kmq is needed"
            )
        if version == 0:
            raise CorruptError("broken KMQ file: its version is 0")
        width, height = read_varint(self.byte) + 1, read_varint(self.byte) + 1
        if max(width, height) > MAX_SIDE:
            raise CorruptError(f"broken KMQ file: {width}x{height} pixels, more than {MAX_SIDE} on a side")
        return width, height

    def chunk(self) -> Chunk:
        """The head of the next chunk, up to its payload."""
        before = self.crc
        byte = self.byte()
        tag = chr(byte & ~_CHECKED)
        if not tag.isalpha():
            raise CorruptError(f"broken KMQ file: no chunk has the tag {byte:#04x}")
        chunk = Chunk(tag, read_varint(self.byte), bool(byte & _CHECKED))
        if chunk.ancillary:
            self.crc = before
        return chunk

    def payload(self, chunk: Chunk) -> bytes:
        """The payload of a critical chunk, its checksum verified if it has one. Raises TruncatedError, CorruptError."""
        data = self._exactly(chunk.length)
        if chunk.checked:
            self.checksum()
        return data

    def ancillary_payload(self, chunk: Chunk, limit: int) -> bytes | None:
        """The payload of an ancillary chunk, or None if it is longer than `limit`.

        Raises TruncatedError; and DamagedChunkError where the chunk's checksum does not match: the rest of the file
        does not depend on it.
        """
        before, self.crc = self.crc, zlib.crc32(chunk.head())
        blocks = []
        left = chunk.length
        while left > 0:
            block = self._exactly(min(left, _BLOCK))
            left -= len(block)
            if chunk.length <= limit:
                blocks.append(block)
        expected = self.crc
        damaged = chunk.checked and int.from_bytes(self._exactly(4), "little") != expected
        self.crc = before
        if damaged:
            raise DamagedChunkError("its checksum does not match")
        return b"".join(blocks) if chunk.length <= limit else None

    def skip(self, length: int) -> None:
        """Read bytes for the checksum alone. Raises TruncatedError."""
        while length > 0:
            length -= len(self._exactly(min(length, _BLOCK)))

    def available(self, length: int) -> bytes:
        """At most `length` bytes: fewer where the file ends."""
        blocks = []
        # In blocks, because read(length) would allocate whatever a broken file announces.
        while length > 0 and (block := self._stream.read(min(length, _BLOCK))):
            blocks.append(block)
            length -= len(block)
        data = b"".join(blocks)
        self.crc = zlib.crc32(data, self.crc)
        return data

    def byte(self) -> int:
        """The next byte. As `_exactly`, in a third of the time: most of a head is read so."""
        data = self._stream.read(1)
        if not data:
            raise TruncatedError(_TRUNCATED)
        self.crc = zlib.crc32(data, self.crc)
        return data[0]

    def checksum(self) -> None:
        """Compare the checksum that stands here with what was read. Raises CorruptError where they differ."""
        expected = self.crc
        if int.from_bytes(self._exactly(4), "little") != expected:
            raise CorruptError("broken KMQ file: a checksum does not match, so the file was damaged")
        self.crc = expected  # later checksums leave this one out

    def _exactly(self, length: int) -> bytes:
        data = self.available(length)
        if len(data) < length:
            raise TruncatedError(_TRUNCATED)
        return data
