"""Bits of the level `max`, mixed (docs/FORMAT.md, section 7.7)."""

from __future__ import annotations

from ....kernels.types import narrow
from ...entropy.range_coder_kernel import shift

COUNTED = 14
"""Inputs that are counters; places and a constant are behind them."""

LIMIT = 127
WEIGHT_LIMIT = 262143


def bounded(value, limit):  # type: ignore[no-untyped-def]
    """The value, no farther from zero than the limit."""
    return max(-limit, min(limit, value))


def follow(bit, counters, place, rates):  # type: ignore[no-untyped-def]
    """Teach a counter: a probability of 22 bits, of a one, above a count of 10 bits."""
    state = 0 + counters[place]
    p = state >> 10
    count = state & 1023
    if bit:
        p += (((4194303 - p) >> 6) * rates[count]) >> 10
    else:
        p -= ((p >> 6) * rates[count]) >> 10
    counters[place] = p << 10 | (count + (count < LIMIT))


def moved(weight, value, step):  # type: ignore[no-untyped-def]
    """A weight after a step along its input."""
    return bounded(narrow(weight + (narrow(narrow(value * step) + 8192) >> 14)), WEIGHT_LIMIT)


def pace(error, uses, number, steps):  # type: ignore[no-untyped-def]
    """How far a set of weights goes along its inputs. error: bit - probability, in 1/65536."""
    count = 0 + uses[number]
    uses[number] = count + (count < 255)
    return (error * steps[count]) >> 6


def refine(bit, refined, place, part):  # type: ignore[no-untyped-def]
    """Teach the nearer of two points of a line what the bit was."""
    place += part >> 7
    q = 0 + refined[place]
    if bit:
        refined[place] = q + ((65535 - q) >> 6)
    else:
        refined[place] = q - ((q + 63) >> 6)


def mixed_bit(  # type: ignore[no-untyped-def]
    decoding,
    bit,
    x,
    size,
    pos,
    end,
    data,
    counters,
    scratch,
    inputs,
    count,
    weights,
    uses,
    w0,
    w1,
    w2,
    finals,
    f,
    refined,
    a,
    b,
    stretch,
    squash,
    rates,
    steps,
):
    """Code one bit with the counters at scratch[160], ... and `count` inputs, 14 and more given: bit, x, size, pos."""
    # Numba's own target does not know that these are positive, and would take twice as long without.
    w0 &= 0xFFFF
    w1 &= 0xFFFF
    w2 &= 0xFFFF
    for i in range(COUNTED):
        scratch[192 + i] = counters[scratch[160 + i]]
    # Not for their values: now memory is waited for once, not twice more.
    scratch[208] = refined[a + 12]
    scratch[209] = refined[b + 12]
    for i in range(COUNTED):
        inputs[i] = stretch[scratch[192 + i] >> 20]
    d0 = d1 = d2 = narrow(0)
    for i in range(count):
        s = 0 + inputs[i]
        d0 = narrow(d0 + (narrow(weights[w0 + i] * s) >> 8))
        d1 = narrow(d1 + (narrow(weights[w1 + i] * s) >> 8))
        d2 = narrow(d2 + (narrow(weights[w2 + i] * s) >> 8))
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
            follow(True, counters, scratch[160 + i], rates)
    else:
        size -= bound
        if decoding:
            x -= bound
        else:
            x += bound
        for i in range(COUNTED):
            follow(False, counters, scratch[160 + i], rates)
    refine(bit, refined, a, part)
    refine(bit, refined, b, part)
    one = 65536 if bit else 0
    error = one - p
    finals[f] = bounded(finals[f] + ((((d0 * error + 8192) >> 14) + 8) >> 4), WEIGHT_LIMIT // 2)
    finals[f + 1] = bounded(finals[f + 1] + ((((d1 * error + 8192) >> 14) + 8) >> 4), WEIGHT_LIMIT // 2)
    finals[f + 2] = bounded(finals[f + 2] + ((((d2 * error + 8192) >> 14) + 8) >> 4), WEIGHT_LIMIT // 2)
    # A loop that does not say how often it runs is not unrolled, but done for many inputs at once.
    g0 = narrow(pace(one - squash[d0 + 3072], uses, w0 >> 5, steps))
    g1 = narrow(pace(one - squash[d1 + 3072], uses, w1 >> 5, steps))
    g2 = narrow(pace(one - squash[d2 + 3072], uses, w2 >> 5, steps))
    for i in range(count):
        weights[w0 + i] = moved(weights[w0 + i], inputs[i], g0)
    for i in range(count):
        weights[w1 + i] = moved(weights[w1 + i], inputs[i], g1)
    for i in range(count):
        weights[w2 + i] = moved(weights[w2 + i], inputs[i], g2)
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos


def run_bit(decoding, bit, x, size, pos, end, data, counters, place, rates):  # type: ignore[no-untyped-def]
    """Code one bit with the probability of one counter: bit, x, size, pos."""
    p = max(1, (0 + counters[place]) >> 16)
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
    follow(bit, counters, place, rates)
    x, size, pos = shift(decoding, x, size, pos, end, data)
    return bit, x, size, pos
