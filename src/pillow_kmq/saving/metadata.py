"""Metadata that the KMQ plugin writes, and those of opened files.

| keyword of `Image.save` | if not given | in `info` after opening |
|---|---|---|
| icc_profile: bytes | the encoding given by `info`, see `color_profile` | icc_profile: bytes |
| exif: `Image.Exif` or bytes | none | exif: bytes, for `getexif()` |
| xmp: bytes | none | xmp: bytes, for `getxmp()` |
| dpi: two numbers | none | dpi: two floats |
| comment: text, or bytes of UTF-8 | none | comment: bytes of UTF-8 |
| text: texts by key | none | text: texts by key |

These are Pillow's rules for PNG. None and empty values count as not given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PIL import Image

from ..checks import shown
from ..codec.container.metadata import MAX_RESOLUTION, Metadata
from ..color_profile import rgb_profile
from ..errors import OptionError

_EXIF_PREFIX = b"Exif\0\0"
_COMMENT = "Comment"
_PER_1000_INCHES = 1000


def metadata_of(im: Image.Image, encoderinfo: dict[str, Any]) -> Metadata:
    """Return the metadata to write with `im`. Raises OptionError (a ValueError) for invalid values."""
    exif = encoderinfo.get("exif")
    if isinstance(exif, Image.Exif):
        # Even an empty one is serialised with a header.
        exif = exif.tobytes() if len(exif) else b""
    return Metadata(
        icc_profile=_bytes("icc_profile", rgb_profile(im, encoderinfo)),
        exif=_bytes("exif", exif).removeprefix(_EXIF_PREFIX),
        xmp=_bytes("xmp", encoderinfo.get("xmp")),
        resolution=_resolution(encoderinfo.get("dpi")),
        texts=_texts(encoderinfo),
    )


def info_of(metadata: Metadata) -> dict[str, Any]:
    """Return the entries of `info` for the metadata of a file."""
    info: dict[str, Any] = {}
    if metadata.icc_profile:
        info["icc_profile"] = metadata.icc_profile
    if metadata.exif:
        info["exif"] = _EXIF_PREFIX + metadata.exif
    if metadata.xmp:
        info["xmp"] = metadata.xmp
    if metadata.resolution:
        x, y = metadata.resolution
        info["dpi"] = x / _PER_1000_INCHES, y / _PER_1000_INCHES
    texts = dict(metadata.texts)
    if (comment := texts.pop(_COMMENT, "")) != "":
        info["comment"] = comment.encode()
    if texts:
        info["text"] = texts
    return info


def _bytes(name: str, value: Any) -> bytes:
    if _is_nothing(value):
        return b""
    if isinstance(value, str) and name == "xmp":
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise OptionError("xmp must be text that UTF-8 can encode: remove its lone surrogates") from None
    if not isinstance(value, (bytes, bytearray)):
        raise OptionError(f"{name} must be bytes, not {type(value).__name__}")
    return bytes(value)


def _resolution(dpi: Any) -> tuple[int, int] | None:
    if _is_nothing(dpi):
        return None
    if hasattr(dpi, "tolist"):  # an array
        dpi = dpi.tolist()
    try:
        x, y = (float(value) for value in dpi)
    except (TypeError, ValueError, OverflowError):
        raise OptionError(f"dpi must be two numbers, not {shown(dpi)}") from None
    if not all(math.isfinite(value) and 1 <= value * _PER_1000_INCHES <= MAX_RESOLUTION for value in (x, y)):
        raise OptionError(
            f"dpi must be two numbers from 0.001 to {MAX_RESOLUTION // _PER_1000_INCHES}, not {shown(dpi)}"
        )
    return round(x * _PER_1000_INCHES), round(y * _PER_1000_INCHES)


def _texts(encoderinfo: dict[str, Any]) -> dict[str, str]:
    given, comment = encoderinfo.get("text"), encoderinfo.get("comment")
    given = {} if _is_nothing(given) else given
    if not isinstance(given, Mapping) or not all(isinstance(part, str) for pair in given.items() for part in pair):
        raise OptionError("text must be a mapping of strings to strings, such as {'Title': 'Sunset'}")
    texts = dict(given)
    if _is_nothing(comment):
        return texts
    if isinstance(comment, (bytes, bytearray)):
        comment = _decoded(bytes(comment))
    if not isinstance(comment, str):
        raise OptionError(f"comment must be text or bytes, not {type(comment).__name__}")
    texts[_COMMENT] = comment
    return texts


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (str, bytes, bytearray, list, tuple, dict)) and not value)


def _decoded(comment: bytes) -> str:
    try:
        return comment.decode()
    except UnicodeDecodeError:
        return comment.decode("latin-1")  # as in older GIF files
