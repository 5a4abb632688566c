"""Where a pixel's colour may lie on each axis, by its neighbours (docs/FORMAT.md, section 7.7, "Prediction")."""

from __future__ import annotations

from .mixer_kernel import bounded

NEAR, PLACED = 12, 14
"""Neighbours, and with a median and a guess."""

TAP_LIMIT = 32767


def predict(count, scratch, places, axes):  # type: ignore[no-untyped-def]
    """On each axis twice the places of the neighbours in scratch, of the median of W, N and W + N - NW, and of a guess.

    The guess is a sum of eight neighbours' differences to (W + N) / 2, each times a tap.
    """
    for axis in range(count):
        column = axis << 8
        row = axis << 4
        for i in range(NEAR):
            places[row + i] = 2 * axes[column + scratch[32 + i]]
        w = 0 + places[row]
        n = 0 + places[row + 1]
        places[row + 12] = max(min(w, n), min(max(w, n), w + n - places[row + 2]))
        middle = (w + n) >> 1
        total = 0
        energy = 64
        for i in range(8):
            difference = places[row + i] - middle
            scratch[64 + 8 * axis + i] = difference
            total += scratch[96 + 8 * axis + i] * difference
            energy += difference * difference
        places[row + 13] = middle + bounded(total >> 14, 4095)
        scratch[52 + axis] = energy


def adjust(count, symbol, scratch, places, axes):  # type: ignore[no-untyped-def]
    """Move the taps towards a better guess of the symbol's place on each axis."""
    for axis in range(count):
        energy = 0 + scratch[52 + axis]
        if energy > 64:
            error = 2 * axes[(axis << 8) + symbol] - places[(axis << 4) + 13]
            rate = (abs(error) << 16) // energy
            if error < 0:
                rate = -rate
            for i in range(8):
                change = (5 * rate * scratch[64 + 8 * axis + i] + 512) >> 10
                scratch[96 + 8 * axis + i] = bounded(scratch[96 + 8 * axis + i] + change, TAP_LIMIT)
