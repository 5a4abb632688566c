"""Numbers of one to five bytes (docs/FORMAT.md, section 1)."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import CorruptError, TruncatedError


def to_varint(value: int) -> bytes:
    """0 <= value < 2^32 in groups of seven bits."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def read_varint(next_byte: Callable[[], int]) -> int:
    """The number whose bytes `next_byte` gives. Raises CorruptError if it is not in its shortest form."""
    value = 0
    for shift in range(0, 35, 7):
        byte = next_byte()
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= 1 << 32 or (byte == 0 and shift > 0):
                break
            return value
    raise CorruptError("broken KMQ file: a number is too large or not in its shortest form")


def varint_at(data: bytes, place: int) -> tuple[int, int]:
    """The number at data[place], and where it ends. Raises TruncatedError, CorruptError."""

    def next_byte() -> int:
        nonlocal place
        if place >= len(data):
            raise TruncatedError("truncated KMQ file: it ends within a number")
        place += 1
        return data[place - 1]

    return read_varint(next_byte), place
