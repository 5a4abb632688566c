"""The choice of a palette for counted colours under all options together."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..types import Palette
from .histogram import VISIBLE, Blocks, Counts, unpack
from .options import Options
from .palette_order import sort_by_luma
from .palette_search import find_palette
from .posterize import FULL, posterize_palette, representable
from .progress import SILENT, Progress
from .quality import find_fewest, find_fewest_of_sample, palette_error
from .sensitivity import hold_back

_FEW = 32
"""Palette size up to which the search includes the transparent entry, so that faint rims need no entry of their own."""


def choose_palette(
    counts: Counts, options: Options, everything: Callable[[], Blocks], progress: Progress = SILENT
) -> Palette:
    """Choose the palette that the options ask for.

    Args:
        counts: distinct colours and their weights.
        options: the request.
        everything: returns all colours; called only if the counts are of a sample and there is a target to check.
        progress: reports the search.

    Returns:
        The palette in order of luma, uint8[k, 4]; empty if there are no colours.

    Raises:
        OptionError: the fixed colours leave no entry for transparent pixels.
        QualityError: `options.aim` cannot be reached.
    """
    if not len(counts.colors):
        return np.empty((0, 4), np.uint8)
    if options.aim is None:
        return sort_by_luma(_palette_of(counts, options, progress))
    aim = options.aim
    tries = itertools.count()

    def find(k: int) -> Palette:
        left = 0.6 ** next(tries)  # the number of tries is not known in advance
        step = progress.part(1.0 - left, 1.0 - 0.6 * left)
        return sort_by_luma(_palette_of(counts, replace(options, colors=k), step))

    def error(palette: Palette) -> float:
        return palette_error([(counts.colors, counts.weights)], palette, options.metric, aim)

    def whole_error(palette: Palette) -> float:
        return palette_error(everything(), palette, options.metric, aim)

    least = least_colors(counts, options)
    if counts.whole:
        return find_fewest(find, error, least, options.colors, aim)
    return find_fewest_of_sample(find, error, whole_error, least, options.colors, aim)


def least_colors(counts: Counts, options: Options) -> int:
    """Return the minimum palette size: the fixed entries and one for transparent pixels besides them, or 1."""
    return max(1, len(options.fixed) + (len(options.fixed) > 0 and _needs_transparent(counts, options)))


def _needs_transparent(counts: Counts, options: Options) -> bool:
    return bool((counts.colors < VISIBLE).any()) and not (options.fixed[:, 3] == 0).any()


def _palette_of(counts: Counts, options: Options, progress: Progress) -> Palette:
    """Find a palette for counted colours; fully transparent ones get an entry of their own."""
    colors, weights = counts.colors, counts.weights
    visible = colors >= VISIBLE
    if options.space == "perceptual":
        weights = hold_back(colors, weights if counts.sensed is None else counts.sensed, weights)
    if least_colors(counts, options) > options.colors:
        raise OptionError(
            f"{len(options.fixed)} fixed colours leave no entry of {options.colors} for transparent pixels;"
            " raise colors"
        )
    if not _needs_transparent(counts, options):
        return _visible_palette(colors[visible], weights[visible], options, progress)
    clear = _transparent_entry(counts, options)
    if options.colors == 1:
        return clear
    if options.colors <= _FEW and options.bits == FULL:
        with_clear = replace(options, fixed=np.concatenate([options.fixed, clear]))
        palette = _visible_palette(colors[visible], weights[visible], with_clear, progress)
        return palette[(palette[:, 3] > 0) | (np.arange(len(palette)) < len(with_clear.fixed))]
    rest = replace(options, colors=options.colors - 1)
    palette = _visible_palette(colors[visible], weights[visible], rest, progress)
    return np.concatenate([clear, palette[palette[:, 3] > 0]])


def _transparent_entry(counts: Counts, options: Options) -> Palette:
    return representable(unpack(np.array([counts.hidden], np.uint32)), options.bits)


def _visible_palette(
    colors: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64], options: Options, progress: Progress
) -> Palette:
    palette = find_palette(colors, weights, options, progress)
    if options.bits == FULL:
        return palette
    return posterize_palette(palette, colors, weights, options.fixed, options.colors, options.bits, options.metric)
