"""The list of entries in use and the table of stripes in a chunk D (docs/FORMAT.md, section 7.2)."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from ...errors import CorruptError, LimitError, TruncatedError
from ..container.varint import to_varint, varint_at

CODINGS = {"default": 3, "max": 4, "fast": 5}
"""The codings of chunk D that consist of stripes, by level."""

LISTED, STRIPED = 0x40, 0x80
"""Bits of the first byte of a chunk D: a list of the entries in use follows; a table of stripes follows."""

FREE_STRIPES, STRIPE_PRICE, PIXELS_PER_BYTE = 16, 4096, 256
"""Limit for the number of stripes, as a decoder has to make tables for each: FREE_STRIPES of any length, and one for
every STRIPE_PRICE bytes of bitstream, to which every PIXELS_PER_BYTE pixels add one byte."""


class Stripe(NamedTuple):
    """Rows that are coded independently of others.

    Attributes:
        row: the first row in the image.
        rows: number of rows.
        coded: the bitstream, or the start of it in a truncated file.
        length: the full length of the bitstream in bytes.
        crc: its CRC-32; None for a single stripe, which has none.
    """

    row: int
    rows: int
    coded: bytes
    length: int
    crc: int | None


class StripeEntry(NamedTuple):
    """An entry in the table of stripes: number of rows, length of the bitstream, CRC-32."""

    rows: int
    length: int
    crc: int | None


def join(first: int, listing: bytes, stripes: list[tuple[int, bytes]]) -> bytes:
    """Return the payload of a chunk D.

    Args:
        first: coding and option, the first byte without LISTED and STRIPED.
        listing: the list of entries in use, or nothing.
        stripes: number of rows and bitstream of each.
    """
    if listing:
        first |= LISTED
    if len(stripes) == 1:
        return bytes([first]) + listing + stripes[0][1]
    index = to_varint(len(stripes) - 2)
    for rows, coded in stripes:
        index += to_varint(rows) + to_varint(len(coded)) + zlib.crc32(coded).to_bytes(4, "little")
    return bytes([first | STRIPED]) + listing + index + b"".join(coded for _, coded in stripes)


def read_stripes(
    first: int, payload: bytes, size: tuple[int, int], entries: int, *, partial: bool
) -> tuple[list[int], list[Stripe]]:
    """Read all that comes before the bitstreams.

    Args:
        first: the first byte of chunk D.
        payload: what follows it.
        size: height and width of the image.
        entries: number of palette entries.
        partial: accept a truncated payload; if the table of stripes is missing, all pixels have entry 0.

    Returns:
        The entries in use, ascending, and the stripes; none if there is only one entry.

    Raises:
        CorruptError: the payload is invalid.
        LimitError: it has more stripes than its size justifies.
    """
    try:
        used, pos = listed_symbols(first, payload, entries)
        if len(used) == 1:
            if pos < len(payload):
                raise CorruptError("invalid KMQ file: pixels of a single colour must be empty")
            return used, []
        index, pos = stripe_index(first, payload, pos, size)
    except TruncatedError as error:
        if partial:
            return [0], []
        raise CorruptError("invalid KMQ file: the pixels end before the stripes") from error
    stripes = []
    row = 0
    for rows, length, crc in index:
        stripes.append(Stripe(row, rows, payload[pos : pos + length], length, crc))
        row += rows
        pos += length
    if pos < len(payload) or (pos > len(payload) and not partial):
        raise CorruptError("invalid KMQ file: the stripes do not fill the pixel data")
    return used, stripes


def verify(stripe: Stripe, *, partial: bool) -> bool:
    """Return whether to decode a stripe, by its checksum.

    partial: skip a damaged stripe rather than raise CorruptError, and one of which nothing arrived.
    """
    row, rows, coded, length, crc = stripe
    if partial and not coded:
        return False
    if len(coded) < length or crc is None or zlib.crc32(coded) == crc:
        return True
    if partial:
        return False
    raise CorruptError(f"invalid KMQ file: damage in the stripe of rows {row} to {row + rows - 1}")


def encode_list(used: list[int], entries: int) -> bytes:
    """Return the list of entries in use: alternating runs of used and unused entries, or one bit per entry, whichever
    is shorter; empty if all are used.
    """
    if used == list(range(entries)):
        return b""
    runs, next_, state = [], 0, True
    flags = [i in used for i in range(256)]
    while next_ <= used[-1]:
        length = 0
        while next_ + length <= used[-1] and flags[next_ + length] == state:
            length += 1
        runs.append(length)
        next_ += length
        state = not state
    if len(runs) < 32 and max(runs) < 256:
        return bytes([len(runs), *runs])
    return b"\0" + bytes(sum(flags[8 * i + j] << j for j in range(8)) for i in range(32))


def listed_symbols(first: int, payload: bytes, entries: int) -> tuple[list[int], int]:
    """Return the entries in use, ascending, and the length of their list in the payload."""
    if not first & LISTED:
        if entries == 0:
            raise CorruptError("invalid KMQ file: the pixels list no colours")
        return list(range(entries)), 0
    if not payload:
        raise TruncatedError("truncated KMQ file: ends within the list of colours")
    count = payload[0]
    length = count or 32
    if len(payload) <= length:
        raise TruncatedError("truncated KMQ file: ends within the list of colours")
    used: list[int] = []
    if count:
        entry = 0
        for i, run in enumerate(payload[1 : 1 + length]):
            if i % 2 == 0:
                used += range(entry, entry + run)
            entry += run
        if entry > 256:
            raise CorruptError("invalid KMQ file: the pixels list more than 256 colours")
    else:
        used = [i for i in range(256) if payload[1 + i // 8] >> i % 8 & 1]
    if not used:
        raise CorruptError("invalid KMQ file: the pixels list no colours")
    return used, 1 + length


def stripe_index(first: int, payload: bytes, pos: int, size: tuple[int, int]) -> tuple[list[StripeEntry], int]:
    """Return the table of stripes, and the position of the first bitstream.

    Args:
        first: the first byte of chunk D.
        payload: what follows it.
        pos: the position of the table in the payload.
        size: height and width of the image.
    """
    height, width = size
    if not first & STRIPED:
        return [StripeEntry(height, max(0, len(payload) - pos), None)], pos
    count, pos = varint_at(payload, pos)
    if count + 2 > height:
        raise CorruptError("invalid KMQ file: more stripes than rows")
    stripes = []
    left = height
    for _ in range(count + 2):
        rows, pos = varint_at(payload, pos)
        length, pos = varint_at(payload, pos)
        crc = int.from_bytes(payload[pos : pos + 4], "little")
        pos += 4
        left -= rows
        if rows == 0 or left < 0:
            raise CorruptError("invalid KMQ file: the rows of stripes must be at least 1 and add up to the height")
        stripes.append(StripeEntry(rows, length, crc))
    if pos > len(payload):
        raise TruncatedError("truncated KMQ file: ends within the table of stripes")
    if left:
        raise CorruptError("invalid KMQ file: the rows of stripes must be at least 1 and add up to the height")
    worth = sum(stripe.length for stripe in stripes) + height * width // PIXELS_PER_BYTE
    if len(stripes) > FREE_STRIPES + worth // STRIPE_PRICE:
        raise LimitError(f"the KMQ file has {len(stripes)} stripes, more than an image of its size may have")
    return stripes, pos
