"""From an option to a ditherer: what chooses entries for rows of pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ...types import Palette
from ..counting import Source
from ..mapping import in_stripes
from ..nearest import nearest_finder, remap
from .diffusion import Diffuser, Strengths, spacing
from .gamut import Gamut
from .options import Diffusion, FloydSteinberg, Selective, Way
from .ordered import Thresholder
from .selective import REACH, activity, smoothness
from .thresholds import thresholds

# Of the mean step of the palette: errors that a selective ditherer leaves alone, and takes whole.
_QUIET, _LOUD = 0.1, 0.4

Map = npt.NDArray[np.uint8]


class Ditherer(Protocol):
    """Chooses entries for the rows of an image, in stripes of any height.

    reach: rows above and below a stripe that it looks at. in_order: whether stripes must come from the top on, one by
    one.
    """

    reach: int
    in_order: bool

    def remap(
        self, pixels: npt.NDArray[np.uint32], first: int, row: int, out: npt.NDArray[np.uint8], importance: Map | None
    ) -> None:
        """Write the entries of the image's rows from `row` on to out, uint8[h, w].

        pixels: uint32[m, w], packed: these rows are first <= y < first + h; around them up to `reach` others, fewer
        only at the image's ends. importance: uint8[h, w], the part of the strength to be used; None is all, 255.
        """


def ditherer(dither: Way, palette: Palette, space: str, width: int, *, given: bool = False) -> Ditherer:
    """What an option asks for, for an image of `width` pixels a row and a palette uint8[k, 4] of 1 to 256 entries.

    given: whether the palette was not found for the picture, so that many of its colours may be out of reach.
    """
    way = _ditherer(dither, palette, space, width, given)
    return _WithinReach(way, palette, space) if given else way


def _ditherer(dither: Way, palette: Palette, space: str, width: int, given: bool) -> Ditherer:
    if isinstance(dither, FloydSteinberg):
        return _Uniform(Diffuser(palette, space, width, given=given), dither.strength)
    if isinstance(dither, Diffusion):
        return _Uniform(Diffuser(palette, space, width, kernel=dither.kernel, given=given), dither.strength)
    if isinstance(dither, Selective):
        return _Selective(palette, space, width, dither.strength, given)
    return _Uniform(Thresholder(palette, space, thresholds(dither.matrix, dither.side)), dither.strength)


def dither_stripes(
    source: Source,
    stripes: Iterable[tuple[int, int]],
    palette: Palette,
    dither: Way,
    space: str,
    out: npt.NDArray[np.uint8],
    threads: int,
    *,
    given: bool = False,
) -> None:
    """Write the entry of every pixel to out, uint8[h, w]. stripes: first and last row, exclusive, of all, in order.

    threads: how many stripes at once, 0 for one per core; error diffusion does one at a time all the same. Neither
    these nor how the image is cut change anything. given: as for `ditherer`.
    """
    idle = [ditherer(dither, palette, space, source.width, given=given)]

    def work(start: int, stop: int) -> None:
        worker = idle.pop() if idle else ditherer(dither, palette, space, source.width, given=given)
        top, bottom = max(start - worker.reach, 0), min(stop + worker.reach, source.height)
        worker.remap(source.rows(top, bottom), start - top, start, out[start:stop], source.importance(start, stop))
        idle.append(worker)

    in_stripes(work, stripes, 1 if idle[0].in_order else threads)


def _reduce(strengths: Strengths, importance: Map | None) -> None:
    if importance is not None:
        strengths *= importance.reshape(strengths.shape) * np.float32(1.0 / 255.0)


class _WithinReach:
    """Another ditherer, applied to colours mapped into the palette's gamut."""

    def __init__(self, way: Ditherer, palette: Palette, space: str) -> None:
        self._way = way
        self._gamut = Gamut(palette)
        self._find = nearest_finder(palette, space)
        self.reach, self.in_order = way.reach, way.in_order

    def remap(
        self, pixels: npt.NDArray[np.uint32], first: int, row: int, out: npt.NDArray[np.uint8], importance: Map | None
    ) -> None:
        self._way.remap(self._gamut.bring_in(pixels), first, row, out, importance)
        if importance is not None:  # where nothing is mixed, the entry is the nearest to the colour itself
            still = importance == 0
            entries = np.empty(int(still.sum()), np.uint8)
            remap(self._find, pixels[first : first + len(out)][still], entries)
            out[still] = entries


class _Uniform:
    """The same strength everywhere."""

    reach = 0

    def __init__(self, kernel: Diffuser | Thresholder, strength: float) -> None:
        self._kernel = kernel
        self.in_order = isinstance(kernel, Diffuser)
        self._strength = np.float32(strength)

    def remap(
        self, pixels: npt.NDArray[np.uint32], first: int, row: int, out: npt.NDArray[np.uint8], importance: Map | None
    ) -> None:
        strengths = np.full(out.shape, self._strength)
        _reduce(strengths, importance)
        self._kernel.remap(pixels[first : first + len(out)], row, strengths, out)


class _Selective:
    """Error diffusion in smooth places."""

    reach = REACH
    in_order = True

    def __init__(self, palette: Palette, space: str, width: int, strength: float, given: bool) -> None:
        self._step = float(spacing(palette).astype(np.float64).mean())
        quiet, loud = (_QUIET * self._step) ** 2, (_LOUD * self._step) ** 2
        self._diffuser = Diffuser(palette, space, width, quiet, loud, given=given)
        self._strength = np.float32(strength)

    def remap(
        self, pixels: npt.NDArray[np.uint32], first: int, row: int, out: npt.NDArray[np.uint8], importance: Map | None
    ) -> None:
        strengths = smoothness(activity(pixels, first, len(out)), self._step)
        strengths *= self._strength
        _reduce(strengths, importance)
        self._diffuser.remap(pixels[first : first + len(out)], row, strengths, out)
