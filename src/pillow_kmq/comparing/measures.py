"""The measures of a comparison: those of `compare`, and SSIMULACRA2 and FLIP where their packages are installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from ..alpha import has_alpha, to_rgba
from ..compare import oklab_distance, psnr, ssim, visible_distance


@dataclass(frozen=True)
class Measures:
    """Differences between an image and its original.

    Attributes:
        psnr: Peak signal-to-noise ratio in dB; infinite for identical images.
        delta_e: Mean distance in Oklab times 100; about 2 is just noticeable.
        visible_error: The same after a blur of one pixel, which mixes dithered colours as the eye does.
        ssim: Mean structural similarity of the luma, -1 to 1.
        ssimulacra2: SSIMULACRA2: 100 is identical, 90 hardly distinguishable; None without the package `ssimulacra2`.
        flip: Mean of FLIP, 0 to 1, 0 for identical images; None without the package `flip-evaluator`.
    """

    psnr: float
    delta_e: float
    visible_error: float
    ssim: float
    ssimulacra2: float | None = None
    flip: float | None = None

    def present(self) -> dict[str, float]:
        """Return the measures that have a value, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}


def measure(original: Image.Image, image: Image.Image) -> Measures:
    """Measure the difference between two images of one size, in sRGB."""
    return Measures(
        psnr=psnr(original, image),
        delta_e=oklab_distance(original, image),
        visible_error=visible_distance(original, image),
        ssim=ssim(original, image),
        ssimulacra2=_worst(min, _ssimulacra2, original, image) if find_spec("ssimulacra2") else None,
        flip=_worst(max, _flip, original, image) if find_spec("flip_evaluator") else None,
    )


def _worst(choose: Any, of_opaque: Any, original: Image.Image, image: Image.Image) -> float:
    """Return the worse of the values over black and over white, or the only one of opaque images."""
    shades = (0, 255) if has_alpha(original) or has_alpha(image) else (0,)
    return float(choose(of_opaque(_over(original, shade), _over(image, shade)) for shade in shades))


def _over(image: Image.Image, shade: int) -> Image.Image:
    background = Image.new("RGBA", image.size, (shade, shade, shade, 255))
    return Image.alpha_composite(background, to_rgba(image)).convert("RGB")


def _ssimulacra2(original: Image.Image, image: Image.Image) -> float:
    from ssimulacra2 import compute_ssimulacra2

    with TemporaryDirectory() as folder:
        paths = [str(Path(folder, name)) for name in ("a.png", "b.png")]
        for each, path in zip((original, image), paths, strict=True):
            each.save(path, compress_level=1)
        return float(compute_ssimulacra2(*paths))


def _flip(original: Image.Image, image: Image.Image) -> float:
    import flip_evaluator

    floats = [np.asarray(each, np.float32) / 255 for each in (original, image)]
    return float(flip_evaluator.evaluate(*floats, "LDR", applyMagma=False)[1])
