"""The level `deflate`: indices as rows of bits, filtered if that helps (docs/FORMAT.md, section 7.1).

It needs NumPy and zlib only, so that these files open at once, without compiled kernels.
"""

from __future__ import annotations

import zlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ...errors import CorruptError, UnsupportedError
from ...types import Indices
from ..container.raw_deflate import MAX_RATIO, deflate, inflate, inflate_start

STORED, DEFLATED = 0, 1
"""The codings of chunk D that this module reads."""

_BITS = (1, 2, 4, 8, 8)  # per pixel, by layout
_PLAIN_BYTES, _FILTERED = 3, 4  # layouts
_LEFT, _ABOVE = 1, 2  # filters

_Bytes = npt.NDArray[np.uint8]
_Try: TypeAlias = tuple[int, bytes, int]
"""A layout, all rows in this layout, and zlib's strategy for them."""


def encode_rows(indices: Indices) -> bytes:
    """Encode indices as the payload of a chunk D, in the layout that deflates best. indices: uint8[h, w], not empty."""
    tries = _tries(indices)
    smallest, packed, _ = tries[0]
    # A quick size finds the best layout at level 9, or one within 1 %, and saves half to three quarters of the time.
    layout, rows, strategy = min(tries, key=_quick_size)
    deflated = deflate(rows, 9, strategy)
    if len(deflated) < len(packed):
        return bytes([DEFLATED | layout << 4]) + deflated
    return bytes([STORED | smallest << 4]) + packed


def quick_size(indices: Indices) -> int:
    """Estimate the length of the result of `encode_rows`, up to 6 % too high for photos and a third for flat images."""
    tries = _tries(indices)
    return 1 + min(len(tries[0][1]), *map(_quick_size, tries))


def _quick_size(attempt: _Try) -> int:
    _, rows, strategy = attempt
    return len(deflate(rows, 5, strategy))


def _tries(indices: Indices) -> list[_Try]:
    """Return the layouts that may deflate best, the one with the fewest bits per pixel first."""
    smallest = _smallest(int(indices.max()))
    packed = _pack(indices, _BITS[smallest]).tobytes()
    tries = [(smallest, packed, zlib.Z_DEFAULT_STRATEGY)]
    if smallest != _PLAIN_BYTES:
        tries.append((_PLAIN_BYTES, indices.tobytes(), zlib.Z_DEFAULT_STRATEGY))
    tries.append((_FILTERED, _filter(indices), zlib.Z_FILTERED))
    return tries


def packed_size(highest: int, height: int, width: int) -> int:
    """Return the bytes of all rows, stored with as few bits per pixel as indices up to `highest` allow."""
    return _size(_smallest(highest), height, width)


def _smallest(highest: int) -> int:
    """Return the layout with the fewest bits per pixel for indices up to `highest`."""
    return next(layout for layout, bits in enumerate(_BITS) if highest < 1 << bits)


def check_rows(coding_byte: int, length: int, height: int, width: int) -> None:
    """Check that a chunk D can hold the image, without reading it.

    Args:
        coding_byte: the first byte of its payload.
        length: number of bytes that follow.
        height: rows of the image.
        width: pixels per row.

    Raises:
        UnsupportedError: the layout is unknown.
        CorruptError: the payload is too short or too long.
    """
    coding, layout = coding_byte & 0x0F, coding_byte >> 4
    if layout >= len(_BITS):
        raise UnsupportedError(f"unsupported KMQ file: unknown layout {layout} of rows; a newer pillow-kmq is needed")
    size = _size(layout, height, width)
    fits = length == size if coding == STORED else length * MAX_RATIO >= size
    if not fits:
        raise CorruptError(f"invalid KMQ file: {length} bytes cannot hold {width}x{height} pixels")


def decode_rows(coding_byte: int, coded: bytes, height: int, width: int, *, partial: bool = False) -> Indices:
    """Decode a chunk D that `check_rows` has accepted.

    Args:
        coding_byte: the first byte of its payload.
        coded: what follows that byte.
        height: rows of the image.
        width: pixels per row.
        partial: accept a truncated payload; rows that did not arrive are zero.

    Returns:
        The indices, uint8[height, width].

    Raises:
        CorruptError: the payload is invalid.
    """
    coding, layout = coding_byte & 0x0F, coding_byte >> 4
    size = _size(layout, height, width)
    if coding == DEFLATED:
        coded = inflate_start(coded, size) if partial else inflate(coded, size)
    arrived = len(coded)
    if partial:
        coded = coded.ljust(size, b"\0")
    elif arrived != size:
        raise CorruptError(f"invalid KMQ file: {arrived} bytes of rows instead of {size}")

    filters = height if layout == _FILTERED else 0
    rows = np.frombuffer(coded, np.uint8, offset=filters).reshape(height, -1)
    if layout == _FILTERED:
        indices = _unfilter(np.frombuffer(coded, np.uint8, filters), rows)
    else:
        indices = _unpack(rows, _BITS[layout], width)
    indices[max(0, arrived - filters) // rows.shape[1] :] = 0
    return indices


def _size(layout: int, height: int, width: int) -> int:
    """Return the bytes of all rows."""
    filters = height if layout == _FILTERED else 0
    return filters + height * ((width * _BITS[layout] + 7) // 8)


def _pack(indices: Indices, bits: int) -> _Bytes:
    """Return rows of pixels as rows of bytes, the first pixel in the high bits."""
    height, width = indices.shape
    per_byte = 8 // bits
    rows = np.zeros((height, -(-width // per_byte)), np.uint8)
    for i in range(per_byte):
        pixels = indices[:, i::per_byte]
        rows[:, : pixels.shape[1]] |= pixels << (8 - bits * (i + 1))
    return rows


def _unpack(rows: _Bytes, bits: int, width: int) -> Indices:
    """Return the pixels of rows of bytes, without the unused bits at the end of each row."""
    per_byte = 8 // bits
    indices = np.empty((rows.shape[0], rows.shape[1] * per_byte), np.uint8)
    for i in range(per_byte):
        indices[:, i::per_byte] = rows >> (8 - bits * (i + 1)) & ((1 << bits) - 1)
    if indices[:, width:].any():
        raise CorruptError("invalid KMQ file: unused bits of a row are not zero")
    return np.ascontiguousarray(indices[:, :width])


def _filter(indices: Indices) -> bytes:
    """Return the filters of all rows, then the rows. Each row gets the filter with the least sum of magnitudes."""
    left, above = indices.copy(), indices.copy()
    left[:, 1:] -= indices[:, :-1]
    above[1:] -= indices[:-1]
    choices = (indices, left, above)
    costs = [np.minimum(rows, np.negative(rows)).sum(axis=1, dtype=np.int64) for rows in choices]
    filters: _Bytes = np.argmin(costs, axis=0).astype(np.uint8)
    rows: _Bytes = np.choose(filters[:, np.newaxis], choices)
    return filters.tobytes() + rows.tobytes()


def _unfilter(filters: _Bytes, rows: _Bytes) -> Indices:
    """Undo the filters by sums over whole rows and columns, modulo 256, without a loop over pixels."""
    if filters.max() > _ABOVE:
        raise CorruptError("invalid KMQ file: unknown row filter")
    rows = rows.copy()
    rows[filters == _LEFT] = np.cumsum(rows[filters == _LEFT], axis=1, dtype=np.uint8)

    # A row that is filtered by the one above is the sum of rows, from the last row that is not ("first") to itself.
    # That is a difference of two running totals.
    totals = np.cumsum(rows, axis=0, dtype=np.uint8)
    first = np.where(filters == _ABOVE, 0, np.arange(len(filters)))
    return totals - (totals - rows)[np.maximum.accumulate(first)]
