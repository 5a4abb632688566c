"""`quantize` for Pillow images: a drop-in for `Image.quantize`; `quantize_all` for several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from ..checks import check_callback, check_integer
from ..color_profile import as_shown
from ..errors import OptionTypeError
from ..frames import Frames
from ..pillow_originals import pillow_quantize
from ..report import Report
from ..types import IndexedImage
from .colors import to_given_palette
from .options import to_options
from .palette import least_colors
from .pillow_source import ImageSources, given_colors, to_image
from .pipeline import count, render
from .progress import Progress


class Job:
    """Images counted once, of which palette images with any number of colours can be made."""

    def __init__(
        self,
        sources: ImageSources,
        colors: Any = 256,
        palette: Any = None,
        dither: Any = None,
        fixed: Any = (),
        progress: Any = None,
        **others: Any,
    ) -> None:
        """Take keywords as in `quantize`."""
        given = to_given_palette(given_colors("palette", palette))
        self.options = to_options(colors, given, dither, fixed=given_colors("fixed", fixed), **others)
        self._sources = sources
        self._palette = palette
        self._progress = Progress(progress)
        self._counts = count(sources, self.options, self._progress.part(0.0, 0.3))

    @property
    def least_colors(self) -> int:
        """How many entries a palette must have."""
        return least_colors(self._counts, self.options)

    def image(self, **changes: Any) -> Image.Image:
        """The only image, as by `images`."""
        (image,) = self.images(**changes)
        return image

    def images(self, **changes: Any) -> list[Image.Image]:
        """P images with one palette, of the options with some changed. Raises QualityError."""
        options = replace(self.options, **changes)
        rendered = render(self._sources, self._counts, options, self._progress.part(0.3, 1.0))
        alpha = self._with_alpha(rendered)
        return [to_image(each, info, alpha=alpha) for each, info in zip(rendered, self._sources.infos, strict=True)]

    def _with_alpha(self, rendered: list[IndexedImage]) -> bool:
        """Return whether palettes are RGBA: as that of a palette image given, or where there is or can be alpha."""
        if isinstance(self._palette, Image.Image) and self._palette.palette is not None:
            return self._palette.palette.mode == "RGBA"
        if self.options.palette is None and self.options.background is None and self._sources.alpha:
            return True
        return any((indexed.palette[:, 3] < 255).any() for indexed in rendered[:1])


def job_for(im: Image.Image, importance: Any = None, **options: Any) -> Job:
    """A Job for one image, with keywords as in `quantize`."""
    if not isinstance(im, Image.Image):
        raise OptionTypeError(f"im must be a Pillow image, not {type(im).__name__}")
    maps = None if importance is None else [importance]
    return Job(ImageSources([as_shown(im)], maps), **options)


def quantize(
    im: Image.Image,
    colors: int = 256,
    method: int | None = None,
    kmeans: int = 0,
    palette: Any = None,
    dither: Any = None,
    *,
    quality: Any = None,
    space: str | None = None,
    effort: str = "default",
    seed: int = 0,
    max_iter: int | None = None,
    fixed: Any = (),
    posterize: Any = None,
    importance: Any = None,
    order: str | None = None,
    transparent_index: int | None = None,
    background: Any = None,
    threads: int = 1,
    progress: Callable[[float], object] | None = None,
    report: Callable[[Report], object] | None = None,
) -> Image.Image:
    """Reduce an image to a palette of at most `colors` colours: what `Image.quantize` does, better.

    im: any mode but I, I;16 and F, which raise ModeError (a ValueError). An image with no more colours than asked is
        returned exactly. Alpha is a channel like others: colour counts for as much as it is visible, opaque pixels
        stay opaque, and all fully transparent pixels get one fully transparent entry, the first, whose red, green and
        blue are those that most of these pixels have.
    colors: 1..256.
    method: None; one of Pillow's methods hands the whole call to Pillow.
    kmeans: accepted as Pillow does; this quantiser always refines by k-means.
    palette: colours to use as they are, in their order: an image, integers of shape [k, 3] or [k, 4], hex words like
        "#000,#fff,#f00", the path of an image or of a text file with a hex colour in each line, or a name in
        `hardware.HARDWARE_NAMES` like "web-safe". A P image has the order of its entries, another one, of at most 256
        colours, that of their first appearance. See `background`.
    dither: None (Floyd-Steinberg with `palette`, nothing without), "none", "floyd-steinberg" or its strength
        0..1, "selective", "bayer", "blue-noise", another error filter like "atkinson", a Pillow `Dither`, or
        `FloydSteinberg`, `Diffusion`, `Selective` or `Ordered`.
    quality: the fewest colours that reach it, `colors` at most: 0..100 on pngquant's scale (100 is no visible loss),
        (min, max), PSNR(dB) or DeltaE(distance). Below min, or below a PSNR or DeltaE, raises QualityError (a
        ValueError). Measured without dithering, weighted by `importance`.
    space: what the palette is best for. "perceptual": what looks best: distance in Oklab, smooth areas and rare colours
        count for more, and so do hues where colours are few. "oklab", "srgb" (least RGB error), "linear": least squared
        distance there, all pixels alike. None: what suits the others: "srgb" with `palette`,
        `max_iter` or PSNR, "oklab" with DeltaE, else "perceptual".
    effort: "fast", "default" or "best".
    seed: of the search. The same input, options and version give the same result.
    max_iter: None, or a textbook k-means of at most so many iterations in place of the search.
    fixed: colours that must be in the palette, given like `palette`; the others are found around them.
    posterize: bits of each channel that the display knows, "rgb565", "rgba4444" or (5, 6, 5); entries use no others.
    importance: how much each pixel counts, 0..255: an image of mode L or 1 or an array, uint8 or bool [h, w]. 0
        counts a thousandth of 255.
    order: of entries: "luminance" (None), "popularity" (most pixels first) or "compression" (for small files).
        Transparent ones come first in any order.
    transparent_index: where the fully transparent entry goes, 0..255, or -1 for the end.
    background: colour on which all pixels that are not opaque are laid first, so that the result is opaque: (r, g, b),
        "#rrggbb" or a name that Pillow knows. By default, that is done only where `palette` has no entry for them, and
        on white: fully transparent pixels if it has no fully transparent entry, others if it is opaque throughout.
    threads: for choosing indices, 1..1024, or 0 for one per core; error diffusion takes one. They change no byte.
    progress: called with the part that is done, 0..1; to return False cancels, with CancelledError.
    report: called with a Report when all is done.

    LAB, CMYK, and grey with a grey colour profile are converted to sRGB first.

    Returns a P image. Its palette is RGBA if `im` can have alpha, else RGB; with `palette`, as that is. Its `info` is
    a copy of `im.info`, without a profile that the conversion used up, in which `transparency` is the index of the
    fully transparent entry, if there is one. Raises OptionError (a ValueError) and OptionTypeError (a TypeError).
    """
    check_integer("kmeans", kmeans, 0, 2**31 - 1)
    check_callback("report", report)
    if method is not None:
        chosen = Image.Dither.FLOYDSTEINBERG if dither is None else dither
        return pillow_quantize(im, colors, method, kmeans, palette, chosen)
    job = job_for(
        im,
        importance,
        colors=colors,
        palette=palette,
        dither=dither,
        quality=quality,
        space=space,
        effort=effort,
        seed=seed,
        max_iter=max_iter,
        fixed=fixed,
        posterize=posterize,
        order=order,
        transparent_index=transparent_index,
        background=background,
        threads=threads,
        progress=progress,
    )
    result = job.image()
    if report is not None:
        report(Report(im, result, background=background))
    return result


def quantize_all(
    images: Iterable[Image.Image] | Frames | Image.Image,
    colors: int = 256,
    *,
    importance: Sequence[Any] | None = None,
    **options: Any,
) -> list[Image.Image]:
    """Reduce several images, or all frames of one, to one palette of at most `colors` colours.

    Dithering does not flicker: a pixel that looks as it did in the image before keeps its index if that image has the
    same size, unless its importance is 0.

    images: of any modes and sizes; a large one counts for more, by its pixels. A list or another sequence is gone
        through twice, one image in memory at a time if it makes them on demand; an animation frame by frame, as are
        the pages of a TIFF, but neither the default image of an APNG nor layers; anything that can be read only once
        is copied first.
    importance: a map or None for each image.
    options: as in `quantize`: palette, dither, quality, space, effort, seed, max_iter, fixed, posterize, order,
        transparent_index, background, threads, progress.

    Returns P images with the same palette, in order, each with its own indices. Raises what `quantize` raises.
    """
    if not isinstance(images, (Image.Image, Frames, Sequence)):
        images = _copies(images)
    return Job(ImageSources(images, importance), colors, **options).images()


def _copies(images: Any) -> list[Image.Image]:
    try:
        iterator: Iterator[Any] = iter(images)
    except TypeError:
        raise OptionTypeError(f"images must be images or one animation, not {type(images).__name__}") from None
    copies = []
    for im in iterator:
        if not isinstance(im, Image.Image):
            raise OptionTypeError(f"images must be Pillow images, not {type(im).__name__}")
        copies.append(im.copy())
    return copies
