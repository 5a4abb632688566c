"""Adaptive bits and the range coder (docs/FORMAT.md, section 7.4): helpers of kernels.

All values fit 32 bits, except for the product in `bound`. A one has the lower part of the range. `x` is the low end of
the range in an encoder and the code, less the low end, in a decoder; `size` is the size of the range.
"""

from __future__ import annotations

WORD = 0xFFFFFFFF
SMALL = 1 << 24
P = 0xFFF
"""The bits of a counter's state that are its probability."""
ONE, ZERO = 0, 1 << 16
"""The start of the states after a one, and after a zero, in the table `after`."""


def shift(decoding, x, size, pos, end, data):  # type: ignore[no-untyped-def]
    """Move bytes out of an encoder, or into a decoder, until the range has 24 bits again: x, size, pos."""
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
    """Write the highest byte of x, and carry into the bytes before; return x without it."""
    if x > WORD:
        last = pos - 1
        while data[last] == 255:
            data[last] = 0
            last -= 1
        data[last] += 1
    data[pos] = (x >> 24) & 255
    return (x << 8) & WORD


def code_bit(decoding, bit, x, size, pos, end, data, counters, counter, after):  # type: ignore[no-untyped-def]
    """Code one bit, 0 or 1, with the probability of one counter: bit, x, size, pos."""
    state = 0 + counters[counter]
    bound = (size * (16 * (state & P) + 8)) >> 16
    if x < bound if decoding else bit > 0:
        bit = 1
        size = bound
        counters[counter] = after[ONE + state]
    else:
        bit = 0
        size -= bound
        if decoding:
            x -= bound
        else:
            x += bound
        counters[counter] = after[ZERO + state]
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos
