"""Colours in JSON: a list, or an object with `colors` as from the interface of Lospec.

A colour is a string of hex digits, a list of three or four integers, or an object with `name` and `color`, `hex` or
`value`.
"""

from __future__ import annotations

import json
from typing import Any

from ..checks import shown
from ..errors import OptionError, PaletteFileError
from ..quant.colors import hex_colors
from .named_colors import NamedColors, named_colors, to_hex, to_text

_KEYS = ("color", "hex", "value")


def read(data: bytes) -> NamedColors:
    """Read a file. Raises PaletteFileError."""
    try:
        content = json.loads(to_text(data))
    except (ValueError, RecursionError) as error:
        raise PaletteFileError(f"it is not valid JSON: {error}") from None
    entries = content.get("colors") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise PaletteFileError('the JSON file must be a list of colours, or an object with a list "colors"')
    return named_colors(map(_color, entries), map(_name, entries))


def _color(entry: Any) -> tuple[int, ...]:
    value = next((entry[key] for key in _KEYS if key in entry), None) if isinstance(entry, dict) else entry
    if isinstance(value, str):
        try:
            (color,) = hex_colors("", value)
        except (OptionError, ValueError):
            raise PaletteFileError(f'{shown(value)} is not a colour: write "#rrggbb" or "#rrggbbaa"') from None
        return color
    if isinstance(value, list) and len(value) in (3, 4) and all(type(channel) is int for channel in value):
        return tuple(value)
    raise PaletteFileError(f'{shown(entry)} is not a colour: write "#rrggbb" or a list of 3 or 4 integers')


def _name(entry: Any) -> str:
    name = entry.get("name", "") if isinstance(entry, dict) else ""
    return name if isinstance(name, str) else ""


def write(palette: NamedColors) -> bytes:
    """Return the bytes of a file."""
    codes = [f"#{to_hex(color)}" for color in palette.colors.tolist()]
    entries: list[Any] = list(codes)
    if any(palette.names):
        entries = [{"name": name, "color": code} for name, code in zip(palette.names, codes, strict=True)]
    return (json.dumps({"colors": entries}, indent=2, ensure_ascii=False) + "\n").encode()
