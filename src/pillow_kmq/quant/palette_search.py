"""The palette search: bins, initialisation, Lloyd steps, exchanges, polishing, rounding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..color import to_palette, to_points
from ..types import Palette
from .clustering.lloyd import Clusters
from .clustering.medoids import MOST, are_apart, choose_medoids
from .clustering.split_merge import search
from .clustering.wu import split
from .histogram import Histogram, Sorted, unpack
from .options import EFFORTS, Effort, Options
from .progress import SILENT, Progress

_FINEST = 1 << 17  # maximum number of bins for polishing
_FEWEST = 48  # minimum bins per palette entry; with fewer, means are imprecise and bins are made finer
_OPAQUE_SHARES = (0.5, 0.2, 0.05)  # opaque shares of a cluster above which its centroid may be opaque
_HUES, _FEW = 0.75, 20.0  # extra weight of hues, and the number of colours up to which it is full
_PER_ENTRY = 8  # maximum colours of flat art per entry; beyond, means look better
_FULL_ROUNDS = 128  # palette size up to which all rounds run: with more entries, each round makes more exchanges


def find_palette(
    colors: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    options: Options,
    progress: Progress = SILENT,
) -> Palette:
    """Find a palette for weighted colours.

    Args:
        colors: visible packed colours, uint32[m].
        weights: float64[m].
        options: the request.
        progress: reports the search.

    Returns:
        uint8[k, 4], k <= options.colors: the fixed colours, then distinct other entries. If all colours fit, these are
        the colours themselves.
    """
    fixed, k = options.fixed, options.colors
    if len(fixed) == k:
        return fixed
    if len(colors) <= k:
        exact = _join(fixed, unpack(colors))
        if len(exact) <= k:
            return exact
    if is_flat_art(colors, options):
        return _flat_palette(colors, weights, options)
    effort = EFFORTS[options.effort]
    if options.max_iter is not None:
        effort = replace(effort, bits=8, most_bins=_FINEST, start_steps=options.max_iter, rounds=0, polish=0)
    distinct = Sorted(colors, weights)
    bins = _bins(distinct, effort.bits, effort.most_bins, k)
    clusters = _cluster(bins, effort, options, progress)
    finest = _bins(distinct, 8, _FINEST, k) if effort.polish else bins
    points = _points(finest.colors, options) if effort.polish else clusters.points
    clusters = Clusters.start(points, finest.weights, clusters.centroids, len(fixed))
    if finest.translucent == 0:
        clusters.step(effort.polish)
    else:
        _polish_mixed(clusters, finest.translucent, max(1, effort.polish), options)
    palette = _join(fixed, _palette(clusters.centroids[:, len(fixed) :], options))
    return _fill_up(palette, finest, points, options)


def is_flat_art(colors: npt.NDArray[np.uint32], options: Options) -> bool:
    """Return whether visible packed colours are few and far apart, and the picture is optimised for appearance."""
    few = len(colors) <= min(MOST, _PER_ENTRY * options.colors)
    return (
        few
        and options.space == "perceptual"
        and options.max_iter is None
        and are_apart(to_points(unpack(colors), options.metric))
    )


def _flat_palette(colors: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64], options: Options) -> Palette:
    """Return the fixed colours, then those colours of the picture that represent all of them best."""
    entries = np.concatenate([options.fixed, unpack(colors)])
    each = np.concatenate([np.zeros(len(options.fixed)), weights])
    k = min(options.colors, len(entries))
    chosen = choose_medoids(_points(entries, options), each, entries[:, 3] == 255, k, len(options.fixed))
    return _join(options.fixed, entries[chosen[len(options.fixed) :]])


def _chroma(options: Options) -> float:
    """Return the factor of Oklab's a and b: with few colours, hues are the first to be lost."""
    return 1.0 + _HUES * min(1.0, _FEW / options.colors) if options.space == "perceptual" else 1.0


def _points(colors: npt.NDArray[Any], options: Options) -> npt.NDArray[np.float32]:
    points = to_points(colors, options.metric)
    points[1:3] *= np.float32(_chroma(options))
    return points


def _palette(centroids: npt.NDArray[np.floating[Any]], options: Options) -> Palette:
    points = centroids.astype(np.float64)
    points[1:3] /= _chroma(options)
    return to_palette(points, options.metric)


def _bins(colors: Sorted, bits: int, most: int, k: int) -> Histogram:
    """Merge colours into bins as far as speed requires and precision allows."""
    counts = colors.counts
    if counts[8] <= _FEWEST * k:
        bits = 8
    elif counts[8] > most:
        bits = min(bits, 7)
    while counts[bits] < _FEWEST * k and bits < 8:
        bits += 1
    while counts[bits] > most and bits > 1:
        bits -= 1
    return colors.merge(bits)


def _cluster(bins: Histogram, effort: Effort, options: Options, progress: Progress) -> Clusters:
    """Run k-means on bins with the parameters of the effort."""
    points = _points(bins.colors, options)
    fixed = _points(options.fixed, options)
    start = split(points, bins.weights, options.colors - fixed.shape[1])
    start = np.concatenate([fixed, start], axis=1)
    clusters = Clusters.start(points, bins.weights, start, fixed.shape[1])
    clusters.step(effort.start_steps)
    if effort.rounds:
        limit = max(1, int(effort.share * options.colors))
        rounds = effort.rounds * _FULL_ROUNDS // max(_FULL_ROUNDS, options.colors)
        found = search(clusters, rounds, effort.steps, limit, effort.noise, options.seed, progress)
        clusters.centroids[:] = found
    return clusters


def _polish_mixed(clusters: Clusters, translucent: int, steps: int, options: Options) -> None:
    """Run Lloyd steps in which opaque points, those from `translucent` on, belong only to opaque centroids.

    Several choices of opaque centroids are tried; the one with the lowest inertia is kept.
    """
    start = clusters.centroids.copy()
    best, least = start, np.inf
    for solid in _solid_choices(clusters, translucent, options):
        clusters.centroids[:] = start
        inertia = _polish_apart(clusters, translucent, steps, solid, options)
        if inertia < least:
            best, least = clusters.centroids.copy(), inertia
    clusters.centroids[:] = best


def _polish_apart(
    clusters: Clusters, translucent: int, steps: int, solid: npt.NDArray[np.bool_], options: Options
) -> float:
    """Run Lloyd steps with the centroids `solid`, bool[k], reserved for opaque points; return the final inertia."""
    opaque_alpha = _points(np.array([[0, 0, 0, 255]], np.uint8), options)[3, 0]
    points, weights, centroids = clusters.points, clusters.weights, clusters.centroids
    numbers = np.flatnonzero(solid).astype(np.int32)
    for step in range(steps + 1):
        centroids[3, solid] = opaque_alpha
        clusters.assign()
        if len(numbers):
            group = Clusters.start(
                np.ascontiguousarray(points[:, translucent:]), weights[translucent:], centroids[:, solid]
            )
            group.assign()
            clusters.labels[translucent:] = numbers[group.labels]
            clusters.distances[translucent:] = group.distances
        if step == steps or not clusters.update():
            break
    centroids[3, solid] = opaque_alpha
    return float(weights.astype(np.float64) @ clusters.distances)


def _solid_choices(clusters: Clusters, translucent: int, options: Options) -> Iterator[npt.NDArray[np.bool_]]:
    """Yield choices of opaque centroids, bool[k]: those whose weight is opaque by more than a given share."""
    clusters.assign()
    labels, weights, k = clusters.labels, clusters.weights, clusters.centroids.shape[1]
    opaque = np.bincount(labels[translucent:], weights[translucent:], k)
    total = np.bincount(labels, weights, k)
    seen: set[bytes] = set()
    for share in _OPAQUE_SHARES:
        solid = opaque > share * total
        solid[: clusters.fixed] = options.fixed[:, 3] == 255
        if translucent < len(labels) and not solid.any() and clusters.fixed < k:
            solid[clusters.fixed + int(np.argmax(opaque[clusters.fixed :]))] = True
        if solid.tobytes() not in seen:
            seen.add(solid.tobytes())
            yield solid


def _join(first: Palette, second: Palette) -> Palette:
    """Return the first palette, followed by the entries of the second that are new."""
    both = np.ascontiguousarray(np.concatenate([first, second]))
    entries = list(dict.fromkeys(both[len(first) :].view(np.uint32).ravel().tolist()))
    known = set(both[: len(first)].view(np.uint32).ravel().tolist())
    new = np.array([entry for entry in entries if entry not in known], np.uint32)
    return np.concatenate([first, new.view(np.uint8).reshape(-1, 4)])


def _fill_up(palette: Palette, bins: Histogram, points: npt.NDArray[np.float32], options: Options) -> Palette:
    """Fill entries that rounding made equal with the colours of the largest error."""
    free = options.colors - len(palette)
    if free <= 0:
        return palette
    clusters = Clusters.start(points, bins.weights, _points(palette, options))
    clusters.assign()
    worst = np.argsort(-clusters.distances * bins.weights, kind="stable")[: 4 * free]
    colors = np.floor(bins.colors[worst] + 0.5).astype(np.uint8)
    return _join(palette, colors)[: options.colors]
