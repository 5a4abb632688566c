"""What became of an image: the answer to `report=`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from PIL import Image

from .alpha import has_alpha


@dataclass(frozen=True)
class Report:
    """A palette image beside its original. Measures are taken when they are asked for, as in `compare`.

    original, image: before and after. bytes: the size of the file, or None where none was written.
    background: as in `quantize`. Where transparent pixels were laid on it, so is the original to be compared.
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

    @cached_property
    def colors(self) -> int:
        """Palette entries that pixels use."""
        return len(self.image.getcolors(256) or ())

    @cached_property
    def looks_same(self) -> bool:
        """Whether no pixel looks different."""
        from .compare import looks_same

        return looks_same(self.original, self.image, background=self.laid_on)

    @cached_property
    def psnr(self) -> float:
        """In dB over R, G and B, infinite if no pixel looks different."""
        from .compare import psnr

        return psnr(self.original, self.image, background=self.laid_on)

    @cached_property
    def delta_e(self) -> float:
        """Mean distance in Oklab times 100; about 2 is just noticeable."""
        from .compare import oklab_distance

        return oklab_distance(self.original, self.image, background=self.laid_on)

    @property
    def laid_on(self) -> tuple[int, int, int] | None:
        """The background on which transparent pixels were laid to become opaque, or None."""
        from .quant.background import WHITE, to_background

        if has_alpha(self.image) or not has_alpha(self.original):
            return None
        return to_background(self.background) or WHITE

    @cached_property
    def visible_error(self) -> float:
        """Mean distance in Oklab times 100 through a blur of one pixel, as dithering is meant to be seen."""
        from .compare import visible_distance

        return visible_distance(self.original, self.image, background=self.laid_on)

    @cached_property
    def quality(self) -> float:
        """0..100, on the scale of the option `quality`: that of the palette, measured without dithering."""
        from .compare import oklab_square
        from .quality_scale import quality_of
        from .quant import quantize

        image = self.image
        if image.mode == "P":
            given = self.background if self.laid_on else None
            image = quantize(self.original, palette=image, dither="none", space="oklab", background=given)
        return quality_of(oklab_square(self.original, image, background=self.laid_on))


@dataclass(frozen=True)
class AnimationReport(Report):
    """An animation beside its original. Colours are those of all frames, and errors the mean over all frames.

    frames: how many. pairs: each frame before and after, one pair in memory at a time.
    """

    frames: int = field(kw_only=True)
    pairs: Callable[[], Iterable[tuple[Image.Image, Image.Image]]] = field(kw_only=True, repr=False)

    def __str__(self) -> str:
        return f"{self.frames} frames, {super().__str__()}"

    @property
    def colors(self) -> int:
        """Distinct colours of all frames, the invisible ones counted as one."""
        return self._measured.colors

    @property
    def psnr(self) -> float:
        """In dB, of the mean squared error over all frames; infinite if no pixel looks different."""
        return self._measured.psnr

    @property
    def looks_same(self) -> bool:
        """Whether no pixel of any frame looks different."""
        return math.isinf(self.psnr)

    @property
    def visible_error(self) -> float:
        """Mean distance in Oklab times 100 through a blur of one pixel, over all frames."""
        return self._measured.visible_error

    @property
    def quality(self) -> float:
        """0..100, on the scale of the option `quality`, of the pixels as they are."""
        from .quality_scale import quality_of

        return quality_of(self._measured.square)

    @cached_property
    def delta_e(self) -> float:
        """Mean distance in Oklab times 100, over all frames."""
        from .compare import oklab_distance

        return sum(oklab_distance(before, after) for before, after in self.pairs()) / self.frames

    @cached_property
    def _measured(self) -> _Measured:
        """All that is told of each animation, in one pass, as reading the original takes long."""
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
