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
from ...kernels.types import f32, f32_1d, f32_2d, f64_1d, i32_1d, i64, i64_1d, u8_1d, u8_2d
from ...types import Indices, Palette
from .choice import _LOCAL, _WINDOW, REACH, Entries, Errors, _is_exact, _is_flat, entries_of

_PIXELS = 1 << 13  # between updates of the costs
_NEAR = 8  # entries tried as literals
_COLUMNS = 3  # to the left and right of the pixel above, with which matches are always tried
_SLOTS = 6  # matches with other places that are followed at the same time
_CHAIN = 4  # places tried per pixel
_GROUPS = 128  # of similar entries
_FADING = np.float32(0.45)  # of the window, per pixel

_FIRST_SLOT = 2 * _COLUMNS + 2  # after the run and the matches with the row above
_MATCHES = _FIRST_SLOT + _SLOTS
_LEAST, _MOST = 3, 258  # lengths of a match
_FARTHEST = 1 << 15
_UNIT = 256  # costs per bit
_NEVER = 1 << 60
_KEYS = 1 << 15

_LENGTHS = np.array([*range(3, 11), *(3 + (base << bits) for bits in range(1, 6) for base in range(4, 8)), 258])
_DISTANCES = np.array([1, 2, *(1 + (base << bits) for bits in range(14) for base in (2, 3))])
"""The least length and the least distance of each code (RFC 1951, 3.2.5)."""


class Costs(NamedTuple):
    """Costs, int32, in units of 1/256 bit: of literals, [256]; by length, [259]; by distance, [32769]."""

    literal: i32_1d
    length: i32_1d
    distance: i32_1d


class Counts(NamedTuple):
    """How often each literal, length and distance was chosen, float64; as in `Costs`."""

    literal: f64_1d
    length: f64_1d
    distance: f64_1d


class Places(NamedTuple):
    """Where similar indices stand: pixels, int64, -1 for none.

    Attributes:
        groups: uint8[256], group of similar entries, by entry.
        last: [32768], the last place, by a hash of the groups of three indices.
        before: [32768], the place before a place.
    """

    groups: u8_1d
    last: i64_1d
    before: i64_1d


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


class Matches(NamedTuple):
    """Matches that are followed: the run, those with the row above, and those in slots.

    Attributes:
        back: int64[n], distance in pixels.
        bits: int64[n], cost of the distance.
        first: int64[n], first pixel where it may start; the only one in slots.
        last: int64[n], pixel before which it ends.
        start: int64[n], where it did start.
        cost: int64[n], cost of all pixels so far with it.
        effect: float32[n + 1, 4], changes of the errors so far, faded; at n, those of the best way.
    """

    back: i64_1d
    bits: i64_1d
    first: i64_1d
    last: i64_1d
    start: i64_1d
    cost: i64_1d
    effect: f32_2d


def _average(errors, y, window, column, averages):  # type: ignore[no-untyped-def]
    """Write the windowed sums of the errors around the pixels of row y."""
    size, reach = errors.shape[1], window.shape[0] - 1
    for i in range(size):
        column[i] = window[0] * errors[y, i]
    for d in range(1, reach + 1):
        above, below, part = errors[y - d], errors[y + d], window[d]
        for i in range(size):
            column[i] += part * (above[i] + below[i])
    for i in range(4 * reach, size - 4 * reach):
        averages[i] = window[0] * column[i]
    for d in range(1, reach + 1):
        part = window[d]
        for i in range(4 * reach, size - 4 * reach):
            averages[i] += part * (column[i - 4 * d] + column[i + 4 * d])


def _prepare(indices, y, shades, unit, limit, errors, at_row, averages, local, entries, costs, row):  # type: ignore[no-untyped-def]
    """Write what `row` holds apart from ways."""
    two, one, none = np.float32(2.0), np.float32(1.0), np.float32(0.0)
    for x in range(indices.shape[1]):
        v, at, square = np.int64(indices[y, x]), 4 * (x + REACH), none
        for i in range(4):
            error = errors[at_row, at + i]
            square += error * error
            row.slopes[x, i] = two * ((one - local) * error + local * averages[at + i])
        keep = shades[x] == none or entries.kinds[0, v] == 0
        if not keep and _is_exact(errors, at_row, at):
            keep = entries.locked[v] or _is_flat(indices, y, x, errors, at_row, at)
        row.scale[x] = none if keep else unit / shades[x]
        row.allowed[x] = max(limit, square)
        row.literals[x + 1] = row.literals[x] + costs.literal[v]


def _begin(y, width, costs, matches):  # type: ignore[no-untyped-def]
    """Prepare matches for row y; rows have a byte more than pixels."""
    for m in range(_MATCHES):
        matches.cost[m], matches.back[m], matches.last[m] = _NEVER, 0, 0
    matches.back[0], matches.bits[0], matches.first[0], matches.last[0] = 1, costs.distance[1], 1, width
    for right in range(-_COLUMNS, _COLUMNS + 1):
        m, distance = right + _COLUMNS + 1, width + 1 - right
        if y > 0 and 0 < distance <= _FARTHEST:
            matches.back[m], matches.bits[m] = width - right, costs.distance[distance]
            matches.first[m], matches.last[m] = max(0, -right), min(width, width - right)


def _key(groups, indices, y, x):  # type: ignore[no-untyped-def]
    """Return a hash of the groups of three indices."""
    a, b, c = groups[indices[y, x]], groups[indices[y, x + 1]], groups[indices[y, x + 2]]
    return ((np.int64(a) << 16 | np.int64(b) << 8 | np.int64(c)) * 2654435761 >> 17) & (_KEYS - 1)


def _next_free(matches, m):  # type: ignore[no-untyped-def]
    while m < _MATCHES and matches.cost[m] != _NEVER:
        m += 1
    return m


def _find(indices, y, x, places, costs, matches):  # type: ignore[no-untyped-def]
    """Put matches with places where similar indices stand into free slots."""
    width = indices.shape[1]
    free, place = _next_free(matches, _FIRST_SLOT), places.last[_key(places.groups, indices, y, x)]
    for _ in range(_CHAIN):
        if place < 0 or free == _MATCHES:
            break
        above = place // width
        column, back = place - above * width, y * width + x - place
        distance = back + y - above
        if distance > _FARTHEST:
            break
        known = above == y - 1 and abs(column - x) <= _COLUMNS
        for m in range(_FIRST_SLOT, _MATCHES):
            known |= matches.back[m] == back and matches.cost[m] != _NEVER
        if not known:
            matches.back[free], matches.bits[free] = back, costs.distance[distance]
            matches.first[free], matches.last[free] = x, min(width, x + width - column)
            free = _next_free(matches, free + 1)
        place = places.before[place & (_FARTHEST - 1)]


def _fits(error, step, allowed):  # type: ignore[no-untyped-def]
    e0, e1, e2, e3 = error[0] + step[0], error[1] + step[1], error[2] + step[2], error[3] + step[3]
    return e0 * e0 + e1 * e1 + e2 * e2 + e3 * e3 <= allowed


def _distortion(step, slopes, effect, weights):  # type: ignore[no-untyped-def]
    """Return the distortion by a change.

    Args:
        step: the change, four numbers.
        slopes: derivative of the distortion by the error.
        effect: faded changes to the left.
        weights: of a squared change, and of `effect` in the derivative.
    """
    square = step[0] * step[0] + step[1] * step[1] + step[2] * step[2] + step[3] * step[3]
    near = step[0] * effect[0] + step[1] * effect[1] + step[2] * effect[2] + step[3] * effect[3]
    far = step[0] * slopes[0] + step[1] * slopes[1] + step[2] * slopes[2] + step[3] * slopes[3]
    return weights[0] * square + weights[1] * near + far


def _step(points, v, c):  # type: ignore[no-untyped-def]
    """Return the difference of entry c to entry v."""
    return (
        points[c, 0] - points[v, 0],
        points[c, 1] - points[v, 1],
        points[c, 2] - points[v, 2],
        points[c, 3] - points[v, 3],
    )


def _four(table, i):  # type: ignore[no-untyped-def]
    return table[i, 0], table[i, 1], table[i, 2], table[i, 3]


def _fade(effects, i, step, effect):  # type: ignore[no-untyped-def]
    effects[i, 0] = step[0] + _FADING * effect[0]
    effects[i, 1] = step[1] + _FADING * effect[1]
    effects[i, 2] = step[2] + _FADING * effect[2]
    effects[i, 3] = step[3] + _FADING * effect[3]


def _literal(v, error, slopes, effect, weights, scale, allowed, entries, costs):  # type: ignore[no-untyped-def]
    """Return the best entry for a literal, and its cost."""
    best, least = v, np.int64(costs.literal[v])
    if scale == np.float32(0.0):
        return best, least
    for t in range(entries.near.shape[1]):
        c = np.int64(entries.near[v, t])
        if costs.literal[c] > costs.literal[v] or entries.kinds[0, c] != entries.kinds[0, v]:
            continue
        step = _step(entries.points, v, c)
        cost = costs.literal[c] + np.int64(_distortion(step, slopes, effect, weights) * scale)
        if cost < least and _fits(error, step, allowed):
            best, least = c, cost
    return best, least


def _follow(flat, place, x, v, error, slopes, weights, entries, costs, row, matches, best_so_far):  # type: ignore[no-untyped-def]
    """Continue all matches with a pixel.

    Returns:
        The best match that may end here, -1 if a literal is better; the cost; the index.
    """
    best, least, entry = -1, best_so_far, v
    scale, allowed, kind = row.scale[x], row.allowed[x], entries.kinds[0, v]
    free = scale != np.float32(0.0)
    for m in range(_MATCHES):
        cost, length, fresh = matches.cost[m], x - matches.start[m], row.cost[x] + matches.bits[m] + costs.length[0]
        matches.cost[m] = _NEVER
        if x < matches.first[m] or x >= matches.last[m]:
            continue
        new = cost == _NEVER or length == _MOST
        if not new:
            cost += costs.length[length + 1] - costs.length[length]
            new = cost > fresh
        if new:
            if m >= _FIRST_SLOT and matches.first[m] != x:
                continue
            matches.start[m], cost, length = x, fresh, 0
        c = row.entry[matches.start[0]] if m == 0 else np.int64(flat[place - matches.back[m]])
        step = _step(entries.points, v, c)
        if entries.kinds[0, c] != kind or not (free or c == v) or not _fits(error, step, allowed):
            continue
        effect = _four(matches.effect, _MATCHES if new else m)
        cost += np.int64(_distortion(step, slopes, effect, weights) * scale)
        _fade(matches.effect, m, step, effect)
        matches.cost[m] = cost
        if cost < least and length + 1 >= _LEAST:
            bits = matches.bits[m] + costs.length[length + 1]
            if bits <= row.literals[x + 1] - row.literals[matches.start[m]]:
                best, least, entry = m, cost, c
    return best, least, entry


def _divide(indices, flat, y, errors, at_row, entries, costs, weights, places, row, matches):  # type: ignore[no-untyped-def]
    """Find the best way to code a row."""
    width = indices.shape[1]
    row.cost[0] = 0
    for i in range(4):
        matches.effect[_MATCHES, i] = np.float32(0.0)
    for x in range(width):
        v, at = np.int64(indices[y, x]), 4 * (x + REACH)
        error = errors[at_row, at], errors[at_row, at + 1], errors[at_row, at + 2], errors[at_row, at + 3]
        slopes, effect = _four(row.slopes, x), _four(matches.effect, _MATCHES)
        scale, allowed = row.scale[x], row.allowed[x]
        literal, cost = _literal(v, error, slopes, effect, weights, scale, allowed, entries, costs)
        if x + 2 < width:
            _find(indices, y, x, places, costs, matches)
        best, cost, entry = _follow(
            flat, y * width + x, x, v, error, slopes, weights, entries, costs, row, matches, row.cost[x] + cost
        )
        if best < 0:
            row.start[x + 1], row.back[x + 1], row.entry[x + 1] = x, 0, literal
            _fade(matches.effect, _MATCHES, _step(entries.points, v, literal), effect)
        else:
            row.start[x + 1], row.back[x + 1], row.entry[x + 1] = matches.start[best], matches.back[best], entry
            _copy(matches.effect, best)
        row.cost[x + 1] = cost


def _copy(effects, i):  # type: ignore[no-untyped-def]
    for j in range(4):
        effects[_MATCHES, j] = effects[i, j]


def _turn(width, row):  # type: ignore[no-untyped-def]
    """Write to `cost` where each literal and match of the best way ends, at its start."""
    x = width
    while x > 0:
        start = row.start[x]
        row.cost[start] = x
        x = start


def _apply(indices, flat, y, errors, at_row, entries, counts, row):  # type: ignore[no-untyped-def]
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
                for i in range(4):
                    errors[at_row, 4 * (x + REACH) + i] += entries.points[c, i] - entries.points[v, i]
        start = stop


def _remember(indices, y, places):  # type: ignore[no-untyped-def]
    """Add a row to the places."""
    width = indices.shape[1]
    for x in range(width - 2):
        key, place = _key(places.groups, indices, y, x), y * width + x
        places.before[place & (_FARTHEST - 1)] = places.last[key]
        places.last[key] = place


@kernel
def _parse(
    indices: u8_2d,
    flat: u8_1d,
    start: i64,
    shades: f32_2d,
    bit: f32,
    limit: f32,
    errors: f32_2d,
    entries: Entries,
    costs: Costs,
    counts: Counts,
    places: Places,
    window: f32_1d,
    local: f32,
    row: Row,
    matches: Matches,
    scratch: f32_2d,
) -> None:
    """Choose indices for some rows.

    Args:
        indices: uint8[h, w], changed.
        flat: the same memory, uint8[h * w].
        start: the first row.
        shades: float32[n, w], share of its worth that a bit has at each pixel; 0 keeps the index.
        bit: distortion that a bit is worth.
        limit: squared error that is allowed even where it was smaller before.
        errors: float32[n + 2 * REACH, 4 * (w + 2 * REACH)], changed; the first REACH rows are those above.
        entries: the palette.
        costs: bits of literals and matches.
        counts: those chosen, increased.
        places: where to look for matches, changed.
        window: float32[REACH + 1], from the centre outwards.
        local: share of the errors of local means in the distortion, 0..1.
        row: scratch.
        matches: scratch.
        scratch: float32[2, 4 * (w + 2 * REACH)].
    """
    width, unit = indices.shape[1], np.float32(_UNIT) / bit
    square = np.float32(1.0) - local + local * window[0] * window[0]
    weights = square, np.float32(2.0) * local * window[0] * window[1]
    for y in range(start, start + shades.shape[0]):
        at_row = y - start + REACH
        _average(errors, at_row, window, scratch[0], scratch[1])
        _prepare(indices, y, shades[y - start], unit, limit, errors, at_row, scratch[1], local, entries, costs, row)
        _begin(y, width, costs, matches)
        _divide(indices, flat, y, errors, at_row, entries, costs, weights, places, row, matches)
        _turn(width, row)
        _apply(indices, flat, y, errors, at_row, entries, counts, row)
        _remember(indices, y, places)


KERNELS = (_parse,)


class Parser:
    """Choices for the pixels of one picture, band by band from the top."""

    def __init__(self, palette: Palette, fixed: Palette, indices: Indices) -> None:
        """Prepare choices.

        Args:
            palette: uint8[k, 4].
            fixed: uint8[f, 4], colours whose pixels stay exact.
            indices: uint8[h, w], all below k, which `choose` changes.
        """
        width = indices.shape[1]
        self._indices = indices
        self._entries = entries_of(palette, fixed, _NEAR)
        self._counts = _expected(indices)
        self._places = Places(groups_of(self._entries.points), np.full(_KEYS, -1), np.full(_FARTHEST, -1))
        scale, allowed = np.empty((2, width), np.float32)
        literals, cost, begun, back, entry = np.zeros((5, width + 1), np.int64)
        self._row = Row(np.empty((width, 4), np.float32), scale, allowed, literals, cost, begun, back, entry)
        back, bits, first, last, begun, cost = np.zeros((6, _MATCHES), np.int64)
        self._matches = Matches(back, bits, first, last, begun, cost, np.zeros((_MATCHES + 1, 4), np.float32))

    def choose(self, start: int, shades: npt.NDArray[np.float32], bit: float, limit: float, errors: Errors) -> None:
        """Choose indices for the rows of a band.

        Args:
            start: first row of the band.
            shades: float32[n, w], share of its worth that a bit has at each pixel; 0 keeps the index.
            bit: distortion that a bit is worth.
            limit: squared error that is allowed even where it was smaller before.
            errors: float32[n + 2 * REACH, 4 * (w + 2 * REACH)], changed; see `Chooser.measure`.
        """
        rows = max(1, _PIXELS // self._indices.shape[1])
        for first in range(0, len(shades), rows):
            some = shades[first : first + rows]
            _parse(
                self._indices,
                self._indices.reshape(-1),
                start + first,
                some,
                bit,
                limit,
                errors[first : first + len(some) + 2 * REACH],
                self._entries,
                costs_of(self._counts),
                self._counts,
                self._places,
                _WINDOW,
                _LOCAL,
                self._row,
                self._matches,
                np.empty((2, errors.shape[1]), np.float32),
            )


def groups_of(points: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return the group of each entry, uint8[256]: that of the nearest of some entries far from each other."""
    nearest, groups = np.full(len(points), np.inf, np.float32), np.zeros(256, np.uint8)
    centre = 0
    for group in range(min(_GROUPS, len(points))):
        distances = np.zeros(len(points), np.float32)
        for coordinate in points.T:
            distances += np.square(coordinate - coordinate[centre])
        groups[: len(points)][distances < nearest] = group
        nearest = np.minimum(nearest, distances)
        centre = int(nearest.argmax())
    return groups


def _expected(indices: Indices) -> Counts:
    """Return counts to begin with."""
    literal = np.bincount(indices.reshape(-1), minlength=256) / 16
    length, distance = np.zeros(_MOST + 1), np.zeros(_FARTHEST + 1)
    length[_LENGTHS] = literal.sum() / 8 * np.exp2(-np.arange(len(_LENGTHS)))
    distance[_DISTANCES] = length.sum() / len(_DISTANCES)
    return Counts(literal, length, distance)


def costs_of(counts: Counts) -> Costs:
    """Return the costs that follow from counts."""
    lengths = np.add.reduceat(counts.length, _LENGTHS)
    symbols = _bits(np.concatenate([counts.literal, lengths]))
    length = _spread(symbols[256:], _LENGTHS, _MOST)
    length[:_LEAST] = length[_LEAST]
    distances = np.add.reduceat(counts.distance, _DISTANCES)
    return Costs(symbols[:256], length, _spread(_bits(distances), _DISTANCES, _FARTHEST))


def _bits(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    shares = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    bits: npt.NDArray[np.int32] = np.rint(-np.log2(shares) * _UNIT).astype(np.int32)
    return bits


def _spread(costs: npt.NDArray[np.int32], least: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int32]:
    """Return the cost of each number from that of its code, with the bits that follow the code."""
    sizes = np.diff(least, append=most + 1)
    extra = np.ceil(np.log2(sizes)).astype(np.int32) * _UNIT
    return np.concatenate([np.zeros(least[0], np.int32), np.repeat(costs + extra, sizes)])
