"""Adaptive bits and the range coder (docs/FORMAT.md, section 7.4): kernels.

All values are whole numbers that fit 32 bits, products of `bound` apart, which a decoder may split. A one has the
lower part of the range. `x` is the low end of the range in an encoder and the code, less the low end, in a decoder.
"""

from __future__ import annotations

WORD = 0xFFFFFFFF
SMALL = 1 << 24
P = 0xFFF  # of a counter's state, its probability
ONE, ZERO = 0, 1 << 16  # parts of the table that tells the state after a bit
EIGHT = 0x0101010101010101  # a symbol times this is eight of it


def which(value, first, second, third, fourth):  # type: ignore[no-untyped-def]
    """The number, 0..3, of the first of four that is `value`, or 4. Compiled, without a branch."""
    number = 4
    if value == fourth:
        number = 3
    if value == third:
        number = 2
    if value == second:
        number = 1
    if value == first:
        number = 0
    return number


def four(symbols, place):  # type: ignore[no-untyped-def]
    """Four symbols as one number, which compilers load as such."""
    return (
        (0 + symbols[place]) | (0 + symbols[place + 1]) << 8
        | (0 + symbols[place + 2]) << 16 | (0 + symbols[place + 3]) << 24
    )  # fmt: skip


def eight(symbols, place):  # type: ignore[no-untyped-def]
    """Eight symbols as one number, which compilers load as such."""
    return (
        (0 + symbols[place]) | (0 + symbols[place + 1]) << 8 | (0 + symbols[place + 2]) << 16
        | (0 + symbols[place + 3]) << 24 | (0 + symbols[place + 4]) << 32 | (0 + symbols[place + 5]) << 40
        | (0 + symbols[place + 6]) << 48 | (0 + symbols[place + 7]) << 56
    )  # fmt: skip


def repeats(symbols, first, most, symbol):  # type: ignore[no-untyped-def]
    """How many of `most` symbols from `first` on are `symbol`, up to one that is not."""
    all_eight = symbol * EIGHT
    count = 0
    differ = 0
    while count + 8 <= most:
        differ = eight(symbols, first + count) ^ all_eight
        if differ != 0:
            break
        count += 8
    if differ != 0:
        # Of those below the lowest bit that differs, a one each; the product adds them up.
        alike = ((differ & -differ) - 1) >> 7 & EIGHT
        return count + ((alike * EIGHT) >> 56 & 7)
    while count < most and symbols[first + count] == symbol:
        count += 1
    return count


def shift(decoding, x, size, pos, end, data):  # type: ignore[no-untyped-def]
    """Whole bytes out of an encoder, or into a decoder, until the range has 24 bits again: x, size, pos."""
    while size < SMALL:
        size <<= 8
        if decoding:
            x = (x << 8) & WORD
            if pos < end:
                x |= 0 + data[pos]
        else:
            x = byte_out(x, pos, data)
        pos += 1
    return x, size, pos


def byte_out(x, pos, data):  # type: ignore[no-untyped-def]
    """Write the highest byte of x, and its carry into the bytes before; x without it."""
    if x > WORD:
        place = pos - 1
        while data[place] == 255:
            data[place] = 0
            place -= 1
        data[place] += 1
    data[pos] = (x >> 24) & 255
    return (x << 8) & WORD


def code_bit(decoding, bit, x, size, pos, end, data, counters, place, after):  # type: ignore[no-untyped-def]
    """Code one bit, 0 or 1, with the probability of one counter: bit, x, size, pos."""
    state = 0 + counters[place]
    bound = (size * (16 * (state & P) + 8)) >> 16
    if x < bound if decoding else bit > 0:
        bit = 1
        size = bound
        counters[place] = after[ONE + state]
    else:
        bit = 0
        size -= bound
        if decoding:
            x -= bound
        else:
            x += bound
        counters[place] = after[ZERO + state]
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos
