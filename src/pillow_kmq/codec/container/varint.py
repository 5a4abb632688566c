"""Variable-length integers of one to five bytes (docs/FORMAT.md, section 1)."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import CorruptError, TruncatedError


def to_varint(value: int) -> bytes:
    """Encode 0 <= value < 2^32 in groups of seven bits."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def read_varint(next_byte: Callable[[], int]) -> int:
    """Decode a number from the bytes that `next_byte` returns. Raises CorruptError if it is not in shortest form."""
    value = 0
    for shift in range(0, 35, 7):
        byte = next_byte()
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= 1 << 32 or (byte == 0 and shift > 0):
                break
            return value
    raise CorruptError("invalid KMQ file: a number is 2^32 or more, or not in its shortest form")


def varint_at(data: bytes, index: int) -> tuple[int, int]:
    """Decode the number at data[index]; return it and the index after it. Raises TruncatedError, CorruptError."""

    def next_byte() -> int:
        nonlocal index
        if index >= len(data):
            raise TruncatedError("truncated KMQ file: ends within a number")
        index += 1
        return data[index - 1]

    return read_varint(next_byte), index
