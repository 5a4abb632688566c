"""`quantize` for Pillow images, a drop-in for `Image.quantize`, and `quantize_all` for several images at once."""

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
from .given_colors import load_colors
from .options import SharedPalette, to_options, to_options_of_shared
from .palette import least_colors
from .pillow_source import ImageSources, to_image
from .pipeline import count, render
from .progress import Progress


class Job:
    """Images whose colours are counted once, to be rendered with any number of palette colours."""

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
        """Count the colours of images; the keywords are those of `quantize`."""
        others["fixed"] = load_colors("fixed", fixed)
        if isinstance(palette, SharedPalette):
            self.options = to_options_of_shared(palette, dither, **others)
        else:
            given = to_given_palette(load_colors("palette", palette))
            self.options = to_options(colors, given, dither, **others)
        self._sources = sources
        self._palette = palette
        self._progress = Progress(progress)
        self._counts = count(sources, self.options, self._progress.part(0.0, 0.3))

    @property
    def least_colors(self) -> int:
        """The minimum number of palette entries."""
        return least_colors(self._counts, self.options)

    def image(self, **changes: Any) -> Image.Image:
        """Render the only image; see `images`."""
        (image,) = self.images(**changes)
        return image

    def images(self, **changes: Any) -> list[Image.Image]:
        """Render all images with one palette.

        Args:
            changes: fields of `Options` to change for this call.

        Returns:
            P images that share a palette, in order.

        Raises:
            QualityError: the quality asked for cannot be reached.
        """
        options = replace(self.options, **changes)
        rendered = render(self._sources, self._counts, options, self._progress.part(0.3, 1.0))
        alpha = self._needs_alpha(rendered)
        return [to_image(each, info, alpha=alpha) for each, info in zip(rendered, self._sources.infos, strict=True)]

    def _needs_alpha(self, rendered: list[IndexedImage]) -> bool:
        """Return whether palettes are RGBA: like that of a given palette image, or if there is or can be alpha."""
        if isinstance(self._palette, Image.Image) and self._palette.palette is not None:
            return self._palette.palette.mode == "RGBA"
        if self.options.palette is None and self.options.background is None and self._sources.alpha:
            return True
        return any((indexed.palette[:, 3] < 255).any() for indexed in rendered[:1])


def make_job(im: Image.Image, importance: Any = None, **options: Any) -> Job:
    """Return a Job for one image; the keywords are those of `quantize`."""
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
    lossy: float = 0,
    lossy_for: str = "kmq",
    strict: bool = False,
    threads: int = 1,
    progress: Callable[[float], object] | None = None,
    report: Callable[[Report], object] | None = None,
) -> Image.Image:
    """Reduce an image to a palette of at most `colors` colours; a drop-in for `Image.quantize`.

    An image that has no more than `colors` colours is returned exactly. Alpha is quantised together with colour, and a
    colour counts in proportion to its alpha. Opaque pixels stay opaque. All fully transparent pixels share one fully
    transparent entry, by default the first, which has the most frequent red, green and blue of these pixels. LAB and
    CMYK images, and grey images with a grey colour profile, are converted to sRGB first.

    Args:
        im: image of any mode except I, I;16 and F.
        colors: maximum number of palette entries, 1..256.
        method: None, or one of Pillow's methods, which passes the whole call on to Pillow.
        kmeans: 0 or more; accepted for compatibility with Pillow and ignored, as this quantiser always refines by
            k-means.
        palette: colours to use unchanged and in this order: an image; integers 0..255 of shape [k, 3] or [k, 4], k =
            1..256; a string of hex colours such as "#000,#fff,#f00"; the path of an image or of a palette file, as for
            `read_palette`; or the name of a hardware palette such as "web-safe". Of a P image, the palette is
            used; of any other image, its distinct colours (at most 256) in order of first appearance. A `SharedPalette`
            is used as if it was found for this image. None finds a palette.
        dither: None (Floyd-Steinberg with `palette`, otherwise no dithering), "none", "floyd-steinberg" or its strength
            0..1, "selective", "bayer", "blue-noise", another error filter such as "atkinson", "auto", one of Pillow's
            `Dither` constants, or an instance of `FloydSteinberg`, `Diffusion`, `Selective` or `Ordered`.
        quality: use as few colours as possible, at most `colors`, to meet this target: 0..100 on pngquant's scale (100
            is no visible loss), (min, max) on the same scale, PSNR(dB) or DeltaE(distance). Falling below min, or short
            of a PSNR or DeltaE, raises QualityError. Measured without dithering and weighted by `importance`. None sets
            no target.
        space: what the palette is optimised for. "perceptual": appearance; the distance is that in Oklab, smooth areas
            and rare colours get more weight, and so do hues in small palettes. "oklab", "srgb" (minimum RGB error),
            "linear": minimum squared error in that space, every pixel weighted equally. None: "srgb" with `palette`,
            `max_iter` or a PSNR target, "oklab" with a DeltaE target, otherwise "perceptual".
        effort: "fast", "default" or "best".
        seed: seed of the search, 0 or more. The same input, options and version give the same result.
        max_iter: None, or the maximum number of iterations of a plain k-means, which then replaces the search.
        fixed: colours that must be in the palette, given like `palette`; the other entries are found around them.
        posterize: bits per channel that the display supports: "rgb565", "rgba4444" or (5, 6, 5), each 1..8. All entries
            are representable with these. None is 8 bits per channel.
        importance: weight of each pixel, 0..255: an image of mode L or 1, or an array, uint8 or bool [h, w]. 0 weighs a
            thousandth of 255. None weighs all pixels equally.
        order: order of entries: "luminance" (the default, None), "popularity" (most frequent first) or "compression"
            (for small files). Transparent entries come first in every order.
        transparent_index: index of the fully transparent entry, 0..255; -1 is the last one; None is the first one.
        background: opaque colour onto which all pixels that are not opaque are composited, so that the result is
            opaque: (r, g, b), "#rrggbb" or a colour name known to Pillow. None composites only pixels for which
            `palette` has no entry, onto white: fully transparent ones if it has no fully transparent entry, translucent
            ones if all its entries are opaque.
        lossy: 0 (off) to 20: choose indices that take fewer bytes in PNG, GIF and KMQ files, at a loss of about this
            many points of SSIMULACRA2. Flat areas, text and fully transparent pixels stay as they are.
        lossy_for: format in which `lossy` saves the most bytes: "kmq", "png" or "gif".
        strict: True raises StrictError if a pixel is not in `palette`, naming its colour and position; nothing is
            dithered. Transparent pixels must be in the palette, too, unless there is a `background`.
        threads: number of threads used to map pixels to palette indices, 1..1024; 0 is one per core. Error diffusion
            always uses one. The output does not depend on it.
        progress: function called with the fraction done, 0..1. Returning False cancels with CancelledError.
        report: function called with a `Report` on the result.

    Returns:
        A P image. Its palette is RGBA if `im` can have alpha and there is no `background`, otherwise RGB. With
        `palette`, it has the mode of that palette image, or is RGBA if any colour is not opaque. Its `info` is a copy
        of `im.info` without a colour profile that the conversion has applied; `info["transparency"]` is the index of
        the fully transparent entry, if there is one.

    Raises:
        ModeError: `im` has mode I, I;16 or F. A ValueError.
        OptionError: an option has an invalid value. A ValueError.
        OptionTypeError: an option has a wrong type. A TypeError.
        QualityError: `quality` cannot be reached with `colors` colours. A ValueError.
        StrictError: a pixel is not in `palette`, and `strict` is True. A ValueError.
        CancelledError: `progress` returned False.
    """
    check_integer("kmeans", kmeans, 0, 2**31 - 1)
    check_callback("report", report)
    if method is not None:
        chosen = Image.Dither.FLOYDSTEINBERG if dither is None else dither
        return pillow_quantize(im, colors, method, kmeans, palette, chosen)
    job = make_job(
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
        lossy=lossy,
        lossy_for=lossy_for,
        strict=strict,
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

    Dithering does not flicker: a pixel that looks the same as in the previous image keeps its index, provided that the
    two images have the same size and that its importance is not 0. With `lossy`, so does one that has hardly changed.

    Args:
        images: images of any modes and sizes, weighted by their number of pixels. A sequence is iterated twice, holding
            one image in memory at a time if it makes them on demand. An animation is read frame by frame, and a TIFF
            page by page; the default image of an APNG and layers are left out. An iterator is copied into a list first.
        colors: maximum number of palette entries, 1..256.
        importance: sequence of one map or None per image, see `quantize`; None weighs all pixels equally.
        options: as in `quantize`: palette, dither, quality, space, effort, seed, max_iter, fixed, posterize, order,
            transparent_index, background, lossy, lossy_for, strict, threads, progress.

    Returns:
        P images that share a palette, in order.

    Raises:
        ModeError: an image has mode I, I;16 or F.
        OptionError: an option has an invalid value.
        OptionTypeError: an option has a wrong type, or `images` are not images.
        QualityError: `quality` cannot be reached.
        StrictError: a pixel is not in `palette`, and `strict` is True.
        CancelledError: `progress` returned False.
    """
    if not isinstance(images, (Image.Image, Frames, Sequence)):
        images = _copy_all(images)
    return Job(ImageSources(images, importance), colors, **options).images()


def _copy_all(images: Any) -> list[Image.Image]:
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
