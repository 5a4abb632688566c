"""Encoding and decoding of chunk D at any level (docs/FORMAT.md, section 7)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from ..errors import UnsupportedError
from .symbols.raster import Raster
from .symbols.stripes import CODINGS, STRIPED

if TYPE_CHECKING:
    from .picture import Picture

COMPRESSIONS = ("deflate", "fast", "default", "max")
"""Levels of compression, fastest first."""

_STORED, _DEFLATED = 0, 1
_SAMPLE = 1 << 15

SMALL = 64 * 64
"""Largest number of pixels that `max` encodes as `default` does: plain Python decodes such icons without delay, but
takes 0.3 ms or more per pixel for the model of `max`."""


def encode_pixels(picture: Picture, compression: str) -> bytes:
    """Encode a picture as the payload of a chunk D. compression: one of COMPRESSIONS."""
    from .levels.deflate import encode_rows, packed_size

    if compression == "deflate":
        return encode_rows(picture.indices)
    if compression == "fast":
        from .levels.striped import encode_striped

        pixels = encode_striped(picture, CODINGS["fast"])
        # Deflate takes longer than all the rest.
        stored = packed_size(picture.used[-1], *picture.source.shape)
        rows_may_win = picture.source.size <= _SAMPLE or len(pixels) >= stored
    else:
        from .levels.striped import encode_striped

        pixels = min((encode_striped(picture, coding) for coding in _mixed_codings(compression, picture)), key=len)
        rows_may_win = _rows_may_win(picture, len(pixels))
    return min(pixels, encode_rows(picture.indices), key=len) if rows_may_win else pixels


def _mixed_codings(compression: str, picture: Picture) -> list[int]:
    """Return the codings of which a level keeps the smallest: the model of `max` adapts slowly and takes long."""
    codings = []
    if compression == "max" and picture.source.size > SMALL:
        codings.append(CODINGS["max"])
    if compression == "default" or picture.source.size <= _SAMPLE:
        codings.append(CODINGS["default"])
    return codings


def _rows_may_win(picture: Picture, size: int) -> bool:
    """Return whether the level `deflate` may need fewer than `size` bytes, as for noise and repeating patterns.

    Of other pictures it needs at least a quarter more. A part of a large image is enough to know.
    """
    from .levels.deflate import quick_size

    if size < picture.source.size // 8:
        return False
    indices = picture.indices
    height, width = indices.shape
    count = -(-_SAMPLE // width)
    if count >= height:
        return True
    first = (height - count) // 2
    sample = indices[first : first + count]
    return 5 * quick_size(sample) * indices.size < 6 * size * sample.size


def has_stripes(first: int) -> bool:
    """Return whether a chunk D has stripes with checksums. first: its first byte."""
    return first & 0x0F in CODINGS.values() and bool(first & STRIPED)


def check_pixels(coding_byte: int, length: int, height: int, width: int) -> None:
    """Check that a chunk D can hold the image, without reading it.

    Args:
        coding_byte: the first byte of its payload.
        length: number of bytes that follow.
        height: rows of the image.
        width: pixels per row.

    Raises:
        UnsupportedError: the coding is unknown.
        CorruptError: the payload is too short or too long.
    """
    coding = coding_byte & 0x0F
    if coding in (_STORED, _DEFLATED):
        from .levels.deflate import check_rows

        check_rows(coding_byte, length, height, width)
    elif coding not in CODINGS.values():
        raise UnsupportedError(f"unsupported KMQ file: unknown coding {coding} of pixels; a newer pillow-kmq is needed")


@cache
def _decode_striped() -> Callable[..., Raster]:
    """Import the decoder once: an import inside a function takes a microsecond for each image."""
    from .levels.striped import decode_striped

    return decode_striped


def decode_pixels(
    coding_byte: int, coded: bytes, height: int, width: int, colors: bytes, *, partial: bool = False
) -> Raster:
    """Decode a chunk D that `check_pixels` has accepted.

    Args:
        coding_byte: the first byte of its payload.
        coded: what follows that byte.
        height: rows of the image.
        width: pixels per row.
        colors: the palette, RGBA, four bytes an entry.
        partial: accept a payload that is truncated, or whose stripes are damaged; pixels that are not known are zero.

    Raises:
        CorruptError: the payload is invalid.
    """
    coding = coding_byte & 0x0F
    if coding in CODINGS.values():
        return _decode_striped()(coding_byte, coded, height, width, colors, partial=partial)
    from .levels.deflate import decode_rows

    rows = decode_rows(coding_byte, coded, height, width, partial=partial)
    return Raster.dense(rows.tobytes(), height, width)
