"""Groups of tiles with a palette each, so that the total error is small.

k-means with palettes as centroids: each tile goes to the palette with the least error, and each palette is refined on
the colours of its tiles. Exchanges leave local minima: the palette that is missed least is given to half of a group
with a large error, and the exchange is kept if the total error falls.

Source of the exchanges: P. Fränti, J. Kivijärvi, "Randomised local search algorithm for the clustering problem",
Pattern Analysis & Applications 3 (2000).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ...color import to_points
from ...types import Palette
from ..clustering.lloyd import Clusters
from ..clustering.split_merge import search as search_entries
from ..clustering.wu import split
from .displayable import refine, to_displayable
from .grid import Contents, Floats, sum_by
from .options import EFFORTS, TileOptions

Groups = npt.NDArray[np.int64]

_FIRST_STEPS = 3  # Lloyd steps of a new palette
_STEPS = 2  # Lloyd steps of every palette between two assignments of tiles
_FIRST_ROUNDS = 12  # maximum number of assignments from the start
_ROUNDS = 2  # assignments after an exchange
_ENTRY_ROUNDS = 44  # rounds of exchanges of entries within the final palettes
_GAIN = 0.25  # fraction of its error that halving a group removes, estimated
_SETTLING = 6  # maximum number of assignments with displayable palettes


class State:
    """Tiles in groups with a palette each.

    Attributes:
        centroids: palettes as points, float32[4, k] each; the shared colour first.
        errors: float64[p, t], error of each tile with each palette.
    """

    def __init__(self, contents: Contents, centroids: list[Floats], known: State | None = None) -> None:
        """Measure errors; those of palettes that `known` has at the same place are taken from there."""
        self.centroids = centroids
        self.errors = np.empty((len(centroids), contents.number))
        for number, each in enumerate(centroids):
            if known and number < len(known.centroids) and each is known.centroids[number]:
                self.errors[number] = known.errors[number]
            else:
                self.errors[number] = contents.errors(distances(contents, each))

    @property
    def groups(self) -> Groups:
        """The best palette of each tile, the first of equals, int64[t]."""
        return np.argmin(self.errors, axis=0)

    @property
    def total(self) -> float:
        """The total error."""
        return float(self.errors.min(axis=0).sum())


def distances(contents: Contents, centroids: Floats) -> Floats:
    """Return the squared distance of each colour to its nearest centroid."""
    clusters = Clusters.start(contents.points, np.empty(0, np.float32), centroids)
    clusters.assign()
    return clusters.distances


def find_palettes(contents: Contents, fixed: Floats, options: TileOptions) -> list[Palette]:
    """Find palettes for tiles.

    Args:
        contents: colours of the tiles, at least one.
        fixed: float32[4, f], the shared colour, f = 0 or 1.
        options: the request.

    Returns:
        1 to options.palettes displayable palettes, uint8[k, 4], k <= options.free, a shared colour first.
    """
    state = _iterate(contents, _first_state(contents, fixed, options), fixed, _FIRST_ROUNDS)
    state = _add_palettes(contents, state, fixed, options)
    state = _exchange_palettes(contents, state, fixed, options)
    state = _iterate(contents, state, fixed, _FIRST_ROUNDS)
    if EFFORTS[options.effort].exchanges:
        state = _iterate(contents, _search_entries(contents, state, fixed, options), fixed, _ROUNDS)
    return _settle(contents, state, fixed, options)


def _first_state(contents: Contents, fixed: Floats, options: TileOptions) -> State:
    """Group tiles by their mean colours."""
    means, weights, used = contents.means
    centres = Clusters.start(means, weights, split(means, weights, options.palettes))
    centres.step(_FIRST_ROUNDS)
    centres.assign()
    groups = np.zeros(contents.number, np.int64)
    groups[used] = centres.labels
    count = centres.centroids.shape[1]
    weights_of = contents.weights_by_group(groups, count)
    found = [_new_palette(contents.points, each, fixed, options) for each in weights_of if each.any()]
    return State(contents, found)


def _new_palette(points: Floats, weights: npt.NDArray[np.float64], fixed: Floats, options: TileOptions) -> Floats:
    """Return a palette for weighted colours, not all of weight 0."""
    there = np.flatnonzero(weights)
    some, each = np.ascontiguousarray(points[:, there]), weights[there].astype(np.float32)
    free = options.free - fixed.shape[1]
    start = np.concatenate([fixed, split(some, each, free)], axis=1) if free else fixed
    clusters = Clusters.start(some, each, start, fixed.shape[1])
    clusters.step(_FIRST_STEPS)
    return clusters.centroids


def _iterate(contents: Contents, state: State, fixed: Floats, rounds: int, before: Groups | None = None) -> State:
    """Refine palettes and assign tiles, until the error falls no more.

    Args:
        contents: colours of the tiles.
        state: the palettes.
        fixed: the shared colour.
        rounds: maximum number of assignments.
        before: groups that the palettes were refined for; only palettes that gained or lost tiles are refined again.
            None refines all in every round.
    """
    for _ in range(rounds):
        groups, count = state.groups, len(state.centroids)
        moving = np.arange(count)
        if before is not None:
            other = groups != before
            moving = np.union1d(groups[other], before[other])
            before = groups
        weights = contents.weights_by_group(groups, count)
        moved = list(state.centroids)
        for number in moving.tolist():
            moved[number] = _step(contents.points, weights[number], state.centroids[number], fixed.shape[1])
        refined = State(contents, moved, state)
        if refined.total >= state.total:
            break
        state = refined
    return state


def _step(points: Floats, weights: npt.NDArray[np.float64], centroids: Floats, fixed: int) -> Floats:
    there = np.flatnonzero(weights)
    if not len(there):
        return centroids
    some = np.ascontiguousarray(points[:, there])
    clusters = Clusters.start(some, weights[there].astype(np.float32), centroids, fixed)
    clusters.step(_STEPS)
    return clusters.centroids


def _group_errors(state: State) -> npt.NDArray[np.float64]:
    return sum_by(state.groups, state.errors.min(axis=0), len(state.centroids))


def _add_palettes(contents: Contents, state: State, fixed: Floats, options: TileOptions) -> State:
    """Halve the group with the largest error while there are palettes left; tiles can have fewer mean colours."""
    by_error = False
    while len(state.centroids) < options.palettes and state.total > 0.0:
        widest = int(np.argmax(_group_errors(state)))
        grown = _exchange(contents, state, None, widest, by_error, fixed, options)
        if grown is not None and grown.total < state.total:
            state = grown
        elif by_error:
            break
        by_error = not by_error
    return state


def _exchange_palettes(contents: Contents, state: State, fixed: Floats, options: TileOptions) -> State:
    """Try exchanges, the most promising first, and keep those that lower the error."""
    untried = _exchanges(state)
    for _ in range(EFFORTS[options.effort].exchanges):
        exchange = next(untried, None)
        if exchange is None or state.total == 0.0:
            break
        tried = _exchange(contents, state, *exchange, fixed, options)
        if tried is not None and tried.total < state.total:
            state = tried
            untried = _exchanges(state)
    return state


def _exchanges(state: State) -> Iterator[tuple[int, int, bool]]:
    """Yield exchanges, the most promising first: the palette to drop, the group to halve, whether by error."""
    count = len(state.centroids)
    if count < 2:
        return
    two = np.partition(state.errors, 1, axis=0)[:2]
    cost = sum_by(state.groups, two[1] - two[0], count)
    change = cost[:, None] - _GAIN * _group_errors(state)
    np.fill_diagonal(change, np.inf)
    for pair in np.argsort(change, axis=None, kind="stable")[: count * (count - 1)].tolist():
        yield pair // count, pair % count, False
        yield pair // count, pair % count, True


def _exchange(
    contents: Contents,
    state: State,
    dropped: int | None,
    halved: int,
    by_error: bool,
    fixed: Floats,
    options: TileOptions,
) -> State | None:
    """Halve a group, by mean colour or by error; None if all its tiles are alike."""
    upper = _upper_half(contents, state, halved, by_error=by_error)
    if upper is None:
        return None
    errors = state.errors.copy()
    if dropped is not None:
        errors[dropped] = np.inf
    groups = np.argmin(errors, axis=0)
    new = len(state.centroids) if dropped is None else dropped
    groups[upper] = new
    count = max(len(state.centroids), new + 1)
    weights = contents.weights_by_group(groups, count)
    centroids = list(state.centroids) + [state.centroids[halved]] * (count - len(state.centroids))
    for number in {halved, new}:
        if weights[number].any():
            centroids[number] = _new_palette(contents.points, weights[number], fixed, options)
    before = state.groups
    before[upper] = new
    return _iterate(contents, State(contents, centroids, state), fixed, _ROUNDS, before)


def _upper_half(contents: Contents, state: State, group: int, *, by_error: bool) -> npt.NDArray[np.int64] | None:
    """Return the tiles of one half of a group."""
    means, weights, used = contents.means
    own = state.groups[used] == group
    tiles = used[own]
    if len(tiles) < 2:
        return None
    if by_error:
        mean_error = state.errors[group, tiles] / weights[own]
        upper = tiles[mean_error > mean_error.sum() / len(tiles)]
        return upper if len(upper) else tiles[:1]
    some = np.ascontiguousarray(means[:, own])
    halves = Clusters.start(some, weights[own], split(some, weights[own], 2))
    halves.step(_FIRST_STEPS)
    halves.assign()
    upper = tiles[halves.labels == 1]
    return upper if len(upper) else None


def _search_entries(contents: Contents, state: State, fixed: Floats, options: TileOptions) -> State:
    """Improve each palette by exchanges of its entries."""
    weights = contents.weights_by_group(state.groups, len(state.centroids))
    found = []
    for each, centroids in zip(weights, state.centroids, strict=True):
        there = np.flatnonzero(each)
        if len(there) > centroids.shape[1]:
            some = np.ascontiguousarray(contents.points[:, there])
            clusters = Clusters.start(some, each[there].astype(np.float32), centroids, fixed.shape[1])
            centroids = search_entries(clusters, _ENTRY_ROUNDS, _STEPS, 1, 1.0, 0).copy()
        found.append(centroids)
    return State(contents, found)


def _settle(contents: Contents, state: State, fixed: Floats, options: TileOptions) -> list[Palette]:
    """Turn palettes into displayable ones, and refine them as long as the error falls."""
    palettes = [to_displayable(each, options) for each in state.centroids]
    groups = state.groups
    best, least = palettes, np.inf
    for _ in range(_SETTLING):
        palettes = _refine_all(contents, groups, palettes, options)
        shown = State(contents, [to_points(each, options.space) for each in palettes])
        if shown.total >= least:
            break
        best, least, groups = palettes, shown.total, shown.groups
    return best


def _refine_all(contents: Contents, groups: Groups, palettes: Sequence[Palette], options: TileOptions) -> list[Palette]:
    refined = []
    for weights, palette in zip(contents.weights_by_group(groups, len(palettes)), palettes, strict=True):
        there = np.flatnonzero(weights)
        if len(there):
            some = np.ascontiguousarray(contents.points[:, there])
            palette = refine(some, weights[there], palette, options)
        refined.append(palette)
    return refined
