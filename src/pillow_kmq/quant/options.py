"""Options of the quantiser: a frozen, validated value for each request, and the words that stand for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..checks import check_choice, check_integer, check_number
from ..errors import OptionError, OptionTypeError
from ..types import MAX_COLORS, Palette
from .aim import Aim, to_aim
from .background import Rgb, to_background
from .colors import to_colors
from .dithering.options import Auto, Dither, to_dither
from .posterize import FULL, Bits, representable, to_bits

SPACE_NAMES = ("perceptual", "srgb", "linear", "oklab")
ORDER_NAMES = ("luminance", "popularity", "compression")
MOST_LOSSY = 20
LOSSY_FORMATS = ("kmq", "png", "gif")


@dataclass(frozen=True)
class Effort:
    """Parameters of the palette search.

    Attributes:
        sample: number of pixels above which an image is sampled.
        bits: bits per channel of the histogram bins during the search.
        most_bins: maximum number of bins; more are merged to fewer bits.
        start_steps: Lloyd steps after initialisation.
        rounds: rounds of split-and-merge exchanges; fewer for palettes of more than 128 entries.
        steps: Lloyd steps per round.
        share: exchanges per round, as a fraction of the palette size.
        noise: amount of randomness in choosing exchanges, see clustering/split_merge.py.
        polish: Lloyd steps on the finest bins at the end.
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


@dataclass(frozen=True, eq=False)
class SharedPalette:
    """A palette that was found for several images, to quantise them one by one; see `shared_palette`.

    Unlike other given palettes, it suits its images: they are dithered and mapped as if each had found it.

    Attributes:
        colors: the entries, uint8[k, 4].
        space: what it was optimised for, as in `quantize`.
    """

    colors: Palette
    space: str

    def _repr_html_(self) -> str:
        from ..notebook import entries, swatches_html

        return swatches_html((color, f"entry {number}") for number, color in enumerate(entries(self.colors)))

    def _repr_png_(self) -> bytes:
        from ..notebook import entries, swatches_png

        return swatches_png(entries(self.colors))


@dataclass(frozen=True)
class Options:
    """Validated options of one call.

    Attributes:
        colors: maximum number of entries, 1..256, including the transparent and the fixed ones.
        palette: uint8[k, 4] to use unchanged, or None to find one.
        dither: the dithering, or None.
        background: colour onto which all pixels are composited; None is white, for pixels that the given palette has no
            entry for.
        space: one of SPACE_NAMES.
        effort: a key of EFFORTS.
        seed: seed of the search, 0 or more.
        max_iter: None, or the maximum number of iterations of a plain k-means that replaces the search.
        fixed: uint8[f, 4], entries that must be in the palette.
        aim: None, or the error to reach with as few colours as possible.
        bits: bits of R, G, B and A that entries may use.
        order: one of ORDER_NAMES, for palettes that are found.
        transparent_index: index of the fully transparent entry; -1 is the last one, None the first one.
        threads: number of threads that map pixels; 0 is one per core.
        lossy: strength of the lossy choice of indices, about as many points of SSIMULACRA2; 0 is off.
        lossy_for: one of LOSSY_FORMATS, whose bytes that choice saves.
        strict: whether a pixel that is not in the given palette is an error.
        fitted: whether `palette` was found for the images, among others.
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
    lossy: float = 0.0
    lossy_for: str = "kmq"
    strict: bool = False
    fitted: bool = False

    @property
    def metric(self) -> str:
        """The space of nearest-entry look-ups, a key of color.SPACES."""
        return "oklab" if self.space == "perceptual" else self.space

    def __post_init__(self) -> None:
        check_integer("colors", self.colors, 1, MAX_COLORS)
        check_choice("space", self.space, SPACE_NAMES)
        check_choice("effort", self.effort, tuple(EFFORTS))
        check_integer("seed", self.seed, 0, 2**63 - 1)
        if self.max_iter is not None:
            check_integer("max_iter", self.max_iter, 0, 10**6)
        if len(self.fixed) > self.colors:
            raise OptionError(
                f"{len(self.fixed)} fixed colours do not fit into a palette of {self.colors}: raise colors"
            )
        check_choice("order", self.order, ORDER_NAMES)
        check_integer("threads", self.threads, 0, 1024)
        check_number("lossy", self.lossy, 0, MOST_LOSSY)
        check_choice("lossy_for", self.lossy_for, LOSSY_FORMATS)
        if self.transparent_index is not None:
            check_integer("transparent_index", self.transparent_index, -1, MAX_COLORS - 1)
        for color, shown in zip(self.fixed, representable(self.fixed, self.bits), strict=True):
            if color[3] and (color != shown).any():
                raise OptionError(
                    f"fixed colour {_format_color(color)} is not representable with posterize:"
                    f" use {_format_color(shown)}"
                )
        if not isinstance(self.strict, bool):
            raise OptionTypeError(f"strict must be True or False, not {type(self.strict).__name__}")
        if self.strict and self.lossy:
            raise OptionError("strict cannot be combined with lossy, which changes pixels: leave one of them out")
        if self.strict and self.palette is None:
            raise OptionError("strict needs a palette: name the colours that pixels may have with palette")
        if self.palette is not None and len(self.fixed):
            raise OptionError("fixed cannot be combined with palette: add the fixed colours to the palette")
        if self.palette is not None and (self.aim or self.bits != FULL or self.transparent_index is not None):
            raise OptionError(
                "quality, posterize and transparent_index cannot be combined with palette: leave them out"
            )
        if self.palette is not None and not 1 <= len(self.palette) <= MAX_COLORS:
            raise OptionError(f"palette must have 1 to {MAX_COLORS} entries, not {len(self.palette)}")


def _format_color(color: Palette) -> str:
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
    strict: Any = False,
    **others: Any,
) -> Options:
    """Validate the keywords of `quantize`; `others` are those that `Options` has under the same names."""
    if palette is not None and order is not None:
        raise OptionError("order cannot be combined with palette, which keeps its own order: leave it out")
    if palette is not None and (dither is None or isinstance(to_dither(dither), Auto)):
        dither = "floyd-steinberg"  # a given palette does not fit the picture: even flat areas need mixtures
    unknown = sorted(others.keys() - {"effort", "lossy", "lossy_for", "seed", "threads", "transparent_index"})
    if unknown:
        raise OptionTypeError(f"{unknown[0]} is not a valid option here")
    aim = to_aim(quality)
    checked_dither = to_dither(dither)
    if space is None:
        space = _space_for(palette, max_iter, aim)
    return Options(
        colors=check_integer("colors", colors, 1, MAX_COLORS),
        palette=palette,
        dither=None if strict is True else checked_dither,  # ordered dithering would change pixels
        background=to_background(background),
        fixed=to_colors("fixed", fixed),
        aim=aim,
        bits=to_bits(posterize),
        order="luminance" if order is None else order,
        space=space,
        max_iter=max_iter,
        strict=strict,
        **others,
    )


def to_options_of_shared(
    shared: SharedPalette, dither: Any, *, space: str | None = None, strict: Any = False, **others: Any
) -> Options:
    """Validate the keywords of `quantize` next to a shared palette, which fixes the search."""
    if others.get("order") is not None:
        raise OptionError("order cannot be combined with palette, which keeps its own order: leave it out")
    found = to_options(MAX_COLORS, None, "none" if strict is True else dither, space=space or shared.space, **others)
    return replace(found, palette=shared.colors, fitted=True, strict=strict)


def _space_for(palette: Palette | None, max_iter: int | None, aim: Aim | None) -> str:
    """Return the default space for the other options."""
    if palette is not None or max_iter is not None:
        # Dithering with given palettes keeps local means better in sRGB (docs/QUALITY.md); plain k-means takes the
        # plain RGB distance.
        return "srgb"
    return {"dB": "srgb", "dE": "oklab"}.get(aim.unit, "perceptual") if aim else "perceptual"
