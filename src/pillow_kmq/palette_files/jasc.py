"""Palettes of Paint Shop Pro, JASC-PAL, in `.pal` files; Aseprite adds alpha as a fourth number."""

from __future__ import annotations

from ..errors import PaletteFileError
from .named_colors import NamedColors, integers, is_opaque, named_colors, to_text

MAGIC = b"JASC-PAL"

_VERSION = "0100"


def read(data: bytes) -> NamedColors:
    """Read a file. Raises PaletteFileError."""
    lines = to_text(data).rstrip().splitlines()
    if len(lines) < 3 or lines[1].strip() != _VERSION:
        raise PaletteFileError(f"it is not version {_VERSION} of JASC-PAL, the only one")
    (count,) = integers([lines[2].strip()], 3)
    colors = []
    for number, line in enumerate(lines[3:], 4):
        words = line.split()
        if len(words) not in (3, 4):
            raise PaletteFileError(f"line {number}: {line.strip()[:60]!r} is not a colour of 3 or 4 integers")
        colors.append(integers(words, number))
    if len(colors) != count:
        raise PaletteFileError(f"line 3 announces {count} colours, and {len(colors)} follow: correct the number")
    return named_colors(colors)


def write(palette: NamedColors) -> bytes:
    """Return the bytes of a file; names are lost."""
    channels = 3 if is_opaque(palette) else 4
    lines = [" ".join(map(str, color[:channels])) for color in palette.colors.tolist()]
    return "\r\n".join([MAGIC.decode(), _VERSION, str(len(lines)), *lines, ""]).encode()
