"""The payload of chunk D: dispatch by coding (docs/FORMAT.md, section 7)."""

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
"""The largest image, in pixels, that `max` encodes with the model of `default`.

Its own model takes 0.3 ms or more per pixel where kernels are not compiled, as when an icon is opened.
"""


def encode_pixels(picture: Picture, compression: str) -> bytes:
    """Encode a payload of chunk D. compression: one of COMPRESSIONS."""
    from .levels.deflate import encode_rows, packed_size

    if compression == "deflate":
        return encode_rows(picture.indices)
    if compression == "fast":
        from .levels.fast.level import encode_fast

        pixels = encode_fast(picture)
        # Try deflate only where it may win, as it takes longer than the rest of the level.
        stored = packed_size(picture.used[-1], *picture.source.shape)
        rows_may_win = picture.source.size <= _SAMPLE or len(pixels) >= stored
    else:
        from .levels.striped import encode_mixed

        pixels = min((encode_mixed(picture, coding) for coding in _mixed_codings(compression, picture)), key=len)
        rows_may_win = _rows_may_win(picture, len(pixels))
    return min(pixels, encode_rows(picture.indices), key=len) if rows_may_win else pixels


def _mixed_codings(compression: str, picture: Picture) -> list[int]:
    """Return the codings of which a level keeps the smallest. `max` adapts slowly: small images try `default` too."""
    codings = []
    if compression == "max" and picture.source.size > SMALL:
        codings.append(CODINGS["max"])
    if compression == "default" or picture.source.size <= _SAMPLE:
        codings.append(CODINGS["default"])
    return codings


def _rows_may_win(picture: Picture, size: int) -> bool:
    """Return whether deflated rows may be smaller than `size` bytes, as for noise and repeated patterns.

    Other pictures are larger by at least a quarter. Large images are judged by a sample.
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
    """Return whether the first byte of chunk D declares stripes, each with a checksum."""
    return first & 0x0F in CODINGS.values() and bool(first & STRIPED)


def check_pixels(coding_byte: int, length: int, height: int, width: int) -> None:
    """Check that `length` bytes after the coding byte can hold the image.

    Raises UnsupportedError for an unknown coding, CorruptError if they cannot.
    """
    coding = coding_byte & 0x0F
    if coding in (_STORED, _DEFLATED):
        from .levels.deflate import check_rows

        check_rows(coding_byte, length, height, width)
    elif coding not in CODINGS.values():
        raise UnsupportedError(f"unsupported KMQ file: unknown coding {coding} of pixels; a newer pillow-kmq is needed")


@cache
def _fast_decoder() -> Callable[..., Raster]:
    """Import the decoder of `fast` once: an import statement takes a microsecond per image."""
    from .levels.fast.level import decode_fast

    return decode_fast


def decode_pixels(
    coding_byte: int, coded: bytes, height: int, width: int, colors: bytes, *, partial: bool = False
) -> Raster:
    """Decode a payload of chunk D that passed `check_pixels`. Raises CorruptError.

    coding_byte, coded: its first byte, and the rest. partial: it may be truncated; missing pixels are zero.
    """
    coding = coding_byte & 0x0F
    if coding == CODINGS["fast"]:
        return _fast_decoder()(coding_byte, coded, height, width, colors, partial=partial)
    if coding in CODINGS.values():
        from .levels.striped import decode_mixed

        return decode_mixed(coding_byte, coded, height, width, colors, partial=partial)
    from .levels.deflate import decode_rows

    rows = decode_rows(coding_byte, coded, height, width, partial=partial)
    return Raster.dense(rows.tobytes(), height, width)
