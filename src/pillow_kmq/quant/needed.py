"""Kernels that a call will run, so that two processes can compile the missing ones at the same time."""

from __future__ import annotations

from .. import color
from ..kernels.ahead import prepare
from . import activity, nearest, quality
from .clustering import assign, lloyd, split_merge, wu
from .dithering import diffusion, gamut, ordered, palette_fit, shading
from .dithering.options import Auto, Ordered, Selective
from .histogram import COUNTING, SORTING
from .lossy import choice, costs, deflate, errors
from .options import EFFORTS, Options
from .tiles import sums_kernel


def prepare_for_images(options: Options) -> None:
    """Compile the kernels that count the colours of images and choose entries for their pixels."""
    given, dither = options.palette is not None, options.dither
    kernels = [*color.KERNELS] if given else [*COUNTING, *color.KERNELS]
    if isinstance(dither, Selective) or (options.space == "perceptual" and not given):
        kernels += activity.KERNELS
    if isinstance(dither, (Auto, Selective)):
        kernels += shading.KERNELS
    if isinstance(dither, Auto):
        kernels += shading.REPETITION
    if given and dither is not None:
        kernels += gamut.KERNELS
    if dither is None:
        kernels += nearest.KERNELS
    else:
        kernels += ordered.KERNELS if isinstance(dither, Ordered) else diffusion.KERNELS
    if options.lossy:
        kernels += [*costs.KERNELS, *errors.KERNELS, *choice.KERNELS, *shading.KERNELS, *nearest.KERNELS]
        kernels += deflate.KERNELS if options.lossy_for == "png" else []
    prepare(kernel.single for kernel in dict.fromkeys(kernels))


def prepare_for_search(options: Options, *, fitting: bool) -> None:
    """Compile the kernels that search for a palette of many colours.

    Args:
        options: The options of the call.
        fitting: True if the palette is adapted to the pixels afterwards.
    """
    kernels = [*SORTING, *wu.KERNELS, *assign.KERNELS, *lloyd.KERNELS]
    if EFFORTS[options.effort].rounds and options.max_iter is None:
        kernels += split_merge.KERNELS
    if options.aim is not None:
        kernels += quality.KERNELS
    if fitting or options.aim is not None:
        kernels += nearest.KERNELS
    if fitting and options.dither is not None:
        kernels += palette_fit.KERNELS
    prepare(kernel.single for kernel in kernels)


def prepare_for_tiles(*, dithered: bool) -> None:
    """Compile the kernels that find palettes for tiles, and those of ordered dithering."""
    kernels = [*color.KERNELS, *wu.KERNELS, *assign.KERNELS, *lloyd.KERNELS, *split_merge.KERNELS, *sums_kernel.KERNELS]
    if dithered:
        kernels += ordered.KERNELS
    prepare(kernel.single for kernel in kernels)
