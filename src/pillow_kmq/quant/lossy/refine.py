"""Lossy choice of the indices of an image, band by band of rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ...types import Indices, Palette
from ..dithering.gamut import Gamut
from ..dithering.shading import REACH as SHADING_REACH
from ..dithering.shading import shading
from ..progress import SILENT, Progress
from ..source import Source, stripes
from . import choice, deflate
from .costs import Costs, copy_of, costs_of, count, no_counts
from .deflate_filters import prefers_filters
from .entries import Entries, entries_of
from .errors import REACH, Errors, errors_of
from .strength import Weights, mean_error, weights_for

_SWEEPS = 3  # over each band; after the first, its indices are counted again
_NEAR = {"kmq": 0, "png": deflate.NEAR, "gif": choice.LZW_NEAR}  # nearest entries to try
_PACKED = 16  # entries up to which PNG files hold several pixels per byte, which deflate sees
_PLAIN = 64  # entries up to which rows of most photos are smallest without filters

_Choose = Callable[[int, npt.NDArray[np.float32], Errors], None]  # first row, shading and errors of a band


def refine(
    source: Source,
    palette: Palette,
    indices: Indices,
    strength: float,
    *,
    dithered: bool,
    fixed: Palette,
    format_: str = "kmq",
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
        format_: format in which bytes are to be saved: "kmq", "png" or "gif".
        gamut: gamut that colours were mapped into, or None.
        before: uint8[h, w], the previous frame, or None.
        held: bool[h, w], pixels that keep their index, or None.
        progress: called band by band.
    """
    if format_ == "png" and not (before is None and _suits_deflate(palette, indices)):
        format_ = "kmq"
    entries = entries_of(palette, fixed, _NEAR[format_])
    weights = weights_for(strength, mean_error(source, palette, gamut, entries), dithered=dithered, format_=format_)
    if weights.bit == 0:
        progress(1.0)
        return
    choose = (
        _parsing(deflate.Parser(entries, indices), weights)
        if format_ == "png"
        else _sweeping(entries, weights, indices, before, lzw=format_ == "gif")
    )
    for start, stop in stripes(source, progress):
        top, bottom = max(start - SHADING_REACH, 0), min(stop + SHADING_REACH, len(indices))
        pixels = source.rows(top, bottom)
        shades = shading(pixels, start - top, stop - start)
        if held is not None:
            shades[held[start:stop]] = 0.0
        pixels = pixels[max(start - REACH, 0) - top : min(stop + REACH, len(indices)) - top]
        if gamut:
            pixels = gamut.map_pixels(pixels)
        choose(start, shades, errors_of(pixels, indices, start, stop, entries))


def _suits_deflate(palette: Palette, indices: Indices) -> bool:
    """Return whether a PNG file will hold plain rows of bytes: filtered ones have few matches to make."""
    return _PACKED < len(palette) <= _PLAIN and not prefers_filters(palette, indices)


def _parsing(parser: deflate.Parser, weights: Weights) -> _Choose:
    """Return the choice for deflate."""
    return lambda start, shades, errors: parser.choose(start, shades, weights.bit, weights.limit, errors)


def _sweeping(entries: Entries, weights: Weights, indices: Indices, before: Indices | None, *, lzw: bool) -> _Choose:
    """Return the choice for context coders and for LZW."""
    counts = no_counts(len(entries.points), lzw=lzw)
    count(counts, indices, before, 0, len(indices))
    costs = costs_of(counts)

    def choose(start: int, shades: npt.NDArray[np.float32], errors: Errors) -> None:
        bits, marks = shades * np.float32(weights.bit), np.zeros(shades.shape, np.uint8)

        def sweep(number: int, costs: Costs) -> None:
            choice.choose(indices, before, marks, number, start, bits, weights.limit, errors, entries, costs)

        own, inner = copy_of(counts), (start + 1, start + len(shades))  # rows whose neighbours are in the band
        count(own, indices, before, *inner, -1)
        sweep(0, costs)
        count(own, indices, before, *inner)
        costs_now = costs_of(own)
        for number in range(1, _SWEEPS):
            sweep(number, costs_now)

    return choose
