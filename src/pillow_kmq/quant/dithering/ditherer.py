"""From an option to a ditherer: what chooses entries for rows of pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from ...types import Palette
from ..activity import activity
from ..remap import in_stripes
from ..source import Source
from .diffusion import Diffuser, Mask, Strengths, spacing
from .gamut import Gamut
from .options import Auto, Diffusion, FloydSteinberg, Selective, Way
from .ordered import Thresholder
from .selective import smoothness
from .shading import REACH, shading
from .still import StillPixels
from .thresholds import thresholds

# Of the mean step of the palette: errors that a selective ditherer leaves alone, and takes whole.
_QUIET, _LOUD = 0.1, 0.4

Map = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.uint32]


class Ditherer:
    """Chooses entries for the rows of an image, in stripes of any height.

    reach: rows above and below a stripe that it looks at. in_order: whether stripes must come from the top on, one by
    one.
    """

    def __init__(
        self,
        kernel: Diffuser | Thresholder,
        strengths: Callable[[Pixels, int, int], Strengths],
        reach: int = 0,
        gamut: Gamut | None = None,
    ) -> None:
        """Take a kernel, and the strength of each pixel.

        strengths: maps packed pixels, the first row wanted and the number of rows to float32[h, w], 0..1.
        gamut: that colours are brought into first, or None.
        """
        self._gamut = gamut
        self._kernel = kernel
        self._strengths = strengths
        self.reach = reach
        self.in_order = isinstance(kernel, Diffuser)

    def remap(
        self, pixels: Pixels, first: int, row: int, out: Map, importance: Map | None, held: Mask | None = None
    ) -> None:
        """Write the entries of the image's rows from `row` on to out, uint8[h, w].

        pixels: uint32[m, w], packed: these rows are first <= y < first + h; around them up to `reach` others, fewer
        only at the image's ends. importance: uint8[h, w], the part of the strength to be used; None is all, 255.
        held: bool[h, w], pixels that keep the entry in out; None is none.
        """
        rows = np.s_[first : first + len(out)]
        original = pixels[rows]
        if self._gamut:
            pixels = self._gamut.bring_in(pixels)
        strengths, aims = self._strengths(pixels, first, len(out)), pixels[rows]
        if importance is not None:
            strengths *= importance.reshape(strengths.shape) * np.float32(1.0 / 255.0)
            if self._gamut:  # where nothing is mixed, the entry is the nearest to the colour itself
                aims = np.where(importance.reshape(strengths.shape) > 0, aims, original)
                aims.flags.writeable = original.flags.writeable  # kernels compile anew for arrays of another kind
        self._kernel.remap(aims, row, strengths, out, held)


def ditherer(dither: Way, palette: Palette, space: str, width: int, *, given: bool = False) -> Ditherer:
    """What an option asks for, for an image of `width` pixels a row and a palette uint8[k, 4] of 1 to 256 entries.

    given: whether the palette was not found for the picture, so that many of its colours may be out of reach.
    """
    gamut = Gamut(palette) if given else None
    if isinstance(dither, FloydSteinberg):
        return _uniform(Diffuser(palette, space, width, given=given), dither.strength, gamut)
    if isinstance(dither, Diffusion):
        return _uniform(Diffuser(palette, space, width, kernel=dither.kernel, given=given), dither.strength, gamut)
    if isinstance(dither, Auto):
        return _shaded(Diffuser(palette, space, width, given=given), dither.strength_of(len(palette)), gamut)
    if isinstance(dither, Selective):
        return _selective(palette, space, width, dither.strength, gamut)
    thresholder = Thresholder(palette, space, thresholds(dither.matrix, dither.side), given=given)
    return _uniform(thresholder, dither.strength, gamut)


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
    """Write the entry of every pixel to out, uint8[h, w]. stripes: first and last row, exclusive, of all, in order.

    threads: how many stripes at once, 0 for one per core; error diffusion does one at a time all the same. Neither
    these nor how the image is cut change anything. still: finds pixels that keep the entry in out, which is then that
    of the frame before. given: as for `ditherer`.
    """
    idle = [ditherer(dither, palette, space, source.width, given=given)]

    def work(start: int, stop: int) -> None:
        worker = idle.pop() if idle else ditherer(dither, palette, space, source.width, given=given)
        top, bottom = max(start - worker.reach, 0), min(stop + worker.reach, source.height)
        pixels, importance = source.rows(top, bottom), source.importance(start, stop)
        held = still.held(start, pixels[start - top : stop - top], importance) if still else None
        worker.remap(pixels, start - top, start, out[start:stop], importance, held)
        idle.append(worker)

    in_stripes(work, stripes, 1 if idle[0].in_order else threads)


def _uniform(kernel: Diffuser | Thresholder, strength: float, gamut: Gamut | None) -> Ditherer:
    def strengths(pixels: Pixels, _: int, height: int) -> Strengths:
        return np.full((height, pixels.shape[1]), strength, np.float32)

    return Ditherer(kernel, strengths, gamut=gamut)


def _shaded(diffuser: Diffuser, strength: float, gamut: Gamut | None) -> Ditherer:
    return Ditherer(diffuser, lambda *rows: shading(*rows) * np.float32(strength), REACH, gamut)


def _selective(palette: Palette, space: str, width: int, strength: float, gamut: Gamut | None) -> Ditherer:
    step = float(spacing(palette).astype(np.float64).mean())

    def strengths(pixels: Pixels, first: int, height: int) -> Strengths:
        smooth = smoothness(activity(pixels, first, height), step)
        return smooth * shading(pixels, first, height) * np.float32(strength)

    quiet, loud = (_QUIET * step) ** 2, (_LOUD * step) ** 2
    diffuser = Diffuser(palette, space, width, quiet, loud, given=gamut is not None)
    return Ditherer(diffuser, strengths, REACH, gamut)
