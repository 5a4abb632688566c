"""Rows of palette PNG files, packed and filtered, stripe by stripe (PNG, third edition, 7.2 and 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import deflate
import numpy as np
import numpy.typing as npt

from ..paeth import paeth
from ..types import Indices
from .png_order import Order

Bytes = npt.NDArray[np.uint8]

NONE = "none"
FILTERS = (NONE, "sub", "up", "average", "paeth")
"""Filters, at the index that begins a row."""

ADAPTIVE = ("minsum", "entropy", "trial")
"""Ways to choose a filter for each row: least sum of absolute differences, least entropy, or compressing each."""

_STRIPE = 1 << 18  # pixels filtered at a time
_MOST_ROWS = 1 << 12  # of them: entropies take 2 KB per row
_CONTEXT = 3  # filtered rows that a row is compressed with on trial


@dataclass(frozen=True, eq=False)
class Coding:
    """A way to write the same picture; two are equal if they are one object.

    Attributes:
        order: Order of the palette entries.
        depth: Bits per pixel: 1, 2, 4 or 8.
        filter: One of FILTERS or ADAPTIVE; of these, only "none" if `depth` is below 8.
    """

    order: Order
    depth: int
    filter: str = NONE

    @property
    def new_index(self) -> Bytes:
        """The index in this order for each index of the picture, uint8[256]."""
        table = np.arange(256, dtype=np.uint8)
        table[self.order] = np.arange(len(self.order))
        return table


def packed_rows(indices: Indices, coding: Coding) -> Bytes:
    """Return unfiltered rows, uint8[h, bytes per row], in the order and depth of `coding`; indices: uint8[h, w]."""
    return packed(coding.new_index[indices], coding.depth)


def packed(indices: Indices, depth: int) -> Bytes:
    """Return rows of indices of `depth` bits each, first index in the highest bits, padded to bytes: uint8[h, n]."""
    if depth == 8:
        return indices
    height, width = indices.shape
    per_byte = 8 // depth
    padded = np.zeros((height, -(-width // per_byte) * per_byte), np.uint8)
    padded[:, :width] = indices
    result = np.zeros((height, padded.shape[1] // per_byte), np.uint8)
    for place in range(per_byte):
        result |= padded[:, place::per_byte] << (8 - depth * (place + 1))
    return result


def stripes(indices: Indices, coding: Coding) -> Iterator[Bytes]:
    """Yield filtered rows, each after the byte that names its filter, some at a time: uint8[rows, 1 + bytes]."""
    height, width = indices.shape
    rows = min(max(1, _STRIPE // width), _MOST_ROWS)
    above, written = None, b""
    for top in range(0, height, rows):
        packed = packed_rows(indices[top : top + rows], coding)
        filtered = _filtered(packed, np.zeros_like(packed[0]) if above is None else above, coding.filter, written)
        yield filtered
        above, written = packed[-1], (written + filtered.tobytes())[-_CONTEXT * filtered.shape[1] :]


def _filtered(rows: Bytes, above: Bytes, filter_: str, written: bytes) -> Bytes:
    """Filter rows; above: the row above them; written: filtered rows above them."""
    if filter_ == NONE:
        return _with_types(rows, 0)
    up = np.concatenate([above[None], rows[:-1]])
    if filter_ in FILTERS:
        number = FILTERS.index(filter_)
        return _with_types(_differences(rows, up, number), number)
    tried = [_differences(rows, up, number) for number in range(len(FILTERS))]
    if filter_ == "trial":
        return _smallest_on_trial([_with_types(each, number) for number, each in enumerate(tried)], written)
    cost = _absolute_sums if filter_ == "minsum" else _entropies
    chosen = np.argmin([cost(each) for each in tried], axis=0)
    return _with_types(np.stack(tried)[chosen, np.arange(len(rows))], chosen)


def _smallest_on_trial(tried: list[Bytes], written: bytes) -> Bytes:
    """Choose for each row the filter with which it adds least to the last rows when compressed quickly."""
    height, width = tried[0].shape
    result = bytearray(written)
    for y in range(height):
        context = bytes(result[-_CONTEXT * width :])
        rows = [each[y].tobytes() for each in tried]
        result += min(rows, key=lambda row: len(deflate.deflate_compress(context + row, 1)))
    return np.frombuffer(result, np.uint8)[len(written) :].reshape(height, width)


def _with_types(rows: Bytes, types: int | npt.NDArray[np.intp]) -> Bytes:
    result = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    result[:, 0] = types
    result[:, 1:] = rows
    return result


def _differences(rows: Bytes, up: Bytes, number: int) -> Bytes:
    """Apply the filter of this number; up: the rows above `rows`."""
    if number == 0:
        return rows
    if number == 2:
        return rows - up
    left = _shifted(rows)
    if number == 1:
        return rows - left
    if number == 3:
        return rows - ((left.astype(np.uint16) + up) >> 1).astype(np.uint8)
    return rows - paeth(left, up, _shifted(up))


def _shifted(rows: Bytes) -> Bytes:
    """Return the bytes to the left of each byte."""
    result = np.zeros_like(rows)
    result[:, 1:] = rows[:, :-1]
    return result


def _absolute_sums(rows: Bytes) -> npt.NDArray[np.int64]:
    return np.minimum(rows, 0 - rows).sum(axis=1, dtype=np.int64)


def _entropies(rows: Bytes) -> npt.NDArray[np.int64]:
    """Return a measure that grows with the entropy of each row, in integers, so that all machines agree."""
    height, width = rows.shape
    place = rows.astype(np.intp) + 256 * np.arange(height)[:, None]
    counts = np.bincount(place.reshape(-1), minlength=256 * height).reshape(height, 256)
    count = np.arange(1, width + 1)
    information = np.concatenate([[0], np.rint(256 * count * np.log2(count)).astype(np.int64)])
    return -information[counts].sum(axis=1)
