"""Search for the smallest palette that meets a quality target.

Errors are those of nearest entries, without dithering. With transparency, the error is the larger of the means over
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


def _composite(value, background, perceptual, linear):  # type: ignore[no-untyped-def]
    """Return a packed colour composited onto a grey of 8 bits: R, G and B, or coordinates in Oklab times 100."""
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
    """Return the weighted sum of errors of colours over a grey background.

    Args:
        colors: uint32[m], packed.
        labels: uint8[m], the entry of each colour.
        weights: float64[m].
        palette: uint32[k], packed.
        entries: float64[k, 3], scratch: the coordinates of the palette.
        background: level 0..255 of the grey.
        perceptual: whether to measure squared distances in Oklab instead of mean squares of R, G and B.
        rooted: whether to take the square root of each.
        linear: color.LINEAR.
    """
    for j in range(palette.shape[0]):
        entries[j, 0], entries[j, 1], entries[j, 2] = _composite(palette[j], background, perceptual, linear)
    total = 0.0
    for i in range(colors.shape[0]):
        j = labels[i]
        if colors[i] == palette[j]:
            continue
        r, g, b = _composite(colors[i], background, perceptual, linear)
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
    """Return the mean error of a palette for weighted colours.

    Args:
        blocks: packed colours uint32[m] with weights float64[m], block by block.
        palette: uint8[k, 4].
        space: space in which nearest entries are looked up.
        aim: the target, which sets the unit of errors.
    """
    find = nearest_finder(palette, space)
    packed, entries = pack(palette), np.empty((len(palette), 3))
    opaque = bool((packed >= ALPHA).all())
    over_black, over_white, total = 0.0, 0.0, 0.0
    for colors, weights in blocks:
        labels = np.empty(len(colors), np.uint8)
        remap(find, colors, labels)
        error = _sum_errors(colors, labels, weights, packed, entries, 0, aim.perceptual, aim.unit == "dE", LINEAR)
        over_black += error
        if not opaque or (colors < ALPHA).any():  # the background shows
            error = _sum_errors(colors, labels, weights, packed, entries, 255, aim.perceptual, aim.unit == "dE", LINEAR)
        over_white += error
        total += float(weights.sum())
    return max(over_black, over_white) / total


def find_fewest(
    find: Callable[[int], Palette], error: Callable[[Palette], float], least: int, most: int, aim: Aim
) -> Palette:
    """Return the smallest palette found whose error is at most `aim.wanted`, or else that of `most` colours.

    A palette of one colour fewer has been tried and misses the target.

    Args:
        find: returns a palette of at most k colours, least <= k <= most.
        error: returns the error of a palette.
        least: minimum number of colours.
        most: maximum number of colours.
        aim: the target.

    Raises:
        QualityError: the error of `most` colours exceeds `aim.needed`.
    """
    palette = find(most)
    reached = error(palette)
    if reached > aim.needed:
        raise _unreachable(aim, most, reached)
    if reached > aim.wanted:
        return palette
    low, high = least - 1, len(palette)  # `low` colours miss the target, `high` colours meet it
    known = {high: reached}
    while high - low > 1:
        k = _next_guess(low, high, known, aim)
        smaller = find(k)
        known[k] = error(smaller)
        if known[k] <= aim.wanted:
            palette, high = smaller, k
        else:
            low = k
    return palette


def _next_guess(low: int, high: int, known: dict[int, float], aim: Aim) -> int:
    """Return a number of colours to try, by a power law through the known errors, or the middle."""
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


def _unreachable(aim: Aim, most: int, reached: float) -> QualityError:
    colors = f"{most} colours" if most > 1 else "1 colour"
    return QualityError(f"cannot reach {aim.text(aim.needed)} with {colors} (best: {aim.number(reached)})")


def find_fewest_of_sample(
    find: Callable[[int], Palette],
    error: Callable[[Palette], float],
    whole_error: Callable[[Palette], float],
    least: int,
    most: int,
    aim: Aim,
) -> Palette:
    """Find a palette as `find_fewest` does, with errors estimated from a sample and checked on all pixels.

    Args:
        find: returns a palette of at most k colours, least <= k <= most.
        error: returns the error of a palette for the sample.
        whole_error: returns the error of a palette for all pixels.
        least: minimum number of colours.
        most: maximum number of colours.
        aim: the target.

    Raises:
        QualityError: the error of `most` colours exceeds `aim.needed`.
    """
    estimate = aim
    while True:
        palette = find_fewest(find, error, least, most, estimate)
        reached = whole_error(palette)
        if reached <= aim.wanted or len(palette) >= most or least > most:
            break
        least = len(palette) + 1
        estimate = replace(estimate, wanted=error(palette) * min(aim.wanted / reached, 0.999))
    if reached > aim.needed:
        raise _unreachable(aim, most, reached)
    return palette
