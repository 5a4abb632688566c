"""PNG inputs that are smaller than their palette PNG would be, and are written instead of it."""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import Any

from ..errors import KmqError
from ..report import Report
from .inputs import read

_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_KEPT = {b"cICP", b"mDCV", b"cLLI", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"pHYs"}  # as in palette PNGs
_ASKING = (
    "palette",
    "fixed",
    "posterize",
    "order",
    "transparent_index",
    "background",
    "importance",
    "quality",
    "max_bytes",
)
_MOST_COLORS = 256


def input_to_keep(data: bytes, report: Report, save: dict[str, Any], *, strip: bool) -> bytes | None:
    """Return the input without its other metadata, or None if something else was asked for.

    An input is kept if its palette PNG would look the same, or if no option restricts the palette, and if its pixels
    are what the palette PNG was made of: it is not rotated by its Exif data, for example.

    Args:
        data: The bytes of the input.
        report: Comparison of the input and its palette PNG.
        save: Keywords of `Image.save`.
        strip: Leave out all metadata, also colour profiles.
    """
    asked = save.get("colors") != _MOST_COLORS and not report.looks_same
    if asked or not data.startswith(_PNG) or any(save.get(name) is not None for name in _ASKING):
        return None
    kept = _only(data, _PICTURE if strip else _PICTURE | _KEPT)
    try:
        image = read(kept, all_frames=False).image
    except KmqError:
        return None
    same = image.size == report.original.size and image.mode == report.original.mode
    return kept if same and image.convert("RGBA").tobytes() == report.original.convert("RGBA").tobytes() else None


def _only(data: bytes, names: Collection[bytes]) -> bytes:
    """Return a PNG file with these chunks only."""
    parts, position = [_PNG], len(_PNG)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if name in names:
            parts.append(data[position : position + 12 + length])
        position += 12 + length
    return b"".join(parts)
