"""Errors of pixels, and their means around each pixel.

The error of a pixel is the difference of its entry to its colour, four numbers in Oklab times 100. With e the errors
and b a nearly binomial window, the distortion of a picture is the sum of e (e + 5 b * e) / 6 over all pixels: local
means matter most to the eye.

Source: direct binary search, M. Analoui and J. P. Allebach, "Model-based halftoning using direct binary search", Proc.
SPIE 1666 (1992).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...color import SPACES, to_point
from ...kernels import kernel
from ...kernels.types import f32_1d, f32_2d, i64, u8_2d, u32_2d
from ...types import Indices
from .entries import Entries

REACH = 3
"""Rows above and below a pixel that its error is averaged over."""

WINDOW = (np.array([70, 56, 28, 8]) / 254).astype(np.float32)
"""Weights of the rows and columns that it is averaged over: nearly binomial, from the centre outwards."""

LOCAL = np.float32(5 / 6)
"""Share of the errors of local means in the distortion."""

_OKLAB = SPACES["oklab"]


class Errors(NamedTuple):
    """Errors of the pixels of some rows, between margins of REACH rows and columns; made by `errors_of`.

    Attributes:
        single: float32[n + 2 * REACH, 4 * (w + 2 * REACH)]; the first REACH rows are those above.
        columns: their windowed sums along columns, of the same shape, without the margins of rows.
    """

    single: f32_2d
    columns: f32_2d


def errors_of(pixels: npt.NDArray[np.uint32], indices: Indices, start: int, stop: int, entries: Entries) -> Errors:
    """Return the errors of the rows start <= y < stop, and of REACH rows above and below them.

    Args:
        pixels: uint32[m, w], packed: these rows, fewer only at the ends of the picture.
        indices: uint8[h, w], of the whole picture.
        start: first row.
        stop: last row, exclusive.
        entries: the palette.
    """
    height, width = indices.shape
    single = np.zeros((stop - start + 2 * REACH, 4 * (width + 2 * REACH)), np.float32)
    first = max(start - REACH, 0)
    inside = single[first - start + REACH : min(stop + REACH, height) - start + REACH]
    _measure(pixels, indices, first, entries, 4 * REACH, inside)
    columns = np.zeros_like(single)
    _sum_columns(single, WINDOW, columns)
    return Errors(single, columns)


def squared_error(pixels: npt.NDArray[np.uint32], indices: Indices, entries: Entries) -> float:
    """Return the sum of the squared errors of uint32[h, w], packed, with the indices uint8[h, w]."""
    errors = np.empty((len(indices), 4 * indices.shape[1]), np.float32)
    _measure(pixels, indices, 0, entries, 0, errors)
    return float(np.square(errors, dtype=np.float64).sum())


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


KERNELS = (_measure, _sum_columns)


def change_error(errors, y, at, step, window):  # type: ignore[no-untyped-def]
    """Add a step to the error of a pixel, and to the sums of its column."""
    for i in range(4):
        errors.single[y, at + i] += step[i]
        for d in range(-REACH, REACH + 1):
            errors.columns[y + d, at + i] += window[abs(d)] * step[i]


def error_at(errors, y, at):  # type: ignore[no-untyped-def]
    """Return the error of a pixel, one number per coordinate."""
    row = errors.single[y]
    return row[at], row[at + 1], row[at + 2], row[at + 3]


def slopes(errors, y, at, window, local):  # type: ignore[no-untyped-def]
    """Return half the derivative of the distortion by the error of a pixel, one number per coordinate."""
    part, row, sums = np.float32(1.0) - local, errors.single[y], errors.columns[y]
    return (
        part * row[at] + local * _mean(sums, window, at),
        part * row[at + 1] + local * _mean(sums, window, at + 1),
        part * row[at + 2] + local * _mean(sums, window, at + 2),
        part * row[at + 3] + local * _mean(sums, window, at + 3),
    )


def _mean(sums, window, at):  # type: ignore[no-untyped-def]
    """Return the windowed sum of errors around a pixel, in one coordinate."""
    mean = window[0] * sums[at]
    for d in range(1, REACH + 1):
        mean += window[d] * (sums[at - 4 * d] + sums[at + 4 * d])
    return mean


def is_exact(errors, y, at):  # type: ignore[no-untyped-def]
    """Return whether a pixel has exactly the colour of its entry."""
    row, zero = errors.single[y], np.float32(0.0)
    return row[at] == zero and row[at + 1] == zero and row[at + 2] == zero and row[at + 3] == zero


def is_flat(indices, y, x, errors, row, at):  # type: ignore[no-untyped-def]
    """Return whether at least two of the eight neighbours have exactly the same colour as an exact pixel."""
    height, width = indices.shape
    same = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if (dy or dx) and 0 <= y + dy < height and 0 <= x + dx < width:
                same += indices[y + dy, x + dx] == indices[y, x] and is_exact(errors, row + dy, at + 4 * dx)
    return same >= 2


def step_to(points, v, c):  # type: ignore[no-untyped-def]
    """Return the change of the error if entry c takes the place of entry v."""
    return (
        points[c, 0] - points[v, 0],
        points[c, 1] - points[v, 1],
        points[c, 2] - points[v, 2],
        points[c, 3] - points[v, 3],
    )


def dot(a, b):  # type: ignore[no-untyped-def]
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]
