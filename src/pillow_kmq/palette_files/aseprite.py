"""Sprites of Aseprite, `.ase` and `.aseprite`, of which the palette of the first frame is read.

https://github.com/aseprite/aseprite/blob/main/docs/ase-file-specs.md
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..errors import PaletteFileError
from .named_colors import NamedColors, named_colors

_HEADER, _FRAME_HEADER = 128, 16
_MAGIC, _FRAME_MAGIC = 0xA5E0, 0xF1FA
_PALETTE, _OLD_PALETTE = 0x2019, 0x0004
_INDEXED = 8  # bits per pixel
_HAS_NAME = 1
_TRUNCATED = "the Aseprite file is truncated within its palette"


def is_sprite(data: bytes) -> bool:
    """Return whether a file is one of Aseprite."""
    return len(data) >= 6 and struct.unpack_from("<H", data, 4)[0] == _MAGIC


def read(data: bytes) -> NamedColors:
    """Read the palette; of an indexed sprite, the transparent entry is transparent. Raises PaletteFileError.

    data: The file, or the start of it.
    """
    names: list[str] = []
    try:
        chunks = dict(reversed(list(_chunks(data))))  # the first of each kind
        if _PALETTE in chunks:
            colors, names = _new_palette(chunks[_PALETTE])
        elif _OLD_PALETTE in chunks:
            colors = _old_palette(chunks[_OLD_PALETTE])
        else:
            raise PaletteFileError("the Aseprite file has no palette in its first frame")
        depth = struct.unpack_from("<H", data, 12)[0]
    except (struct.error, IndexError):
        raise PaletteFileError(_TRUNCATED) from None
    transparent = data[28]
    if depth == _INDEXED and transparent < len(colors):
        colors[transparent] = (*colors[transparent][:3], 0)
    return named_colors(colors, names)


def _chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and data of the chunks of the first frame, as far as there are any."""
    _, magic, few, *_, many = struct.unpack_from("<IHHHHI", data, _HEADER)
    if magic != _FRAME_MAGIC:
        raise PaletteFileError("the Aseprite file is damaged: it has no first frame")
    position = _HEADER + _FRAME_HEADER
    for _ in range(many or few):
        if position + 6 > len(data):
            return
        length, kind = struct.unpack_from("<IH", data, position)
        yield kind, data[position + 6 : position + length]
        position += max(length, 6)


def _new_palette(chunk: bytes) -> tuple[list[tuple[int, ...]], list[str]]:
    first, last = struct.unpack_from("<II", chunk, 4)
    position = 20
    colors, names = [], []
    for _ in range(first, min(last, first + 0xFFFF) + 1):
        flags, *color = struct.unpack_from("<H4B", chunk, position)
        position += 6
        name = b""
        if flags & _HAS_NAME:
            (length,) = struct.unpack_from("<H", chunk, position)
            name = chunk[position + 2 : position + 2 + length]
            position += 2 + length
        colors.append(tuple(color))
        names.append(name.decode(errors="replace"))
    return colors, names


def _old_palette(chunk: bytes) -> list[tuple[int, ...]]:
    (packets,) = struct.unpack_from("<H", chunk)
    position = 2
    colors: list[tuple[int, ...]] = []
    for _ in range(packets):
        skipped, count = chunk[position], chunk[position + 1] or 256
        position += 2
        colors += [(0, 0, 0)] * skipped
        for _ in range(count):
            colors.append(struct.unpack_from("3B", chunk, position))
            position += 3
    return colors
