"""Bits from four counters, or three and a number, mixed (docs/FORMAT.md, section 7.5)."""

from __future__ import annotations

from ....kernels.types import narrow
from ...entropy.range_coder_kernel import ONE, ZERO, P, shift

WEIGHT_LIMIT = 196608
REACH = 4 * (WEIGHT_LIMIT >> 16) * 2304
"""The table `squash` goes so far from zero: no input, from the table `stretch` or not, is above 2304, and there
are four."""


def learn(error, weights, w, s0, s1, s2, s3):  # type: ignore[no-untyped-def]
    """Move four weights along their inputs. error: bit - probability, in 1/65536."""
    pace = narrow((error + 1) >> 1)
    w0 = narrow(weights[w] + (narrow(s0 * pace + 8192) >> 14))
    w1 = narrow(weights[w + 1] + (narrow(s1 * pace + 8192) >> 14))
    w2 = narrow(weights[w + 2] + (narrow(s2 * pace + 8192) >> 14))
    w3 = narrow(weights[w + 3] + (narrow(s3 * pace + 8192) >> 14))
    weights[w] = WEIGHT_LIMIT if w0 > WEIGHT_LIMIT else -WEIGHT_LIMIT if w0 < -WEIGHT_LIMIT else w0
    weights[w + 1] = WEIGHT_LIMIT if w1 > WEIGHT_LIMIT else -WEIGHT_LIMIT if w1 < -WEIGHT_LIMIT else w1
    weights[w + 2] = WEIGHT_LIMIT if w2 > WEIGHT_LIMIT else -WEIGHT_LIMIT if w2 < -WEIGHT_LIMIT else w2
    weights[w + 3] = WEIGHT_LIMIT if w3 > WEIGHT_LIMIT else -WEIGHT_LIMIT if w3 < -WEIGHT_LIMIT else w3


def mixed_bit(  # type: ignore[no-untyped-def]
    decoding,
    placed,
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
    stretch,
    squash,
    after,
    none,
):
    """Code one bit with four counters, mixed: bit, 0 or 1, x, size, pos.

    placed: c3 is no counter but what the mix is told itself. none: 0, which compilers must not know.
    """
    t0 = 0 + counters[c0]  # four tables, so never one counter twice
    t1 = 0 + counters[c1]
    t2 = 0 + counters[c2]
    if not placed:
        t3 = 0 + counters[c3]
    s0 = 0 + stretch[t0 & P]
    s1 = 0 + stretch[t1 & P]
    s2 = 0 + stretch[t2 & P]
    if placed:
        s3 = c3
    else:
        s3 = 0 + stretch[t3 & P]
    dot = (weights[w] * s0 + weights[w + 1] * s1 + weights[w + 2] * s2 + weights[w + 3] * s3) >> 16
    p = 0 + squash[dot + REACH]
    bound = (size * p) >> 16
    # An encoder knows the bit, and has no branch that a processor might guess wrong. A decoder learns everything inside
    # one, and its compiler does not know that `none` is 0: it would make moves of the branch that wait for the bit.
    if not decoding:
        zero = 1 - bit
        x += bound * zero
        size = bound + (size - 2 * bound) * zero
        seen = ONE + (ZERO - ONE) * zero
        counters[c0] = after[seen + t0]
        counters[c1] = after[seen + t1]
        counters[c2] = after[seen + t2]
        if not placed:
            counters[c3] = after[seen + t3]
        learn(65536 * bit - p, weights, w, s0, s1, s2, s3)
    elif x < bound:
        bit = none + 1
        size = bound
        counters[c0] = after[ONE + t0]
        counters[c1] = after[ONE + t1]
        counters[c2] = after[ONE + t2]
        if not placed:
            counters[c3] = after[ONE + t3]
        learn(65536 - p, weights, w, s0, s1, s2, s3)
    else:
        bit = none
        size -= bound
        x -= bound
        counters[c0] = after[ZERO + t0]
        counters[c1] = after[ZERO + t1]
        counters[c2] = after[ZERO + t2]
        if not placed:
            counters[c3] = after[ZERO + t3]
        learn(-p, weights, w, s0, s1, s2, s3)
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos
