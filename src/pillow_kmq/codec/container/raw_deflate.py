"""Raw deflate streams of bounded size (docs/FORMAT.md, section 1), which palette and rows share."""

from __future__ import annotations

import zlib

from ...errors import CorruptError

MAX_RATIO = 1032
"""No deflate stream of n bytes yields more than MAX_RATIO * n bytes (258 per two bits)."""

# Blocks of 8192 symbols: 0.7 % smaller than zlib's largest on photos, because the code tables follow the image
# more closely, and no larger on graphics.
_MEM_LEVEL = 7
_RAW = -15

_BLOCK = 1 << 14
"""Bytes that zlib is handed at once: it makes the same of them, and Python can hear Ctrl-C in between."""


def deflate(data: bytes, level: int = 9, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """`data` as a raw deflate stream, by zlib's level 0..9."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEM_LEVEL, strategy)
    blocks = [compressor.compress(data[start : start + _BLOCK]) for start in range(0, len(data), _BLOCK)]
    return b"".join(blocks) + compressor.flush()


def inflate(data: bytes, limit: int) -> bytes:
    """What the stream `data` holds, at most `limit` bytes.

    Raises CorruptError if it holds more, or if `data` is not one whole deflate stream and nothing else.
    """
    stream = zlib.decompressobj(_RAW)
    result = _decompress(stream, data, limit + 1)
    if len(result) > limit or not stream.eof or stream.unused_data:
        raise CorruptError("broken data stream in a KMQ file: deflated data are longer or shorter than announced")
    return result


def inflate_start(data: bytes, limit: int) -> bytes:
    """What `data`, the start of a deflate stream, yields of its first `limit` > 0 bytes. Raises CorruptError."""
    return _decompress(zlib.decompressobj(_RAW), data, limit)


def _decompress(stream: zlib._Decompress, data: bytes, limit: int) -> bytes:
    try:
        return stream.decompress(data, limit)
    except zlib.error as error:
        raise CorruptError(f"broken data stream in a KMQ file: {error}") from error
