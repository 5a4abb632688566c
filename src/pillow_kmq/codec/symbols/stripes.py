"""Which entries are symbols, and where the stripes of a chunk D are (docs/FORMAT.md, section 7.2)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

from ...errors import CorruptError, LimitError, TruncatedError
from ...interruptible import in_threads
from ..container.varint import to_varint, varint_at
from ..threads import threads

CODINGS = {"default": 3, "max": 4, "fast": 5}
"""The codings of chunk D that this module is for, by level."""

LISTED, STRIPED = 0x40, 0x80
"""Bits of the first byte of a chunk D: a list of symbols follows, and a table of stripes."""

FREE_STRIPES, STRIPE_PRICE, PIXELS_PER_BYTE = 16, 4096, 256
"""So many stripes may be of any length, and one more for every so many bytes, where so many pixels count as one: each
costs the making of its tables."""


class Stripe(NamedTuple):
    """Rows that decode on their own. length: of the code, of which `coded` may be the start. crc: if there is one."""

    row: int
    rows: int
    coded: bytes
    length: int
    crc: int | None


class StripeEntry(NamedTuple):
    """A line of the table of stripes."""

    rows: int
    length: int
    crc: int | None


def joined(first: int, listing: bytes, stripes: list[tuple[int, bytes]]) -> bytes:
    """The payload of a chunk D. listing: of symbols, if there is one. stripes: rows and code of each."""
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
    """The entries that pixels use and the stripes; entry 0 alone if they did not arrive and `partial` allows that.

    payload: what follows the first byte. size: height and width. With one entry there are no stripes. Raises
    CorruptError, LimitError.
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


def decode_stripes(stripes: list[Stripe], decode: Callable[[Stripe], bool], stop: bytearray, *, partial: bool) -> None:
    """Verify stripes and hand them to `decode`, which tells whether the code is in order. Raises CorruptError.

    stop: one byte that becomes 1 when what threads are still decoding is of no use any more.
    """

    def verified(stripe: Stripe) -> None:
        row, rows, coded, length, crc = stripe
        if partial and not coded:  # tables would be made for nothing
            return
        if len(coded) == length and crc is not None and zlib.crc32(coded) != crc:
            if partial:
                return
            raise CorruptError(f"invalid KMQ file: damage in the stripe of rows {row} to {row + rows - 1}")
        if not decode(stripe) and not partial:
            raise CorruptError("invalid KMQ file: a stripe is too long or too short")

    if len(stripes) > 1 and threads() > 1:
        in_threads(verified, stripes, threads(), stop)
    else:
        for stripe in stripes:
            verified(stripe)


def encode_list(used: list[int], entries: int) -> bytes:
    """Runs of entries that are used and unused, in turns, or a bit for each where these are shorter; none for all."""
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
    """The entries that pixels use, and where the list ends."""
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
        place = 0
        for i, run in enumerate(payload[1 : 1 + length]):
            if i % 2 == 0:
                used += range(place, place + run)
            place += run
        if place > 256:
            raise CorruptError("invalid KMQ file: the pixels list more than 256 colours")
    else:
        used = [i for i in range(256) if payload[1 + i // 8] >> i % 8 & 1]
    if not used:
        raise CorruptError("invalid KMQ file: the pixels list no colours")
    return used, 1 + length


def stripe_index(first: int, payload: bytes, pos: int, size: tuple[int, int]) -> tuple[list[StripeEntry], int]:
    """The stripes, and where they begin. size: of the image, height and width."""
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
