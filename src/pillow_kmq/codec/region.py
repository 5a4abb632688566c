"""A part of a still image: only the stripes that it needs are decoded (docs/FORMAT.md, section 7.2)."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from ..errors import CorruptError, LimitError, OptionError, TruncatedError
from .container.chunks import Reader
from .pixels import decode_pixels, has_stripes
from .reader import Head
from .symbols.stripes import FREE_STRIPES, STRIPED, StripeEntry, join, listed_symbols, stripe_index

if TYPE_CHECKING:
    from ..types import Indices


def read_region(
    stream: IO[bytes], head: Head, left: int, top: int, width: int, height: int, *, max_pixels: int | None
) -> Indices:
    """The indices uint8[height, width] of a rectangle, read from where `read_head` stopped.

    Damage in stripes that it does not touch does no harm. Where an image is one stripe, all of it is decoded.
    max_pixels: of the rows that have to be decoded. Raises OptionError for a rectangle that is empty or not within the
    image, or a file of several frames; LimitError, TruncatedError, CorruptError.
    """
    import numpy as np

    if head.animation is not None:
        raise OptionError("a region is of a still image, not of several frames")
    if not (0 <= left < left + width <= head.width and 0 <= top < top + height <= head.height):
        raise OptionError(f"a region must lie within the image of {head.width}x{head.height} pixels")
    first_row, parts = _needed(stream, head, top, top + height)
    rows = sum(part_rows for part_rows, _ in parts)
    if max_pixels is not None and rows * head.width > max_pixels:
        raise LimitError(f"a region that needs {head.width}x{rows} pixels: more than {max_pixels}")
    decoded = np.concatenate(
        [decode_pixels(coded[0], coded[1:], rows, head.width, head.colors).indices() for rows, coded in parts]
    )
    return decoded[top - first_row : top - first_row + height, left : left + width].copy()


def _needed(stream: IO[bytes], head: Head, top: int, bottom: int) -> tuple[int, list[tuple[int, bytes]]]:
    """The first row of the stripes that have some rows, and these as images: rows and chunk D of each."""
    reader = Reader(stream, head.crc)
    coded = reader.available(head.coded_length)
    try:
        index, place = _stripes(head, coded)
    except TruncatedError as error:
        raise CorruptError("broken data stream in a KMQ file: it ends before its stripes") from error
    if not index:
        reader.checksum()
        return 0, [(head.height, bytes([head.coding_byte]) + coded)]
    listing = coded[: listed_symbols(head.coding_byte, coded, len(head.colors) // 4)[1]]
    needed: list[tuple[int, bytes]] = []
    row = first = 0
    intact = True
    for rows, length, crc in index:
        code = coded[place : place + length]
        right = zlib.crc32(code) == crc
        if row < bottom and row + rows > top:
            if len(code) < length:
                raise TruncatedError("truncated KMQ file: it ends before the stripes of a region do")
            if not right:
                raise CorruptError(f"broken KMQ file: damage in the stripe of rows {row} to {row + rows - 1}")
            first = first if needed else row
            needed.append((rows, code))
        intact = intact and right
        row += rows
        place += length
    if intact:  # then so is what stands before the stripes, or this says that it is not
        with suppress(TruncatedError):
            reader.checksum()
    # An image of so few stripes is never over the limit, whatever the length of each.
    parts = [needed[i : i + FREE_STRIPES] for i in range(0, len(needed), FREE_STRIPES)]
    coding_byte = head.coding_byte & ~STRIPED
    return first, [(sum(rows for rows, _ in part), join(coding_byte, listing, part)) for part in parts]


def _stripes(head: Head, coded: bytes) -> tuple[list[StripeEntry], int]:
    """The stripes of an image, if it has a table of them, and where they begin."""
    if not has_stripes(head.coding_byte):
        return [], 0
    used, place = listed_symbols(head.coding_byte, coded, len(head.colors) // 4)
    return ([], 0) if len(used) == 1 else stripe_index(head.coding_byte, coded, place, head.image_size)
