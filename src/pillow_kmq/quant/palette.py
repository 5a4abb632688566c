"""The palette for counted colours, as all the options together ask for it."""

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
from .posterize import FULL, posterized, representable
from .progress import SILENT, Progress
from .quality import fewest, palette_error, reaching
from .sensitivity import hold_back

_FEW = 32
"""Entries up to which the search knows of the transparent one, so that faint rims need none of their own."""


def choose_palette(
    counts: Counts, options: Options, everything: Callable[[], Blocks], progress: Progress = SILENT
) -> Palette:
    """A palette uint8[k, 4], in order of luma, that the options ask for; empty if there are no colours.

    everything: all colours, where the counts are of a sample and an aim is to be checked.
    Raises QualityError if `options.aim` is out of reach.
    """
    if not len(counts.colors):
        return np.empty((0, 4), np.uint8)
    if options.aim is None:
        return sort_by_luma(_palette_of(counts, options, progress))
    aim = options.aim
    tries = itertools.count()

    def find(k: int) -> Palette:
        left = 0.6 ** next(tries)  # nobody knows how many tries there will be
        step = progress.part(1.0 - left, 1.0 - 0.6 * left)
        return sort_by_luma(_palette_of(counts, replace(options, colors=k), step))

    def error(palette: Palette) -> float:
        return palette_error([(counts.colors, counts.weights)], palette, options.metric, aim)

    def whole_error(palette: Palette) -> float:
        return palette_error(everything(), palette, options.metric, aim)

    least = least_colors(counts, options)
    if counts.whole:
        return fewest(find, error, least, options.colors, aim)
    return reaching(find, error, whole_error, least, options.colors, aim)


def least_colors(counts: Counts, options: Options) -> int:
    """How many entries there must be: the fixed ones, one for transparent pixels beside them, one in any case."""
    return max(1, len(options.fixed) + (len(options.fixed) > 0 and _needs_clear(counts, options)))


def _needs_clear(counts: Counts, options: Options) -> bool:
    return bool((counts.colors < VISIBLE).any()) and not (options.fixed[:, 3] == 0).any()


def _palette_of(counts: Counts, options: Options, progress: Progress) -> Palette:
    """The palette for counted colours; fully transparent ones get an entry of their own."""
    colors, weights = counts.colors, counts.weights
    visible = colors >= VISIBLE
    if options.space == "perceptual":
        weights = hold_back(colors, weights if counts.sensed is None else counts.sensed, weights)
    if least_colors(counts, options) > options.colors:
        raise OptionError(
            f"{len(options.fixed)} fixed colours leave no entry of {options.colors} for transparent pixels"
        )
    if not _needs_clear(counts, options):
        return _visible_palette(colors[visible], weights[visible], options, progress)
    clear = _clear_entry(counts, options)
    if options.colors == 1:
        return clear
    if options.colors <= _FEW and options.bits == FULL:
        with_clear = replace(options, fixed=np.concatenate([options.fixed, clear]))
        palette = _visible_palette(colors[visible], weights[visible], with_clear, progress)
        return palette[(palette[:, 3] > 0) | (np.arange(len(palette)) < len(with_clear.fixed))]
    rest = replace(options, colors=options.colors - 1)
    palette = _visible_palette(colors[visible], weights[visible], rest, progress)
    return np.concatenate([clear, palette[palette[:, 3] > 0]])


def _clear_entry(counts: Counts, options: Options) -> Palette:
    return representable(unpack(np.array([counts.hidden], np.uint32)), options.bits)


def _visible_palette(
    colors: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64], options: Options, progress: Progress
) -> Palette:
    palette = find_palette(colors, weights, options, progress)
    if options.bits == FULL:
        return palette
    return posterized(palette, colors, weights, options.fixed, options.colors, options.bits, options.metric)
