"""Adobe Color Tables, `.act`: 256 colours, with their number and a transparent index since Photoshop 4.

https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/#50577411_pgfId-1070626
"""

from __future__ import annotations

import struct

import numpy as np

from ..errors import OptionError, PaletteFileError
from .named_colors import NamedColors, named_colors

_ENTRIES = 256
_TABLE = 3 * _ENTRIES
_TRAILER = struct.Struct(">HH")  # number of colours, transparent index
_OPAQUE = 0xFFFF


def read(data: bytes) -> NamedColors:
    """Read a file. Raises PaletteFileError."""
    if len(data) not in (_TABLE, _TABLE + _TRAILER.size):
        raise PaletteFileError(f"an Adobe Color Table has 768 or 772 bytes, not {len(data)}")
    colors = [(*data[start : start + 3], 255) for start in range(0, _TABLE, 3)]
    if len(data) > _TABLE:
        count, transparent = _TRAILER.unpack_from(data, _TABLE)
        if count > _ENTRIES:
            raise PaletteFileError(f"the table announces {count} colours and has {_ENTRIES}")
        colors = colors[: count or _ENTRIES]
        if transparent < len(colors):
            colors[transparent] = (*colors[transparent][:3], 0)
    return named_colors(colors)


def write(palette: NamedColors) -> bytes:
    """Return the bytes of a file; names are lost. Raises OptionError for more than one transparent colour."""
    alphas = palette.colors[:, 3]
    transparent = np.flatnonzero(alphas == 0)
    if len(transparent) > 1 or ((alphas > 0) & (alphas < 255)).any():
        raise OptionError(
            "an Adobe Color Table (.act) holds one fully transparent colour and no translucent ones: write .gpl, .json "
            "or .png, or make the colours opaque"
        )
    table = palette.colors[:, :3].tobytes().ljust(_TABLE, b"\0")
    return table + _TRAILER.pack(len(palette.colors), int(transparent[0]) if len(transparent) else _OPAQUE)
