"""Prediction of a pixel's colour on each axis from its neighbours (docs/FORMAT.md, section 7.7, "Prediction")."""

from __future__ import annotations

from .layout import DIFFERENCES, ENERGIES, MEDIAN, NEAR, NEIGHBORS, PREDICTED, TAPS
from .mixer_kernel import bounded

TAP_LIMIT = 32767


def predict(count, scratch, places, axes):  # type: ignore[no-untyped-def]
    """Set `places`, twice the coordinates of the neighbours, of a median and of a prediction, on each of `count` axes.

    The median is that of W, N and W + N - NW. The prediction is (W + N) / 2 plus a weighted sum of eight neighbours'
    differences to that.
    """
    for axis in range(count):
        column = axis << 8
        row = axis << 4
        for i in range(NEAR):
            places[row + i] = 2 * axes[column + scratch[NEIGHBORS + i]]
        w = 0 + places[row]
        n = 0 + places[row + 1]
        places[row + MEDIAN] = max(min(w, n), min(max(w, n), w + n - places[row + 2]))
        middle = (w + n) >> 1
        total = 0
        energy = 64
        for i in range(8):
            difference = places[row + i] - middle
            scratch[DIFFERENCES + 8 * axis + i] = difference
            total += scratch[TAPS + 8 * axis + i] * difference
            energy += difference * difference
        places[row + PREDICTED] = middle + bounded(total >> 14, 4095)
        scratch[ENERGIES + axis] = energy


def adapt_taps(count, symbol, scratch, places, axes):  # type: ignore[no-untyped-def]
    """Move the coefficients of the prediction towards the symbol's coordinate on each of `count` axes."""
    for axis in range(count):
        energy = 0 + scratch[ENERGIES + axis]
        if energy > 64:
            error = 2 * axes[(axis << 8) + symbol] - places[(axis << 4) + PREDICTED]
            rate = (abs(error) << 16) // energy
            if error < 0:
                rate = -rate
            for i in range(8):
                change = (5 * rate * scratch[DIFFERENCES + 8 * axis + i] + 512) >> 10
                scratch[TAPS + 8 * axis + i] = bounded(scratch[TAPS + 8 * axis + i] + change, TAP_LIMIT)
