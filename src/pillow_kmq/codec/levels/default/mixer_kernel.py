"""Bits predicted by mixing four counters, or three counters and a gradient (docs/FORMAT.md, section 7.5)."""

from __future__ import annotations

from ....kernels.types import as_int32
from ...entropy.range_coder_kernel import ONE, ZERO, P, shift

WEIGHTS = 4
WEIGHT_LIMIT = 196608
REACH = 4 * (WEIGHT_LIMIT >> 16) * 2304
"""The table `squash` covers -REACH to REACH: an input is at most 2304, and there are four."""


def adapt_weights(error, weights, w, s0, s1, s2, s3):  # type: ignore[no-untyped-def]
    """Move four weights along their inputs. error: bit - probability, in 1/65536."""
    rate = as_int32((error + 1) >> 1)
    w0 = as_int32(weights[w] + (as_int32(s0 * rate + 8192) >> 14))
    w1 = as_int32(weights[w + 1] + (as_int32(s1 * rate + 8192) >> 14))
    w2 = as_int32(weights[w + 2] + (as_int32(s2 * rate + 8192) >> 14))
    w3 = as_int32(weights[w + 3] + (as_int32(s3 * rate + 8192) >> 14))
    weights[w] = WEIGHT_LIMIT if w0 > WEIGHT_LIMIT else -WEIGHT_LIMIT if w0 < -WEIGHT_LIMIT else w0
    weights[w + 1] = WEIGHT_LIMIT if w1 > WEIGHT_LIMIT else -WEIGHT_LIMIT if w1 < -WEIGHT_LIMIT else w1
    weights[w + 2] = WEIGHT_LIMIT if w2 > WEIGHT_LIMIT else -WEIGHT_LIMIT if w2 < -WEIGHT_LIMIT else w2
    weights[w + 3] = WEIGHT_LIMIT if w3 > WEIGHT_LIMIT else -WEIGHT_LIMIT if w3 < -WEIGHT_LIMIT else w3


def mixed_bit(  # type: ignore[no-untyped-def]
    decoding, use_gradient, bit, x, size, pos, end, data, stripe, c0, c1, c2, c3, set_number, opaque_zero
):  # fmt: skip
    """Code one bit.

    Args:
        decoding: whether to read the bit, a constant.
        use_gradient: whether c3 is an input of the mix itself rather than a counter, a constant.
        bit: 0 or 1, for encoders.
        x: state of the range coder, as are size, pos, end and data.
        size: see x.
        pos: see x.
        end: see x.
        data: see x.
        stripe: counters, weights and tables.
        c0: a counter, as are c1 and c2.
        c1: see c0.
        c2: see c0.
        c3: a counter, or an input.
        set_number: the number of the weights' set.
        opaque_zero: 0, which compilers must not know.

    Returns:
        bit, x, size, pos.
    """
    counters, weights, stretch, after = stripe.counters, stripe.weights, stripe.stretch, stripe.after
    w = set_number * WEIGHTS
    t0 = 0 + counters[c0]  # the four are in four tables, so never the same counter
    t1 = 0 + counters[c1]
    t2 = 0 + counters[c2]
    if not use_gradient:
        t3 = 0 + counters[c3]
    s0 = 0 + stretch[t0 & P]
    s1 = 0 + stretch[t1 & P]
    s2 = 0 + stretch[t2 & P]
    if use_gradient:
        s3 = c3
    else:
        s3 = 0 + stretch[t3 & P]
    dot = (weights[w] * s0 + weights[w + 1] * s1 + weights[w + 2] * s2 + weights[w + 3] * s3) >> 16
    p = 0 + stripe.squash[dot + REACH]
    bound = (size * p) >> 16
    # An encoder knows the bit, and has no branch that a processor might mispredict. A decoder adapts inside the branch,
    # and its compiler does not know `opaque_zero`: it would replace the branch by moves that wait for the bit.
    if not decoding:
        zero = 1 - bit
        x += bound * zero
        size = bound + (size - 2 * bound) * zero
        seen = ONE + (ZERO - ONE) * zero
        counters[c0] = after[seen + t0]
        counters[c1] = after[seen + t1]
        counters[c2] = after[seen + t2]
        if not use_gradient:
            counters[c3] = after[seen + t3]
        adapt_weights(65536 * bit - p, weights, w, s0, s1, s2, s3)
    elif x < bound:
        bit = opaque_zero + 1
        size = bound
        counters[c0] = after[ONE + t0]
        counters[c1] = after[ONE + t1]
        counters[c2] = after[ONE + t2]
        if not use_gradient:
            counters[c3] = after[ONE + t3]
        adapt_weights(65536 - p, weights, w, s0, s1, s2, s3)
    else:
        bit = opaque_zero
        size -= bound
        x -= bound
        counters[c0] = after[ZERO + t0]
        counters[c1] = after[ZERO + t1]
        counters[c2] = after[ZERO + t2]
        if not use_gradient:
            counters[c3] = after[ZERO + t3]
        adapt_weights(-p, weights, w, s0, s1, s2, s3)
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos
