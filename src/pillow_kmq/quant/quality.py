"""Asking for a quality instead of a number of colours: the fewest that reach it.

Errors are those of the nearest entries, without dithering. With transparency, they are the worse of the means over
black and over white.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..color import LINEAR, to_point
from ..errors import QualityError
from ..kernels import kernel
from ..kernels.types import f64_1d, f64_2d, flag, i64, u8_1d, u32_1d
from ..types import Palette
from .aim import Aim
from .histogram import ALPHA, pack
from .nearest import nearest_finder, remap

# Errors of a palette


def _seen(value, background, perceptual, linear):  # type: ignore[no-untyped-def]
    """Coordinates of a packed colour over a grey, as an 8-bit screen shows it: R, G and B, or Oklab times 100."""
    low = np.uint32(255)
    alpha = np.int64(value >> np.uint32(24))
    behind = background * (255 - alpha) + 127
    r = np.float64((np.int64(value & low) * alpha + behind) // 255)
    g = np.float64((np.int64(value >> np.uint32(8) & low) * alpha + behind) // 255)
    b = np.float64((np.int64(value >> np.uint32(16) & low) * alpha + behind) // 255)
    if perceptual:
        r, g, b, _ = to_point(r, g, b, 255.0, 2, linear)
    return r, g, b


@kernel
def _sum_errors(
    colors: u32_1d,
    labels: u8_1d,
    weights: f64_1d,
    palette: u32_1d,
    entries: f64_2d,
    background: i64,
    perceptual: flag,
    rooted: flag,
    linear: f64_1d,
) -> float:
    """The weighted sum of errors of packed colours uint32[m], shown as entries of a packed palette, over a grey.

    Errors are squared distances in Oklab if `perceptual`, distances if `rooted` too, or else mean squares of R, G, B.
    entries float64[k, 3] is written: the palette's coordinates.
    """
    for j in range(palette.shape[0]):
        entries[j, 0], entries[j, 1], entries[j, 2] = _seen(palette[j], background, perceptual, linear)
    total = 0.0
    for i in range(colors.shape[0]):
        j = labels[i]
        if colors[i] == palette[j]:
            continue
        r, g, b = _seen(colors[i], background, perceptual, linear)
        r -= entries[j, 0]
        g -= entries[j, 1]
        b -= entries[j, 2]
        square = r * r + g * g + b * b
        if rooted:
            square = np.sqrt(square)
        total += weights[i] * (square if perceptual else square / 3.0)
    return total


KERNELS = (_sum_errors,)


def palette_error(
    blocks: Iterable[tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]],
    palette: Palette,
    space: str,
    aim: Aim,
) -> float:
    """The mean error of a palette for packed colours uint32[m] with weights float64[m], which come in blocks."""
    find = nearest_finder(palette, space)
    packed, entries = pack(palette), np.empty((len(palette), 3))
    opaque = bool((packed >= ALPHA).all())
    over_black, over_white, total = 0.0, 0.0, 0.0
    for colors, weights in blocks:
        labels = np.empty(len(colors), np.uint8)
        remap(find, colors, labels)
        error = _sum_errors(colors, labels, weights, packed, entries, 0, aim.perceptual, aim.unit == "dE", LINEAR)
        over_black += error
        if not opaque or (colors < ALPHA).any():  # something shines through
            error = _sum_errors(colors, labels, weights, packed, entries, 255, aim.perceptual, aim.unit == "dE", LINEAR)
        over_white += error
        total += float(weights.sum())
    return max(over_black, over_white) / total


# The fewest colours


def fewest(
    find: Callable[[int], Palette], error: Callable[[Palette], float], least: int, most: int, aim: Aim
) -> Palette:
    """The smallest palette found whose error is within `aim.wanted`, or else that of `most` colours.

    find: the palette of at most k colours, k = least..most. One colour fewer was tried, and misses.
    Raises QualityError if the error of `most` colours is above `aim.needed`.
    """
    palette = find(most)
    reached = error(palette)
    if reached > aim.needed:
        raise QualityError(f"{aim.text(aim.needed)} is out of reach: with {_colors(most)} it is {aim.text(reached)}")
    if reached > aim.wanted:
        return palette
    low, high = least - 1, len(palette)  # `low` colours miss, `high` colours reach
    known = {high: reached}
    while high - low > 1:
        k = _between(low, high, known, aim)
        smaller = find(k)
        known[k] = error(smaller)
        if known[k] <= aim.wanted:
            palette, high = smaller, k
        else:
            low = k
    return palette


def _between(low: int, high: int, known: dict[int, float], aim: Aim) -> int:
    """A number of colours to try: where a power law through the known errors crosses, or the middle."""
    if len(known) % 4 == 0 or known[high] <= 0:
        return (low + high) // 2
    if low in known:
        power = math.log(known[low] / known[high]) / math.log(high / low)
    else:
        power = 0.4 if aim.unit == "dE" else 0.8
    if power <= 0:
        return (low + high) // 2
    guess = high * (known[high] / aim.wanted) ** (1 / power)
    return int(min(max(round(guess), low + 1), high - 1))


def _colors(count: int) -> str:
    return f"{count} colours" if count > 1 else "1 colour"


def reaching(
    find: Callable[[int], Palette],
    error: Callable[[Palette], float],
    whole_error: Callable[[Palette], float],
    least: int,
    most: int,
    aim: Aim,
) -> Palette:
    """As `fewest`, with errors estimated by `error` (of a sample) and checked by `whole_error`."""
    estimate = aim
    while True:
        palette = fewest(find, error, least, most, estimate)
        reached = whole_error(palette)
        if reached <= aim.wanted or len(palette) >= most or least > most:
            break
        least = len(palette) + 1
        estimate = replace(estimate, wanted=error(palette) * min(aim.wanted / reached, 0.999))
    if reached > aim.needed:
        raise QualityError(f"{aim.text(aim.needed)} is out of reach: with {_colors(most)} it is {aim.text(reached)}")
    return palette
