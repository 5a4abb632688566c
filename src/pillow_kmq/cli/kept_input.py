"""PNG inputs that are smaller than their palette PNG would be, and are written instead of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..errors import KmqError
from ..png_chunks import SIGNATURE, png_chunks
from ..report import Report
from .inputs import read

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
    from ..types import MAX_COLORS  # imports NumPy, which help does without

    asked = save.get("colors") != MAX_COLORS and not report.looks_same
    if asked or not data.startswith(SIGNATURE) or any(save.get(name) is not None for name in _ASKING):
        return None
    kept = _only(data, _PICTURE | _KEPT)
    if strip:
        if b"cICP" in kept:  # may be HDR, whose colours cannot be converted to sRGB
            return None
        kept = _only(data, _PICTURE)
    try:
        image = read(kept, all_frames=False).image
    except KmqError:
        return None
    same = image.size == report.original.size and image.mode == report.original.mode
    return kept if same and image.convert("RGBA").tobytes() == report.original.convert("RGBA").tobytes() else None


def _only(data: bytes, names: Collection[bytes]) -> bytes:
    """Return a PNG file with these chunks only."""
    return SIGNATURE + b"".join(chunk for name, chunk in png_chunks(data) if name in names)
