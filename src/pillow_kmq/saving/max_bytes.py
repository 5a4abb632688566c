"""Search for the best-looking file of at most N bytes: the keyword `max_bytes` of both plugins.

That is the one of the most colours. With `lossy`, weaker strengths are tried as well, each with as many colours as fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from ..checks import check_integer
from ..errors import SizeError
from ..quant.pillow import Job, make_job
from ..quant.progress import Progress
from ..report import Report
from .kept_palette import kept_image
from .options import Encode, PaletteImage

_SHARES = (0.0, 1 / 3, 1.0)  # of the strength of `lossy`


@dataclass(frozen=True)
class _Fit:
    """A palette image and its file."""

    result: PaletteImage
    data: bytes


def fitting(
    im: Image.Image, options: dict[str, Any], max_bytes: Any, encode: Encode, progress: Any = None
) -> tuple[PaletteImage, bytes]:
    """Return the best P image whose file fits, and that file.

    A P image that fits keeps its palette, unless options ask for a change, see `kept_palette`. File sizes rarely fall
    with more colours; the number found fits, and one more colour does not.

    Args:
        im: The image to save.
        options: Keywords of `quantize`. `colors` and `lossy` are maxima. `dither` may be a list or tuple: each is
            tried. Of several results, the one that looks most like the original through a slight blur is taken.
        max_bytes: Maximum file size, 1 or more.
        encode: Function that makes a file of a P image.
        progress: Called with the fraction done, 0..1; None (default) for no calls.

    Raises:
        SizeError: Nothing fits.
        QualityError: The result that fits is below the minimum of `quality`.
    """
    limit = check_integer("max_bytes", max_bytes, 1, 2**63 - 1)
    dithers: Any = options.get("dither")
    if hasattr(dithers, "tolist"):  # an array
        dithers = dithers.tolist()
    ways = list(dithers) if isinstance(dithers, (list, tuple)) and dithers else [dithers]
    kept, *_ = (kept_image(im, {**options, "dither": way}) for way in ways)
    if kept is not None:
        result = PaletteImage(kept, kept=True)
        data = encode(result)
        if len(data) <= limit:
            return result, data
    tell = Progress(progress)
    fits, smallest = [], None
    for number, way in enumerate(ways):
        job = make_job(im, **{**options, "dither": way})
        found, size = _of_all_strengths(job, limit, encode, tell.step(number, len(ways)))
        smallest = size if smallest is None else min(smallest, size)
        fits += found
    tell(1.0)
    if not fits:
        raise SizeError(f"max_bytes={limit} is too small: the smallest file found has {smallest} bytes")
    background = options.get("background")
    best = fits[0]
    if len(fits) > 1:
        best = min(fits, key=lambda fit: Report(im, fit.result.image, None, background).visible_error)
    return best.result, best.data


def _of_all_strengths(job: Job, limit: int, encode: Encode, progress: Progress) -> tuple[list[_Fit], int]:
    """Return the result of the most colours for each strength of `lossy` that something fits with.

    Also return the smallest file size found. Strengths above one with which all colours fit are not tried.
    """
    strengths = [share * job.options.lossy for share in _SHARES] if job.options.lossy else [0.0]
    fits, sizes = [], []
    for number, strength in enumerate(strengths):
        fit, size, most = _largest(job, strength, limit, encode, progress.step(number, len(strengths)))
        sizes.append(size)
        fits += [] if fit is None else [fit]
        if most:
            break
    return fits, min(sizes)


def _largest(job: Job, lossy: float, limit: int, encode: Encode, progress: Progress) -> tuple[_Fit | None, int, bool]:
    """Return the result of the most colours that fit, or None, the smallest file size found, and whether all fit."""
    result = PaletteImage(job.image(lossy=lossy), kept=False)
    data = encode(result)
    progress(0.1)
    if len(data) <= limit or job.options.palette is not None:
        fits = len(data) <= limit
        return (_Fit(result, data) if fits else None), len(data), fits
    low, high = job.least_colors - 1, len(result.image.getpalette() or []) // 3  # `low` fits, `high` does not
    fit, smallest, span = None, len(data), high - low
    while high - low > 1:
        k = (low + high) // 2
        result = PaletteImage(job.image(colors=k, aim=None, lossy=lossy), kept=False)
        data = encode(result)
        smallest = min(smallest, len(data))
        if len(data) <= limit:
            low, fit = k, _Fit(result, data)
        else:
            high = k
        progress(1.0 - 0.9 * (high - low) / span)
    if fit is not None and job.options.aim is not None:
        job.image(colors=low, aim=replace(job.options.aim, wanted=0.0))  # raises if it is not good enough
    return fit, smallest, False
