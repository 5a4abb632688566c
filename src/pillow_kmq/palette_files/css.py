"""Style sheets, `.css`: the colours of all declarations, as #hex or rgb(), in order; written as custom properties."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..quant.colors import hex_colors
from .named_colors import NamedColors, named_colors, to_hex, to_text

_END = re.compile("([;{}])")
_COLOR = re.compile(
    r"#(?P<hex>[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b|rgba?\((?P<channels>[\d.,/%\s]+)\)", re.IGNORECASE
)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(%?)")
_NUMBERED = re.compile(r"color-\d+")


def read(data: bytes) -> NamedColors:
    """Read a file. Raises PaletteFileError."""
    found = list(_colors(_without_comments(to_text(data))))
    return named_colors((color for _, color in found), (name for name, _ in found))


def _without_comments(text: str) -> str:
    first, *others = text.split("/*")
    return " ".join([first, *(part.partition("*/")[2] for part in others)])


def _colors(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and channels of each colour: the name of a custom property, or nothing."""
    parts = [*_END.split(text), ""]
    for part, end in zip(parts[::2], parts[1::2], strict=True):
        name, _, value = part.partition(":")
        if end == "{":  # a selector, not a declaration
            continue
        name = name.strip()
        name = name.removeprefix("--") if name.startswith("--") else ""
        for match in _COLOR.finditer(value):
            color = hex_colors("", match["hex"])[0] if match["hex"] else _channels(match["channels"])
            if len(color) in (3, 4):
                yield "" if _NUMBERED.fullmatch(name) else name, color


def _channels(text: str) -> tuple[int, ...]:
    """Parse the arguments of rgb(): numbers 0..255 or percentages, and an alpha 0..1 or a percentage."""
    scales = (255.0, 255.0, 255.0, 1.0)
    fractions = []
    for (number, percent), scale in zip(_NUMBER.findall(text), scales, strict=False):
        fractions.append(float(number[:20]) / (100.0 if percent else scale))
    return tuple(round(255 * min(fraction, 1.0)) for fraction in fractions)


def write(palette: NamedColors) -> bytes:
    """Return the bytes of a file; names become identifiers."""
    lines, used = [], set()
    for number, (color, name) in enumerate(zip(palette.colors.tolist(), palette.names, strict=True), 1):
        identifier = "-".join(re.findall(r"[a-z0-9]+", name.lower())) or f"color-{number}"
        if identifier in used:
            identifier += f"-{number}"
        used.add(identifier)
        lines.append(f"  --{identifier}: #{to_hex(color)};")
    return "\n".join([":root {", *lines, "}", ""]).encode()
