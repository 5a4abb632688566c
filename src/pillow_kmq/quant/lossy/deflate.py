"""Choice of indices for the coder of PNG files, deflate: literals and matches, lossy ones, too.

Each row is divided into literals and matches, so that the sum of distortion and of what the bits are worth is least.
The row is read once, from left to right. One way to code all pixels so far is kept for each end: the best way as such,
and the best ways that end within a match of each distance tried. These distances are that of a run; those of a few
pixels in the two rows above; and some of places before where the same three indices stand. A literal may take an entry
near its own. Bits are those of Huffman codes for what was chosen so far.

The distortion is that of `choice`, but the effect of changes in the row on the local means of pixels to the right
fades by a constant factor per pixel. What stays exactly as it is there stays here, too. A literal takes no more bits
than before, nor does a match take more than its pixels would as literals.

Sources: DEFLATE Compressed Data Format Specification, RFC 1951; the parser follows the idea of "optimal parsing" in J.
A. Storer and T. G. Szymanski, "Data compression via textual substitution", Journal of the ACM 29 (1982).
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
_ABOVE = [(1, 0), (1, -1), (1, 1), (1, -2), (1, 2), (1, -3), (1, 3)]
_ABOVE += [(2, column) for _, column in _ABOVE]
_SLOTS = 6  # matches at other distances that are followed at the same time
_CHAIN = 4  # places tried at which the same three indices stand
_FADING = 0.45  # of the window, per pixel

_LEAST, _MOST = 3, 258  # lengths of a match
_FARTHEST = 1 << 15
_UNIT = 256  # costs per bit
_NEVER = 1 << 60
_PLACES = 1 << 15

_LENGTHS = [*range(3, 11), *range(11, 19, 2), *range(19, 35, 4), *range(35, 67, 8), *range(67, 131, 16)]
_LENGTHS = np.array([*_LENGTHS, *range(131, 258, 32), 258])
_DISTANCES = np.array([1, 2, *(base << bits for bits in range(14) for base in (2, 3))]) + [0, 0, *[1] * 28]
"""The least length and the least distance of each code (RFC 1951, 3.2.5)."""


class Costs(NamedTuple):
    """Costs, int32, in units of 1/256 bit: of the 256 literals; by length, 0..258; by distance, 0..32768."""

    literal: i32_1d
    length: i32_1d
    distance: i32_1d


class Counts(NamedTuple):
    """How often everything was chosen, float64; as `Costs`."""

    literal: f64_1d
    length: f64_1d
    distance: f64_1d


class Places(NamedTuple):
    """Where three indices stand, int64: the last pixel by a hash of them; the one before by pixel; -1 for none."""

    last: i64_1d
    before: i64_1d


class Row(NamedTuple):
    """What is known of each pixel of a row, and the best way to code all pixels before each.

    Attributes:
        slopes: float32[w, 4], derivative of the distortion by the error.
        scale: float32[w], cost of a distortion; 0 keeps the index.
        allowed: float32[w], greatest squared error.
        literals: int64[w + 1], cost of all pixels before as literals that keep their indices.
        cost: int64[w + 1], cost of the best way.
        start: int64[w + 1], first pixel of its last literal or match.
        back: int64[w + 1], distance of its last match in pixels; 0 for a literal.
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
    """Matches that are followed at the same time: the run, those in rows above, and those in slots.

    Attributes:
        back: int64[n], distance in pixels.
        bits: int64[n], cost of the distance.
        first: int64[n], first pixel where it may start.
        last: int64[n], pixel before which it ends.
        start: int64[n], where it did start.
        cost: int64[n], cost of all pixels with it.
        effect: float32[n, 4], changes of the errors to the left, faded.
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
    """Write all of `row` that does not depend on choices in it."""
    margin = (errors.shape[1] - 4 * indices.shape[1]) // 2
    two = np.float32(2.0)
    for x in range(indices.shape[1]):
        v, at = np.int64(indices[y, x]), margin + 4 * x
        square = np.float32(0.0)
        for i in range(4):
            error = errors[at_row, at + i]
            square += error * error
            row.slopes[x, i] = two * ((np.float32(1.0) - local) * error + local * averages[at + i])
        row.allowed[x] = max(limit, square)
        shade = shades[x]
        keep = shade == np.float32(0.0) or entries.kinds[0, v] == 0
        if not keep and _is_exact(errors, at_row, at):
            keep = entries.locked[v] or _is_flat(indices, y, x, errors, at_row, at)
        row.scale[x] = np.float32(0.0) if keep else unit / shade
        row.literals[x + 1] = row.literals[x] + costs.literal[v]


def _begin(y, width, costs, above, matches):  # type: ignore[no-untyped-def]
    """Prepare matches for row y."""
    for m in range(matches.cost.shape[0]):
        matches.cost[m] = _NEVER
        matches.last[m] = 0
        matches.back[m] = 0
    matches.back[0], matches.first[0], matches.last[0] = 1, 1, width
    matches.bits[0] = costs.distance[1]
    for m in range(above.shape[0] // 2):
        rows, right = above[2 * m], above[2 * m + 1]
        distance = rows * (width + 1) - right
        matches.back[m + 1] = rows * width - right
        if rows <= y and distance <= _FARTHEST:
            matches.first[m + 1], matches.last[m + 1] = max(0, -right), min(width, width - right)
            matches.bits[m + 1] = costs.distance[distance]


def _key(a, b, c):  # type: ignore[no-untyped-def]
    """Return a hash of three indices."""
    return ((np.int64(a) << 16 | np.int64(b) << 8 | np.int64(c)) * 2654435761 >> 17) & (_PLACES - 1)


def _find(indices, y, x, places, chain, slots, costs, matches):  # type: ignore[no-untyped-def]
    """Let matches with places where the same three indices stand start at a pixel, if slots are free."""
    width = indices.shape[1]
    place = places.last[_key(indices[y, x], indices[y, x + 1], indices[y, x + 2])]
    count = matches.cost.shape[0]
    free = count - slots
    for _ in range(chain):
        if place < 0:
            break
        back, above = y * width + x - place, place // width
        distance = back + y - above
        if distance > _FARTHEST:
            break
        known = False
        for m in range(1, count):
            known |= matches.back[m] == back and (m < count - slots or matches.cost[m] < _NEVER)
        while free < count and matches.cost[free] < _NEVER:
            free += 1
        if free == count:
            break
        if not known:
            matches.back[free], matches.bits[free] = back, costs.distance[distance]
            matches.first[free], matches.last[free] = x, min(width, x + width - (place - above * width))
            free += 1
        place = places.before[place & (_FARTHEST - 1)]


def _literal(v, errors, at_row, at, x, row, effect, slope, square, entries, pairs, costs):  # type: ignore[no-untyped-def]
    """Return the best entry for a literal, and its cost.

    Args:
        v: index of the pixel.
        errors: see `_parse`.
        at_row: its row there.
        at: its place in the row.
        x: its column.
        row: see `Row`.
        effect: float32[4], changes of the errors to the left, faded.
        slope: effect of these on the slope.
        square: distortion by a squared change of a single error.
        entries: the palette.
        pairs: float32[k, k], squared distances.
        costs: see `Costs`.
    """
    points, scale = entries.points, row.scale[x]
    best, least = v, np.int64(costs.literal[v])
    if scale == np.float32(0.0):
        return best, least
    s0, s1 = row.slopes[x, 0] + slope * effect[0], row.slopes[x, 1] + slope * effect[1]
    s2, s3 = row.slopes[x, 2] + slope * effect[2], row.slopes[x, 3] + slope * effect[3]
    for t in range(entries.near.shape[1]):
        c = np.int64(entries.near[v, t])
        bits = np.int64(costs.literal[c])
        if bits > costs.literal[v] or entries.kinds[0, c] != entries.kinds[0, v]:
            continue
        d0, d1 = points[c, 0] - points[v, 0], points[c, 1] - points[v, 1]
        d2, d3 = points[c, 2] - points[v, 2], points[c, 3] - points[v, 3]
        cost = bits + np.int64((square * pairs[v, c] + d0 * s0 + d1 * s1 + d2 * s2 + d3 * s3) * scale)
        if cost < least:
            e0, e1 = errors[at_row, at] + d0, errors[at_row, at + 1] + d1
            e2, e3 = errors[at_row, at + 2] + d2, errors[at_row, at + 3] + d3
            if e0 * e0 + e1 * e1 + e2 * e2 + e3 * e3 <= row.allowed[x]:
                best, least = c, cost
    return best, least


@kernel
def _parse(
    indices: u8_2d,
    flat: u8_1d,
    top: i64,
    start: i64,
    shades: f32_2d,
    bit: f32,
    limit: f32,
    errors: f32_2d,
    entries: Entries,
    pairs: f32_2d,
    costs: Costs,
    counts: Counts,
    above: i64_1d,
    slots: i64,
    chain: i64,
    places: Places,
    window: f32_1d,
    local: f32,
    fading: f32,
    row: Row,
    matches: Matches,
    scratch: f32_2d,
) -> None:
    """Choose indices for some rows.

    Args:
        indices: uint8[h, w], changed.
        flat: the same, uint8[h * w].
        top: row of the picture that `errors` start REACH rows above.
        start: the first row.
        shades: float32[n, w], share of the error that counts as such; 0 keeps the index.
        bit: distortion that a bit is worth where that is 1.
        limit: squared error that is allowed even where it was smaller before.
        errors: float32[m + 2 * REACH, 4 * (w + 2 * REACH)], changed.
        entries: the palette.
        pairs: float32[k, k], squared distances of entries.
        costs: see `Costs`.
        counts: see `Counts`, increased.
        above: int64[2 * n], rows up and columns to the right of each match in rows above.
        slots: number of matches at other distances.
        chain: number of places tried for these.
        places: see `Places`, changed.
        window: float32[REACH + 1], from the centre outwards.
        local: share of the errors of local means in the distortion, 0..1.
        fading: of the window, per pixel.
        row: scratch.
        matches: scratch.
        scratch: float32[2, 4 * (w + 2 * REACH)] and, below them, [0, 0:8] for effects.
    """
    height, width = indices.shape
    reach = window.shape[0] - 1
    square = np.float32(1.0) - local + local * window[0] * window[0]
    slope = np.float32(2.0) * local * window[0] * window[1]
    points, kinds, effect = entries.points, entries.kinds, scratch[2]
    count = matches.cost.shape[0]
    for y in range(start, start + shades.shape[0]):
        at_row, here = y - top + reach, y * width
        _average(errors, at_row, window, scratch[0], scratch[1])
        unit = np.float32(_UNIT) / bit
        _prepare(
            indices, y, shades[y - start], unit, limit, errors, at_row, scratch[1], local, entries, costs, row
        )
        _begin(y, width, costs, above, matches)
        row.cost[0] = 0
        for i in range(4):
            effect[i] = np.float32(0.0)
        for x in range(width):
            v, at, so_far = np.int64(indices[y, x]), 4 * (x + reach), row.cost[x]
            scale, allowed = row.scale[x], row.allowed[x]
            entry, least = _literal(v, errors, at_row, at, x, row, effect, slope, square, entries, pairs, costs)
            least += so_far
            if x + 2 < width and slots:
                _find(indices, y, x, places, chain, slots, costs, matches)
            p0, p1, p2, p3 = points[v, 0], points[v, 1], points[v, 2], points[v, 3]
            e0, e1 = errors[at_row, at], errors[at_row, at + 1]
            e2, e3 = errors[at_row, at + 2], errors[at_row, at + 3]
            s0, s1, s2, s3 = row.slopes[x, 0], row.slopes[x, 1], row.slopes[x, 2], row.slopes[x, 3]
            best = -1
            for m in range(count):
                if x < matches.first[m] or x >= matches.last[m]:
                    matches.cost[m] = _NEVER
                    continue
                cost, length, fresh = matches.cost[m], x - matches.start[m], so_far + matches.bits[m] + costs.length[0]
                new = cost == _NEVER or length == _MOST
                if not new:
                    cost += costs.length[length + 1] - costs.length[length]
                    new = cost > fresh
                if new:
                    if m >= count - slots and matches.first[m] != x:
                        matches.cost[m] = _NEVER
                        continue
                    matches.start[m], cost, length = x, fresh, 0
                if m == 0:
                    c = row.entry[matches.start[0]]
                else:
                    c = np.int64(flat[here + x - matches.back[m]])
                g0, g1, g2, g3 = effect[0], effect[1], effect[2], effect[3]
                if not new:
                    g0, g1 = matches.effect[m, 0], matches.effect[m, 1]
                    g2, g3 = matches.effect[m, 2], matches.effect[m, 3]
                if c == v:
                    matches.effect[m, 0], matches.effect[m, 1] = fading * g0, fading * g1
                    matches.effect[m, 2], matches.effect[m, 3] = fading * g2, fading * g3
                else:
                    matches.cost[m] = _NEVER
                    if scale == np.float32(0.0) or kinds[0, c] != kinds[0, v]:
                        continue
                    d0, d1, d2, d3 = points[c, 0] - p0, points[c, 1] - p1, points[c, 2] - p2, points[c, 3] - p3
                    f0, f1, f2, f3 = e0 + d0, e1 + d1, e2 + d2, e3 + d3
                    if f0 * f0 + f1 * f1 + f2 * f2 + f3 * f3 > allowed:
                        continue
                    distortion = square * pairs[v, c] + d0 * (s0 + slope * g0) + d1 * (s1 + slope * g1)
                    distortion += d2 * (s2 + slope * g2) + d3 * (s3 + slope * g3)
                    cost += np.int64(distortion * scale)
                    matches.effect[m, 0], matches.effect[m, 1] = d0 + fading * g0, d1 + fading * g1
                    matches.effect[m, 2], matches.effect[m, 3] = d2 + fading * g2, d3 + fading * g3
                matches.cost[m] = cost
                if cost < least and length + 1 >= _LEAST:
                    bits = matches.bits[m] + costs.length[length + 1]
                    if bits <= row.literals[x + 1] - row.literals[matches.start[m]]:
                        least, best, entry_of_best = cost, m, c
            row.cost[x + 1] = least
            if best < 0:
                row.start[x + 1], row.back[x + 1], row.entry[x + 1] = x, 0, entry
                effect[0] = points[entry, 0] - p0 + fading * effect[0]
                effect[1] = points[entry, 1] - p1 + fading * effect[1]
                effect[2] = points[entry, 2] - p2 + fading * effect[2]
                effect[3] = points[entry, 3] - p3 + fading * effect[3]
            else:
                row.start[x + 1], row.back[x + 1] = matches.start[best], matches.back[best]
                row.entry[x + 1] = entry_of_best
                for i in range(4):
                    effect[i] = matches.effect[best, i]
        _turn(width, row)
        _apply(indices, flat, y, errors, at_row, reach, entries, counts, row)
        for x in range(width - 2):
            key = _key(indices[y, x], indices[y, x + 1], indices[y, x + 2])
            places.before[(here + x) & (_FARTHEST - 1)] = places.last[key]
            places.last[key] = here + x


def _turn(width, row):  # type: ignore[no-untyped-def]
    """Write to `cost`, for the start of each literal and match of the best way, its end."""
    x = width
    while x > 0:
        start = row.start[x]
        row.cost[start] = x
        x = start


def _apply(indices, flat, y, errors, at_row, reach, entries, counts, row):  # type: ignore[no-untyped-def]
    """Change and count the indices of a row as the best way has them; see `_turn`."""
    width = indices.shape[1]
    here, start = y * width, 0
    while start < width:
        stop = row.cost[start]
        back, entry = row.back[stop], row.entry[stop]
        if back:
            counts.length[stop - start] += 1
            counts.distance[back + y - (here + start - back) // width] += 1
        else:
            counts.literal[entry] += 1
        for x in range(start, stop):
            v = np.int64(indices[y, x])
            c = np.int64(flat[here + x - back]) if back else entry
            if c != v:
                flat[here + x] = c
                for i in range(4):
                    errors[at_row, 4 * (x + reach) + i] += entries.points[c, i] - entries.points[v, i]
        start = stop


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
        width, matches = indices.shape[1], 1 + len(_ABOVE) + _SLOTS
        self._indices = indices
        self._entries = entries_of(palette, fixed, _NEAR)
        points = self._entries.points
        self._pairs = np.square(points[:, None] - points).sum(2, dtype=np.float32)
        self._counts = _expected(indices)
        self._places = Places(np.full(_PLACES, -1), np.full(_FARTHEST, -1))
        self._row = Row(
            np.empty((width, 4), np.float32),
            *(np.empty(width, np.float32) for _ in range(2)),
            *(np.zeros(width + 1, np.int64) for _ in range(5)),
        )
        self._matches = Matches(
            *(np.zeros(matches, np.int64) for _ in range(6)), np.zeros((matches, 4), np.float32)
        )

    def choose(self, start: int, shades: npt.NDArray[np.float32], bit: float, limit: float, errors: Errors) -> None:
        """Choose indices for the rows of a band.

        Args:
            start: first row of the band.
            shades: float32[n, w], share of the error that counts as such; 0 keeps the index.
            bit: distortion that a bit is worth where that is 1.
            limit: squared error that is allowed even where it was smaller before.
            errors: float32[n + 2 * REACH, 4 * (w + 2 * REACH)], changed.
        """
        indices = self._indices
        rows = max(1, _PIXELS // indices.shape[1])
        for first in range(0, len(shades), rows):
            _parse(
                indices,
                indices.reshape(-1),
                start,
                start + first,
                shades[first : first + rows],
                bit,
                limit,
                errors,
                self._entries,
                self._pairs,
                costs_of(self._counts),
                self._counts,
                np.array(_ABOVE).reshape(-1),
                _SLOTS,
                _CHAIN,
                self._places,
                _WINDOW,
                _LOCAL,
                _FADING,
                self._row,
                self._matches,
                np.empty((3, errors.shape[1]), np.float32),
            )


def _expected(indices: Indices) -> Counts:
    """Return counts to begin with."""
    literal = np.bincount(indices.reshape(-1), minlength=256) / 16
    length, distance = np.zeros(_MOST + 1), np.zeros(_FARTHEST + 1)
    length[_LENGTHS] = literal.sum() / 8 * np.exp2(-0.75 * np.arange(len(_LENGTHS)))
    distance[_DISTANCES] = length.sum() / len(_DISTANCES)
    return Counts(literal, length, distance)


def costs_of(counts: Counts) -> Costs:
    """Return the costs that follow from counts."""
    length, distance = np.add.reduceat(counts.length, _LENGTHS), np.add.reduceat(counts.distance, _DISTANCES)
    symbols = _bits(np.concatenate([counts.literal, length]))
    lengths = _spread(symbols[256:], _LENGTHS, _MOST)
    lengths[:_LEAST] = lengths[_LEAST]
    return Costs(symbols[:256], lengths, _spread(_bits(distance), _DISTANCES, _FARTHEST))


def _bits(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    shares = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    bits: npt.NDArray[np.int32] = np.rint(-np.log2(shares) * _UNIT).astype(np.int32)
    return bits


def _spread(costs: npt.NDArray[np.int32], least: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int32]:
    """Return the costs of all numbers from those of their codes, with the bits that follow a code."""
    sizes = np.diff(least, append=most + 1)
    extra = np.ceil(np.log2(sizes)).astype(np.int32) * _UNIT
    return np.concatenate([np.zeros(least[0], np.int32), np.repeat(costs + extra, sizes)])
