"""Palettes of Microsoft Windows in RIFF files, `.pal`."""

from __future__ import annotations

import struct

from ..errors import PaletteFileError
from .named_colors import NamedColors, named_colors

MAGIC, KIND = b"RIFF", b"PAL "

_HEADER = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_LOGPALETTE = struct.Struct("<HH")  # version, number of entries
_VERSION = 0x0300


def is_palette(data: bytes) -> bool:
    """Return whether a RIFF file holds a palette: WebP and AVI files are RIFF, too."""
    return data[:4] == MAGIC and data[8:12] == KIND


def read(data: bytes) -> NamedColors:
    """Read a file. Raises PaletteFileError."""
    position = _HEADER.size
    while position + _CHUNK.size <= len(data):
        tag, length = _CHUNK.unpack_from(data, position)
        position += _CHUNK.size
        if tag == b"data":
            return _colors(data[position : position + length])
        position += length + length % 2
    raise PaletteFileError("the RIFF file has no palette: the chunk 'data' is missing")


def _colors(data: bytes) -> NamedColors:
    if len(data) < _LOGPALETTE.size:
        raise PaletteFileError("the RIFF file is truncated")
    count = _LOGPALETTE.unpack_from(data)[1]
    entries = data[_LOGPALETTE.size : _LOGPALETTE.size + 4 * count]
    if len(entries) < 4 * count:
        raise PaletteFileError(f"the RIFF file is truncated: it announces {count} colours and has {len(entries) // 4}")
    return named_colors(tuple(entries[start : start + 3]) for start in range(0, len(entries), 4))


def write(palette: NamedColors) -> bytes:
    """Return the bytes of a file; names are lost."""
    entries = b"".join(bytes([*color[:3], 0]) for color in palette.colors.tolist())
    data = _LOGPALETTE.pack(_VERSION, len(palette.colors)) + entries
    chunk = _CHUNK.pack(b"data", len(data)) + data
    return _HEADER.pack(MAGIC, len(KIND) + len(chunk), KIND) + chunk
