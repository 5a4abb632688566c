"""Orders of palette entries for PNG files.

Row filters predict a pixel from its neighbours, so that filtered rows are small if entries that meet in the picture are
close in the palette. The search starts with modified Zeng reindexing and improves it by exchanges of two entries.
Without a filter, an order matters little, except that each row begins with the byte 0.

Sums are integers in double precision, exact whatever the order of addition.

Literature: A. Pinho and A. Neves, "A note on Zeng's technique for color reindexing of palette-based images", IEEE
Signal Processing Letters 11 (2004); "A survey on palette reordering methods", IEEE Trans. Image Processing 13 (2004).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..quant.palette_order import luma
from ..types import Indices, Palette

Order = npt.NDArray[np.intp]
"""Entries, as indices into the palette, in their new order."""

_BLOCK = 1 << 20  # pixels counted at a time
_MAX_EXCHANGES = 100  # further ones hardly make files smaller
_SCALE = 256  # distances are integers in units of 1 / _SCALE


def edge_first(indices: Indices, order: Order, first: int) -> Order:
    """Move the entry of most pixels at the left and right edges to the front, next to the 0 that begins a row.

    Args:
        indices: uint8[h, w].
        order: The order to change.
        first: Number of entries at the start of `order` to choose among; 0 for all.
    """
    pixels = np.bincount(indices[:, 0], minlength=256) + np.bincount(indices[:, -1], minlength=256)
    candidates = order[: first or len(order)]
    best = candidates[np.argmax(pixels[candidates])]
    return np.concatenate([[best], order[order != best]])


def luma_order(palette: Palette) -> Order:
    """Return the entries of uint8[k, 4] by alpha, those of the same alpha by luma."""
    return np.lexsort((luma(palette), palette[:, 3]))


def neighbour_orders(indices: Indices, entries: int, transparent: int, count: int) -> list[Order]:
    """Return orders in which entries that are next to each other in the picture are close.

    Args:
        indices: uint8[h, w], all below `entries`.
        entries: Number of palette entries, 1..256.
        transparent: Number of entries at the start of the palette that must stay in front of the others.
        count: 1 for the order improved from modified Zeng reindexing, 2 for that improved from the given one, too.
    """
    pairs = _neighbours(indices, entries)
    found = [_improved(start, pairs) for start in (_reindexed(pairs), np.arange(entries))[:count]]
    return [np.concatenate([order[order < transparent], order[order >= transparent]]) for order in found]


def _neighbours(indices: Indices, entries: int) -> npt.NDArray[np.float64]:
    """Count how often two entries are next to each other, horizontally or vertically; symmetric, [k, k]."""
    counts = np.zeros(entries * entries, np.int64)
    rows = max(1, _BLOCK // indices.shape[1])
    for top in range(0, len(indices), rows):
        block = indices[top : top + rows + 1].astype(np.int32)
        beside, below = block[:rows], block
        for left, right in ((beside[:, :-1], beside[:, 1:]), (below[:-1], below[1:])):
            counts += np.bincount((left * entries + right).reshape(-1), minlength=len(counts))
    pairs = counts.reshape(entries, entries)
    pairs = pairs + pairs.T
    np.fill_diagonal(pairs, 0)
    return pairs.astype(np.float64)


def _reindexed(pairs: npt.NDArray[np.float64]) -> Order:
    """Grow a chain: add the entry that meets the chain most often, at the end that it is closer to."""
    entries = len(pairs)
    chain = [int(value) for value in np.unravel_index(pairs.argmax(), pairs.shape)][: min(entries, 2)]
    chain = chain if len(set(chain)) == len(chain) else [0]  # nothing meets
    left = np.ones(entries, bool)
    left[chain] = False
    meets = pairs[chain].sum(axis=0)
    while left.any():
        entry = int(np.where(left, meets, -1).argmax())
        towards_start = len(chain) - 1 - 2 * np.arange(len(chain))
        chain.insert(0 if pairs[entry, chain] @ towards_start > 0 else len(chain), entry)
        left[entry] = False
        meets += pairs[entry]
    return np.array(chain, np.intp)


def _improved(order: Order, pairs: npt.NDArray[np.float64]) -> Order:
    """Exchange two entries as long as that reduces the sum of log2(1 + distance) over all pairs of neighbours."""
    distances = _distances(len(order))
    order = order.copy()
    pairs = pairs[np.ix_(order, order)]
    costs = pairs @ distances  # [entry, index]: what an entry would cost there
    for _ in range(_MAX_EXCHANGES):
        now = np.diagonal(costs)
        gains = now[:, None] + now - costs - costs.T - 2 * pairs * distances
        a, b = (int(value) for value in np.unravel_index(gains.argmax(), gains.shape))
        if gains[a, b] <= 0:
            break
        costs += np.outer(pairs[:, a] - pairs[:, b], distances[b] - distances[a])
        for array in (costs, pairs):
            array[[a, b]] = array[[b, a]]
        pairs[:, [a, b]] = pairs[:, [b, a]]
        order[[a, b]] = order[[b, a]]
    return order


def _distances(entries: int) -> npt.NDArray[Any]:
    index = np.arange(entries)
    return np.rint(_SCALE * np.log2(1 + np.abs(index[:, None] - index)))
