"""Threshold matrices of ordered dithering: each value once, spread so that no grey level shows a coarse pattern.

Sources: B. E. Bayer, "An optimum method for two-level rendition of continuous-tone pictures", ICC 1973;
R. A. Ulichney, "The void-and-cluster method for dither array generation", Proc. SPIE 1913 (1993).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

_SIGMA = 1.5  # of the filter that finds voids and clusters, as Ulichney found best
_UNIT = 1 << 20  # filters are whole numbers, so that sums are the same everywhere
_SEEDS = 10  # one pixel in so many is set in the first pattern


def thresholds(matrix: str, size: int) -> Matrix:
    """Thresholds between 0 and 1, float32[size, size]: (rank + 1/2) / size**2."""
    ranks = bayer(size) if matrix == "bayer" else blue_noise(size)
    levels: Matrix = ((ranks + 0.5) / (size * size)).astype(np.float32)
    return levels


def bayer(size: int) -> npt.NDArray[np.int64]:
    """Bayer's matrix of ranks 0..size**2 - 1, int64[size, size]; size is a power of 2."""
    ranks = np.zeros((1, 1), np.int64)
    while len(ranks) < size:
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return ranks


@cache
def blue_noise(size: int) -> npt.NDArray[np.int64]:
    """Ranks 0..size**2 - 1 without low frequencies, int64[size, size], by void-and-cluster on a torus."""
    across = np.minimum(np.arange(size), size - np.arange(size))
    squares = across[:, None] ** 2 + across[None] ** 2
    doubled = np.tile(np.rint(_UNIT * np.exp(squares / (-2.0 * _SIGMA**2))).astype(np.int64), (2, 2))
    start = _first_pattern(size, doubled)
    ranks = np.full((size, size), -1, np.int64)
    pattern = _Pattern(start, doubled)
    for rank in range(int(start.sum()) - 1, -1, -1):
        ranks[pattern.flip(pattern.cluster())] = rank
    pattern = _Pattern(start, doubled)
    for rank in range(int(start.sum()), size * size):
        ranks[pattern.flip(pattern.void())] = rank
    ranks.setflags(write=False)
    return ranks


def _first_pattern(size: int, doubled: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """A tenth of the pixels, evenly spread: the tightest cluster moves to the largest void until that is its own."""
    chosen = np.zeros(size * size, bool)
    state = 1
    while chosen.sum() < max(1, size * size // _SEEDS):
        state = state * 6364136223846793005 + 1442695040888963407 & 0xFFFFFFFFFFFFFFFF
        chosen[(state >> 33) % (size * size)] = True
    pattern = _Pattern(chosen.reshape(size, size), doubled)
    while True:
        taken = pattern.flip(pattern.cluster())
        if pattern.flip(pattern.void()) == taken:
            return pattern.on


class _Pattern:
    """A binary pattern and its filtered density.

    From more than half the pixels on, Ulichney looks for clusters of what is off: with sums over all pixels being
    constant, these are the largest voids of what is on.
    """

    def __init__(self, on: npt.NDArray[np.bool_], doubled: npt.NDArray[np.int64]) -> None:
        self.on = np.zeros_like(on)
        self._size = len(on)
        self._doubled = doubled
        self._density = np.zeros(on.shape, np.int64)
        for y, x in np.argwhere(on).tolist():
            self.flip((y, x))

    def flip(self, at: tuple[int, int]) -> tuple[int, int]:
        """Set or clear a pixel."""
        y, x = self._size - at[0], self._size - at[1]
        near = self._doubled[y : y + self._size, x : x + self._size]
        if self.on[at]:
            self._density -= near
        else:
            self._density += near
        self.on[at] = not self.on[at]
        return at

    def cluster(self) -> tuple[int, int]:
        """The pixel that is on in the densest place, the first of equals."""
        return self._at(int(np.argmax(np.where(self.on, self._density, -1))))

    def void(self) -> tuple[int, int]:
        """The pixel that is off in the emptiest place, the first of equals."""
        return self._at(int(np.argmin(np.where(self.on, np.iinfo(np.int64).max, self._density))))

    def _at(self, flat: int) -> tuple[int, int]:
        return divmod(flat, self._size)
