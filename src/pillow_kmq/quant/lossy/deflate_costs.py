"""Costs in bits of the literals and matches of deflate, as those of Huffman codes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels.types import f64_1d, i32_1d
from ...types import Indices

LEAST, MOST = 3, 258
"""Lengths of a match."""

FARTHEST = 1 << 15
"""The greatest distance of a match."""

UNIT = 256
"""Costs per bit."""

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


def expected(indices: Indices) -> Counts:
    """Return counts to begin with."""
    literal = np.bincount(indices.reshape(-1), minlength=256) / 16
    length, distance = np.zeros(MOST + 1), np.zeros(FARTHEST + 1)
    length[_LENGTHS] = literal.sum() / 8 * np.exp2(-np.arange(len(_LENGTHS)))
    distance[_DISTANCES] = length.sum() / len(_DISTANCES)
    return Counts(literal, length, distance)


def costs_of(counts: Counts) -> Costs:
    """Return the costs that follow from counts."""
    lengths = np.add.reduceat(counts.length, _LENGTHS)
    symbols = _bits(np.concatenate([counts.literal, lengths]))
    length = _spread(symbols[256:], _LENGTHS, MOST)
    length[:LEAST] = length[LEAST]
    distances = np.add.reduceat(counts.distance, _DISTANCES)
    return Costs(symbols[:256], length, _spread(_bits(distances), _DISTANCES, FARTHEST))


def _bits(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    shares = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    bits: npt.NDArray[np.int32] = np.rint(-np.log2(shares) * UNIT).astype(np.int32)
    return bits


def _spread(costs: npt.NDArray[np.int32], least: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int32]:
    """Return the cost of each number from that of its code, with the bits that follow the code."""
    sizes = np.diff(least, append=most + 1)
    extra = np.ceil(np.log2(sizes)).astype(np.int32) * UNIT
    return np.concatenate([np.zeros(least[0], np.int32), np.repeat(costs + extra, sizes)])
