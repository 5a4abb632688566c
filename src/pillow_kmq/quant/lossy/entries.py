"""The entries of a palette, as the lossy choice of indices sees them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...color import LINEAR, to_points
from ...kernels.types import f32_2d, f64_1d, flag_1d, i16_2d
from ...types import Palette


class Entries(NamedTuple):
    """Made by `entries_of`.

    Attributes:
        points: float32[k, 4], in Oklab times 100.
        kinds: int16[1, k], 0 for fully transparent, 1 for translucent, 2 for opaque.
        locked: bool[k], entries kept wherever they are exact.
        linear: color.LINEAR.
        near: int16[k, n], further entries to try for each entry.
    """

    points: f32_2d
    kinds: i16_2d
    locked: flag_1d
    linear: f64_1d
    near: i16_2d


def entries_of(palette: Palette, fixed: Palette, near: int = 0) -> Entries:
    """Return the entries of a palette.

    Args:
        palette: uint8[k, 4].
        fixed: uint8[f, 4], colours whose pixels stay exact.
        near: number of nearest entries to try.
    """
    points = np.ascontiguousarray(to_points(palette, "oklab").T)
    kinds = np.where(palette[:, 3] == 0, 0, np.where(palette[:, 3] < 255, 1, 2)).astype(np.int16)
    locked = (palette[:, None] == fixed).all(2).any(1)
    order = np.argsort(_squares(points, kinds), axis=1, kind="stable")[:, :near]
    return Entries(points, kinds[None], locked, LINEAR, np.ascontiguousarray(order, np.int16))


def spacing_of(entries: Entries) -> npt.NDArray[np.float64]:
    """Return the squared distance of each entry to the nearest other one of its kind, float64[k]; 0 if none."""
    nearest = _squares(entries.points, entries.kinds[0]).min(1)
    return np.where(np.isfinite(nearest), nearest, 0.0)


def _squares(points: npt.NDArray[np.float32], kinds: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Return the squared distances of entries, float64[k, k], infinite to themselves and to those of another kind."""
    squares = np.zeros((len(points), len(points)))
    for coordinate in points.T.astype(np.float64):
        squares += np.square(coordinate[:, None] - coordinate)
    squares[(kinds[:, None] != kinds) | np.eye(len(squares), dtype=bool)] = np.inf
    return squares
