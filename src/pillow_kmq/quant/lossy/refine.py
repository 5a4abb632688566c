"""Lossy choice of the indices of an image, band by band of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...types import Indices, Palette
from ..dithering.gamut import Gamut
from ..dithering.shading import REACH as SHADING_REACH
from ..dithering.shading import shading
from ..progress import SILENT, Progress
from ..source import Source, stripes
from .choice import REACH, Chooser
from .costs import Counts, copy_of, costs_of, count, no_counts
from .strength import mean_error, weights_for

_SWEEPS = 3  # over each band; after the first, its indices are counted again


def refine(
    source: Source,
    palette: Palette,
    indices: Indices,
    strength: float,
    *,
    dithered: bool,
    fixed: Palette,
    lzw: bool = False,
    gamut: Gamut | None = None,
    before: Indices | None = None,
    held: npt.NDArray[np.bool_] | None = None,
    progress: Progress = SILENT,
) -> None:
    """Change indices so that they cost fewer bits, at little loss.

    Args:
        source: the image.
        palette: uint8[k, 4], k = 1..256.
        indices: uint8[h, w], all below k, changed.
        strength: see `strength`.
        dithered: whether the indices are dithered.
        fixed: uint8[f, 4], colours whose pixels stay exact.
        lzw: whether bytes are to be saved in GIF files.
        gamut: gamut that colours were mapped into, or None.
        before: uint8[h, w], the previous frame, or None.
        held: bool[h, w], pixels that keep their index, or None.
        progress: called band by band.
    """
    chooser = Chooser(palette, fixed, lzw=lzw)
    bit, limit = weights_for(strength, mean_error(source, palette, gamut, chooser), dithered=dithered, lzw=lzw)
    if bit > 0:
        counts = no_counts(len(palette), lzw=lzw)
        count(counts, indices, before, 0, len(indices))
        _refine(source, counts, indices, chooser, bit, limit, gamut, before, held, progress)


def _refine(
    source: Source,
    counts: Counts,
    indices: Indices,
    chooser: Chooser,
    bit: float,
    limit: float,
    gamut: Gamut | None,
    before: Indices | None,
    held: npt.NDArray[np.bool_] | None,
    progress: Progress,
) -> None:
    height, costs = len(indices), costs_of(counts)  # of the picture before any change
    for start, stop in stripes(source, progress):
        top, bottom = max(start - SHADING_REACH, 0), min(stop + SHADING_REACH, height)
        pixels = source.rows(top, bottom)
        weights = shading(pixels, start - top, stop - start) * np.float32(bit)
        pixels = pixels[max(start - REACH, 0) - top : min(stop + REACH, height) - top]
        if gamut:
            pixels = gamut.map_pixels(pixels)
        errors = chooser.measure(pixels, indices, start, stop)
        columns = chooser.sum_columns(errors)
        if held is not None:
            weights[held[start:stop]] = 0.0
        marks = np.zeros(weights.shape, np.uint8)
        own, inner = copy_of(counts), (start + 1, stop)  # rows whose neighbours are in the band
        count(own, indices, before, *inner, -1)
        chooser.choose(indices, before, marks, 0, start, weights, limit, errors, columns, costs)
        count(own, indices, before, *inner)
        own_costs = costs_of(own)
        for sweep in range(1, _SWEEPS):
            chooser.choose(indices, before, marks, sweep, start, weights, limit, errors, columns, own_costs)
