"""Ditherers: the implementation of a dithering option for the rows of an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from ...types import Palette
from ..activity import activity
from ..remap import run_stripes
from ..source import Source
from .diffusion import Diffuser, Mask, Strengths, spacing
from .gamut import Gamut
from .options import Auto, Diffusion, FloydSteinberg, Selective, Way
from .ordered import Thresholder
from .selective import smoothness
from .shading import REACH, repetition, shading
from .still import StillPixels
from .thresholds import thresholds

# Errors that a selective ditherer ignores, and diffuses in full, as fractions of the mean palette step.
_QUIET, _LOUD = 0.1, 0.4

# The same for automatic dithering where pixels repeat their neighbours, in levels: such errors can hardly be seen.
_UNSEEN, _SEEN = 2, 5

Map = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.uint32]
Measure = Callable[[Pixels, int, int], Strengths]
"""Maps packed pixels, the first row wanted and the number of rows to float32[h, w], 0..1."""


class Ditherer:
    """A ditherer for the rows of an image, in stripes of any height.

    Attributes:
        reach: number of rows above and below a stripe that it reads.
        in_order: whether stripes must come one by one from the top.
    """

    def __init__(
        self,
        kernel: Diffuser | Thresholder,
        strengths: Measure,
        reach: int = 0,
        gamut: Gamut | None = None,
        gates: Measure | None = None,
    ) -> None:
        """Combine a kernel with the strength of each pixel.

        Args:
            kernel: chooses entries.
            strengths: measures them.
            reach: number of rows above and below a stripe that the measures read.
            gamut: gamut that colours are mapped into first, or None.
            gates: for a Diffuser, measures how far strengths depend on the error of the pixel itself; None is nowhere.
        """
        self._gamut = gamut
        self._kernel = kernel
        self._strengths = strengths
        self._gates = gates
        self.reach = reach
        self.in_order = isinstance(kernel, Diffuser)

    def remap(
        self, pixels: Pixels, first: int, row: int, out: Map, importance: Map | None, held: Mask | None = None
    ) -> None:
        """Write the entries of the rows from `row` on.

        Args:
            pixels: uint32[m, w], packed: the rows wanted and up to `reach` others above and below, fewer only at the
                ends of the image.
            first: index of the first row wanted in `pixels`.
            row: number of that row in the image.
            out: uint8[h, w], written.
            importance: uint8[h, w], scales the strength, 255 is full; None is full everywhere.
            held: bool[h, w], pixels that keep the entry in `out`, or None.
        """
        rows = np.s_[first : first + len(out)]
        original = pixels[rows]
        if self._gamut:
            pixels = self._gamut.map_pixels(pixels)
        strengths, aims = self._strengths(pixels, first, len(out)), pixels[rows]
        if importance is not None:
            strengths *= importance.reshape(strengths.shape) * np.float32(1.0 / 255.0)
            if self._gamut:  # without dithering, the entry is the nearest to the original colour
                aims = np.where(importance.reshape(strengths.shape) > 0, aims, original)
                aims.flags.writeable = original.flags.writeable  # kernels compile separately for read-only arrays
        if self._gates and isinstance(self._kernel, Diffuser):
            self._kernel.remap(aims, row, strengths, out, held, self._gates(pixels, first, len(out)))
        else:
            self._kernel.remap(aims, row, strengths, out, held)


def make_ditherer(dither: Way, palette: Palette, space: str, width: int, *, given: bool = False) -> Ditherer:
    """Return the ditherer for an option.

    Args:
        dither: the option.
        palette: uint8[k, 4], k = 1..256.
        space: space in which nearest entries are looked up.
        width: pixels per row.
        given: whether the palette was not found for this picture, so that many colours may be out of gamut.
    """
    gamut = Gamut(palette) if given else None
    if isinstance(dither, FloydSteinberg):
        return _make_uniform(Diffuser(palette, space, width, given=given), dither.strength, gamut)
    if isinstance(dither, Diffusion):
        return _make_uniform(Diffuser(palette, space, width, kernel=dither.kernel, given=given), dither.strength, gamut)
    if isinstance(dither, Auto):
        diffuser = Diffuser(palette, space, width, _UNSEEN**2, _SEEN**2, given=given)
        return _make_shaded(diffuser, dither.strength_of(len(palette)), gamut)
    if isinstance(dither, Selective):
        return _make_selective(palette, space, width, dither.strength, gamut)
    thresholder = Thresholder(palette, space, thresholds(dither.matrix, dither.side), given=given)
    return _make_uniform(thresholder, dither.strength, gamut)


def dither_stripes(
    source: Source,
    stripes: Iterable[tuple[int, int]],
    palette: Palette,
    dither: Way,
    space: str,
    out: npt.NDArray[np.uint8],
    threads: int,
    still: StillPixels | None = None,
    *,
    given: bool = False,
) -> None:
    """Write the entry of every pixel.

    The result depends neither on the number of threads nor on how the image is cut into stripes.

    Args:
        source: the image.
        stripes: first and last row (exclusive) of each stripe, in order.
        palette: uint8[k, 4], k = 1..256.
        dither: the option.
        space: space in which nearest entries are looked up.
        out: uint8[h, w], written.
        threads: number of threads; 0 is one per core. Error diffusion always uses one.
        still: finds pixels that keep the entry in `out`, which then holds that of the previous frame.
        given: as in `make_ditherer`.
    """
    idle = [make_ditherer(dither, palette, space, source.width, given=given)]

    def work(start: int, stop: int) -> None:
        worker = idle.pop() if idle else make_ditherer(dither, palette, space, source.width, given=given)
        top, bottom = max(start - worker.reach, 0), min(stop + worker.reach, source.height)
        pixels, importance = source.rows(top, bottom), source.importance(start, stop)
        held = still.held(start, pixels[start - top : stop - top], importance) if still else None
        worker.remap(pixels, start - top, start, out[start:stop], importance, held)
        idle.append(worker)

    run_stripes(work, stripes, 1 if idle[0].in_order else threads)


def _make_uniform(kernel: Diffuser | Thresholder, strength: float, gamut: Gamut | None) -> Ditherer:
    def strengths(pixels: Pixels, _: int, height: int) -> Strengths:
        return np.full((height, pixels.shape[1]), strength, np.float32)

    return Ditherer(kernel, strengths, gamut=gamut)


def _make_shaded(diffuser: Diffuser, strength: float, gamut: Gamut | None) -> Ditherer:
    return Ditherer(diffuser, lambda *rows: shading(*rows) * np.float32(strength), REACH, gamut, repetition)


def _make_selective(palette: Palette, space: str, width: int, strength: float, gamut: Gamut | None) -> Ditherer:
    step = float(spacing(palette).astype(np.float64).mean())

    def strengths(pixels: Pixels, first: int, height: int) -> Strengths:
        smooth = smoothness(activity(pixels, first, height), step)
        return smooth * shading(pixels, first, height) * np.float32(strength)

    quiet, loud = (_QUIET * step) ** 2, (_LOUD * step) ** 2
    diffuser = Diffuser(palette, space, width, quiet, loud, given=gamut is not None)
    return Ditherer(diffuser, strengths, REACH, gamut, _everywhere)


def _everywhere(pixels: Pixels, _: int, height: int) -> Strengths:
    return np.ones((height, pixels.shape[1]), np.float32)
