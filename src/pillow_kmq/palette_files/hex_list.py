"""Text files of hex colours, `.hex` of Lospec and `.txt`, with comments; also those of Paint.NET."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import OptionError, PaletteFileError
from ..quant.colors import hex_colors, is_hex
from .named_colors import NamedColors, named_colors, to_hex, to_text

_PAINT_NET = re.compile(r";\s*paint\.net", re.IGNORECASE)  # the first line of its files


def read(data: bytes) -> NamedColors:
    """Read a file. Raises PaletteFileError."""
    text = to_text(data)
    colors: list[tuple[int, ...]] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            colors += hex_colors(f"line {number}", " ".join(_without_comment(line)))
        except OptionError as error:
            raise PaletteFileError(str(error)) from None
    if _PAINT_NET.match(text):
        colors = [(*color[1:], color[0]) if len(color) == 4 else color for color in colors]
    return named_colors(colors)


def _without_comment(line: str) -> Iterator[str]:
    """Yield the parts of a line up to a comment, as `;` both separates colours and starts comments.

    At the start of a line it starts a comment. After a colour it does if no hex colour follows.
    """
    first, *others = line.split(";")
    if not first.strip() or first.lstrip().startswith("//"):
        return
    yield first
    for part in others:
        if part.strip() and "#" not in part and not is_hex(part):
            return
        yield part


def write(palette: NamedColors) -> bytes:
    """Return the bytes of a file; names are lost."""
    return "".join(f"{to_hex(color)}\n" for color in palette.colors.tolist()).encode()
