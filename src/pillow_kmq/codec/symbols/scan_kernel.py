"""Scanning and comparing of symbols: helpers of kernels."""

from __future__ import annotations

ONES = 0x0101010101010101
"""Times a symbol: eight of it."""


def match_index(value, first, second, third, fourth):  # type: ignore[no-untyped-def]
    """Return the index, 0..3, of the first of four that equals `value`, or 4. Compiled, it has no branch."""
    index = 4
    if value == fourth:
        index = 3
    if value == third:
        index = 2
    if value == second:
        index = 1
    if value == first:
        index = 0
    return index


def four(symbols, start):  # type: ignore[no-untyped-def]
    """Return four symbols as one number, the first lowest, which compilers load at once."""
    return (
        (0 + symbols[start]) | (0 + symbols[start + 1]) << 8
        | (0 + symbols[start + 2]) << 16 | (0 + symbols[start + 3]) << 24
    )  # fmt: skip


def eight(symbols, start):  # type: ignore[no-untyped-def]
    """Return eight symbols as one number, the first lowest, which compilers load at once."""
    return (
        (0 + symbols[start]) | (0 + symbols[start + 1]) << 8 | (0 + symbols[start + 2]) << 16
        | (0 + symbols[start + 3]) << 24 | (0 + symbols[start + 4]) << 32 | (0 + symbols[start + 5]) << 40
        | (0 + symbols[start + 6]) << 48 | (0 + symbols[start + 7]) << 56
    )  # fmt: skip


def repeats(symbols, start, most, symbol):  # type: ignore[no-untyped-def]
    """Return how many symbols from `start` on equal `symbol`, at most `most`."""
    wanted = symbol * ONES
    count = 0
    differ = 0
    while count + 8 <= most:
        differ = eight(symbols, start + count) ^ wanted
        if differ != 0:
            break
        count += 8
    if differ != 0:
        # A one for each byte below the lowest bit that differs; the product adds them up.
        alike = ((differ & -differ) - 1) >> 7 & ONES
        return count + ((alike * ONES) >> 56 & 7)
    while count < most and symbols[start + count] == symbol:
        count += 1
    return count
