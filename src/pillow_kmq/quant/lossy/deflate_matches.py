"""The matches of deflate that are followed in a row: a run, those with the row above, those with other places."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels.types import f32_2d, i64_1d, u8_1d
from .deflate_costs import FARTHEST

_COLUMNS = 3  # to the left and right of the pixel above, with which matches are always tried
_SLOTS = 6  # matches with other places that are followed at the same time
_CHAIN = 4  # places tried per pixel
_GROUPS = 128  # of similar entries
_KEYS = 1 << 15

FIRST_SLOT = 2 * _COLUMNS + 2
"""Number of the first match with another place."""

MATCHES = FIRST_SLOT + _SLOTS
"""How many matches are followed."""

NEVER = 1 << 60
"""The cost of a match that is not followed."""


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


def places_of(points: npt.NDArray[np.float32]) -> Places:
    """Return no places, for a palette float32[k, 4]."""
    return Places(groups_of(points), np.full(_KEYS, -1), np.full(FARTHEST, -1))


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


def begin(y, width, costs, matches):  # type: ignore[no-untyped-def]
    """Prepare matches for row y; rows have a byte more than pixels."""
    for m in range(MATCHES):
        matches.cost[m], matches.back[m], matches.last[m] = NEVER, 0, 0
    matches.back[0], matches.bits[0], matches.first[0], matches.last[0] = 1, costs.distance[1], 1, width
    for right in range(-_COLUMNS, _COLUMNS + 1):
        m, distance = right + _COLUMNS + 1, width + 1 - right
        if y > 0 and 0 < distance <= FARTHEST:
            matches.back[m], matches.bits[m] = width - right, costs.distance[distance]
            matches.first[m], matches.last[m] = max(0, -right), min(width, width - right)


def _key(groups, indices, y, x):  # type: ignore[no-untyped-def]
    """Return a hash of the groups of three indices."""
    a, b, c = groups[indices[y, x]], groups[indices[y, x + 1]], groups[indices[y, x + 2]]
    return ((np.int64(a) << 16 | np.int64(b) << 8 | np.int64(c)) * 2654435761 >> 17) & (_KEYS - 1)


def _next_free(matches, m):  # type: ignore[no-untyped-def]
    while m < MATCHES and matches.cost[m] != NEVER:
        m += 1
    return m


def find_places(indices, y, x, places, costs, matches):  # type: ignore[no-untyped-def]
    """Put matches with places where similar indices stand into free slots."""
    width = indices.shape[1]
    free, place = _next_free(matches, FIRST_SLOT), places.last[_key(places.groups, indices, y, x)]
    for _ in range(_CHAIN):
        if place < 0 or free == MATCHES:
            break
        above = place // width
        column, back = place - above * width, y * width + x - place
        distance = back + y - above
        if distance > FARTHEST:
            break
        known = above == y - 1 and abs(column - x) <= _COLUMNS
        for m in range(FIRST_SLOT, MATCHES):
            known |= matches.back[m] == back and matches.cost[m] != NEVER
        if not known:
            matches.back[free], matches.bits[free] = back, costs.distance[distance]
            matches.first[free], matches.last[free] = x, min(width, x + width - column)
            free = _next_free(matches, free + 1)
        place = places.before[place & (FARTHEST - 1)]


def remember(indices, y, places):  # type: ignore[no-untyped-def]
    """Add a row to the places."""
    width = indices.shape[1]
    for x in range(width - 2):
        key, place = _key(places.groups, indices, y, x), y * width + x
        places.before[place & (FARTHEST - 1)] = places.last[key]
        places.last[key] = place
