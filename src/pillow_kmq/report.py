"""Reports on saved images: the argument of the callback `report`."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from PIL import Image

from .alpha import has_alpha


@dataclass(frozen=True)
class Report:
    """A palette image and its original. Measures are computed on first access, see `pillow_kmq.compare`.

    Attributes:
        original: The image before quantisation.
        image: The palette image.
        bytes: Size of the file, or None if none was written.
        background: As in `quantize`. If transparent pixels were composited over it, measures do so with the original.
    """

    original: Image.Image
    image: Image.Image
    bytes: int | None = None
    background: Any = None

    def __str__(self) -> str:
        size = "" if self.bytes is None else f"{self.bytes:,} bytes, "
        colors = f"{self.colors} colour{'s' * (self.colors != 1)}"
        errors = f"PSNR {self.psnr:.2f} dB, DeltaE {self.delta_e:.2f}, visible error {self.visible_error:.2f}"
        return f"{size}{colors}, {errors}, quality {self.quality:.0f}"

    def _repr_html_(self) -> str:
        from .notebook import page_of

        return page_of(self.image, str(self))

    def _repr_png_(self) -> builtins.bytes:
        from .notebook import png_of

        return png_of(self.image)

    @cached_property
    def colors(self) -> int:
        """Number of palette entries that pixels use."""
        return len(self.image.getcolors(256) or ())

    @cached_property
    def looks_same(self) -> bool:
        """True if no pixel looks different."""
        from .compare import looks_same

        return looks_same(self.original, self.image, background=self.laid_on)

    @cached_property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB over R, G and B; infinite if all pixels look the same."""
        from .compare import psnr

        return psnr(self.original, self.image, background=self.laid_on)

    @cached_property
    def delta_e(self) -> float:
        """Mean distance in Oklab times 100; about 2 is just noticeable."""
        from .compare import oklab_distance

        return oklab_distance(self.original, self.image, background=self.laid_on)

    @property
    def laid_on(self) -> tuple[int, int, int] | None:
        """The background over which transparent pixels were composited, or None."""
        from .quant.background import WHITE, to_background

        if has_alpha(self.image) or not has_alpha(self.original):
            return None
        return to_background(self.background) or WHITE

    @cached_property
    def visible_error(self) -> float:
        """Mean distance in Oklab times 100 after a blur of one pixel, which mixes dithered colours as the eye does."""
        from .compare import visible_distance

        return visible_distance(self.original, self.image, background=self.laid_on)

    @cached_property
    def quality(self) -> float:
        """Quality 0..100 on the scale of the option `quality`: that of the palette, measured without dithering."""
        from .compare import oklab_square
        from .quality_scale import quality_of
        from .quant import quantize

        if self.looks_same:
            return quality_of(0.0)
        image = self.image
        if image.mode == "P":
            given = self.background if self.laid_on else None
            image = quantize(self.original, palette=image, dither="none", space="oklab", background=given)
        return quality_of(oklab_square(self.original, image, background=self.laid_on))


@dataclass(frozen=True)
class AnimationReport(Report):
    """An animation and its original. Colours are counted over all frames; errors are means over all frames.

    Attributes:
        frames: Number of frames.
        pairs: A function that yields each frame before and after, one pair in memory at a time.
    """

    frames: int = field(kw_only=True)
    pairs: Callable[[], Iterable[tuple[Image.Image, Image.Image]]] = field(kw_only=True, repr=False)

    def __str__(self) -> str:
        return f"{self.frames} frames, {super().__str__()}"

    @property
    def colors(self) -> int:
        """Number of distinct colours in all frames; fully transparent ones count as one."""
        return self._measured.colors

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB over all frames; infinite if all pixels look the same."""
        return self._measured.psnr

    @property
    def looks_same(self) -> bool:
        """True if no pixel of any frame looks different."""
        return math.isinf(self.psnr)

    @property
    def visible_error(self) -> float:
        """Mean distance in Oklab times 100 after a blur of one pixel, over all frames."""
        return self._measured.visible_error

    @property
    def quality(self) -> float:
        """Quality 0..100 on the scale of the option `quality`, measured on the pixels with their dithering."""
        from .quality_scale import quality_of

        return quality_of(self._measured.square)

    @cached_property
    def delta_e(self) -> float:
        """Mean distance in Oklab times 100, over all frames."""
        from .compare import oklab_distance

        return sum(oklab_distance(before, after) for before, after in self.pairs()) / self.frames

    @cached_property
    def _measured(self) -> _Measured:
        """All measures but `delta_e`, computed in one pass: reading the original is slow."""
        from .compare import distinct_colors, oklab_square, psnr, visible_distance

        colors: set[int] = set()
        error = visible = square = 0.0
        for before, after in self.pairs():
            colors |= distinct_colors(after)
            frame_error = 10.0 ** (-psnr(before, after) / 10.0)
            if frame_error:
                error += frame_error
                visible += visible_distance(before, after)
                square += oklab_square(before, after)
        decibels = -10.0 * math.log10(error / self.frames) if error else math.inf
        return _Measured(len(colors), decibels, visible / self.frames, square / self.frames)


class _Measured(NamedTuple):
    """Colours of all frames, and errors over all frames."""

    colors: int
    psnr: float
    visible_error: float
    square: float
