"""Regions of still images, for which only the necessary stripes are decoded (docs/FORMAT.md, section 7.2)."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from ..checks import shown
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
    """Decode a rectangle of a still image.

    Only the stripes that it touches are decoded; damage to others does not matter. Small images have one stripe.

    Args:
        stream: The stream as `read_head` left it.
        head: The head of the file.
        left: First column, 0 to head.width - 1.
        top: First row, 0 to head.height - 1.
        width: Number of columns, at least 1.
        height: Number of rows, at least 1.
        max_pixels: Largest accepted number of pixels in the stripes to be decoded; None means no limit.

    Returns:
        Indices, uint8[height, width].

    Raises:
        OptionError: The rectangle is empty or not within the image, or the file is an animation.
        LimitError: The stripes have more than `max_pixels`.
        TruncatedError: The file ends before the stripes do.
        CorruptError: The stripes are damaged.
    """
    import numpy as np

    if head.animation is not None:
        raise OptionError("cannot read a region of an animation: its frames depend on each other; use read_animation")
    box = left, top, left + width, top + height
    if not (0 <= left < left + width <= head.width and 0 <= top < top + height <= head.height):
        raise OptionError(
            f"region {shown(box)} must not be empty and must lie within the {head.width}x{head.height} image"
        )
    first_row, parts = _read_stripes(stream, head, top, top + height)
    rows = sum(part_rows for part_rows, _ in parts)
    if max_pixels is not None and rows * head.width > max_pixels:
        raise LimitError(f"the region needs {head.width}x{rows} decoded pixels, more than the limit of {max_pixels}")
    decoded = np.concatenate(
        [decode_pixels(coded[0], coded[1:], rows, head.width, head.colors).indices() for rows, coded in parts]
    )
    return decoded[top - first_row : top - first_row + height, left : left + width].copy()


def _read_stripes(stream: IO[bytes], head: Head, top: int, bottom: int) -> tuple[int, list[tuple[int, bytes]]]:
    """Return the first row of the stripes that cover rows top..bottom-1, and these as images: rows and chunk D."""
    reader = Reader(stream, head.crc)
    coded = reader.available(head.coded_length)
    try:
        index, offset = _stripe_table(head, coded)
    except TruncatedError as error:
        raise CorruptError("invalid KMQ file: the pixels end before the stripes") from error
    if not index:
        reader.checksum()
        return 0, [(head.height, bytes([head.coding_byte]) + coded)]
    listing = coded[: listed_symbols(head.coding_byte, coded, len(head.colors) // 4)[1]]
    needed: list[tuple[int, bytes]] = []
    row = first = 0
    intact = True
    for rows, length, crc in index:
        code = coded[offset : offset + length]
        valid = zlib.crc32(code) == crc
        if row < bottom and row + rows > top:
            if len(code) < length:
                raise TruncatedError("truncated KMQ file: ends within the stripes of the region")
            if not valid:
                raise CorruptError(f"invalid KMQ file: damage in the stripe of rows {row} to {row + rows - 1}")
            first = first if needed else row
            needed.append((rows, code))
        intact = intact and valid
        row += rows
        offset += length
    if intact:  # the checksum of the chunk then tells whether the bytes before the stripes are
        with suppress(TruncatedError):
            reader.checksum()
    # Images of at most FREE_STRIPES stripes never exceed the limit on stripes, however short these are.
    parts = [needed[i : i + FREE_STRIPES] for i in range(0, len(needed), FREE_STRIPES)]
    coding_byte = head.coding_byte & ~STRIPED
    return first, [(sum(rows for rows, _ in part), join(coding_byte, listing, part)) for part in parts]


def _stripe_table(head: Head, coded: bytes) -> tuple[list[StripeEntry], int]:
    """Return the table of stripes, empty if there is none, and the offset of the first stripe."""
    if not has_stripes(head.coding_byte):
        return [], 0
    used, offset = listed_symbols(head.coding_byte, coded, len(head.colors) // 4)
    return ([], 0) if len(used) == 1 else stripe_index(head.coding_byte, coded, offset, head.image_size)
