"""The content of a palette file: colours with names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import PaletteFileError
from ..types import MAX_COLORS, Palette

_LONGEST_NAME = 255


class NamedColors(NamedTuple):
    """Colours and their names.

    Attributes:
        colors: uint8[k, 4], RGBA, straight alpha, k = 1..256.
        names: One printable line per colour, "" for colours without a name.
    """

    colors: Palette
    names: tuple[str, ...]


def named_colors(colors: Iterable[Sequence[int]], names: Iterable[str] = ()) -> NamedColors:
    """Check what was read from a file.

    Args:
        colors: RGB or RGBA, integers 0..255.
        names: A name per colour, or nothing; they may contain anything.

    Returns:
        The colours, with names that can be printed.

    Raises:
        PaletteFileError: There are no colours, more than 256, or values outside 0..255.
    """
    listed = [(*color, 255)[:4] for color in colors]
    if not listed:
        raise PaletteFileError("it contains no colours")
    if len(listed) > MAX_COLORS:
        raise PaletteFileError(f"it has {len(listed)} colours, and a palette has at most {MAX_COLORS}")
    for number, color in enumerate(listed, 1):
        if not all(0 <= channel <= 255 for channel in color):
            raise PaletteFileError(f"colour {number} has values outside 0 to 255")
    cleaned = tuple(map(clean_name, names)) or ("",) * len(listed)
    return NamedColors(np.array(listed, np.uint8), cleaned)


def clean_name(name: str) -> str:
    """Return a name on one line, without characters that a terminal would act upon."""
    printable = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(printable.split())[:_LONGEST_NAME].strip()


def is_opaque(palette: NamedColors) -> bool:
    """Return whether every colour is opaque."""
    return bool((palette.colors[:, 3] == 255).all())


def to_text(data: bytes) -> str:
    """Decode a text file in UTF-8, with or without a byte order mark; older files in Latin-1.

    Raises PaletteFileError for binary data.
    """
    if b"\0" in data:
        raise PaletteFileError("it is neither an image nor a palette file of a known format")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def integers(words: Sequence[str], line: int) -> list[int]:
    """Parse the channels of a colour. Raises PaletteFileError, which names the line."""
    if not all(word.isascii() and word.isdecimal() and len(word) <= 3 for word in words):
        raise PaletteFileError(f"line {line}: {' '.join(words)[:60]!r} is not a colour of integers 0 to 255")
    return [int(word) for word in words]


def to_hex(color: Sequence[int]) -> str:
    """Return rrggbb, or rrggbbaa if the colour is not opaque."""
    return bytes(int(channel) for channel in color).hex()[: 6 if color[3] == 255 else 8]
