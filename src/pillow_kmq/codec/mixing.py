# mypy: disallow-untyped-calls=False
"""Bits from four counters, mixed (docs/FORMAT.md, section 7.5): kernels that are plain Python until `compiled`."""

from __future__ import annotations

from .arithmetic import PLACE, after_one, after_zero, narrow, shift

WEIGHT_LIMIT = 196608


def moved(weight, s, error, step):  # type: ignore[no-untyped-def]
    """A weight, moved along its input. error: bit - probability, in 1/65536."""
    change = narrow(s * error + 8192) >> 14
    change = narrow(change * step + 32) >> 6
    return max(-WEIGHT_LIMIT, min(WEIGHT_LIMIT, narrow(weight + change)))


def learn(error, weights, w, s0, s1, s2, s3, steps):  # type: ignore[no-untyped-def]
    """Move four weights."""
    count = 0 + weights[w + 4]
    step = 0 + steps[count & 255]
    error = narrow(error)
    w0 = moved(weights[w], s0, error, step)
    w1 = moved(weights[w + 1], s1, error, step)
    w2 = moved(weights[w + 2], s2, error, step)
    w3 = moved(weights[w + 3], s3, error, step)
    weights[w] = w0
    weights[w + 1] = w1
    weights[w + 2] = w2
    weights[w + 3] = w3
    weights[w + 4] = count + (count < 255)


def mixed_bit(  # type: ignore[no-untyped-def]
    decoding,
    bit,
    x,
    size,
    pos,
    end,
    data,
    counters,
    c0,
    c1,
    c2,
    c3,
    weights,
    w,
    final,
    cell,
    stretch,
    squash,
    rates,
    steps,
    none,
):
    """Code one bit with four counters, mixed: bit, 0 or 1, x, size, pos. none: 0, which compilers must not know."""
    c0 &= PLACE
    c1 &= PLACE
    c2 &= PLACE
    c3 &= PLACE
    w &= 0xFFFF
    t0 = 0 + counters[c0]  # four tables, so never one counter twice
    t1 = 0 + counters[c1]
    t2 = 0 + counters[c2]
    t3 = 0 + counters[c3]
    s0 = 0 + stretch[t0 >> 4]
    s1 = 0 + stretch[t1 >> 4]
    s2 = 0 + stretch[t2 >> 4]
    s3 = 0 + stretch[t3 >> 4]
    dot = (weights[w] * s0 + weights[w + 1] * s1 + weights[w + 2] * s2 + weights[w + 3] * s3) >> 16
    dot = max(-2900, min(2900, dot)) + 3072
    p = 0 + squash[dot]
    cell = (cell + (dot >> 7)) & 0xFFFF
    q = 0 + final[cell]
    bound = (size * ((p + q + 1) >> 1)) >> 16
    # Everything is learned inside the branch, and compilers do not know that `none` is 0: otherwise they would turn the
    # branch into conditional moves, and the decoder would wait for each bit.
    if x < bound if decoding else bit > none:
        if decoding:
            bit = none + 1
        size = bound
        final[cell] = q + ((65535 - q) >> 5)
        counters[c0] = after_one(t0, rates)
        counters[c1] = after_one(t1, rates)
        counters[c2] = after_one(t2, rates)
        counters[c3] = after_one(t3, rates)
        learn(65536 - p, weights, w, s0, s1, s2, s3, steps)
    else:
        size -= bound
        if decoding:
            bit = none
            x -= bound
        else:
            x += bound
        final[cell] = q - (q >> 5)
        counters[c0] = after_zero(t0, rates)
        counters[c1] = after_zero(t1, rates)
        counters[c2] = after_zero(t2, rates)
        counters[c3] = after_zero(t3, rates)
        learn(-p, weights, w, s0, s1, s2, s3, steps)
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos
