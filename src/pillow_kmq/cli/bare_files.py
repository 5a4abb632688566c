"""Removal of metadata from files that Pillow cannot open because the metadata are damaged."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from ..png_chunks import SIGNATURE, png_chunks

_TEXT = {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"}
_PROFILE = {b"iCCP"}
_PICTURE = {b"tRNS", b"acTL", b"fcTL", b"fdAT"}

_JPEG = b"\xff\xd8"
_START_OF_SCAN = 0xDA
_INDEX = b"MPF\0"  # index of further pictures (CIPA DC-007, 5.2); without it, the file is a plain JPEG
_EXIF = b"Exif\0\0"


def without_metadata(data: bytes) -> Iterator[bytes]:
    """Yield copies of a PNG or JPEG file with less and less metadata; nothing for other files."""
    bare = []
    if data.startswith(SIGNATURE):
        bare = [_png_without(data, _TEXT), _png_without(data, _TEXT | _PROFILE)]
    elif data.startswith(_JPEG):
        bare = [_jpeg_without(data, _INDEX), _jpeg_without(data, _INDEX, _EXIF)]
    return (copy for copy in bare if copy != data)


def _png_without(data: bytes, names: set[bytes]) -> bytes:
    """Drop chunks by name, and other ancillary ones whose checksum is wrong (PNG specification, 5.3 and 5.4)."""
    parts = [SIGNATURE]
    for name, chunk in png_chunks(data):
        ancillary = name[:1].islower() and name not in _PICTURE
        if not ancillary or (name not in names and chunk[-4:] == struct.pack(">I", zlib.crc32(chunk[4:-4]))):
            parts.append(chunk)
    return b"".join(parts)


def _jpeg_without(data: bytes, *starts: bytes) -> bytes:
    """Drop application segments whose data start with one of `starts`."""
    parts, position = [_JPEG], len(_JPEG)
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != _START_OF_SCAN:
        length = struct.unpack_from(">H", data, position + 2)[0]
        segment = data[position : position + 2 + length]
        if not segment[4:].startswith(starts):
            parts.append(segment)
        position += 2 + length
    return b"".join([*parts, data[position:]])
