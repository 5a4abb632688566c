"""Colours on a terminal: swatches if it shows 24-bit colour, hex codes otherwise."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence

from ..palette_files.named_colors import to_hex

_PER_LINE = 8


def has_true_color(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether standard output is a terminal of 24-bit colour, and the user has not asked for none.

    See https://no-color.org and https://github.com/termstandard/colors.
    """
    if environment.get("NO_COLOR") or sys.stdout is None or not sys.stdout.isatty():
        return False
    kind = environment.get("TERM", "")
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "WT_SESSION" in environment:
        return kind != "dumb"
    return kind.endswith(("-direct", "-truecolor")) or kind in ("xterm-kitty", "alacritty", "foot", "wezterm")


def swatch_lines(colors: Sequence[Sequence[int]], names: Sequence[str] = (), *, colored: bool) -> Iterator[str]:
    """Yield lines that show RGBA colours: one for each colour if any has a name, else eight to a line."""
    if any(names):
        width = max(len(_code(color)) for color in colors)
        for color, name in zip(colors, names, strict=True):
            yield f"{_swatch(color, colored)}{_code(color):{width}}  {name}".rstrip()
        return
    for start in range(0, len(colors), _PER_LINE):
        line = colors[start : start + _PER_LINE]
        yield " ".join(f"{_swatch(color, colored)}{_code(color)}" for color in line)


def _code(color: Sequence[int]) -> str:
    return f"#{to_hex(color)}"


def _swatch(color: Sequence[int], colored: bool) -> str:
    """Return a patch of colour, with dots where a fully transparent one lets the terminal show."""
    if not colored:
        return ""
    if color[3] == 0:
        return "·· "
    red, green, blue = color[:3]
    return f"\x1b[48;2;{red};{green};{blue}m  \x1b[0m "
