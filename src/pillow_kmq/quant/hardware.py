"""Palettes that go by a name: of machines and of standards. Their values are facts, cited beside them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from ..types import Palette
from .checks import check_choice


def _hex(words: str) -> list[tuple[int, ...]]:
    return [tuple(bytes.fromhex(word)) for word in words.split()]


def _cube(*levels: int) -> list[tuple[int, ...]]:
    """All colours whose channels have one of the levels."""
    return list(product(levels, repeat=3))


def _grays(count: int) -> list[tuple[int, ...]]:
    return [(255 * i // (count - 1),) * 3 for i in range(count)]


_CGA = "000000 0000AA 00AA00 00AAAA AA0000 AA00AA AA5500 AAAAAA 555555 5555FF 55FF55 55FFFF FF5555 FF55FF FFFF55 FFFFFF"
_C64 = "000000 FFFFFF 68372B 70A4B2 6F3D86 588D43 352879 B8C76F 6F4F25 433900 9A6759 444444 6C6C6C 9AD284 6C5EB5 959595"
_PICO8 = (
    "000000 1D2B53 7E2553 008751 AB5236 5F574F C2C3C7 FFF1E8 FF004D FFA300 FFEC27 00E436 29ADFF 83769C FF77A8 FFCCAA"
)
_SPECTRUM = "000000 0000D7 D70000 D700D7 00D700 00D7D7 D7D700 D7D7D7 0000FF FF0000 FF00FF 00FF00 00FFFF FFFF00 FFFFFF"
_HTML = (
    "000000 808080 C0C0C0 FFFFFF 800000 FF0000 800080 FF00FF 008000 00FF00 808000 FFFF00 000080 0000FF 008080 00FFFF"
)

_PALETTES: dict[str, Callable[[], list[tuple[int, ...]]]] = {
    # Black and white, and evenly spaced greys, as electronic paper and the Game Boy Pocket (4) show them.
    "gray-2": lambda: _grays(2),
    "gray-4": lambda: _grays(4),
    "gray-16": lambda: _grays(16),
    # One bit for each of red, green and blue: teletext (ETS 300 706, level 1), the BBC Micro, early terminals.
    "teletext": lambda: _cube(0, 255),
    # IBM Color/Graphics Adapter, RGBI with dark yellow shown as brown (IBM 5153); the first colours of EGA and VGA.
    "cga": lambda: _hex(_CGA),
    # IBM Enhanced Graphics Adapter and Sega Master System: two bits a channel.
    "ega": lambda: _cube(0, 85, 170, 255),
    # Amstrad CPC: three levels a channel, nominally off, half and full.
    "amstrad-cpc": lambda: _cube(0, 128, 255),
    # Sinclair ZX Spectrum: eight colours at two levels; black is the same in both. Nominal levels of emulators.
    "zx-spectrum": lambda: _hex(_SPECTRUM),
    # Commodore 64: P. Timmermann, "Calculating the color palette of the VIC II" (2001).
    "c64": lambda: _hex(_C64),
    # PICO-8 manual (Lexaloffle), the 16 colours of the console.
    "pico-8": lambda: _hex(_PICO8),
    # HTML 4.01 (W3C, 1999), section 6.5: the sixteen colour names.
    "html": lambda: _hex(_HTML),
    # Netscape's colour cube: six levels a channel.
    "web-safe": lambda: _cube(0, 51, 102, 153, 204, 255),
}

HARDWARE_NAMES = tuple(_PALETTES)


def hardware_palette(name: str) -> Palette:
    """The palette of a name in HARDWARE_NAMES, uint8[k, 4], opaque; OptionError for another name."""
    check_choice("palette", name, HARDWARE_NAMES)
    colors = np.array(_PALETTES[name](), np.uint8)
    return np.column_stack([colors, np.full(len(colors), 255, np.uint8)])
