"""GIMP palettes, `.gpl`; with transparency in the variant of Aseprite, which GIMP cannot read.

https://developer.gimp.org/core/standards/gpl/
"""

from __future__ import annotations

from ..errors import PaletteFileError
from .named_colors import NamedColors, integers, is_opaque, named_colors, to_text

MAGIC = b"GIMP Palette"

_HEADS = ("name:", "columns:")
_WITH_ALPHA = "channels: rgba"
_UNNAMED = "Untitled"  # GIMP writes this for colours without a name


def read(data: bytes) -> NamedColors:
    """Read a file. Raises PaletteFileError."""
    channels = 3
    colors, names = [], []
    for number, line in enumerate(to_text(data).splitlines()[1:], 2):
        text = line.strip()
        if text.lower() == _WITH_ALPHA:
            channels = 4
        if not text or text.startswith("#") or text.lower().startswith((*_HEADS, "channels:")):
            continue
        words = text.split(maxsplit=channels)
        if len(words) < channels:
            raise PaletteFileError(f"line {number}: {text[:60]!r} is not a colour of {channels} integers")
        colors.append(integers(words[:channels], number))
        name = words[channels] if len(words) > channels else ""
        names.append("" if name == _UNNAMED else name)
    return named_colors(colors, names)


def write(palette: NamedColors) -> bytes:
    """Return the bytes of a file."""
    opaque = is_opaque(palette)
    lines = ["GIMP Palette", *([] if opaque else ["Channels: RGBA"]), "#"]
    for color, name in zip(palette.colors, palette.names, strict=True):
        values = " ".join(f"{channel:3}" for channel in color[: 3 if opaque else 4])
        lines.append(f"{values}\t{name or _UNNAMED}")
    return "\n".join([*lines, ""]).encode()
