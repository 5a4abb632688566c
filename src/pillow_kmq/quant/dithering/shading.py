"""Shading: areas in which most pixels differ slightly from a neighbour.

Photos and gradients are shaded. Pixel art, logos, text and other flat art have equal neighbours and hard edges instead;
dithering would only add dots.

Screenshots and icons are shaded in another way than photos: by rules and without noise, so that most pixels repeat a
neighbour. There, error diffusion replaces long runs of an entry by noise, which costs many bytes, so it has to be worth
it: `repetition` tells where.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f32_2d, i64, i64_1d, u8_2d, u32_2d
from .diffusion import Strengths

RADIUS = 16  # radius of the square window in which small steps are counted
REACH = RADIUS + 1
"""Number of rows above and below a pixel that its shading depends on."""

_SMALL = 6  # maximum difference of a small step, in levels
_NONE, _FULL = 1 / 64, 1 / 16  # shares of pixels with a small step: no shading, full shading
_NOISY, _CLEAN = 1 / 2, 3 / 4  # shares of pixels that repeat a neighbour: no repetition, full repetition


@kernel
def _mark_small_steps(pixels: u8_2d, small: i64, out: u8_2d) -> None:
    """Mark pixels that differ slightly from the left or the upper neighbour, in the channel that differs most.

    pixels: uint8[h, 4 * w]. small: maximum difference in levels. out: uint8[h, w].
    """
    height, width = out.shape
    for y in range(height):
        here, above = pixels[y], pixels[max(y - 1, 0)]
        for x in range(width):
            left, up = np.int64(0), np.int64(0)
            before = 4 * max(x - 1, 0)
            for c in range(4):
                value = np.int64(here[4 * x + c])
                left = max(left, abs(value - np.int64(here[before + c])))
                up = max(up, abs(value - np.int64(above[4 * x + c])))
            out[y, x] = (0 < left <= small) | (0 < up <= small)


@kernel
def _mark_repeats(pixels: u32_2d, out: u8_2d) -> None:
    """Mark pixels that equal the left or the upper neighbour.

    pixels: uint32[h, w], packed. out: uint8[h, w].
    """
    height, width = out.shape
    for y in range(height):
        for x in range(width):
            left = x > 0 and pixels[y, x] == pixels[y, x - 1]
            out[y, x] = left or (y > 0 and pixels[y, x] == pixels[y - 1, x])


@kernel
def _count_in_windows(marks: u8_2d, first: i64, radius: i64, sums: i64_1d, out: f32_2d) -> None:
    """Write the share of marked pixels in the window around each pixel, cropped to the image.

    marks: uint8[m, w], of which the rows first <= y < first + h are wanted. sums: int64[w], scratch. out: float32[h,
    w].
    """
    rows, width = marks.shape
    for x in range(width):
        sums[x] = 0
    for y in range(max(first - radius, 0), min(first + radius, rows)):
        for x in range(width):
            sums[x] += marks[y, x]
    for y in range(out.shape[0]):
        top, bottom = first + y - radius, first + y + radius
        if bottom < rows:
            for x in range(width):
                sums[x] += marks[bottom, x]
        total = 0
        for x in range(min(radius, width)):
            total += sums[x]
        tall = min(bottom, rows - 1) - max(top, 0) + 1
        for x in range(width):
            if x + radius < width:
                total += sums[x + radius]
            wide = min(x + radius, width - 1) - max(x - radius, 0) + 1
            out[y, x] = np.float32(total) / np.float32(tall * wide)
            if x >= radius:
                total -= sums[x - radius]
        if top >= 0:
            for x in range(width):
                sums[x] -= marks[top, x]


KERNELS = (_mark_small_steps, _count_in_windows)
REPETITION = (_mark_repeats, _count_in_windows)
"""Kernels of `repetition`."""


def shading(pixels: npt.NDArray[np.uint32], first: int, height: int) -> Strengths:
    """Return the degree of shading of rows, 0..1, float32[height, w].

    Args:
        pixels: uint32[m, w], packed: the rows wanted and up to REACH others above and below, fewer only at the ends of
            the image.
        first: the first row wanted.
        height: the number of rows wanted.
    """
    marks = np.empty(pixels.shape, np.uint8)
    _mark_small_steps(np.ascontiguousarray(pixels).view(np.uint8), _SMALL, marks)
    return _degrees(marks, first, height, _NONE, _FULL)


def repetition(pixels: npt.NDArray[np.uint32], first: int, height: int) -> Strengths:
    """Return the degree to which pixels around each one repeat a neighbour, 0..1, float32[height, w].

    The arguments are those of `shading`.
    """
    marks = np.empty(pixels.shape, np.uint8)
    _mark_repeats(np.ascontiguousarray(pixels), marks)
    return _degrees(marks, first, height, _NOISY, _CLEAN)


def _degrees(marks: npt.NDArray[np.uint8], first: int, height: int, none: float, full: float) -> Strengths:
    """Return 0 for windows with a share of marks of `none`, 1 for those with `full`, in between linearly."""
    if first >= REACH:  # the first row serves only as a neighbour
        marks, first = marks[1:], first - 1
    width = marks.shape[1]
    shares = np.empty((height, width), np.float32)
    _count_in_windows(marks, first, RADIUS, np.empty(width, np.int64), shares)
    degrees: Strengths = np.clip((shares - np.float32(none)) / np.float32(full - none), 0, 1)
    return degrees
