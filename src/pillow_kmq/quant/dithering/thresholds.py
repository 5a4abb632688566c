"""Threshold matrices of ordered dithering: permutations without coarse patterns at any grey level.

Sources: B. E. Bayer, "An optimum method for two-level rendition of continuous-tone pictures", ICC 1973; R. A. Ulichney,
"The void-and-cluster method for dither array generation", Proc. SPIE 1913 (1993).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

_SIGMA = 1.5  # sigma of the filter that finds voids and clusters, Ulichney's best value
_UNIT = 1 << 20  # scale of integer filters, so that sums are exact on all platforms
_SEEDS = 10  # one pixel in _SEEDS is set in the first pattern


def thresholds(matrix: str, size: int) -> Matrix:
    """Return thresholds between 0 and 1, float32[size, size]: (rank + 1/2) / size**2."""
    ranks = bayer(size) if matrix == "bayer" else blue_noise(size)
    levels: Matrix = ((ranks + 0.5) / (size * size)).astype(np.float32)
    return levels


def bayer(size: int) -> npt.NDArray[np.int64]:
    """Return Bayer's matrix of ranks 0..size**2 - 1, int64[size, size]; size is a power of 2."""
    ranks = np.zeros((1, 1), np.int64)
    while len(ranks) < size:
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return ranks


@cache
def blue_noise(size: int) -> npt.NDArray[np.int64]:
    """Return ranks 0..size**2 - 1 without low frequencies, int64[size, size], by void-and-cluster on a torus."""
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
    """Return a tenth of the pixels, spread evenly by moving the tightest cluster to the largest void."""
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

    Above half density, Ulichney looks for clusters of pixels that are off; as sums over all pixels are constant, these
    are the largest voids of pixels that are on.
    """

    def __init__(self, on: npt.NDArray[np.bool_], doubled: npt.NDArray[np.int64]) -> None:
        self.on = np.zeros_like(on)
        self._size = len(on)
        self._doubled = doubled
        self._density = np.zeros(on.shape, np.int64)
        for y, x in np.argwhere(on).tolist():
            self.flip((y, x))

    def flip(self, at: tuple[int, int]) -> tuple[int, int]:
        """Flip a pixel and return it."""
        y, x = self._size - at[0], self._size - at[1]
        near = self._doubled[y : y + self._size, x : x + self._size]
        if self.on[at]:
            self._density -= near
        else:
            self._density += near
        self.on[at] = not self.on[at]
        return at

    def cluster(self) -> tuple[int, int]:
        """Return the pixel that is on at the highest density, the first of equals."""
        return self._at(int(np.argmax(np.where(self.on, self._density, -1))))

    def void(self) -> tuple[int, int]:
        """Return the pixel that is off at the lowest density, the first of equals."""
        return self._at(int(np.argmin(np.where(self.on, np.iinfo(np.int64).max, self._density))))

    def _at(self, flat: int) -> tuple[int, int]:
        return divmod(flat, self._size)
