"""Raw deflate streams of bounded size (docs/FORMAT.md, section 1)."""

from __future__ import annotations

import zlib

from ...errors import CorruptError

MAX_RATIO = 1032
"""The highest compression ratio of deflate: 258 bytes per two bits."""

# Blocks of 8192 symbols: 0.7 % smaller than zlib's largest blocks on photos, because code tables adapt to the image
# more often, and no larger on graphics.
_MEM_LEVEL = 7
_RAW = -15

_BLOCK = 1 << 14
"""Bytes passed to zlib per call. The result does not depend on it; Python handles Ctrl-C between calls."""


def deflate(data: bytes, level: int = 9, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """Compress `data` to a raw deflate stream. level: that of zlib, 0..9."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEM_LEVEL, strategy)
    blocks = [compressor.compress(data[start : start + _BLOCK]) for start in range(0, len(data), _BLOCK)]
    return b"".join(blocks) + compressor.flush()


def inflate(data: bytes, limit: int) -> bytes:
    """Decompress a raw deflate stream to at most `limit` bytes.

    Raises CorruptError if it has more, or if `data` is not exactly one complete stream.
    """
    stream = zlib.decompressobj(_RAW)
    result = _decompress(stream, data, limit + 1)
    if len(result) > limit or not stream.eof or stream.unused_data:
        raise CorruptError("invalid KMQ file: a deflate stream is truncated, too long or has trailing data")
    return result


def inflate_start(data: bytes, limit: int) -> bytes:
    """Decompress up to `limit` > 0 bytes from the start of a deflate stream. Raises CorruptError."""
    return _decompress(zlib.decompressobj(_RAW), data, limit)


def _decompress(stream: zlib._Decompress, data: bytes, limit: int) -> bytes:
    try:
        return stream.decompress(data, limit)
    except zlib.error as error:
        raise CorruptError(f"invalid KMQ file: invalid deflate stream ({error})") from error
