"""From the strength of `lossy=`, in points of SSIMULACRA2, to the parameters of a picture.

How much error goes unnoticed depends on how much there already is: the weight of a bit grows with the mean squared
distance of pixels to their nearest entries. Constants were fitted to photos with 16, 64 and 256 colours
(benchmarks/results/lossy.md).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...types import Palette
from ..dithering.gamut import Gamut
from ..nearest import nearest_finder, remap
from ..options import Options
from ..source import Source
from .entries import Entries, spacing_of
from .errors import squared_error

_ROWS = 32  # rows in which the error is measured
_FITTED = {
    "kmq": ((0.22, 1.0, 0.6), (0.097, 0.62, 0.75)),
    "png": ((0.1, 1.05, 0.53), (0.072, 0.65, 0.66)),
    "gif": ((0.25, 1.0, 0.68), (0.125, 0.45, 0.72)),
}
"""Factor, power of the error and power of the strength, by format, and by whether the picture is dithered."""
_EXACT = 1 / 8  # mean squared error, in squared distances to the nearest other entry
_POINT = 0.05  # mean squared error that a point of SSIMULACRA2 is worth, as a fraction
_FARTHEST = 12.0  # squared error that is allowed, in mean squared errors


class Weights(NamedTuple):
    """Parameters of a picture.

    Attributes:
        bit: squared distance that a bit is worth.
        limit: squared error that is allowed even where it was smaller before.
    """

    bit: float
    limit: float


def weights_for(strength: float, error: float, *, dithered: bool, format_: str) -> Weights:
    """Return the parameters for a strength.

    Args:
        strength: more than 0, about as many points of SSIMULACRA2.
        error: mean squared distance of pixels to their nearest entries, in Oklab times 100.
        dithered: whether the picture is dithered.
        format_: format whose bits these are: "kmq", "png" or "gif".
    """
    factor, power, growth = _FITTED[format_][dithered]
    return Weights(_round(factor * math.pow(error, power) * math.pow(strength, growth)), _FARTHEST * error)


def _round(number: float) -> float:
    """Return a number with 4 significant digits: more of them may depend on the machine."""
    return float(f"{number:.4g}")


def tightened(options: Options) -> Options:
    """Return options whose quality target makes up for what `lossy` loses.

    A point of SSIMULACRA2 is worth about as much as a twentieth of the mean squared error of a palette.
    """
    if options.aim is None or options.aim.unit != "quality":
        return options
    return replace(options, aim=replace(options.aim, wanted=options.aim.wanted / (1.0 + _POINT * options.lossy)))


def mean_error(source: Source, palette: Palette, gamut: Gamut | None, entries: Entries) -> float:
    """Return the mean squared distance in Oklab times 100 of pixels to their nearest entries, from some rows.

    If all pixels are exact, return what is typical of a picture with a palette as dense as this one.
    """
    find, width = nearest_finder(palette, "oklab"), source.width
    rows = sorted({(2 * number + 1) * source.height // (2 * _ROWS) for number in range(_ROWS)})
    spacing, total, distances = spacing_of(entries), 0.0, 0.0
    for y in rows:
        pixels = source.rows(y, y + 1)
        if gamut:
            pixels = gamut.map_pixels(pixels)
        nearest = np.empty((1, width), np.uint8)
        remap(find, pixels.ravel(), nearest.reshape(-1))
        total += squared_error(pixels, nearest, entries)
        distances += float(spacing[nearest].sum())
    return _round((total or distances * _EXACT) / (len(rows) * width))
