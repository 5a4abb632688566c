"""A palette image whose file fits into so many bytes: `max_bytes=` of both plugins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image, ImageFilter

from .alpha import has_alpha, to_rgba
from .compare import oklab_distance
from .errors import SizeError
from .quant.checks import check_integer
from .quant.pillow import Job, job_for
from .quant.progress import Progress

Encode = Callable[[Image.Image], bytes]

_EYE = 1.0  # sigma in pixels of the blur through which dithering is judged


@dataclass(frozen=True)
class _Fit:
    """A palette image and its file."""

    image: Image.Image
    data: bytes


def fitting(
    im: Image.Image, options: dict[str, Any], max_bytes: Any, encode: Encode, progress: Any = None
) -> tuple[Image.Image, bytes]:
    """The P image of the most colours, and its file, whose file has at most `max_bytes` bytes.

    A P image that fits is kept as it is, if there are no options. options: keywords of `quantize`; `colors` is the
    most, and a list or tuple as `dither` has each way of dithering tried: the one nearest to the original through a
    slight blur is taken. Sizes hardly ever fall with more colours; the number found is one that fits while the next
    does not.

    Raises SizeError if nothing fits and QualityError if what fits is below the least of `quality`.
    """
    limit = check_integer("max_bytes", max_bytes, 1, 2**63 - 1)
    if im.mode == "P" and not set(options) - {"threads"}:
        data = encode(im)
        if len(data) <= limit:
            return im, data
    dithers: Any = options.get("dither")
    if hasattr(dithers, "tolist"):  # an array
        dithers = dithers.tolist()
    ways = list(dithers) if isinstance(dithers, (list, tuple)) and dithers else [dithers]
    tell = Progress(progress)
    fits, smallest = [], None
    for number, way in enumerate(ways):
        job = job_for(im, **{**options, "dither": way})
        fit, size = _largest(job, limit, encode, tell.step(number, len(ways)))
        smallest = size if smallest is None else min(smallest, size)
        if fit is not None:
            fits.append(fit)
    tell(1.0)
    if not fits:
        raise SizeError(f"max_bytes={limit} is too small: the least palette takes {smallest} bytes")
    best = fits[0] if len(fits) == 1 else min(fits, key=lambda fit: _seen_error(im, fit.image))
    return best.image, best.data


def _largest(job: Job, limit: int, encode: Encode, progress: Progress) -> tuple[_Fit | None, int]:
    """The most colours that fit, or None, and the smallest size met."""
    image = job.image()
    data = encode(image)
    progress(0.1)
    if len(data) <= limit or job.options.palette is not None:
        return (_Fit(image, data) if len(data) <= limit else None), len(data)
    low, high = job.least_colors - 1, len(image.getpalette() or []) // 3  # `low` fits, `high` does not
    fit, smallest, span = None, len(data), high - low
    while high - low > 1:
        k = (low + high) // 2
        image = job.image(colors=k, aim=None)
        data = encode(image)
        smallest = min(smallest, len(data))
        if len(data) <= limit:
            low, fit = k, _Fit(image, data)
        else:
            high = k
        progress(1.0 - 0.9 * (high - low) / span)
    if fit is not None and job.options.aim is not None:
        job.image(colors=low, aim=replace(job.options.aim, wanted=0.0))  # raises if it is not good enough
    return fit, smallest


def _seen_error(original: Image.Image, image: Image.Image) -> float:
    """The mean Oklab distance of what is seen from a little farther away."""
    return max(oklab_distance(_blurred(original, gray), _blurred(image, gray)) for gray in (0, 255))


def _blurred(im: Image.Image, background: int) -> Image.Image:
    seen = to_rgba(im)
    if has_alpha(im):
        seen = Image.alpha_composite(Image.new("RGBA", im.size, (background, background, background, 255)), seen)
    return seen.convert("RGB").filter(ImageFilter.GaussianBlur(_EYE))
