"""Parsing of `palette=` and `fixed=`: arrays, lists of tuples or hex colours, strings of hex colours, palette names."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import check_array, shown
from ..errors import OptionError, OptionTypeError
from ..types import MAX_COLORS, Palette
from .named_palettes import HARDWARE_NAMES, hardware_palette

_WORD = re.compile(r"#[^#,;\s]*|[^#,;\s]+")
_HEX = re.compile("[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}", re.IGNORECASE)


def hex_colors(name: str, text: str) -> list[tuple[int, ...]]:
    """Parse hex colours: #rgb, #rgba, #rrggbb or #rrggbbaa, with or without the #.

    They are separated by commas, semicolons or white space; a # always starts a new one.
    """
    return [_hex_color(name, word) for word in _WORD.findall(text)]


def _hex_color(name: str, word: str) -> tuple[int, ...]:
    digits = word.strip().removeprefix("#")
    if not _HEX.fullmatch(digits):
        raise OptionError(f"{name}: {shown(word)} is not a colour; write #rgb, #rgba, #rrggbb or #rrggbbaa")
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    return tuple(bytes.fromhex(digits))


def is_hex(text: str) -> bool:
    """Return whether to read a string as hex colours: it contains a #, or every word is a hex colour."""
    words = _WORD.findall(text)
    return "#" in text or (bool(words) and all(_HEX.fullmatch(word) for word in words))


def to_given_palette(palette: Any) -> Palette | None:
    """Return a palette to use unchanged, uint8[k, 4], or None if there is none."""
    return None if palette is None else to_colors("palette", palette)


def to_colors(name: str, value: Any) -> Palette:
    """Return colours as uint8[k, 4]; k may be 0.

    Args:
        name: name of the option, for messages.
        value: the name of a hardware palette, a string of hex colours, or a list or array of RGB or RGBA colours.

    Raises:
        OptionError: `value` has an invalid shape or invalid values.
        OptionTypeError: `value` has a wrong type.
    """
    if isinstance(value, str):
        if value in HARDWARE_NAMES:
            return hardware_palette(value)
        if not is_hex(value):
            known = ", ".join(map(repr, HARDWARE_NAMES))
            raise OptionError(f"{name} {shown(value)} is neither colours like '#000,#fff,#f00' nor one of {known}")
        value = hex_colors(name, value)
    if not isinstance(value, np.ndarray):
        colors = [_hex_color(name, color) if isinstance(color, str) else color for color in _to_list(name, value)]
        value = [tuple(color) + (255,) * (len(color) == 3) for color in colors]
        if len({len(color) for color in value}) > 1:
            raise OptionError(f"{name} must be a list of (R, G, B) or (R, G, B, A), not of other lengths")
    return _check_colors(name, check_array(name, value))


def _to_list(name: str, value: Any) -> list[Any]:
    try:
        colors = list(value)
        for color in colors:
            len(color)
    except TypeError:
        raise OptionTypeError(
            f"{name} must be a list or array of (R, G, B) or (R, G, B, A) colours, or hex colours like '#fff'"
        ) from None
    return colors


def _check_colors(name: str, array: npt.NDArray[Any]) -> Palette:
    if array.size == 0:
        return np.empty((0, 4), np.uint8)
    if array.ndim != 2 or array.shape[1] not in (3, 4):
        raise OptionError(f"{name} must be a list of (R, G, B) or (R, G, B, A), not of shape {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise OptionTypeError(f"{name} must hold integers 0..255, not {array.dtype}")
    if array.min() < 0 or array.max() > 255:
        raise OptionError(f"{name} must hold integers 0..255, not {array.min()}..{array.max()}")
    if len(array) > MAX_COLORS:
        raise OptionError(f"{name} must have at most {MAX_COLORS} colours, not {len(array)}")
    colors: npt.NDArray[np.uint8] = np.full((len(array), 4), 255, np.uint8)
    colors[:, : array.shape[1]] = array
    return colors
