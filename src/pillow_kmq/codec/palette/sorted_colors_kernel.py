"""The kernel of sorted colours (docs/FORMAT.md, section 6.1)."""

from __future__ import annotations

from ...kernels import kernel
from ...kernels.types import constant, i64, u8_flat, u16_flat
from ..entropy.range_coder_kernel import WORD, code_bit, shift

ALPHA, GREEN_STEP, GREEN, RED, BLUE, CONTEXTS = 0, 1, 2, 3, 4, 14
SIGN, SECOND, PLACES = 9, 10, 20  # counters of a context: length, sign, second bits by length


def fixed_bit(decoding, bit, p, x, size, pos, end, data):  # type: ignore[no-untyped-def]
    """Code a bit that is one with probability p / 65536. Return bit, x, size, pos."""
    bound = (size * p) >> 16
    if decoding:
        bit = 0 + (x < bound)
    if bit:
        size = bound
    else:
        size -= bound
        x += -bound if decoding else bound
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos


def code_number(decoding, value, context, x, size, pos, end, data, counters, after):  # type: ignore[no-untyped-def]
    """Code a number 0..511: its length in bits in unary, then the bits after the leading one."""
    first = context * PLACES
    length = 0
    bit = 1
    while bit and length < 9:
        bit = 0 + (value >> length > 0)
        bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, first + length, after)
        length += bit
    result = 0 + (length > 0)
    for index in range(length - 2, -1, -1):
        bit = (value >> index) & 1
        if index == length - 2:
            second = first + SECOND + length
            bit, x, size, pos = code_bit(decoding, bit, x, size, pos, end, data, counters, second, after)
        else:
            bit, x, size, pos = fixed_bit(decoding, bit, 32768, x, size, pos, end, data)
        result = 2 * result + bit
    return result, x, size, pos


def code_signed(decoding, value, context, x, size, pos, end, data, counters, after):  # type: ignore[no-untyped-def]
    """Code a number -511..511: magnitude, then sign."""
    number, x, size, pos = code_number(decoding, abs(value), context, x, size, pos, end, data, counters, after)
    if number > 0:
        bit = 0 + (value < 0)
        bit, x, size, pos = code_bit(
            decoding, bit, x, size, pos, end, data, counters, context * PLACES + SIGN, after
        )  # fmt: skip
        if bit:
            number = -number
    return number, x, size, pos


def code_below(decoding, value, count, x, size, pos, end, data):  # type: ignore[no-untyped-def]
    """Code a number below `count`, all values equally probable."""
    low = 0
    high = 1
    while high < count:
        high *= 2
    while high - low > 1:
        middle = (low + high) >> 1
        ones = min(count, high) - middle
        bit = 0 + (value >= middle)
        if ones <= 0:
            bit = 0
        else:
            p = 65536 * ones // (ones + middle - low)
            bit, x, size, pos = fixed_bit(decoding, bit, p, x, size, pos, end, data)
        if bit:
            low = middle
        else:
            high = middle
    return low, x, size, pos


@kernel
def code_colors(
    decoding: constant,
    x: i64,
    data: u8_flat,
    pos: i64,
    end: i64,
    colors: u8_flat,
    count: i64,
    chosen: u8_flat,
    numbers: i64,
    counters: u16_flat,
    after: u16_flat,
) -> tuple[int, int]:
    """Code `count` colours in natural order, uint8[4 * count], RGBA, then `numbers` numbers, the i-th below count - i.

    Starts at x and data[pos]. Returns x, and the end of the bitstream or -1 if a colour is out of range.
    """
    size = WORD
    red = green = blue = alpha = r = g = b = a = 0
    for i in range(0, 4 * count, 4):
        if not decoding:
            red, green, blue, alpha = 0 + colors[i], 0 + colors[i + 1], 0 + colors[i + 2], 0 + colors[i + 3]
        step, x, size, pos = code_number(
            decoding, alpha - a, ALPHA, x, size, pos, end, data, counters, after
        )  # fmt: skip
        a += step
        before = 0 if step > 0 else g
        context = GREEN if step > 0 else GREEN_STEP
        g, x, size, pos = code_number(
            decoding, green - before, context, x, size, pos, end, data, counters, after
        )  # fmt: skip
        g += before
        u, x, size, pos = code_signed(decoding, red - green, RED, x, size, pos, end, data, counters, after)
        activity = 0
        while activity < 4 and abs(u) >> (2 * activity) > 0:
            activity += 1
        context = BLUE + 2 * activity + (u > 0)
        v, x, size, pos = code_signed(decoding, blue - green, context, x, size, pos, end, data, counters, after)
        r = g + u
        b = g + v
        if min(min(r, g), b) < 0 or max(max(r, g), max(b, a)) > 255:
            return x, -1
        if decoding:
            colors[i] = r
            colors[i + 1] = g
            colors[i + 2] = b
            colors[i + 3] = a
    for i in range(numbers):
        number, x, size, pos = code_below(decoding, 0 + chosen[i], count - i, x, size, pos, end, data)
        chosen[i] = number
    return x, pos
