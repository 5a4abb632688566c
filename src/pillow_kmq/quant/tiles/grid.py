"""The pixels of an image by tile and colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...color import to_points
from ..histogram import VISIBLE, unpack
from .sums_kernel import add_errors, add_weights

Floats = npt.NDArray[np.float32]

_FEWEST_BITS = 5  # per channel of bins


@dataclass(frozen=True)
class Contents:
    """The colours of tiles: a weighted pair of tile and colour for each colour of each tile.

    Attributes:
        points: float32[4, n], the colours in a working space, in Morton order.
        tiles: int64[m], the tile of a pair, ascending.
        colors: int64[m], the colour of a pair.
        weights: float64[m], number of pixels.
        number: number of tiles.
    """

    points: Floats
    tiles: npt.NDArray[np.int64]
    colors: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    number: int

    def errors(self, distances: Floats) -> npt.NDArray[np.float64]:
        """Return the error of each tile, float64[number], from the squared distance of each colour, [n]."""
        errors = np.zeros(self.number)
        add_errors(self.tiles, self.colors, self.weights, distances, errors)
        return errors

    def weights_by_group(self, groups: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.float64]:
        """Return the weight of each colour in each group of tiles, float64[count, n]; groups: int64[number]."""
        sums = np.zeros((count, self.points.shape[1]))
        add_weights(self.tiles, self.colors, self.weights, groups, sums)
        return sums

    @cached_property
    def means(self) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """The mean points [4, t], weights [t] and numbers [t] of the tiles that have colours."""
        total = sum_by(self.tiles, self.weights, self.number)
        used = np.flatnonzero(total)
        sums = [sum_by(self.tiles, self.weights * row[self.colors], self.number) for row in self.points]
        means = np.stack([row[used] / total[used] for row in sums]).astype(np.float32)
        return means, total[used].astype(np.float32), used


class Grid:
    """Tiles of an image and the distinct colours of its visible pixels.

    Attributes:
        rows, columns: number of tiles; those at the right and lower edge may be partial.
        tiles: int64[h, w], tile of each pixel, row by row.
        visible: bool[h, w].
        colors: uint8[n, 4], distinct opaque colours in Morton order.
        inverse: int64[number of visible pixels], colour of each.
    """

    def __init__(self, pixels: npt.NDArray[np.uint32], tile: tuple[int, int]) -> None:
        """Sort pixels, packed uint32[h, w], each opaque or fully transparent, into tiles of (width, height)."""
        height, width = pixels.shape
        self.rows, self.columns = -(-height // tile[1]), -(-width // tile[0])
        row, column = np.arange(height) // tile[1], np.arange(width) // tile[0]
        self.tiles = row[:, None] * self.columns + column
        self.visible = pixels >= VISIBLE
        colors = unpack(pixels[self.visible])
        self._codes, first, self.inverse = np.unique(_morton_codes(colors), return_index=True, return_inverse=True)
        self.colors = colors[first]

    @property
    def number(self) -> int:
        """Number of tiles."""
        return self.rows * self.columns

    def exact(self, space: str) -> Contents:
        """Return the contents of all tiles."""
        return self._contents(to_points(self.colors, space), self.inverse)

    def binned(self, space: str, most: int) -> Contents:
        """Return the contents of all tiles, with similar colours merged if there are more than `most`."""
        points = to_points(self.colors, space)
        for bits in range(8, _FEWEST_BITS - 1, -1):
            _, bins = np.unique(self._codes >> (3 * (8 - bits)), return_inverse=True)
            n = int(bins.max(initial=-1)) + 1
            if n <= most:
                break
        weights = np.bincount(self.inverse, minlength=len(self.colors)).astype(np.float64)
        sums = np.stack([sum_by(bins, weights * row, n) for row in points])
        means = sums / sum_by(bins, weights, n)
        return self._contents(means.astype(np.float32), bins[self.inverse])

    def _contents(self, points: Floats, color_of_pixel: npt.NDArray[np.int64]) -> Contents:
        n = points.shape[1]
        cells, counts = np.unique(self.tiles[self.visible] * n + color_of_pixel, return_counts=True)
        return Contents(points, cells // max(1, n), cells % max(1, n), counts.astype(np.float64), self.number)


def sum_by(groups: npt.NDArray[np.int64], values: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Return the sum of the values in each group, float64[count], added in order."""
    return np.bincount(groups, values, count).astype(np.float64, copy=False)


def _morton_codes(colors: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return the interleaved bits of R, G and B, so that similar colours mostly have similar codes."""
    bytes_ = np.arange(256, dtype=np.uint32)
    spread = np.zeros(256, np.uint32)
    for bit in range(8):
        spread |= (bytes_ >> np.uint32(bit) & np.uint32(1)) << np.uint32(3 * bit)
    red, green, blue = spread[colors[:, 0]], spread[colors[:, 1]], spread[colors[:, 2]]
    return red << np.uint32(2) | green << np.uint32(1) | blue
