"""Palettes of machines and standards by name; their values are facts, with their sources."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from ..checks import check_choice
from ..color import to_palette, to_points
from ..types import Palette


def _parse_hex(words: str) -> list[tuple[int, ...]]:
    return [tuple(bytes.fromhex(word)) for word in words.split()]


def _cube(*levels: int) -> list[tuple[int, ...]]:
    """Return all colours whose channels have one of the levels."""
    return list(product(levels, repeat=3))


def _grays(count: int) -> list[tuple[int, ...]]:
    return [(255 * i // (count - 1),) * 3 for i in range(count)]


def _adapt_to_panel(words: str) -> list[tuple[int, ...]]:
    """Return measured colours, black and white first, relative to the black and white of the panel.

    Linear light is scaled as by ICC's relative colorimetric intent with black point compensation, because the eye
    adapts to the panel. With absolute colours, all highlights brighter than the light grey white of the panel would be
    lost.
    """
    colors = np.array([(*color, 255) for color in _parse_hex(words)], np.uint8)
    light = to_points(colors, "linear").astype(np.float64)
    black, white = light[:3, :1], light[:3, 1:2]
    light[:3] = (np.clip((light[:3] - black) / (white - black), 0.0, 1.0) - 0.5) * 255.0
    return [tuple(color[:3].tolist()) for color in to_palette(light, "linear")]


# E Ink Spectra 6, 7.3", and a 3.97" panel of four colours: measured by OpenDisplay on raw photographs at 6500 K
# (github.com/OpenDisplay/epaper-dithering, packages/rust/core/src/measured_palettes.rs). No measurements of panels of
# three colours were found; they use the same inks. E Ink ACeP, seven colours: Pimoroni's saturated palette for the 5.7"
# panel (github.com/pimoroni/inky, inky/inky_uc8159.py).
#
# Entries are in the order of the panels' codes, as sent by Waveshare's drivers (github.com/waveshareteam/e-Paper,
# epd7in3g.py, epd7in3e.py, epd5in65f.py). Spectra 6 has no colour 4; black takes its index and is never chosen, as it
# duplicates entry 0. Panels of three colours are sent two bit planes; their order is OpenDisplay's.
_BWRY_BLACK, _BWRY_WHITE, _BWRY_YELLOW, _BWRY_RED = "0A070E", "ADB2AE", "AC8000", "55180E"
_SPECTRA_6 = "1A0D23 B9CACD CAB800 790900 1A0D23 00458B 285239"
_ACEP_7 = "393039 FFFFFF 3A5B46 3D3B5E 9C484B D0BE47 B16A49"

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
    # Black and white, and evenly spaced greys, as on electronic paper and the Game Boy Pocket (4).
    "gray-2": lambda: _grays(2),
    "gray-4": lambda: _grays(4),
    "gray-16": lambda: _grays(16),
    # Electronic paper, in the colours measured on the panels.
    "epaper-bw": lambda: _grays(2),
    "epaper-bwr": lambda: _adapt_to_panel(f"{_BWRY_BLACK} {_BWRY_WHITE} {_BWRY_RED}"),
    "epaper-bwy": lambda: _adapt_to_panel(f"{_BWRY_BLACK} {_BWRY_WHITE} {_BWRY_YELLOW}"),
    "epaper-bwry": lambda: _adapt_to_panel(f"{_BWRY_BLACK} {_BWRY_WHITE} {_BWRY_YELLOW} {_BWRY_RED}"),
    "epaper-spectra-6": lambda: _adapt_to_panel(_SPECTRA_6),
    "epaper-acep-7": lambda: _adapt_to_panel(_ACEP_7),
    # Four greys, black first, at the levels of Waveshare's drivers (epd4in2_V2.py).
    "epaper-gray-4": lambda: _parse_hex("000000 808080 C0C0C0 FFFFFF"),
    # One bit for each of red, green and blue: teletext (ETS 300 706, level 1), the BBC Micro, early terminals.
    "teletext": lambda: _cube(0, 255),
    # IBM Color/Graphics Adapter, RGBI with dark yellow shown as brown (IBM 5153); the first colours of EGA and VGA.
    "cga": lambda: _parse_hex(_CGA),
    # IBM Enhanced Graphics Adapter and Sega Master System: two bits a channel.
    "ega": lambda: _cube(0, 85, 170, 255),
    # Amstrad CPC: three levels a channel, nominally off, half and full.
    "amstrad-cpc": lambda: _cube(0, 128, 255),
    # Sinclair ZX Spectrum: eight colours at two levels; black is the same in both. Nominal levels of emulators.
    "zx-spectrum": lambda: _parse_hex(_SPECTRUM),
    # Commodore 64: P. Timmermann, "Calculating the color palette of the VIC II" (2001).
    "c64": lambda: _parse_hex(_C64),
    # PICO-8 manual (Lexaloffle), the 16 colours of the console.
    "pico-8": lambda: _parse_hex(_PICO8),
    # HTML 4.01 (W3C, 1999), section 6.5: the sixteen colour names.
    "html": lambda: _parse_hex(_HTML),
    # Netscape's colour cube: six levels a channel.
    "web-safe": lambda: _cube(0, 51, 102, 153, 204, 255),
}

HARDWARE_NAMES = tuple(_PALETTES)


def hardware_palette(name: str) -> Palette:
    """Return the opaque palette of a name in HARDWARE_NAMES, uint8[k, 4]; raise OptionError for other names."""
    check_choice("palette", name, HARDWARE_NAMES)
    colors = np.array(_PALETTES[name](), np.uint8)
    return np.column_stack([colors, np.full(len(colors), 255, np.uint8)])
