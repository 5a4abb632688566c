"""Adaptive rANS (docs/FORMAT.md, section 7.8): contexts, ranks of colours, and the coder; helpers of kernels."""

from __future__ import annotations

from typing import NamedTuple

from ...kernels import kernel
from ...kernels.types import i32_flat, i64, u8_flat, u16_flat

ONE = 4096
"""The sum of the frequencies of a context."""
LOW = 1 << 16
"""The coder's state is at least this, and below 2^32."""
TOKENS = 32
"""Room for the tokens of a context."""
SPAN, SPANS = 5, 7
"""A context's table of tokens has 2^SPANS slots, each for 2^SPAN frequencies."""

STEP = 16
"""The increment of a token's count."""
LIMIT = 8000
"""The limit for the sum of a context's counts, above which they are halved."""
PERIOD = 512
"""The limit for the number of tokens between updates of frequencies."""

DISTANCES = 192
"""Steps of distances between colours."""


class Colors(NamedTuple):
    """Lists of colours by distance, which adapt.

    Attributes:
        ranked: uint8[256 * n + 256], by W and rank: the colour. The last row is for colours that no list has.
        ranks: uint8[256 * n + 256], by W and colour: its rank.
    """

    ranked: u8_flat
    ranks: u8_flat


class Contexts(NamedTuple):
    """Statistics of tokens, zero at first.

    Attributes:
        counts: uint16[contexts * TOKENS + 1].
        starts: uint16[contexts * TOKENS + 1], the sum of the frequencies before a token.
        slots: uint8[contexts << SPANS], the token of the first frequency of each slot; or empty.
        wait: uint16[contexts], the number of tokens until frequencies are updated.
        period: uint16[contexts], the number of tokens between updates.
    """

    counts: u16_flat
    starts: u16_flat
    slots: u8_flat
    wait: u16_flat
    period: u16_flat


class Ranks(NamedTuple):
    """Ranks as tokens.

    Attributes:
        token: uint8[256], by rank from 0 on.
        bits: uint8[TOKENS], the number of extra bits of a token.
        first: uint8[TOKENS], the first rank of a token.
    """

    token: u8_flat
    bits: u8_flat
    first: u8_flat


@kernel
def rank_colors(
    colors: u8_flat, n: i64, steps: u8_flat, ranked: u8_flat, ranks: u8_flat, work: i32_flat, axes: i32_flat
) -> None:
    """Sort all colours by distance from each of them.

    Args:
        colors: uint8[4 * n], RGBA.
        n: number of colours.
        steps: uint8[:], the step of a distance, which is a sum of differences on the axes.
        ranked: uint8[256 * n + 256], the result; see `Colors`.
        ranks: uint8[256 * n + 256], the result; see `Colors`.
        work: int32[DISTANCES + n], any values.
        axes: int32[4 * n], receives the coordinates of the colours, as of `color_tree.axes_of`.
    """
    for s in range(n):
        alpha = 0 + colors[4 * s + 3]
        red = ((0 + colors[4 * s]) * alpha + 127) // 255
        green = ((0 + colors[4 * s + 1]) * alpha + 127) // 255
        blue = ((0 + colors[4 * s + 2]) * alpha + 127) // 255
        axes[s] = red + green + blue
        axes[n + s] = red - blue
        axes[2 * n + s] = 2 * green - red - blue
        axes[3 * n + s] = alpha
    for s in range(n):
        for i in range(DISTANCES):
            work[i] = 0
        for t in range(n):
            distance = (
                abs(axes[s] - axes[t])
                + 2 * abs(axes[n + s] - axes[n + t])
                + 2 * abs(axes[2 * n + s] - axes[2 * n + t])
                + 2 * abs(axes[3 * n + s] - axes[3 * n + t])
            )
            step = 0 + steps[distance]
            work[DISTANCES + t] = step
            work[step] += 1
        work[0] -= 1  # without s itself, which is first
        ranked[256 * s] = s
        rank = 1
        for i in range(DISTANCES):
            count = 0 + work[i]
            work[i] = rank
            rank += count
        for t in range(n):
            if t != s:
                step = work[DISTANCES + t]
                rank = 0 + work[step]
                work[step] = rank + 1
                ranked[256 * s + rank] = t
                ranks[256 * s + t] = rank


def promote(row, rank, ranked, ranks):  # type: ignore[no-untyped-def]
    """Move a colour up in the list of a row, by an eighth of its rank."""
    index = row << 8 | rank
    better = row << 8 | rank - ((rank + 6) >> 3)
    symbol = 0 + ranked[index]
    other = 0 + ranked[better]
    ranked[better] = symbol
    ranked[index] = other
    ranks[row << 8 | symbol] = better & 255
    ranks[row << 8 | other] = rank


def first_counts(context, tokens, likely, ranks, counts):  # type: ignore[no-untyped-def]
    """Set the counts of a new context. likely: likely tokens, as bits. ranks: the first token of ranks, if any."""
    for t in range(tokens):
        counts[context * TOKENS + t] = 6 if likely >> t & 1 else 3 if ranks <= t < ranks + 8 else 1


def renew(contexts, context, tokens, likely, ranks, slotted):  # type: ignore[no-untyped-def]
    """Update the frequencies of a context, or set its first ones. likely, ranks: as of `first_counts`."""
    counts, starts, slots, wait, period = contexts
    if counts[context * TOKENS] == 0:
        first_counts(context, tokens, likely, ranks, counts)
    total = halve(context, LIMIT, counts)
    set_frequencies(context, tokens, total, counts, starts)
    if slotted:
        fill_slots(context, tokens, starts, slots)
    period[context] = min(PERIOD, period[context] + (period[context] >> 2) + 1)
    wait[context] = period[context]


def halve(context, limit, counts):  # type: ignore[no-untyped-def]
    """Halve the counts of a context until their sum is at most `limit`; return the sum.

    Unused tokens are included: compiled, loops of a known length are a few operations on vectors.
    """
    first = context * TOKENS
    while True:
        total = 0
        for t in range(TOKENS):
            total += 0 + counts[first + t]
        if total <= limit:
            return total
        for t in range(TOKENS):
            counts[first + t] = ((0 + counts[first + t]) + 1) >> 1


def set_frequencies(context, tokens, total, counts, starts):  # type: ignore[no-untyped-def]
    """Set frequencies by counts: each is at least one, their sum is ONE."""
    first = context * TOKENS
    scale = ((ONE - tokens) << 16) // total
    best = most = start = 0
    for t in range(tokens):
        count = 0 + counts[first + t]
        starts[first + t] = start
        start += 1 + ((count * scale) >> 16)
        best = t if count > most else best
        most = count if count > most else most
    missing = ONE - start
    for t in range(best + 1, tokens):
        starts[first + t] += missing
    starts[first + tokens] = ONE


def fill_slots(context, tokens, starts, slots):  # type: ignore[no-untyped-def]
    """Set the slots of a context."""
    slot = context << SPANS
    for t in range(tokens):
        start = 0 + starts[context * TOKENS + t + 1]
        end = (context << SPANS) + ((start + (1 << SPAN) - 1) >> SPAN)
        while slot < end:
            slots[slot] = t
            slot += 1


def first_state(data, pos, end):  # type: ignore[no-untyped-def]
    """Return the state of the coder at the start of a bitstream; 0 if it is invalid."""
    x = 0
    for i in range(4):
        if pos + i < end:
            x |= (0 + data[pos + i]) << (8 * i)
    return x if x >= LOW else 0


def fill(x, pos, end, data):  # type: ignore[no-untyped-def]
    """Read two bytes into a state that is small: x, pos. A branch could not be predicted, so there is none."""
    start = pos if pos < end else end
    word = (0 + data[start]) | (0 + data[start + 1]) << 8
    small = x < LOW
    x = x << 16 | word if small else x
    pos = pos + 2 if small else pos
    return x, pos


def put_back(x, limit, pos, data):  # type: ignore[no-untyped-def]
    """Write two bytes of a state that would grow too large before data[pos]: x, pos. Without a branch, too."""
    data[pos - 2] = x & 255
    data[pos - 1] = (x >> 8) & 255
    large = x >= limit
    x = x >> 16 if large else x
    pos = pos - 2 if large else pos
    return x, pos


def put_state(x, pos, data):  # type: ignore[no-untyped-def]
    """Write the state for a decoder to start with before data[pos]; return its position."""
    for i in range(4):
        data[pos - 4 + i] = (x >> (8 * i)) & 255
    return pos - 4
