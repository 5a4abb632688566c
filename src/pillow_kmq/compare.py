"""How far an image is from its original: PSNR, mean Oklab distance, SSIM.

Images are judged as they are seen. If one has transparency, both are laid over black and over white, and
each measure is the worse of the two. CMYK and grey images with a colour profile are converted to sRGB. All
work on 8-bit sRGB values and in blocks of rows, so that memory does not grow with the height of the image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from .alpha import has_alpha, to_rgba
from .color_profile import as_shown
from .errors import ModeError, OptionError, OptionTypeError

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Background = tuple[int, int, int] | str | None

_BLOCK_PIXELS = 1 << 14  # what a processor's cache holds
_EYE = 1.0  # sigma, in pixels, of the blur through which dithering is judged
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Comparison:
    """The differences between two images.

    psnr: peak signal-to-noise ratio over R, G and B in dB, higher is closer, infinite for identical images.
    oklab: mean Euclidean distance in Oklab times 100, 0 is identical; about 2 is just noticeable.
    ssim: mean structural similarity of the luma, at most 1, which is identical.
    """

    psnr: float
    oklab: float
    ssim: float


def compare(original: Image.Image, image: Image.Image) -> Comparison:
    """Measure how far `image` is from `original`; see Comparison.

    Takes 8-bit images of any two modes and one size. Raises OptionError for different or zero sizes and
    ModeError for modes of more than 8 bits.
    """
    return Comparison(psnr(original, image), oklab_distance(original, image), ssim(original, image))


def psnr(original: Image.Image, image: Image.Image, *, background: Background = None) -> float:
    """Peak signal-to-noise ratio in dB, 10 log10(255**2 / mean squared error); infinite if identical.

    background: the colour that both are laid on, instead of black and white; as in `quantize`.
    """
    error = max(_means(original, image, _squared_errors, background=background))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def looks_same(original: Image.Image, image: Image.Image, *, background: Background = None) -> bool:
    """Return whether no pixel looks different. background: as in `psnr`."""
    return all(np.array_equal(a, b) for pairs in _pairs(original, image, background=background) for a, b in pairs)


def oklab_distance(original: Image.Image, image: Image.Image, *, background: Background = None) -> float:
    """Mean Euclidean distance in Oklab times 100. background: as in `psnr`.

    B. Ottosson, "A perceptual color space for image processing" (2020).
    """
    return max(_means(original, image, _oklab_distances, background=background))


def oklab_square(original: Image.Image, image: Image.Image, *, background: Background = None) -> float:
    """Mean squared Euclidean distance in Oklab times 100. background: as in `psnr`."""
    return max(_means(original, image, lambda a, b: _oklab_distances(a, b) ** 2, background=background))


def visible_distance(original: Image.Image, image: Image.Image, *, background: Background = None) -> float:
    """Mean distance in Oklab times 100 of what is seen from a little farther away, through a blur of one pixel.

    So it says something of dithered images too. background: as in `psnr`.
    """
    _check(original, image)
    original, image = as_shown(original), as_shown(image)
    return max(
        oklab_distance(_blurred(original, under), _blurred(image, under))
        for under in _backgrounds(original, image, background)
    )


def _blurred(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    seen = to_rgba(image)
    if has_alpha(image):
        seen = Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), seen)
    return seen.convert("RGB").filter(ImageFilter.GaussianBlur(_EYE))


def ssim(original: Image.Image, image: Image.Image) -> float:
    """Mean structural similarity of the luma, -1..1.

    Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004): Gaussian
    window of 11x11 with sigma 1.5, K1 = 0.01, K2 = 0.03, only where the window fits, no downsampling. A side
    shorter than 11 pixels is mirrored to 11.
    """
    return min(_means(original, image, _ssim_map, halo=_WINDOW.size // 2))


def distinct_colors(image: Image.Image) -> set[int]:
    """Return the colours of an 8-bit image as 0xAABBGGRR, invisible ones as 0."""
    colors: set[int] = set()
    for box in _blocks(image.size, 0):
        values = np.unique(np.frombuffer(_rgba(image.crop(box)).tobytes(), "<u4"))
        colors.update(values[values >> 24 > 0].tolist(), [0] * bool((values >> 24 == 0).any()))
    return colors


# Blocks of rows


def _means(
    original: Image.Image,
    image: Image.Image,
    measure: Callable[[Rgb, Rgb], Floats],
    halo: int = 0,
    background: Background = None,
) -> list[float]:
    """The mean of `measure` over each background: that given, or black, and white where there is transparency.

    `measure` maps two blocks uint8[rows, width, 3] to one value per position, of which there may be fewer.
    """
    sums = []
    for pairs in _pairs(original, image, halo, background):
        values = [measure(a, b) for a, b in pairs]
        sums.append([(float(one.sum()), one.size) for one in values])
    return [sum(total for total, _ in one) / sum(size for _, size in one) for one in zip(*sums, strict=True)]


def _pairs(
    original: Image.Image, image: Image.Image, halo: int = 0, background: Background = None
) -> Iterator[list[tuple[Rgb, Rgb]]]:
    """Blocks of both images, uint8[rows, width, 3], once for each background; see `_means` and `_blocks`."""
    _check(original, image)
    original, image = as_shown(original), as_shown(image)
    backgrounds = _backgrounds(original, image, background)
    for box in _blocks(original.size, halo):
        a, b = _rgba(original.crop(box)), _rgba(image.crop(box))
        yield [(_over(a, under), _over(b, under)) for under in backgrounds]


def _backgrounds(original: Image.Image, image: Image.Image, background: Background) -> tuple[tuple[int, int, int], ...]:
    """Return what images are laid on: the background given, or black, and white where there is transparency."""
    if background is not None:
        from .quant.background import to_background

        color = to_background(background)
        assert color is not None
        return (color,)
    return (_BLACK, _WHITE) if has_alpha(original) or has_alpha(image) else (_BLACK,)


def _check(original: Image.Image, image: Image.Image) -> None:
    for im in (original, image):
        if not isinstance(im, Image.Image):
            raise OptionTypeError(f"only Pillow images can be compared, not {type(im).__name__}")
    if original.size != image.size:
        raise OptionError(f"images differ in size: {_size(original)} and {_size(image)}")
    if 0 in original.size:
        raise OptionError(f"an empty image ({_size(original)}) cannot be compared")
    for mode in (original.mode, image.mode):
        if mode == "F" or mode.startswith("I"):
            raise ModeError(f"images of mode {mode} cannot be compared: convert them to 8 bits per channel")


def _size(image: Image.Image) -> str:
    return f"{image.width}x{image.height}"


def _blocks(size: tuple[int, int], halo: int) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of whole rows that overlap by 2 * halo, for a measure that loses `halo` rows at either end."""
    width, height = size
    rows = max(1, 32 * halo, _BLOCK_PIXELS // width)
    last = max(1, height - 2 * halo)
    for top in range(0, last, rows):
        yield 0, top, width, min(height, min(top + rows, last) + 2 * halo)


def _rgba(image: Image.Image) -> Rgb:
    """Straight RGBA, uint8[h, w, 4], of any 8-bit mode."""
    return np.asarray(to_rgba(image))


def _over(rgba: Rgb, background: tuple[int, int, int]) -> Rgb:
    """The pixels laid over a background, as an 8-bit screen shows them: uint8[h, w, 3]."""
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return rgba[..., :3]
    under = np.array(background, np.uint16) * (255 - alpha)
    blended: Rgb = ((rgba[..., :3] * alpha + under + 127) // 255).astype(np.uint8)
    return blended


# Measures


def _squared_errors(a: Rgb, b: Rgb) -> Floats:
    errors: Floats = _sum_squares(a.astype(np.int32) - b) / 3.0
    return errors


def _oklab_distances(a: Rgb, b: Rgb) -> Floats:
    distances: Floats = 100.0 * np.sqrt(_sum_squares(_oklab(a) - _oklab(b)))
    return distances


def _sum_squares(differences: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Over the three channels [h, w, 3]; NumPy's sum over so short an axis takes several times as long."""
    squares = np.square(differences)
    total: npt.NDArray[Any] = squares[..., 0] + squares[..., 1] + squares[..., 2]
    return total


def _linear_light() -> Floats:
    level = np.arange(256) / 255.0
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


_LINEAR = _linear_light()
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _oklab(rgb: Rgb) -> Floats:
    """L, a, b of sRGB values: float64[h, w, 3]."""
    lab: Floats = np.cbrt(_LINEAR[rgb.reshape(-1, 3)] @ _TO_LMS.T) @ _TO_LAB.T
    return lab.reshape(rgb.shape)


def _gaussian(size: int, sigma: float) -> Floats:
    offsets = np.arange(size) - (size - 1) / 2
    weights: Floats = np.exp(-np.square(offsets) / (2 * sigma**2))
    weights /= weights.sum()
    return weights


_WINDOW = _gaussian(11, 1.5)
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def _ssim_map(a: Rgb, b: Rgb) -> Floats:
    """Structural similarity at each position of the window: float64[h - 10, w - 10], at least 1x1."""
    x, y = _at_least_window(a @ _LUMA), _at_least_window(b @ _LUMA)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x = _blur(x * x) - mean_x * mean_x
    variance_y = _blur(y * y) - mean_y * mean_y
    covariance = _blur(x * y) - mean_x * mean_y
    likeness: Floats = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    return likeness / ((mean_x * mean_x + mean_y * mean_y + _C1) * (variance_x + variance_y + _C2))


def _at_least_window(plane: Floats) -> Floats:
    missing = [(0, max(0, _WINDOW.size - side)) for side in plane.shape]
    return np.pad(plane, missing, mode="symmetric")


def _blur(plane: Floats) -> Floats:
    """Convolve with the window in both directions, only where it fits: float64[h - 10, w - 10]."""
    return _blur_rows(_blur_rows(plane).T).T


def _blur_rows(plane: Floats) -> Floats:
    rows = plane.shape[0] - _WINDOW.size + 1
    blurred = np.zeros((rows, plane.shape[1]))
    for offset, weight in enumerate(_WINDOW):
        blurred += weight * plane[offset : offset + rows]
    return blurred
