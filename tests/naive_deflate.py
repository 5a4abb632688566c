"""The slow, obvious version of the lossy choice of indices for deflate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from naive_lossy import LOCAL, WINDOW
from pillow_kmq.color import to_points

NEAR, COLUMNS, SLOTS, CHAIN, GROUPS, FADING = 8, 3, 6, 4, 128, 0.45
LENGTH_BITS = [0] * 8 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4 + [5] * 4 + [0]
DISTANCE_BITS = [0, 0] + [bits for bits in range(14) for _ in range(2)]


def code_of(number, least, extra):
    """The code of a length or distance, and the bits that follow it."""
    for code in reversed(range(len(extra))):
        start = least + sum(2**bits for bits in extra[:code]) - (code == 28 and len(extra) == 29)
        if number >= start:
            return code, extra[code]
    raise AssertionError


def length_code(length):
    return code_of(length, 3, LENGTH_BITS)


def distance_code(distance):
    return code_of(distance, 1, DISTANCE_BITS)


class Model:
    """Frequencies, and what they make a literal or a match cost, in units of 1/256 bit."""

    def __init__(self, indices):
        self.symbols, self.distances = [0.0] * 285, [0.0] * 30
        for index in indices.ravel():
            self.symbols[index] += 1 / 16
        total = indices.size / 16
        for code in range(29):
            self.symbols[256 + code] = total / 8 / 2**code
        for code in range(30):
            self.distances[code] = sum(self.symbols[256:]) / 30

    @staticmethod
    def _bits(counts, code):
        return round(-math.log2((counts[code] + 0.5) / (sum(counts) + 0.5 * len(counts))) * 256)

    def literal(self, index):
        return self._bits(self.symbols, index)

    def length(self, length):
        code, extra = length_code(max(length, 3))
        return self._bits(self.symbols, 256 + code) + 256 * extra

    def distance(self, distance):
        code, extra = distance_code(distance)
        return self._bits(self.distances, code) + 256 * extra


@dataclass
class Way:
    """A way to code the pixels of a row so far: its parts are (start, stop, distance), 0 for literals."""

    cost: int = 0
    indices: list[int] = field(default_factory=list)
    parts: list[tuple[int, int, int]] = field(default_factory=list)
    effect: np.ndarray = field(default_factory=lambda: np.zeros(4))


@dataclass
class Match:
    """A match that is followed: `back` pixels, from the end of the way before it."""

    back: int
    distance: int
    slot: bool
    before: Way | None = None
    now: Way | None = None
    start: int = 0


class Picture:
    def __init__(self, pixels, palette, indices, shades, bit, limit, fixed=()):
        self.pixels, self.palette, self.indices = pixels, palette, indices.copy()
        self.shades, self.bit, self.limit, self.fixed = shades, bit, limit, fixed
        self.points = to_points(palette, "oklab").T.astype(float)
        self.colors = to_points(pixels.reshape(-1, 4), "oklab").T.reshape(*indices.shape, 4).astype(float)
        self.kinds = [0 if a == 0 else 1 if a < 255 else 2 for a in palette[:, 3]]
        self.groups = groups(self.points)
        self.model = Model(indices)
        self.places = {}  # by groups of three indices, the last one first

    def choose(self):
        counts = [list(self.model.symbols), list(self.model.distances)]
        for y in range(len(self.indices)):  # all rows have the costs of the start, if the picture is small
            way = self.best_way(y)
            for start, stop, distance in way.parts:
                if distance:
                    counts[0][256 + length_code(stop - start)[0]] += 1
                    counts[1][distance_code(distance)[0]] += 1
                else:
                    counts[0][way.indices[start]] += 1
            self.indices[y] = way.indices
            for x in range(self.indices.shape[1] - 2):
                self.places.setdefault(self.key(y, x), []).insert(0, (y, x))
        return self.indices, counts

    def key(self, y, x):
        return tuple(self.groups[index] for index in self.indices[y, x : x + 3])

    def best_way(self, y):
        width = self.indices.shape[1]
        self.errors = self.points[self.indices] - self.colors
        self.slopes = slopes(self.errors, y)
        self.kept = [self.is_kept(y, x) for x in range(width)]
        self.old = [self.model.literal(index) for index in self.indices[y]]
        best = Way()
        run = Match(1, 1, slot=False)
        above = [Match(width - right, width + 1 - right, slot=False) for right in range(-COLUMNS, COLUMNS + 1)]
        slots = [None] * SLOTS
        for x in range(width):
            tried = [self.with_literal(best, y, x)]
            slots = [slot if slot and slot.now else None for slot in slots]
            self.fill(slots, best, y, x)
            for match in [run, *(above if y else []), *filter(None, slots)]:
                tried += self.followed(match, best, y, x)
            best = min(tried, key=lambda way: way.cost)
        return best

    def is_kept(self, y, x):
        if self.shades[y, x] == 0 or self.kinds[self.indices[y, x]] == 0:
            return True
        exact = (self.palette[self.indices] == self.pixels).all(2)
        if not exact[y, x]:
            return False
        if any((self.palette[self.indices[y, x]] == color).all() for color in self.fixed):
            return True
        around = np.s_[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        return (exact[around] & (self.indices[around] == self.indices[y, x])).sum() >= 3

    def fits(self, y, x, new):
        old = self.indices[y, x]
        if new == old:
            return True
        if self.kept[x] or self.kinds[new] != self.kinds[old]:
            return False
        error = ((self.points[new] - self.colors[y, x]) ** 2).sum()
        return error <= max(self.limit, (self.errors[y, x] ** 2).sum())

    def continued(self, way, y, x, new):
        """Cost of the distortion, and the effect, of an index after a way."""
        step = self.points[new] - self.points[self.indices[y, x]]
        square = 1 - LOCAL + LOCAL * WINDOW[3] ** 2
        near = 2 * LOCAL * WINDOW[3] * WINDOW[2]
        distortion = square * step @ step + near * step @ way.effect + step @ self.slopes[x]
        scale = 0 if self.kept[x] else 256 / self.bit / self.shades[y, x]
        return int(distortion * scale), step + FADING * way.effect

    def with_literal(self, way, y, x):
        old = int(self.indices[y, x])
        distances = ((self.points - self.points[old]) ** 2).sum(1)
        others = [j for j in range(len(self.points)) if j != old and self.kinds[j] == self.kinds[old]]
        found = []
        for new in [old, *sorted(others, key=lambda j: distances[j])[:NEAR]]:
            if self.fits(y, x, new) and self.model.literal(new) <= self.old[x]:
                cost, effect = self.continued(way, y, x, new)
                cost += way.cost + self.model.literal(new)
                found.append(Way(cost, [*way.indices, new], [*way.parts, (x, x + 1, 0)], effect))
        return min(found, key=lambda way: way.cost)

    def fill(self, slots, best, y, x):
        """Put matches with places where similar indices stand into free slots."""
        width = self.indices.shape[1]
        places = self.places.get(self.key(y, x), []) if x + 2 < width else []
        for v, u in places[:CHAIN]:
            back, distance = (y - v) * width + x - u, (y - v) * (width + 1) + x - u
            if distance > 32768 or None not in slots:
                return
            known = v == y - 1 and abs(u - x) <= COLUMNS
            if not known and all(slot is None or slot.back != back for slot in slots):
                slots[slots.index(None)] = Match(back, distance, slot=True, start=x)

    def followed(self, match, best, y, x):
        """Continue a match with a pixel; return it as a list if it may end there and saves bits."""
        width = self.indices.shape[1]
        now, match.now = match.now, None
        source = y * width + x - match.back
        if match.back == 1:
            inside = x > 0
        else:
            # the place of a match stays in its row
            first = match.start if match.slot else x
            row = (y * width + first - match.back) // width
            if not match.slot:
                row = y - 1
            inside = row * width <= source < (row + 1) * width
        if not inside:
            return []
        length = x - match.start
        fresh = best.cost + self.model.distance(match.distance) + self.model.length(0)
        cost = math.inf
        if now and length < 258:
            cost = now.cost + self.model.length(length + 1) - self.model.length(length)
        if cost > fresh:
            if match.slot and match.start != x:
                return []
            match.start, match.before, cost, length = x, best, fresh, 0
            now = Way(fresh, [*best.indices], [], best.effect)
        new = now.indices[-1] if match.back == 1 else int(self.indices.flat[source])
        if not self.fits(y, x, new):
            return []
        added, effect = self.continued(now, y, x, new)
        parts = [*match.before.parts, (match.start, x + 1, match.distance)]
        match.now = Way(cost + added, [*now.indices, new], parts, effect)
        bits = self.model.distance(match.distance) + self.model.length(length + 1)
        return [match.now] if length >= 2 and bits <= sum(self.old[match.start : x + 1]) else []


def slopes(errors, y):
    """Derivatives of the distortion by the errors of a row."""
    padded = np.pad(errors, ((3, 3), (3, 3), (0, 0)))
    rows = sum(WINDOW[d] * padded[y + d] for d in range(7))
    means = sum(WINDOW[d] * rows[d : d + errors.shape[1]] for d in range(7))
    return 2 * ((1 - LOCAL) * errors[y] + LOCAL * means)


def groups(points):
    """The group of each entry: that of the nearest centre; each next centre is the entry farthest from all others."""
    centres = [0]
    while len(centres) < min(GROUPS, len(points)):
        nearest = [min(((point - points[j]) ** 2).sum() for j in centres) for point in points]
        centres.append(int(np.argmax(nearest)))
    return [int(np.argmin([((point - points[j]) ** 2).sum() for j in centres])) for point in points]
