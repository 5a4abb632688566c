"""Contexts, ranks and codes of the level `fast` (docs/FORMAT.md, section 7.8)."""

from __future__ import annotations

from typing import NamedTuple

from ...kernels import kernel
from ...kernels.types import i32_flat, i64, u8_flat, u16_flat

ONE = 4096  # the sum of the frequencies of a context
LOW = 1 << 16  # the state of the coder is at least this much, and below 2^32
TOKENS = 32  # room for a context's
SPAN, SPANS = 5, 7  # a context's table of tokens has 2^SPANS slots for 2^SPAN places each

STEP = 16  # what a token adds to its count
LIMIT = 8000
PERIOD = 512

DISTANCES = 192  # kinds of distances, from near to far


class Colors(NamedTuple):
    """Colours as seen from W: uint8[256 * n + 256], by W and then by rank (`ranked`) or colour (`ranks`).

    ranked: the colours near to W; ranks: the place of each; a stripe changes its copies. The last row is for colours
    that no list has.
    """

    ranked: u8_flat
    ranks: u8_flat


class Contexts(NamedTuple):
    """What is known of the tokens, zero at first.

    counts, starts: uint16[contexts * TOKENS + 1]; starts: sums of the frequencies before a token. slots:
    uint8[contexts << SPANS], the token at the first place of each slot, or empty. wait, period: uint16[contexts], how
    many tokens from now on there are new sizes, and from one time to the next.
    """

    counts: u16_flat
    starts: u16_flat
    slots: u8_flat
    wait: u16_flat
    period: u16_flat


class Ranks(NamedTuple):
    """Ranks as tokens. token: uint8[256], by rank; bits, first: uint8[TOKENS], of a token, by its number from 0."""

    token: u8_flat
    bits: u8_flat
    first: u8_flat


@kernel
def rank_colors(
    colors: u8_flat, n: i64, steps: u8_flat, ranked: u8_flat, ranks: u8_flat, places: i32_flat, axes: i32_flat
) -> None:
    """Order all colours by distance from each.

    colors: uint8[4 * n], RGBA. steps: uint8[...], how far apart colours are, by the sum of differences. places:
    int32[DISTANCES + n], to count in. axes: int32[4 * n], for where they lie, as of `tree.axes_of`.
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
            places[i] = 0
        for t in range(n):
            distance = (
                abs(axes[s] - axes[t])
                + 2 * abs(axes[n + s] - axes[n + t])
                + 2 * abs(axes[2 * n + s] - axes[2 * n + t])
                + 2 * abs(axes[3 * n + s] - axes[3 * n + t])
            )
            step = 0 + steps[distance]
            places[DISTANCES + t] = step
            places[step] += 1
        places[0] -= 1  # of s itself, which has the first place
        ranked[256 * s] = s
        place = 1
        for i in range(DISTANCES):
            count = 0 + places[i]
            places[i] = place
            place += count
        for t in range(n):
            if t != s:
                step = places[DISTANCES + t]
                place = 0 + places[step]
                places[step] = place + 1
                ranked[256 * s + place] = t
                ranks[256 * s + t] = place


def promote(row, rank, ranked, ranks):  # type: ignore[no-untyped-def]
    """Move a colour up in the list of a row, by an eighth of its way."""
    place = row << 8 | rank
    better = row << 8 | rank - ((rank + 6) >> 3)
    symbol = 0 + ranked[place]
    other = 0 + ranked[better]
    ranked[better] = symbol
    ranked[place] = other
    ranks[row << 8 | symbol] = better & 255
    ranks[row << 8 | other] = rank


def first_counts(context, tokens, likely, ranks, counts):  # type: ignore[no-untyped-def]
    """The counts of a new context. likely: by bit, tokens that are; ranks: the first token of ranks, if any."""
    for t in range(tokens):
        counts[context * TOKENS + t] = 6 if likely >> t & 1 else 3 if ranks <= t < ranks + 8 else 1


def renew(contexts, context, tokens, likely, ranks, slotted):  # type: ignore[no-untyped-def]
    """New sizes for a context, or its first ones; it then waits for the next. likely, ranks: as in `first_counts`."""
    counts, starts, slots, wait, period = contexts
    if counts[context * TOKENS] == 0:
        first_counts(context, tokens, likely, ranks, counts)
    total = halve(context, LIMIT, counts)
    set_sizes(context, tokens, total, counts, starts)
    if slotted:
        fill_slots(context, tokens, starts, slots)
    period[context] = min(PERIOD, period[context] + (period[context] >> 2) + 1)
    wait[context] = period[context]


def halve(context, limit, counts):  # type: ignore[no-untyped-def]
    """Halve the counts of a context until they are at most `limit` in all; their sum.

    Tokens that there are not count nothing: compiled, loops of a known length are a few operations on vectors.
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


def set_sizes(context, tokens, total, counts, starts):  # type: ignore[no-untyped-def]
    """Frequencies from counts: each at least one, ONE in all."""
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
    """The tokens at the first places of slots."""
    slot = context << SPANS
    for t in range(tokens):
        start = 0 + starts[context * TOKENS + t + 1]
        end = (context << SPANS) + ((start + (1 << SPAN) - 1) >> SPAN)
        while slot < end:
            slots[slot] = t
            slot += 1


def first_state(data, pos, end):  # type: ignore[no-untyped-def]
    """The state of the coder at the start of a code; 0 if there is none."""
    x = 0
    for i in range(4):
        if pos + i < end:
            x |= (0 + data[pos + i]) << (8 * i)
    return x if x >= LOW else 0


def fill(x, pos, end, data):  # type: ignore[no-untyped-def]
    """The next two bytes into a small state: x, pos. Without a branch, which could not be foreseen."""
    place = pos if pos < end else end
    word = (0 + data[place]) | (0 + data[place + 1]) << 8
    small = x < LOW
    x = x << 16 | word if small else x
    pos = pos + 2 if small else pos
    return x, pos


def put_back(x, limit, pos, data):  # type: ignore[no-untyped-def]
    """The last two bytes of a state that would grow too large in front of data[pos]: x, pos. Without a branch, too."""
    data[pos - 2] = x & 255
    data[pos - 1] = (x >> 8) & 255
    large = x >= limit
    x = x >> 16 if large else x
    pos = pos - 2 if large else pos
    return x, pos


def put_state(x, pos, data):  # type: ignore[no-untyped-def]
    """The state with which a decoder begins, in front of data[pos]; where it is."""
    for i in range(4):
        data[pos - 4 + i] = (x >> (8 * i)) & 255
    return pos - 4
