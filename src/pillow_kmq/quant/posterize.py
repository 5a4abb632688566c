"""Palettes for displays with fewer than 8 bits per channel: every entry is representable there.

k-means among representable colours: the entry of a cluster is the representable colour nearest to its mean. If two
clusters share one, the free entry goes to the colour that lowers the inertia most.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..checks import check_integer, shown
from ..color import to_palette, to_points
from ..errors import OptionError, OptionTypeError
from ..types import Palette
from .clustering.lloyd import Clusters
from .histogram import Histogram, Sorted, pack, unpack

Bits: TypeAlias = tuple[int, int, int, int]
"""Bits of R, G, B and A, each 1..8."""

FULL: Bits = (8, 8, 8, 8)
_ROUNDS = 24  # maximum number of k-means iterations
_MOST_BINS = 1 << 16  # maximum number of bins


def to_bits(value: object) -> Bits:
    """Parse `posterize=`: None, a name such as "rgb565" or "rgba4444", (r, g, b) or (r, g, b, a)."""
    if value is None:
        return FULL
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, str):
        if not re.fullmatch(r"rgb[1-8]{3}|rgba[1-8]{4}", value.lower()):
            raise OptionError(f"posterize must be a name like 'rgb565' or 'rgba4444', not {shown(value)}")
        value = [int(digit) for digit in value if digit.isdigit()]
    if not isinstance(value, Sequence):
        raise OptionTypeError(f"posterize must be a name or bits like (5, 6, 5), not {type(value).__name__}")
    if len(value) not in (3, 4):
        raise OptionError(f"posterize must give bits for R, G and B, or for R, G, B and A, not {shown(value)}")
    r, g, b, a = (check_integer("posterize", bits, 1, 8) for bits in [*value, 8][:4])
    return r, g, b, a


def levels(bits: int) -> npt.NDArray[np.uint8]:
    """Return the 8-bit values of all 2**bits levels of a channel, ascending: their bits, repeated to fill 8."""
    repeated = [f"{level:0{bits}b}" * 8 for level in range(1 << bits)]
    return np.array([int(text[:8], 2) for text in repeated], np.uint8)


def representable(colors: Palette, bits: Bits) -> Palette:
    """Return the nearest representable colour, channel by channel, of straight RGBA colours uint8[m, 4]."""
    result = colors.copy()
    for channel, depth in enumerate(bits):
        if depth < 8:
            result[:, channel] = _nearest_level(levels(depth))[colors[:, channel]]
    return result


def _nearest_level(steps: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    distance = np.abs(np.arange(256)[:, None] - steps.astype(np.int64))
    nearest: npt.NDArray[np.uint8] = steps[np.argmin(distance, axis=1)]
    return nearest


def snap(points: npt.NDArray[Any], bits: Bits, space: str) -> Palette:
    """Return the representable colour nearest to each point [4, m] of a space, among the levels around its colour."""
    colors = to_palette(points, space)
    best, least = representable(colors, bits), np.full(len(colors), np.inf)
    around = []
    for channel, depth in enumerate(bits):
        steps = levels(depth)
        above = np.searchsorted(steps, colors[:, channel])
        below = np.maximum(above - (steps[above] > colors[:, channel]), 0)
        around.append((steps[below], steps[above]))
    for sides in product((0, 1), repeat=4 if bits[3] < 8 else 3):
        candidate = np.stack([around[c][side] for c, side in enumerate((*sides, 0)[:4])], axis=1)
        distance = np.square(to_points(candidate, space) - points).sum(axis=0)
        closer = distance < least
        best[closer], least[closer] = candidate[closer], distance[closer]
    best[best[:, 3] == 0] = 0
    return best


def posterize_palette(
    palette: Palette,
    colors: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    fixed: Palette,
    most: int,
    bits: Bits,
    space: str,
) -> Palette:
    """Turn a palette into one of representable colours.

    Args:
        palette: uint8[j, 4], the palette to start from.
        colors: visible packed colours, uint32[m], that the palette is for.
        weights: float64[m].
        fixed: uint8[f, 4], representable entries that must be in the palette.
        most: maximum number of entries.
        bits: bits per channel.
        space: space of the distance.

    Returns:
        uint8[k, 4], k <= most; fewer than `most` if more entries would not lower the inertia.
    """
    if not len(colors):
        return fixed
    distinct = Sorted(colors, weights)
    bins = distinct.merge(max(b for b in range(9) if distinct.counts[b] <= _MOST_BINS))
    points = to_points(bins.colors, space)
    cells = representable(np.floor(bins.colors + 0.5).astype(np.uint8), bits)
    cells[cells[:, 3] == 0] = 0
    entries = drop_duplicates(np.concatenate([fixed, snap(to_points(palette, space), bits, space)]))[:most]
    best, least = entries, np.inf
    for _ in range(_ROUNDS):
        labels, distances = _assign(points, bins, entries, space)
        inertia = float(np.dot(distances, bins.weights))
        if inertia >= least and len(entries) >= len(best):
            break
        if inertia < least:
            best, least = entries, inertia
        moved = _move_entries(points, bins, entries, labels, bits, space)
        entries = drop_duplicates(np.concatenate([fixed, moved]))[:most]
        entries = _fill(entries, most, points, bins, cells, space)
    return best


def _assign(
    points: npt.NDArray[np.float32], bins: Histogram, entries: Palette, space: str
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return entry and squared distance of each point; opaque points get opaque entries, if there are any."""
    labels, distances = np.empty(len(bins.weights), np.int32), np.empty(len(bins.weights), np.float32)
    opaque = np.flatnonzero(entries[:, 3] == 255).astype(np.int32)
    everything = np.arange(len(entries), dtype=np.int32)
    parts = [(slice(0, bins.translucent), everything)]
    parts.append((slice(bins.translucent, None), opaque if len(opaque) else everything))
    for part, numbers in parts:
        if len(labels[part]):
            chosen = to_points(entries[numbers], space)
            group = Clusters.start(np.ascontiguousarray(points[:, part]), bins.weights[part], chosen)
            group.assign()
            labels[part], distances[part] = numbers[group.labels], group.distances
    return labels, distances


def _move_entries(
    points: npt.NDArray[np.float32],
    bins: Histogram,
    entries: Palette,
    labels: npt.NDArray[np.int32],
    bits: Bits,
    space: str,
) -> Palette:
    """Return the best representable colour of each non-empty cluster; opaque entries stay opaque."""
    weight = np.bincount(labels, bins.weights, len(entries))
    used = weight > 0
    sums = np.stack([np.bincount(labels, bins.weights * points[c], len(entries)) for c in range(4)])
    means = sums[:, used] / weight[used]
    solid = entries[used, 3] == 255
    opaque_alpha = to_points(np.array([[0, 0, 0, 255]], np.uint8), space)[3, 0]
    means[3, solid] = opaque_alpha
    return snap(means, bits, space)


def _fill(
    entries: Palette,
    most: int,
    points: npt.NDArray[np.float32],
    bins: Histogram,
    cells: Palette,
    space: str,
) -> Palette:
    """Fill half of the free entries, at least one, with the colours that lower the inertia most."""
    free = most - len(entries)
    if free <= 0:
        return entries
    _, now = _assign(points, bins, entries, space)
    own = np.square(to_points(cells, space) - points).sum(axis=0)
    return add_colors(entries, cells, bins.weights * np.maximum(now - own, 0.0), max(1, free // 2))


def add_colors(entries: Palette, cells: Palette, gains: npt.NDArray[np.float64], most: int) -> Palette:
    """Add the colours whose points gain most by an entry of their own.

    Args:
        entries: uint8[k, 4].
        cells: representable colour of each point, uint8[n, 4].
        gains: by how much the inertia of each point would fall, float64[n].
        most: maximum number of new entries.
    """
    keys, cell_of = np.unique(pack(cells), return_inverse=True)
    gain = np.bincount(cell_of, gains, len(keys))
    gain[np.isin(keys, pack(entries))] = 0.0
    chosen = np.argsort(-gain, kind="stable")[:most]
    return np.concatenate([entries, unpack(keys[chosen[gain[chosen] > 0.0]])])


def drop_duplicates(palette: Palette) -> Palette:
    """Return the palette without duplicates, in order."""
    _, first = np.unique(pack(palette), return_index=True)
    return palette[np.sort(first)]
