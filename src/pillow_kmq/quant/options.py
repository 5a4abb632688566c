"""What a caller can ask of the quantiser: one frozen value per choice, and the words that stand for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..checks import check_choice, check_integer
from ..errors import OptionError, OptionTypeError
from ..types import MAX_COLORS, Palette
from .aim import Aim, to_aim
from .background import Rgb, to_background
from .colors import to_colors
from .dithering.options import Auto, Dither, to_dither
from .posterize import FULL, Bits, representable, to_bits

SPACE_NAMES = ("perceptual", "srgb", "linear", "oklab")
ORDER_NAMES = ("luminance", "popularity", "compression")


@dataclass(frozen=True)
class Effort:
    """How much work finding a palette is worth.

    sample: pixels from which on not all are counted. bits: of each channel that colours keep while they are
        searched. most_bins: fewer bits where there were more bins.
    start_steps: Lloyd's steps after the start. rounds: of exchanges, each followed by `steps` steps; fewer for
        palettes of more than 128 entries.
    share: exchanges per round as a part of the palette. noise: how wild they are (see swap.py).
    polish: Lloyd's steps on the finest colours at the end.
    """

    sample: int
    bits: int
    most_bins: int
    start_steps: int
    rounds: int
    steps: int
    share: float
    noise: float
    polish: int


EFFORTS = {
    "fast": Effort(1 << 16, 5, 1 << 14, 3, 0, 0, 0.0, 0.0, 0),
    "default": Effort(1 << 19, 6, 1 << 16, 3, 44, 2, 0.1, 1.0, 2),
    "best": Effort(1 << 19, 7, 1 << 17, 10, 1000, 3, 0.06, 1.0, 30),
}


@dataclass(frozen=True)
class Options:
    """One request, checked.

    colors: entries at most, 1..256, the transparent one and the fixed ones included.
    palette: uint8[k, 4] to use as it is, or None to find one.
    background: that all pixels are laid on first; None is white, for those that the given palette has no entry for.
    space: one of SPACE_NAMES.
    effort: a key of EFFORTS. seed: of the search, 0 or more.
    max_iter: None, or a plain k-means of at most so many steps in place of the effort's recipe.
    fixed: uint8[f, 4], entries that must be there.
    aim: None, or the error for which the fewest colours are to be found.
    bits: of R, G, B and A that entries may use.
    order: of entries that are found. transparent_index: where a fully transparent one goes, -1 is the end.
    threads: that map pixels at once, 0 for one per core.
    """

    colors: int = MAX_COLORS
    palette: Palette | None = None
    dither: Dither = None
    background: Rgb | None = None
    space: str = "perceptual"
    effort: str = "default"
    seed: int = 0
    max_iter: int | None = None
    fixed: Palette = field(default_factory=lambda: np.empty((0, 4), np.uint8))
    aim: Aim | None = None
    bits: Bits = FULL
    order: str = "luminance"
    transparent_index: int | None = None
    threads: int = 1

    @property
    def metric(self) -> str:
        """The space in which the nearest entry is looked for: a key of color.SPACES."""
        return "oklab" if self.space == "perceptual" else self.space

    def __post_init__(self) -> None:
        check_integer("colors", self.colors, 1, MAX_COLORS)
        check_choice("space", self.space, SPACE_NAMES)
        check_choice("effort", self.effort, tuple(EFFORTS))
        check_integer("seed", self.seed, 0, 2**63 - 1)
        if self.max_iter is not None:
            check_integer("max_iter", self.max_iter, 0, 10**6)
        if len(self.fixed) > self.colors:
            raise OptionError(f"{len(self.fixed)} fixed colours do not fit into a palette of {self.colors}")
        check_choice("order", self.order, ORDER_NAMES)
        check_integer("threads", self.threads, 0, 1024)
        if self.transparent_index is not None:
            check_integer("transparent_index", self.transparent_index, -1, MAX_COLORS - 1)
        for color, shown in zip(self.fixed, representable(self.fixed, self.bits), strict=True):
            if color[3] and (color != shown).any():
                raise OptionError(f"the fixed colour {_text(color)} cannot be posterized: {_text(shown)} is near")
        if self.palette is not None and len(self.fixed):
            raise OptionError("fixed colours mean nothing with a given palette: add them to it")
        if self.palette is not None and (self.aim or self.bits != FULL or self.transparent_index is not None):
            raise OptionError("quality, posterize and transparent_index mean nothing with a given palette")
        if self.palette is not None and not 1 <= len(self.palette) <= MAX_COLORS:
            raise OptionError("empty palette: it must have 1 to 256 entries")


def _text(color: Palette) -> str:
    return str(tuple(color.tolist()))


def to_options(
    colors: Any,
    palette: Palette | None,
    dither: Any,
    *,
    fixed: Any = (),
    quality: Any = None,
    posterize: Any = None,
    order: str | None = None,
    background: Any = None,
    space: str | None = None,
    max_iter: int | None = None,
    **others: Any,
) -> Options:
    """The keywords of `quantize`, checked. others: those that Options has by the same names."""
    if palette is not None and order is not None:
        raise OptionError("order means nothing with a given palette, which keeps its own")
    if palette is not None and (dither is None or isinstance(to_dither(dither), Auto)):
        dither = "floyd-steinberg"  # a palette given is made for no picture: flat areas too need mixtures
    unknown = sorted(others.keys() - {"effort", "seed", "threads", "transparent_index"})
    if unknown:
        raise OptionTypeError(f"{unknown[0]} is not an option here")
    aim = to_aim(quality)
    if space is None:
        space = _space_for(palette, max_iter, aim)
    return Options(
        colors=check_integer("colors", colors, 1, MAX_COLORS),
        palette=palette,
        dither=to_dither(dither),
        background=to_background(background),
        fixed=to_colors("fixed", fixed),
        aim=aim,
        bits=to_bits(posterize),
        order="luminance" if order is None else order,
        space=space,
        max_iter=max_iter,
        **others,
    )


def _space_for(palette: Palette | None, max_iter: int | None, aim: Aim | None) -> str:
    """Return the space that suits the other options, where none is asked for."""
    if palette is not None or max_iter is not None:
        # Dithering with palettes that no search has made has truer means in sRGB (docs/QUALITY.md); and the textbook's
        # k-means has the textbook's distance.
        return "srgb"
    return {"dB": "srgb", "dE": "oklab"}.get(aim.unit, "perceptual") if aim else "perceptual"
