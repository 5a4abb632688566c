"""Choice of indices by rate and distortion: each pixel takes the entry with the least D + lambda R.

D is the distortion of `errors`. R is the estimated cost in bits of the pixel's index and of those to the right and
below, whose contexts change with it. The
entries tried are those of four neighbours and of the previous frame: others hardly ever cost less. For LZW, entries
near that of the pixel are tried, too: one that is frequent in the picture costs less anywhere.

An index changes only to one that costs no more bits, so no dots appear where there were none. Pixels of exactly the
colour of their entry stay if two neighbours have the same colour, too: flat areas, letters, lines.

Source: rate-distortion optimised quantisation as in video encoders.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f32, f32_1d, f32_2d, flag, i64, u8_2d
from ...types import Indices
from .costs import Costs
from .entries import Entries
from .errors import LOCAL, REACH, WINDOW, Errors, change_error, dot, error_at, is_exact, is_flat, slopes, step_to
from .rate import motion, own_bits, right_bits, surroundings, under_bits

LZW_NEAR = 5
"""Nearest entries to try for LZW."""

_TRIES = 5  # entries tried: those of W, N, E, S and of the previous frame
_DONE = 255  # mark of a pixel that is not considered again unless a neighbour changes


def _best(v, error, slope, square, weight, limit, entries, costs, around, moved, x, y, width, height):  # type: ignore[no-untyped-def]
    """Return the entry of the least cost for a pixel whose entry is v.

    Args:
        v: its entry.
        error: its error, four numbers.
        slope: see `slopes`.
        square: distortion by a squared change of a single error.
        weight: distortion that a bit is worth.
        limit: squared error that is allowed even where it was smaller before.
        entries: the palette.
        costs: the `Costs`.
        around: see `surroundings`.
        moved: see `motion`.
        x: its column.
        y: its row.
        width: columns of the picture.
        height: rows of the picture.
    """
    bits = own_bits(costs, v, around, moved)
    if x + 1 < width:
        bits += right_bits(costs, v, around, moved, y == 0)
    if y + 1 < height:
        bits += under_bits(costs, v, around, moved, x == 0, x + 1 == width)
    allowed = max(limit, dot(error, error))
    worth = np.float32(1.0) / weight
    best, least = v, np.float32(0.0)
    for t in range(_TRIES + entries.near.shape[1]):
        if t < _TRIES:
            c = around[t] if t < _TRIES - 1 else moved[0]
        else:
            c = np.int64(entries.near[v, t - _TRIES])
        if c < 0 or c in (v, best) or entries.kinds[0, c] != entries.kinds[0, v]:
            continue
        step = step_to(entries.points, v, c)
        distortion = square * dot(step, step) + np.float32(2.0) * dot(step, slope)
        room = min(bits, bits - (distortion - least) * worth)  # bits that it may cost
        if room <= np.float32(0.0):
            continue
        new = error[0] + step[0], error[1] + step[1], error[2] + step[2], error[3] + step[3]
        if dot(new, new) > allowed:
            continue
        spent = own_bits(costs, c, around, moved)
        if spent < room and x + 1 < width:
            spent += right_bits(costs, c, around, moved, y == 0)
        if spent < room and y + 1 < height:
            spent += under_bits(costs, c, around, moved, x == 0, x + 1 == width)
        if spent < room:
            best, least = c, distortion + weight * (spent - bits)
    return best


def _mark_around(marks, row, x, number):  # type: ignore[no-untyped-def]
    """Mark the neighbours of a pixel, whose costs its change has altered."""
    height, width = marks.shape
    for y in range(max(row - 1, 0), min(row + 2, height)):
        for column in range(max(x - 1, 0), min(x + 2, width)):
            if y != row or column != x:
                marks[y, column] = number


@kernel
def _choose(
    indices: u8_2d,
    before: u8_2d,
    animated: flag,
    marks: u8_2d,
    sweep: i64,
    start: i64,
    weights: f32_2d,
    limit: f32,
    errors: Errors,
    entries: Entries,
    costs: Costs,
    window: f32_1d,
    local: f32,
) -> None:
    """Choose better indices for some rows, one pixel after the other.

    Args:
        indices: uint8[h, w], changed.
        before: uint8[h, w], the previous frame, or any array.
        animated: whether there is a previous frame.
        marks: uint8[n, w], number of the sweep in which each pixel is considered next, changed.
        sweep: number of this sweep, from 0.
        start: the first row.
        weights: float32[n, w], distortion that a bit is worth; 0 keeps the index.
        limit: squared error that is allowed even where it was smaller before.
        errors: those of the rows, changed.
        entries: the palette.
        costs: bits of indices.
        window: float32[REACH + 1], from the centre outwards.
        local: share of the errors of local means in the distortion, 0..1.
    """
    height, width = indices.shape
    still = np.float32(0.0)
    square = np.float32(1.0) - local + local * window[0] * window[0]
    for y in range(start, start + weights.shape[0]):
        row = y - start + REACH
        for x in range(width):
            weight, v = weights[y - start, x], np.int64(indices[y, x])
            if weight == still or marks[y - start, x] > sweep + 1 or entries.kinds[0, v] == 0:
                continue
            marks[y - start, x] = _DONE
            around, moved = surroundings(indices, x, y), motion(indices, before, animated, x, y)
            if v == around[0] == around[1] == around[2] == around[3] and (not animated or v == moved[0]):
                continue
            at = 4 * (x + REACH)
            if is_exact(errors, row, at) and (entries.locked[v] or is_flat(indices, y, x, errors, row, at)):
                continue
            error, slope = error_at(errors, row, at), slopes(errors, row, at, window, local)
            best = _best(v, error, slope, square, weight, limit, entries, costs, around, moved, x, y, width, height)
            if best != v:
                indices[y, x] = best
                _mark_around(marks, y - start, x, sweep + 1)
                change_error(errors, row, at, step_to(entries.points, v, best), window)


KERNELS = (_choose,)


def choose(
    indices: Indices,
    before: Indices | None,
    marks: npt.NDArray[np.uint8],
    sweep: int,
    start: int,
    weights: npt.NDArray[np.float32],
    limit: float,
    errors: Errors,
    entries: Entries,
    costs: Costs,
) -> None:
    """Choose better indices for the rows from `start` on; see `_choose`."""
    animated = before is not None
    seen = indices if before is None else before
    _choose(indices, seen, animated, marks, sweep, start, weights, limit, errors, entries, costs, WINDOW, LOCAL)
