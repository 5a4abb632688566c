"""Choice of indices for deflate, the coder of PNG files: literals and matches that may be lossy.

Each row is divided into literals and matches so that the sum of the distortion and of what the bits are worth is least.
It is read once, from left to right. The best way to code all pixels so far is kept, and the best one that ends within
each match that is followed: a run; matches with a few pixels of the row above; and with places before where three
similar indices stand. A literal may take an entry near its own. Bits are those of Huffman codes for what was chosen in
the rows above.

The distortion is that of `choice`, but the effect of a change on the local means of pixels to its right fades by a
constant factor per pixel. What stays as it is there stays here, too. A literal takes no more bits than before, nor does
a match take more than its pixels would as literals.

Sources: P. Deutsch, RFC 1951, "DEFLATE Compressed Data Format Specification"; for the division, J. A. Storer and T. G.
Szymanski, "Data compression via textual substitution", Journal of the ACM 29 (1982).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f32, f32_1d, f32_2d, i64, i64_1d, u8_1d, u8_2d
from ...types import Indices
from .deflate_costs import LEAST, MOST, UNIT, Costs, Counts, costs_of, expected
from .deflate_matches import FIRST_SLOT, MATCHES, NEVER, Matches, Places, begin, find_places, places_of, remember
from .entries import Entries
from .errors import LOCAL, REACH, WINDOW, Errors, change_error, dot, error_at, is_exact, is_flat, slopes, step_to

NEAR = 8
"""Nearest entries to try as literals."""

_PIXELS = 1 << 13  # between updates of the costs
_FADING = np.float32(0.45)  # of the window, per pixel
_MOST_WORTH = np.float32(1 << 32)  # cost of a distortion, so that sums over a row fit int64


class Row(NamedTuple):
    """What is known of each pixel of a row, and the best way to code all pixels before each.

    Attributes:
        slopes: float32[w, 4], derivative of the distortion by the error.
        scale: float32[w], cost of a distortion; 0 keeps the index.
        allowed: float32[w], greatest squared error.
        literals: int64[w + 1], cost of all pixels before as literals with their old indices.
        cost: int64[w + 1], cost of the best way; later the end of the literal or match that starts here.
        start: int64[w + 1], first pixel of its last literal or match.
        back: int64[w + 1], distance in pixels of its last match; 0 for a literal.
        entry: int64[w + 1], its last index.
    """

    slopes: f32_2d
    scale: f32_1d
    allowed: f32_1d
    literals: i64_1d
    cost: i64_1d
    start: i64_1d
    back: i64_1d
    entry: i64_1d


def _prepare(indices, y, shades, unit, limit, errors, at_row, window, local, entries, costs, row):  # type: ignore[no-untyped-def]
    """Write what `row` holds apart from ways."""
    two, none = np.float32(2.0), np.float32(0.0)
    for x in range(indices.shape[1]):
        v, at = np.int64(indices[y, x]), 4 * (x + REACH)
        error, slope = error_at(errors, at_row, at), slopes(errors, at_row, at, window, local)
        for i in range(4):
            row.slopes[x, i] = two * slope[i]
        keep = shades[x] == none or entries.kinds[0, v] == 0
        if not keep and is_exact(errors, at_row, at):
            keep = entries.locked[v] or is_flat(indices, y, x, errors, at_row, at)
        row.scale[x] = none if keep else min(unit / shades[x], _MOST_WORTH)
        row.allowed[x] = max(limit, dot(error, error))
        row.literals[x + 1] = row.literals[x] + costs.literal[v]


def _fits(error, step, allowed):  # type: ignore[no-untyped-def]
    new = error[0] + step[0], error[1] + step[1], error[2] + step[2], error[3] + step[3]
    return dot(new, new) <= allowed


def _distortion(step, slope, effect, weights):  # type: ignore[no-untyped-def]
    """Return the distortion by a change.

    Args:
        step: the change, four numbers.
        slope: derivative of the distortion by the error.
        effect: faded changes to the left.
        weights: of a squared change, and of `effect` in the derivative.
    """
    return weights[0] * dot(step, step) + weights[1] * dot(step, effect) + dot(step, slope)


def _four(table, i):  # type: ignore[no-untyped-def]
    return table[i, 0], table[i, 1], table[i, 2], table[i, 3]


def _fade(effects, i, step, effect):  # type: ignore[no-untyped-def]
    effects[i, 0] = step[0] + _FADING * effect[0]
    effects[i, 1] = step[1] + _FADING * effect[1]
    effects[i, 2] = step[2] + _FADING * effect[2]
    effects[i, 3] = step[3] + _FADING * effect[3]


def _literal(v, error, slope, effect, weights, scale, allowed, entries, costs):  # type: ignore[no-untyped-def]
    """Return the best entry for a literal, and its cost."""
    best, least = v, np.int64(costs.literal[v])
    if scale == np.float32(0.0):
        return best, least
    for t in range(entries.near.shape[1]):
        c = np.int64(entries.near[v, t])
        if costs.literal[c] > costs.literal[v] or entries.kinds[0, c] != entries.kinds[0, v]:
            continue
        step = step_to(entries.points, v, c)
        cost = costs.literal[c] + np.int64(_distortion(step, slope, effect, weights) * scale)
        if cost < least and _fits(error, step, allowed):
            best, least = c, cost
    return best, least


def _follow(flat, place, x, v, error, slope, weights, entries, costs, row, matches, best_so_far):  # type: ignore[no-untyped-def]
    """Continue all matches with a pixel.

    Returns:
        The best match that may end here, -1 if a literal is better; the cost; the index.
    """
    best, least, entry = -1, best_so_far, v
    scale, allowed, kind = row.scale[x], row.allowed[x], entries.kinds[0, v]
    free = scale != np.float32(0.0)
    for m in range(MATCHES):
        cost, length, fresh = matches.cost[m], x - matches.start[m], row.cost[x] + matches.bits[m] + costs.length[0]
        matches.cost[m] = NEVER
        if x < matches.first[m] or x >= matches.last[m]:
            continue
        new = cost == NEVER or length == MOST
        if not new:
            cost += costs.length[length + 1] - costs.length[length]
            new = cost > fresh
        if new:
            if m >= FIRST_SLOT and matches.first[m] != x:
                continue
            matches.start[m], cost, length = x, fresh, 0
        c = row.entry[matches.start[0]] if m == 0 else np.int64(flat[place - matches.back[m]])
        step = step_to(entries.points, v, c)
        if entries.kinds[0, c] != kind or not (free or c == v) or not _fits(error, step, allowed):
            continue
        effect = _four(matches.effect, MATCHES if new else m)
        cost += np.int64(_distortion(step, slope, effect, weights) * scale)
        _fade(matches.effect, m, step, effect)
        matches.cost[m] = cost
        if cost < least and length + 1 >= LEAST:
            bits = matches.bits[m] + costs.length[length + 1]
            if bits <= row.literals[x + 1] - row.literals[matches.start[m]]:
                best, least, entry = m, cost, c
    return best, least, entry


def _divide(indices, flat, y, errors, at_row, entries, costs, weights, places, row, matches):  # type: ignore[no-untyped-def]
    """Find the best way to code a row."""
    width = indices.shape[1]
    row.cost[0] = 0
    for i in range(4):
        matches.effect[MATCHES, i] = np.float32(0.0)
    for x in range(width):
        v, at = np.int64(indices[y, x]), 4 * (x + REACH)
        error = error_at(errors, at_row, at)
        slope, effect = _four(row.slopes, x), _four(matches.effect, MATCHES)
        scale, allowed = row.scale[x], row.allowed[x]
        literal, cost = _literal(v, error, slope, effect, weights, scale, allowed, entries, costs)
        if x + 2 < width:
            find_places(indices, y, x, places, costs, matches)
        best, cost, entry = _follow(
            flat, y * width + x, x, v, error, slope, weights, entries, costs, row, matches, row.cost[x] + cost
        )
        if best < 0:
            row.start[x + 1], row.back[x + 1], row.entry[x + 1] = x, 0, literal
            _fade(matches.effect, MATCHES, step_to(entries.points, v, literal), effect)
        else:
            row.start[x + 1], row.back[x + 1], row.entry[x + 1] = matches.start[best], matches.back[best], entry
            _copy(matches.effect, best)
        row.cost[x + 1] = cost


def _copy(effects, i):  # type: ignore[no-untyped-def]
    for j in range(4):
        effects[MATCHES, j] = effects[i, j]


def _turn(width, row):  # type: ignore[no-untyped-def]
    """Write to `cost` where each literal and match of the best way ends, at its start."""
    x = width
    while x > 0:
        start = row.start[x]
        row.cost[start] = x
        x = start


def _apply(indices, flat, y, errors, at_row, window, entries, counts, row):  # type: ignore[no-untyped-def]
    """Change and count the indices of a row as the best way has them; see `_turn`."""
    width, start = indices.shape[1], 0
    while start < width:
        stop, place = row.cost[start], y * width + start
        back, entry = row.back[stop], row.entry[stop]
        if back:
            counts.length[stop - start] += 1
            counts.distance[back + y - (place - back) // width] += 1
        else:
            counts.literal[entry] += 1
        for x in range(start, stop):
            v = np.int64(indices[y, x])
            c = np.int64(flat[place + x - start - back]) if back else entry
            if c != v:
                indices[y, x] = c
                change_error(errors, at_row, 4 * (x + REACH), step_to(entries.points, v, c), window)
        start = stop


@kernel
def _parse(
    indices: u8_2d,
    flat: u8_1d,
    start: i64,
    shades: f32_2d,
    bit: f32,
    limit: f32,
    errors: Errors,
    entries: Entries,
    costs: Costs,
    counts: Counts,
    places: Places,
    window: f32_1d,
    local: f32,
    row: Row,
    matches: Matches,
) -> None:
    """Choose indices for some rows.

    Args:
        indices: uint8[h, w], changed.
        flat: the same memory, uint8[h * w].
        start: the first row.
        shades: float32[n, w], share of its worth that a bit has at each pixel; 0 keeps the index.
        bit: distortion that a bit is worth.
        limit: squared error that is allowed even where it was smaller before.
        errors: those of the rows, changed.
        entries: the palette.
        costs: bits of literals and matches.
        counts: those chosen, increased.
        places: where to look for matches, changed.
        window: float32[REACH + 1], from the centre outwards.
        local: share of the errors of local means in the distortion, 0..1.
        row: scratch.
        matches: scratch.
    """
    width, unit = indices.shape[1], np.float32(UNIT) / bit
    square = np.float32(1.0) - local + local * window[0] * window[0]
    weights = square, np.float32(2.0) * local * window[0] * window[1]
    for y in range(start, start + shades.shape[0]):
        at_row = y - start + REACH
        _prepare(indices, y, shades[y - start], unit, limit, errors, at_row, window, local, entries, costs, row)
        begin(y, width, costs, matches)
        _divide(indices, flat, y, errors, at_row, entries, costs, weights, places, row, matches)
        _turn(width, row)
        _apply(indices, flat, y, errors, at_row, window, entries, counts, row)
        remember(indices, y, places)


KERNELS = (_parse,)


class Parser:
    """Choices for the pixels of one picture, band by band from the top."""

    def __init__(self, entries: Entries, indices: Indices) -> None:
        """Prepare choices.

        Args:
            entries: the palette, with NEAR nearest entries.
            indices: uint8[h, w], all below k, which `choose` changes.
        """
        width = indices.shape[1]
        self._indices = indices
        self._entries = entries
        self._counts = expected(indices)
        self._places = places_of(self._entries.points)
        scale, allowed = np.empty((2, width), np.float32)
        literals, cost, begun, back, entry = np.zeros((5, width + 1), np.int64)
        self._row = Row(np.empty((width, 4), np.float32), scale, allowed, literals, cost, begun, back, entry)
        back, bits, first, last, begun, cost = np.zeros((6, MATCHES), np.int64)
        self._matches = Matches(back, bits, first, last, begun, cost, np.zeros((MATCHES + 1, 4), np.float32))

    def choose(self, start: int, shades: npt.NDArray[np.float32], bit: float, limit: float, errors: Errors) -> None:
        """Choose indices for the rows of a band.

        Args:
            start: first row of the band.
            shades: float32[n, w], share of its worth that a bit has at each pixel; 0 keeps the index.
            bit: distortion that a bit is worth.
            limit: squared error that is allowed even where it was smaller before.
            errors: those of the band, changed.
        """
        rows = max(1, _PIXELS // self._indices.shape[1])
        for first in range(0, len(shades), rows):
            some = shades[first : first + rows]
            reached = slice(first, first + len(some) + 2 * REACH)
            _parse(
                self._indices,
                self._indices.reshape(-1),
                start + first,
                some,
                bit,
                limit,
                Errors(errors.single[reached], errors.columns[reached]),
                self._entries,
                costs_of(self._counts),
                self._counts,
                self._places,
                WINDOW,
                LOCAL,
                self._row,
                self._matches,
            )
