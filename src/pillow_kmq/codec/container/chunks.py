"""The container of a `.kmq` file: signature, size, chunks, checksums (docs/FORMAT.md, sections 1 to 5)."""

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
_TRUNCATED = "truncated KMQ file: ends within a chunk"


class DamagedChunkError(CorruptError):
    """An ancillary chunk is damaged; the rest of the file does not depend on it."""


class Chunk(NamedTuple):
    """The head of a chunk.

    Attributes:
        tag: One letter.
        length: Bytes of payload.
        checked: Whether a checksum follows the payload.
    """

    tag: str
    length: int
    checked: bool

    @property
    def ancillary(self) -> bool:
        """True if decoders that do not know the chunk may skip it."""
        return bool(ord(self.tag) & _ANCILLARY)

    def head(self) -> bytes:
        """Return the bytes before the payload."""
        return bytes([ord(self.tag) | (_CHECKED if self.checked else 0)]) + to_varint(self.length)


def film_crc(head_crc: int, number: int) -> int:
    """Return the initial checksum of a film's chunks. head_crc: checksum of everything before the first chunk D."""
    return zlib.crc32(to_varint(number), head_crc) if number else head_crc


class Writer:
    """A file being written. width, height: 1..MAX_SIDE."""

    def __init__(self, width: int, height: int) -> None:
        self._bytes = bytearray()
        self._crc = 0
        self._append(SIGNATURE + bytes([VERSION]) + to_varint(width - 1) + to_varint(height - 1))

    def chunk(self, tag: str, payload: bytes, *, checked: bool) -> None:
        """Append a chunk; if `checked`, with its checksum if ancillary, else that of all critical chunks so far."""
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
        """Mark the end of the head: the next chunk is the first chunk D."""
        self._head_crc = self._crc

    def film(self, number: int) -> None:
        """Start the chunks of film `number` > 0 of an animation."""
        self._crc = film_crc(self._head_crc, number)

    def getvalue(self) -> bytes:
        """Return the file so far."""
        return bytes(self._bytes)

    def _append(self, data: bytes) -> None:
        self._bytes += data
        self._crc = zlib.crc32(data, self._crc)


class Reader:
    """A file being read in order. crc: the checksum of the bytes before, to continue in the middle of a file."""

    def __init__(self, stream: IO[bytes], crc: int = 0) -> None:
        self._stream = stream
        self.crc = crc

    def header(self) -> tuple[int, int]:
        """Read width and height, 1..MAX_SIDE. Raises NotKmqError, UnsupportedError, CorruptError, TruncatedError."""
        if self.available(len(SIGNATURE)) != SIGNATURE:
            raise NotKmqError(f"not a KMQ file: the data must start with {SIGNATURE!r}")
        version = self.byte()
        if version > VERSION:
            raise UnsupportedError(f"unsupported KMQ file: version {version}; a newer pillow-kmq is needed")
        if version == 0:
            raise CorruptError("invalid KMQ file: version 0 does not exist")
        width, height = read_varint(self.byte) + 1, read_varint(self.byte) + 1
        if max(width, height) > MAX_SIDE:
            raise CorruptError(f"invalid KMQ file: image size {width}x{height}, more than {MAX_SIDE} pixels on a side")
        return width, height

    def chunk(self) -> Chunk:
        """Read the head of the next chunk, up to its payload."""
        before = self.crc
        byte = self.byte()
        tag = chr(byte & ~_CHECKED)
        if not tag.isalpha():
            raise CorruptError(f"invalid KMQ file: {byte:#04x} is not a chunk tag")
        chunk = Chunk(tag, read_varint(self.byte), bool(byte & _CHECKED))
        if chunk.ancillary:
            self.crc = before
        return chunk

    def payload(self, chunk: Chunk) -> bytes:
        """Read the payload of a critical chunk; verify its checksum, if any. Raises TruncatedError, CorruptError."""
        data = self._exactly(chunk.length)
        if chunk.checked:
            self.checksum()
        return data

    def ancillary_payload(self, chunk: Chunk, limit: int) -> bytes | None:
        """Read the payload of an ancillary chunk; return None if it is longer than `limit`.

        Raises TruncatedError, and DamagedChunkError if the checksum of the chunk does not match.
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
            raise DamagedChunkError("checksum mismatch")
        return b"".join(blocks) if chunk.length <= limit else None

    def skip(self, length: int) -> None:
        """Read bytes only for the checksum. Raises TruncatedError."""
        while length > 0:
            length -= len(self._exactly(min(length, _BLOCK)))

    def available(self, length: int) -> bytes:
        """Read up to `length` bytes, fewer at the end of the file."""
        blocks = []
        # In blocks: read(length) would allocate whatever length an invalid file declares.
        while length > 0 and (block := self._stream.read(min(length, _BLOCK))):
            blocks.append(block)
            length -= len(block)
        data = b"".join(blocks)
        self.crc = zlib.crc32(data, self.crc)
        return data

    def byte(self) -> int:
        """Read one byte. Three times as fast as `_exactly(1)`, which matters for heads."""
        data = self._stream.read(1)
        if not data:
            raise TruncatedError(_TRUNCATED)
        self.crc = zlib.crc32(data, self.crc)
        return data[0]

    def checksum(self) -> None:
        """Read a checksum and compare it with that of the bytes before. Raises CorruptError if they differ."""
        expected = self.crc
        if int.from_bytes(self._exactly(4), "little") != expected:
            raise CorruptError("invalid KMQ file: checksum mismatch, the file is damaged")
        self.crc = expected  # checksums do not cover each other

    def _exactly(self, length: int) -> bytes:
        data = self.available(length)
        if len(data) < length:
            raise TruncatedError(_TRUNCATED)
        return data
