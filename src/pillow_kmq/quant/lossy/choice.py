"""Choice of indices by rate and distortion: each pixel takes the entry with the least D + lambda R.

D is a squared error in Oklab with a term for low frequencies, as local means matter most to the eye. With e
the error of each pixel and b a nearly binomial window, it is the sum over all pixels of e (e + 5 b * e) / 6. R is the
estimated cost in bits of the pixel's index and of those to the right and below, whose contexts change with it. The
entries tried are those of four neighbours and of the previous frame: others hardly ever cost less. For LZW, entries
near that of the pixel are tried, too: one that is frequent in the picture costs less anywhere.

An index changes only to one that costs no more bits, so no dots appear where there were none. Pixels of exactly the
colour of their entry stay if two neighbours have the same colour, too: flat areas, letters, lines.

Sources: rate-distortion optimised quantisation as in video encoders; for D, direct binary search as in M. Analoui and
J. P. Allebach, "Model-based halftoning using direct binary search", Proc. SPIE 1666 (1992).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...color import LINEAR, SPACES, to_point, to_points
from ...kernels import kernel
from ...kernels.types import f32, f32_1d, f32_2d, f64_1d, flag, flag_1d, i16_2d, i64, u8_2d, u32_2d
from ...types import Indices, Palette
from .costs import Costs
from .rate import motion, own_bits, right_bits, surroundings, under_bits

Errors = npt.NDArray[np.float32]

REACH = 3
"""Rows above and below a pixel that its error is averaged over."""

WINDOW = (np.array([70, 56, 28, 8]) / 254).astype(np.float32)
"""Weights of the rows and columns that it is averaged over: nearly binomial, from the centre outwards."""

LOCAL = np.float32(5 / 6)
"""Share of the errors of local means in the distortion."""

_OKLAB = SPACES["oklab"]
_NEAR = 5  # nearest entries tried for LZW
_TRIES = 5  # entries tried: those of W, N, E, S and of the previous frame
_DONE = 255  # mark of a pixel that is not considered again unless a neighbour changes


class Entries(NamedTuple):
    """The palette; made by `entries_of`.

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


@kernel
def _measure(pixels: u32_2d, indices: u8_2d, first: i64, entries: Entries, margin: i64, errors: f32_2d) -> None:
    """Write the error of each pixel: its entry less its colour.

    Args:
        pixels: uint32[m, w], packed.
        indices: uint8[h, w], of which the rows first <= y < first + m are those of the pixels.
        first: number of the first row.
        entries: the palette.
        margin: floats at the start of a row of errors.
        errors: float32[m, 4 * w + 2 * margin], written.
    """
    for y in range(pixels.shape[0]):
        last = np.uint32(0)
        p0, p1, p2, p3 = 0.0, 0.0, 0.0, 0.0
        for x in range(pixels.shape[1]):
            value = pixels[y, x]
            if value != last or x == 0:
                r, g = np.float64(value & np.uint32(255)), np.float64(value >> np.uint32(8) & np.uint32(255))
                b, a = np.float64(value >> np.uint32(16) & np.uint32(255)), np.float64(value >> np.uint32(24))
                p0, p1, p2, p3 = to_point(r, g, b, a, _OKLAB, entries.linear)
                last = value
            j, at = np.int64(indices[first + y, x]), margin + 4 * x
            errors[y, at] = entries.points[j, 0] - np.float32(p0)
            errors[y, at + 1] = entries.points[j, 1] - np.float32(p1)
            errors[y, at + 2] = entries.points[j, 2] - np.float32(p2)
            errors[y, at + 3] = entries.points[j, 3] - np.float32(p3)


@kernel
def _sum_columns(errors: f32_2d, window: f32_1d, columns: f32_2d) -> None:
    """Write the windowed sums of errors along columns, for the rows but the first and last REACH.

    Args:
        errors: float32[n + 2 * REACH, 4 * (w + 2 * REACH)].
        window: float32[REACH + 1], from the centre outwards.
        columns: float32, of the shape of errors, written.
    """
    for y in range(REACH, errors.shape[0] - REACH):
        row, sums = errors[y], columns[y]
        for i in range(errors.shape[1]):
            sums[i] = window[0] * row[i]
        for d in range(1, REACH + 1):
            above, below, part = errors[y - d], errors[y + d], window[d]
            for i in range(errors.shape[1]):
                sums[i] += part * (above[i] + below[i])


def _change_error(errors, columns, y, at, step, window):  # type: ignore[no-untyped-def]
    """Add a step to the error of a pixel, and to the sums of its column."""
    for i in range(4):
        errors[y, at + i] += step[i]
        for d in range(-REACH, REACH + 1):
            columns[y + d, at + i] += window[abs(d)] * step[i]


def _mean(sums, window, at):  # type: ignore[no-untyped-def]
    """Return the windowed sum of errors around a pixel, in one coordinate."""
    mean = window[0] * sums[at]
    for d in range(1, REACH + 1):
        mean += window[d] * (sums[at - 4 * d] + sums[at + 4 * d])
    return mean


def is_exact(errors, y, at):  # type: ignore[no-untyped-def]
    zero = np.float32(0.0)
    return (
        errors[y, at] == zero and errors[y, at + 1] == zero and errors[y, at + 2] == zero and errors[y, at + 3] == zero
    )


def is_flat(indices, y, x, errors, row, at):  # type: ignore[no-untyped-def]
    """Return whether at least two of the eight neighbours have exactly the same colour as an exact pixel."""
    height, width = indices.shape
    same = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if (dy or dx) and 0 <= y + dy < height and 0 <= x + dx < width:
                same += indices[y + dy, x + dx] == indices[y, x] and is_exact(errors, row + dy, at + 4 * dx)
    return same >= 2


def difference(points, v, c):  # type: ignore[no-untyped-def]
    """Return the difference of entry c to entry v."""
    return (
        points[c, 0] - points[v, 0],
        points[c, 1] - points[v, 1],
        points[c, 2] - points[v, 2],
        points[c, 3] - points[v, 3],
    )


def dot(a, b):  # type: ignore[no-untyped-def]
    """Return the dot product of four numbers each."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]


def _slopes(error, sums, at, window, local):  # type: ignore[no-untyped-def]
    """Return half the derivative of the distortion by the error of a pixel, one number per coordinate."""
    part = np.float32(1.0) - local
    return (
        part * error[0] + local * _mean(sums, window, at),
        part * error[1] + local * _mean(sums, window, at + 1),
        part * error[2] + local * _mean(sums, window, at + 2),
        part * error[3] + local * _mean(sums, window, at + 3),
    )


def _best(v, errors, slopes, square, weight, limit, entries, costs, around, moved, x, y, width, height):  # type: ignore[no-untyped-def]
    """Return the entry of the least cost for a pixel whose entry is v.

    Args:
        v: its entry.
        errors: its error, four numbers.
        slopes: see `_slopes`.
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
    allowed = max(limit, dot(errors, errors))
    worth = np.float32(1.0) / weight
    best, least = v, np.float32(0.0)
    for t in range(_TRIES + entries.near.shape[1]):
        if t < _TRIES:
            c = around[t] if t < _TRIES - 1 else moved[0]
        else:
            c = np.int64(entries.near[v, t - _TRIES])
        if c < 0 or c in (v, best) or entries.kinds[0, c] != entries.kinds[0, v]:
            continue
        step = difference(entries.points, v, c)
        distortion = square * dot(step, step) + np.float32(2.0) * dot(step, slopes)
        room = min(bits, bits - (distortion - least) * worth)  # bits that it may cost
        if room <= np.float32(0.0):
            continue
        error = errors[0] + step[0], errors[1] + step[1], errors[2] + step[2], errors[3] + step[3]
        if dot(error, error) > allowed:
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
    errors: f32_2d,
    columns: f32_2d,
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
        errors: float32[n + 2 * REACH, 4 * (w + 2 * REACH)], changed; the first REACH rows are those above.
        columns: their windowed sums along columns, of the same shape, changed.
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
            error = errors[row, at], errors[row, at + 1], errors[row, at + 2], errors[row, at + 3]
            slopes = _slopes(error, columns[row], at, window, local)
            best = _best(v, error, slopes, square, weight, limit, entries, costs, around, moved, x, y, width, height)
            if best != v:
                indices[y, x] = best
                _mark_around(marks, y - start, x, sweep + 1)
                _change_error(errors, columns, row, at, difference(entries.points, v, best), window)


KERNELS = (_measure, _sum_columns, _choose)


class Chooser:
    """Choices for the pixels of one palette, band by band."""

    def __init__(self, palette: Palette, fixed: Palette, *, lzw: bool = False) -> None:
        """Prepare choices.

        Args:
            palette: uint8[k, 4].
            fixed: uint8[f, 4], colours whose pixels stay exact.
            lzw: whether bytes are to be saved in GIF files.
        """
        self._entries = entries_of(palette, fixed, _NEAR if lzw else 0)
        self.spacing = spacing_of(self._entries)

    def squared_error(self, pixels: npt.NDArray[np.uint32], indices: Indices) -> float:
        """Return the sum of the squared errors of a picture, uint32[h, w], packed."""
        errors = self.measure(pixels, indices, 0, len(indices))
        return float(np.square(errors, dtype=np.float64).sum())

    def measure(self, pixels: npt.NDArray[np.uint32], indices: Indices, start: int, stop: int) -> Errors:
        """Return the errors of the rows start <= y < stop, and of REACH rows above and below them.

        Args:
            pixels: uint32[m, w], packed: these rows, fewer only at the ends of the picture.
            indices: uint8[h, w], of the whole picture.
            start: first row.
            stop: last row, exclusive.
        """
        height, width = indices.shape
        errors = np.zeros((stop - start + 2 * REACH, 4 * (width + 2 * REACH)), np.float32)
        first = max(start - REACH, 0)
        inside = errors[first - start + REACH : min(stop + REACH, height) - start + REACH]
        _measure(pixels, indices, first, self._entries, 4 * REACH, inside)
        return errors

    @staticmethod
    def sum_columns(errors: Errors) -> Errors:
        """Return the windowed sums of errors along columns."""
        columns = np.zeros_like(errors)
        _sum_columns(errors, WINDOW, columns)
        return columns

    def choose(
        self,
        indices: Indices,
        before: Indices | None,
        marks: npt.NDArray[np.uint8],
        sweep: int,
        start: int,
        weights: npt.NDArray[np.float32],
        limit: float,
        errors: Errors,
        columns: Errors,
        costs: Costs,
    ) -> None:
        """Choose better indices for the rows from `start` on; see `_choose`."""
        _choose(
            indices,
            indices if before is None else before,
            before is not None,
            marks,
            sweep,
            start,
            weights,
            limit,
            errors,
            columns,
            self._entries,
            costs,
            WINDOW,
            LOCAL,
        )
