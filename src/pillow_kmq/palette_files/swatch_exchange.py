"""Adobe Swatch Exchange, `.ase`: named colours in RGB, CMYK, Lab or grey.

CMYK without a profile is converted as Pillow does; Lab has the white point D50, as in all of Adobe's programs.
http://www.selapa.net/swatches/colors/fileformats.php#adobe_ase
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from ..errors import PaletteFileError
from .named_colors import NamedColors, named_colors

MAGIC = b"ASEF"

_HEADER = struct.Struct(">4sHHI")  # magic, version, number of blocks
_BLOCK = struct.Struct(">HI")  # kind, length
_COLOR = 0x0001
_GLOBAL = 0
_TRUNCATED = "the Swatch Exchange file is truncated"


def read(data: bytes) -> NamedColors:
    """Read a file; groups are left out. Raises PaletteFileError."""
    if len(data) < _HEADER.size:
        raise PaletteFileError(_TRUNCATED)
    blocks = _HEADER.unpack_from(data)[3]
    position = _HEADER.size
    colors, names = [], []
    for _ in range(blocks):
        if position + _BLOCK.size > len(data):
            raise PaletteFileError(_TRUNCATED)
        kind, length = _BLOCK.unpack_from(data, position)
        position += _BLOCK.size
        block = data[position : position + length]
        if len(block) < length:
            raise PaletteFileError(_TRUNCATED)
        position += length
        if kind == _COLOR:
            name, color = _color(block)
            names.append(name)
            colors.append(color)
    return named_colors(colors, names)


def _color(block: bytes) -> tuple[str, Sequence[int]]:
    """Return name and RGB of a colour block."""
    try:
        (units,) = struct.unpack_from(">H", block)  # UTF-16 code units, with the NUL at the end
        end = 2 + 2 * units
        name = block[2:end].decode("utf-16-be", "replace").rstrip("\0")
        model = block[end : end + 4]
        values = struct.unpack_from(f">{_CHANNELS.get(model, 0)}f", block, end + 4)
    except struct.error:
        raise PaletteFileError("a colour of the Swatch Exchange file is truncated") from None
    if model not in _CHANNELS:
        raise PaletteFileError(f"the colour {name[:60]!r} has the model {model!r}, which is not RGB, CMYK, LAB or Gray")
    if not all(map(math.isfinite, values)):
        raise PaletteFileError(f"the colour {name[:60]!r} has values that are not finite")
    return name, [round(255 * min(max(value, 0.0), 1.0)) for value in _rgb(model, values)]


_CHANNELS = {b"RGB ": 3, b"CMYK": 4, b"LAB ": 3, b"Gray": 1}


def _rgb(model: bytes, values: tuple[float, ...]) -> Sequence[float]:
    """Return red, green and blue; 0..1, or beyond for colours that sRGB does not have."""
    if model == b"CMYK":
        return [(1.0 - ink) * (1.0 - values[3]) for ink in values[:3]]
    if model == b"Gray":
        return values * 3
    return _lab_to_srgb(*values) if model == b"LAB " else values


_D50 = 0.9642, 1.0, 0.8249  # ICC.1:2022, 7.2.16
_TO_LINEAR = (  # XYZ relative to D50 to linear sRGB, by Bradford's adaptation: the inverse of the profile's primaries
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)


def _lab_to_srgb(lightness: float, a: float, b: float) -> list[float]:
    """Convert CIELAB. lightness: 0..1. a, b: -128..127."""
    lightness, a, b = (min(max(value, -128.0), 128.0) for value in (lightness, a, b))
    y = (100.0 * lightness + 16.0) / 116.0
    xyz = [_cube(f) * white for f, white in zip((y + a / 500.0, y, y - b / 200.0), _D50, strict=True)]
    return [_encode(sum(factor * value for factor, value in zip(row, xyz, strict=True))) for row in _TO_LINEAR]


def _cube(f: float) -> float:
    return f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29)


def _encode(linear: float) -> float:
    """Apply the transfer function of sRGB (IEC 61966-2-1)."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def write(palette: NamedColors) -> bytes:
    """Return the bytes of a file of RGB colours."""
    blocks = [_block(color, name) for color, name in zip(palette.colors.tolist(), palette.names, strict=True)]
    return _HEADER.pack(MAGIC, 1, 0, len(blocks)) + b"".join(blocks)


def _block(color: Sequence[int], name: str) -> bytes:
    text = (name + "\0").encode("utf-16-be")
    values = struct.pack(">3f", *(channel / 255 for channel in color[:3]))
    block = struct.pack(">H", len(text) // 2) + text + b"RGB " + values + struct.pack(">H", _GLOBAL)
    return _BLOCK.pack(_COLOR, len(block)) + block
