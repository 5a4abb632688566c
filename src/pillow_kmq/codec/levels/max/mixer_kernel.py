"""Bits of the level `max`, predicted by mixing many inputs (docs/FORMAT.md, section 7.7)."""

from __future__ import annotations

from ....kernels.types import as_int32
from ...entropy.range_coder_kernel import shift
from .layout import CHOSEN, COUNTED, FETCHED, STATES

LIMIT = 127
"""The limit of a counter's count."""
WEIGHT_LIMIT = 262143


def bounded(value, limit):  # type: ignore[no-untyped-def]
    """Return the value, limited to -limit..limit."""
    return max(-limit, min(limit, value))


def adapt_counter(bit, counters, counter, rates):  # type: ignore[no-untyped-def]
    """Move a counter, a probability of a one of 22 bits above a count of 10 bits, towards a bit."""
    state = 0 + counters[counter]
    p = state >> 10
    count = state & 1023
    if bit:
        p += (((4194303 - p) >> 6) * rates[count]) >> 10
    else:
        p -= ((p >> 6) * rates[count]) >> 10
    counters[counter] = p << 10 | (count + (count < LIMIT))


def adapted_weight(weight, value, step):  # type: ignore[no-untyped-def]
    """Return a weight after a step along its input."""
    return bounded(as_int32(weight + (as_int32(as_int32(value * step) + 8192) >> 14)), WEIGHT_LIMIT)


def next_step(error, uses, number, steps):  # type: ignore[no-untyped-def]
    """Return the step of a set of weights, and count its use. error: bit - probability, in 1/65536."""
    count = 0 + uses[number]
    uses[number] = count + (count < 255)
    return (error * steps[count]) >> 6


def adapt_refined(bit, refined, point, part):  # type: ignore[no-untyped-def]
    """Move the nearer of two points of an interpolation table towards a bit. part: from one to the next, 0..255."""
    point += part >> 7
    q = 0 + refined[point]
    if bit:
        refined[point] = q + ((65535 - q) >> 6)
    else:
        refined[point] = q - ((q + 63) >> 6)


def mixed_bit(  # type: ignore[no-untyped-def]
    decoding, bit, x, size, pos, end, data, stripe, count, w0, w1, w2, f, a, b
):  # fmt: skip
    """Code one bit with the counters at scratch[CHOSEN], ... and the inputs after these.

    Args:
        decoding: whether to read the bit, a constant.
        bit: the bit, for encoders.
        x: state of the range coder, as are size, pos, end and data.
        size: see x.
        pos: see x.
        end: see x.
        data: see x.
        stripe: the state.
        count: number of inputs, or more.
        w0: index of the first of three sets of weights.
        w1: of the second.
        w2: of the third.
        f: index of the final weights.
        a: index of the first of two interpolation tables.
        b: of the second.

    Returns:
        bit, x, size, pos.
    """
    counters, scratch, inputs, weights = stripe.counters, stripe.scratch, stripe.inputs, stripe.weights
    finals, refined, uses = stripe.finals, stripe.refined, stripe.uses
    stretch, squash, rates, steps = stripe.stretch, stripe.squash, stripe.rates, stripe.steps
    # Compilers do not know that these are positive, and would need twice the time without.
    w0 &= 0xFFFF
    w1 &= 0xFFFF
    w2 &= 0xFFFF
    for i in range(COUNTED):
        scratch[STATES + i] = counters[scratch[CHOSEN + i]]
    # Not for their values: now memory is waited for once, not twice more.
    scratch[FETCHED] = refined[a + 12]
    scratch[FETCHED + 1] = refined[b + 12]
    for i in range(COUNTED):
        inputs[i] = stretch[scratch[STATES + i] >> 20]
    d0 = d1 = d2 = as_int32(0)
    for i in range(count):
        s = 0 + inputs[i]
        d0 = as_int32(d0 + (as_int32(weights[w0 + i] * s) >> 8))
        d1 = as_int32(d1 + (as_int32(weights[w1 + i] * s) >> 8))
        d2 = as_int32(d2 + (as_int32(weights[w2 + i] * s) >> 8))
    d0 = bounded(d0 >> 8, 2900)
    d1 = bounded(d1 >> 8, 2900)
    d2 = bounded(d2 >> 8, 2900)
    dot = (finals[f] * d0 + finals[f + 1] * d1 + finals[f + 2] * d2) >> 16
    dot = bounded(dot, 2900) + 3072
    p = 0 + squash[dot]
    part = dot & 255
    a += dot >> 8
    b += dot >> 8
    q = (refined[a] * (256 - part) + refined[a + 1] * part) >> 8
    r = (refined[b] * (256 - part) + refined[b + 1] * part) >> 8
    bound = (size * ((2 * p + q + r + 2) >> 2)) >> 16
    if decoding:
        bit = x < bound
    if bit:
        size = bound
        for i in range(COUNTED):
            adapt_counter(True, counters, scratch[CHOSEN + i], rates)
    else:
        size -= bound
        if decoding:
            x -= bound
        else:
            x += bound
        for i in range(COUNTED):
            adapt_counter(False, counters, scratch[CHOSEN + i], rates)
    adapt_refined(bit, refined, a, part)
    adapt_refined(bit, refined, b, part)
    one = 65536 if bit else 0
    error = one - p
    finals[f] = bounded(finals[f] + ((((d0 * error + 8192) >> 14) + 8) >> 4), WEIGHT_LIMIT // 2)
    finals[f + 1] = bounded(finals[f + 1] + ((((d1 * error + 8192) >> 14) + 8) >> 4), WEIGHT_LIMIT // 2)
    finals[f + 2] = bounded(finals[f + 2] + ((((d2 * error + 8192) >> 14) + 8) >> 4), WEIGHT_LIMIT // 2)
    # A loop of unknown length is not unrolled, but done for many inputs at once.
    g0 = as_int32(next_step(one - squash[d0 + 3072], uses, w0 >> 5, steps))
    g1 = as_int32(next_step(one - squash[d1 + 3072], uses, w1 >> 5, steps))
    g2 = as_int32(next_step(one - squash[d2 + 3072], uses, w2 >> 5, steps))
    for i in range(count):
        weights[w0 + i] = adapted_weight(weights[w0 + i], inputs[i], g0)
    for i in range(count):
        weights[w1 + i] = adapted_weight(weights[w1 + i], inputs[i], g1)
    for i in range(count):
        weights[w2 + i] = adapted_weight(weights[w2 + i], inputs[i], g2)
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos


def run_bit(decoding, bit, x, size, pos, end, data, counters, counter, rates):  # type: ignore[no-untyped-def]
    """Code one bit with the probability of one counter: bit, x, size, pos."""
    p = max(1, (0 + counters[counter]) >> 16)
    bound = (size * p) >> 16
    if decoding:
        bit = x < bound
    if bit:
        size = bound
    else:
        size -= bound
        if decoding:
            x -= bound
        else:
            x += bound
    adapt_counter(bit, counters, counter, rates)
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos
