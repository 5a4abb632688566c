"""The payload of a chunk D, whatever its coding (docs/FORMAT.md, section 7)."""

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
"""The levels of compression, fastest first."""

_STORED, _DEFLATED = 0, 1
_SAMPLE = 1 << 15

SMALL = 64 * 64
"""Pixels of an icon that opens without Numba at any level; the model of `max` takes 0.3 ms or more for each without."""


def encode_pixels(picture: Picture, compression: str) -> bytes:
    """The payload of a chunk D. compression: one of COMPRESSIONS."""
    from .levels.deflate import encode_rows, packed_size

    if compression == "deflate":
        return encode_rows(picture.indices)
    if compression == "fast":
        from .levels.fast.level import encode_fast

        pixels = encode_fast(picture)
        # Deflate takes longer than all the rest.
        stored = packed_size(picture.used[-1], *picture.source.shape)
        rows_may_win = picture.source.size <= _SAMPLE or len(pixels) >= stored
    else:
        from .levels.striped import encode_mixed

        pixels = min((encode_mixed(picture, coding) for coding in _mixed_codings(compression, picture)), key=len)
        rows_may_win = _rows_may_win(picture, len(pixels))
    return min(pixels, encode_rows(picture.indices), key=len) if rows_may_win else pixels


def _mixed_codings(compression: str, picture: Picture) -> list[int]:
    """Those that a level takes the best of: the model of `max` has much to learn, and takes long."""
    codings = []
    if compression == "max" and picture.source.size > SMALL:
        codings.append(CODINGS["max"])
    if compression == "default" or picture.source.size <= _SAMPLE:
        codings.append(CODINGS["default"])
    return codings


def _rows_may_win(picture: Picture, size: int) -> bool:
    """Whether rows may take less than `size` bytes: noise, and patterns that repeat.

    Rows of pictures are larger by a quarter at least; a part of a large image tells.
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
    """Whether the first byte of a chunk D announces stripes that have checksums of their own."""
    return first & 0x0F in CODINGS.values() and bool(first & STRIPED)


def check_pixels(coding_byte: int, length: int, height: int, width: int) -> None:
    """Whether `length` bytes behind the first one can hold the image, as far as that byte tells.

    Raises UnsupportedError for an unknown coding, CorruptError where they cannot.
    """
    coding = coding_byte & 0x0F
    if coding in (_STORED, _DEFLATED):
        from .levels.deflate import check_rows

        check_rows(coding_byte, length, height, width)
    elif coding not in CODINGS.values():
        raise UnsupportedError(f"KMQ pixels of coding {coding}: a newer pillow-kmq is needed")


@cache
def _fast_decoder() -> Callable[..., Raster]:
    """Kept, as an import takes a microsecond for each image."""
    from .levels.fast.level import decode_fast

    return decode_fast


def decode_pixels(
    coding_byte: int, coded: bytes, height: int, width: int, colors: bytes, *, partial: bool = False
) -> Raster:
    """The indices of a payload that `check_pixels` has passed; coded: what follows its first byte.

    partial: it may end early, and what did not arrive is zero. Raises CorruptError.
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
