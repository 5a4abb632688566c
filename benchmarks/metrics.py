"""How far a quantised image is from its original: one function per measure.

mse3        per-pixel sum over R, G, B of the squared 8-bit error, mean over pixels; PSNR is that of mse3 / 3.
delta_e     mean distance in Oklab x 100 (Ottosson 2020).
blurred     PSNR in dB after a Gaussian blur of both: what is left at a distance, where dithering dissolves.
ssim        structural similarity of the luma, 11-pixel Gaussian window (Wang et al. 2004).
ssimulacra2 the PyPI package of that name: 100 is identical, 90 invisible, 70 good.
alpha       mse3 of the worse of the two composites, over black and over white.
"""

from __future__ import annotations

import io
import os
import tempfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

try:
    from ssimulacra2 import compute_ssimulacra2
except ImportError:
    compute_ssimulacra2 = None

_CODES = np.arange(256) / 255
_LIGHT = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)


def rgb(image: Image.Image) -> np.ndarray:
    """Any image as u8[h, w, 3], its alpha ignored."""
    return np.asarray(image.convert("RGB"))


def mse3(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over pixels of the squared error summed over the channels."""
    difference = a.astype(np.int32) - b
    return float(np.sum(difference * difference, axis=-1).mean())


def psnr(error: float) -> float:
    """PSNR in dB of an mse3; infinite at 0."""
    return float(10 * np.log10(255**2 * 3 / error)) if error > 0 else float("inf")


def oklab(pixels: np.ndarray) -> np.ndarray:
    """Oklab, float32[h, w, 3], of sRGB bytes, or of floats between them."""
    whole = pixels.dtype == np.uint8
    light = _LIGHT[pixels] if whole else np.interp(pixels, np.arange(256), _LIGHT).astype(np.float32)
    return np.asarray(np.cbrt(light @ _TO_CONES.T) @ _TO_OKLAB.T)


def delta_e(a: np.ndarray, b: np.ndarray) -> float:
    """Mean Oklab distance x 100."""
    return float(np.sqrt(np.sum((oklab(a) - oklab(b)) ** 2, axis=-1)).mean() * 100)


def blurred(a: np.ndarray, b: np.ndarray, sigma: float) -> float:
    """PSNR in dB after a Gaussian blur with `sigma` pixels."""
    size = (sigma, sigma, 0)
    difference = gaussian_filter(a.astype(np.float32), size) - gaussian_filter(b.astype(np.float32), size)
    return psnr(float(np.sum(difference**2, axis=-1).mean()))


def ssim(a: Image.Image, b: Image.Image) -> float:
    """Structural similarity of the luma, 1 at best; 1.0 under 11 pixels a side, where it is not defined."""
    if min(a.size) < 11:
        return 1.0
    lumas = [np.asarray(image.convert("RGB").convert("L")) for image in (a, b)]
    return float(
        structural_similarity(*lumas, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    )


def ssimulacra2(a: Image.Image, b: Image.Image) -> float | None:
    """SSIMULACRA2, with alpha the lower of the scores over black and over white; None without the package."""
    if compute_ssimulacra2 is None:
        return None
    shades = (0, 255) if a.mode == "RGBA" else (0,)
    scores = []
    with tempfile.TemporaryDirectory() as folder:
        for shade in shades:
            paths = [os.path.join(folder, name) for name in ("a.png", "b.png")]
            for image, path in zip((a, b), paths, strict=True):
                Image.fromarray(over(image, shade)).save(path, compress_level=1)
            scores.append(float(compute_ssimulacra2(*paths)))
    return min(scores)


def alpha(a: Image.Image, b: Image.Image) -> float:
    """mse3 of the worse of the composites over black and over white."""
    return max(mse3(over(a, shade), over(b, shade)) for shade in (0, 255))


def over(image: Image.Image, shade: int) -> np.ndarray:
    """The image over a grey background, u8[h, w, 3]."""
    pixels = np.asarray(image.convert("RGBA")).astype(np.float64)
    share = pixels[..., 3:] / 255
    return np.rint(pixels[..., :3] * share + shade * (1 - share)).astype(np.uint8)


def alpha_broken(a: Image.Image, b: Image.Image) -> int:
    """Pixels that were fully transparent and are visible now, or were opaque and are not any more."""
    before, after = (np.asarray(image.convert("RGBA"))[..., 3] for image in (a, b))
    return int(np.sum((before == 0) & (after > 0)) + np.sum((before == 255) & (after < 255)))


def png_bytes(image: Image.Image) -> int:
    """Size as a palette PNG from one plain writer for all: unfiltered, zlib 9, 8 bits or packed if smaller.

    A true-colour result with more than 256 colours counts as what Pillow writes for it.
    """
    colours, indices = np.unique(_codes(image), return_inverse=True)
    k = len(colours)
    if k > 256:
        file = io.BytesIO()
        image.save(file, "PNG", optimize=True)
        return len(file.getvalue())
    rows = indices.reshape(image.height, image.width).astype(np.uint8)
    sizes = [_deflated(rows)]
    if k <= 16:
        bits = 1 if k <= 2 else 2 if k <= 4 else 4
        planes = np.unpackbits(rows[..., None], axis=2)[..., 8 - bits :]
        sizes.append(_deflated(np.packbits(planes.reshape(image.height, -1), axis=1)))
    translucent = int(np.sum(colours >> 24 < 255))
    return 8 + 25 + (12 + 3 * k) + (12 + translucent if translucent else 0) + (12 + min(sizes)) + 12


def _codes(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image.convert("RGBA")).astype(np.uint32)
    return np.asarray(pixels[..., 3] << 24 | pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2])


def _deflated(rows: np.ndarray) -> int:
    return len(zlib.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes(), 9))


def read(path: Path) -> Image.Image:
    """An image as RGBA if any pixel is not opaque, else as RGB."""
    with Image.open(path) as image:
        rgba = image.convert("RGBA")
    return rgba if rgba.getextrema()[3][0] < 255 else rgba.convert("RGB")
