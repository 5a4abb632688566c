"""Measures of the difference between two images: PSNR, mean Oklab distance, SSIM; and a table of several results.

Images are compared as they are displayed. If one has transparency, both are composited over black and over white, and
the worse value counts. CMYK and grey images with a colour profile are converted to sRGB. All measures use 8-bit sRGB
values and blocks of rows, so that memory does not grow with the height of the image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from .alpha import has_alpha, to_rgba
from .color import TO_LAB, TO_LMS, linear_light
from .color_profile import as_shown
from .errors import ModeError, OptionError, OptionTypeError

if TYPE_CHECKING:
    from .comparing.row import Rows

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Background = tuple[int, int, int] | str | None

_BLOCK_PIXELS = 1 << 14  # fits into a processor's cache
_EYE = 1.0  # sigma in pixels of the blur by which the eye mixes dithered colours
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Comparison:
    """The differences between two images.

    Attributes:
        psnr: Peak signal-to-noise ratio over R, G and B in dB; higher is closer, infinite for identical images.
        oklab: Mean Euclidean distance in Oklab times 100; 0 for identical images, about 2 is just noticeable.
        ssim: Mean structural similarity of the luma, -1 to 1; 1 for identical images.
    """

    psnr: float
    oklab: float
    ssim: float


def compare(original: Image.Image, image: Image.Image) -> Comparison:
    """Measure the difference between two images.

    Args:
        original: An image with 8 bits per channel.
        image: Another one of the same size; its mode may differ.

    Returns:
        PSNR, mean Oklab distance and SSIM.

    Raises:
        OptionError: The sizes differ, or the images are empty.
        OptionTypeError: An argument is not a Pillow image.
        ModeError: A mode has more than 8 bits per channel.
    """
    return Comparison(psnr(original, image), oklab_distance(original, image), ssim(original, image))


def table(
    im: Image.Image,
    colors: int | Sequence[int] = (4, 8, 16, 32, 64, 128, 256),
    *,
    dither: Any = None,
    space: Any = None,
    compressions: Sequence[str] = ("deflate", "fast", "default", "max"),
    against: Sequence[str] = ("webp",),
    name: str | None = None,
    progress: Callable[[float], object] | None = None,
) -> Rows:
    """Quantise an image in several ways, and measure each result: the rows of `kmq compare`.

    Args:
        im: A Pillow image. Colours are converted to sRGB and metadata left out; of an animation, the current frame is
            taken.
        colors: Maximum numbers of colours, 1 to 256 each, or one of them.
        dither: Way of dithering, a strength or a name as in `quantize`, or a list of several. None means "auto".
        space: Colour space as in `quantize`, or a list of several. None means "perceptual".
        compressions: Levels of `.kmq` files to encode.
        against: Other programs and formats: "pillow", "imagequant", "pngquant", "webp", "jxl". Those that are not
            installed are left out, with a note. "webp" adds lossless WebP files of each result, and lossy ones of the
            image.
        name: File name for the command lines. None means the file that the image was read from.
        progress: Called with the fraction done, 0..1; None (default) for no calls.

    Returns:
        A list of rows, each with a file, its size, its differences from the image, and the command line that makes it.
        A notebook shows the list as a table, and a row as its picture with its palette.

    Raises:
        OptionError: A value is out of range, or nothing is to be compared.
        OptionTypeError: An argument has a wrong type.
        ModeError: The image has more than 8 bits per channel.
    """
    from .comparing.table import table

    return table(im, colors, dither=dither, space=space, compressions=compressions, against=against, name=name,
                 progress=progress)  # fmt: skip


def psnr(original: Image.Image, image: Image.Image, *, background: Background = None) -> float:
    """Return the peak signal-to-noise ratio, 10 log10(255^2 / mean squared error).

    Args:
        original: As in `compare`.
        image: As in `compare`.
        background: Colour over which both are composited, as in `quantize`. None means black and white.

    Returns:
        Decibels; infinite for identical images.

    Raises:
        KmqError: As `compare`.
    """
    error = max(_means(original, image, _squared_errors, background=background))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def looks_same(original: Image.Image, image: Image.Image, *, background: Background = None) -> bool:
    """Return whether no pixel looks different. background: as in `psnr`."""
    return all(np.array_equal(a, b) for pairs in _pairs(original, image, background=background) for a, b in pairs)


def oklab_distance(original: Image.Image, image: Image.Image, *, background: Background = None) -> float:
    """Return the mean Euclidean distance in Oklab times 100.

    B. Ottosson, "A perceptual color space for image processing" (2020).

    Args:
        original: As in `compare`.
        image: As in `compare`.
        background: As in `psnr`.

    Returns:
        0 or more; about 2 is just noticeable.

    Raises:
        KmqError: As `compare`.
    """
    return max(_means(original, image, _oklab_distances, background=background))


def oklab_square(original: Image.Image, image: Image.Image, *, background: Background = None) -> float:
    """Return the mean squared Euclidean distance in Oklab times 100.

    Args:
        original: As in `compare`.
        image: As in `compare`.
        background: As in `psnr`.

    Returns:
        0 or more.

    Raises:
        KmqError: As `compare`.
    """
    return max(_means(original, image, lambda a, b: _oklab_distances(a, b) ** 2, background=background))


def visible_distance(original: Image.Image, image: Image.Image, *, background: Background = None) -> float:
    """Return the mean distance in Oklab times 100 after a Gaussian blur with a sigma of one pixel.

    The blur mixes dithered colours as the eye does.

    Args:
        original: As in `compare`.
        image: As in `compare`.
        background: As in `psnr`.

    Returns:
        0 or more; about 2 is just noticeable.

    Raises:
        KmqError: As `compare`.
    """
    _check(original, image)
    original, image = as_shown(original), as_shown(image)
    return max(
        oklab_distance(_blur_image(original, under), _blur_image(image, under))
        for under in _backgrounds(original, image, background)
    )


def _blur_image(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    seen = to_rgba(image)
    if has_alpha(image):
        seen = Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), seen)
    return seen.convert("RGB").filter(ImageFilter.GaussianBlur(_EYE))


def ssim(original: Image.Image, image: Image.Image) -> float:
    """Return the mean structural similarity of the luma.

    Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004): Gaussian window of
    11x11 pixels with sigma 1.5, K1 = 0.01, K2 = 0.03, only where the window fits, no downsampling. Sides shorter than
    11 pixels are mirrored to 11.

    Args:
        original: As in `compare`.
        image: As in `compare`.

    Returns:
        -1 to 1; 1 for identical images.

    Raises:
        KmqError: As `compare`.
    """
    return min(_means(original, image, _ssim_map, halo=_WINDOW.size // 2))


def distinct_colors(image: Image.Image) -> set[int]:
    """Return the colours of an 8-bit image as 0xAABBGGRR, fully transparent ones as 0."""
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
    """Return the mean of a measure over each background, see `_backgrounds`.

    measure: maps two blocks uint8[rows, width, 3] to one value per position; there may be fewer positions than pixels.
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
    """Return the colours to composite over: the background given, or black and, for transparent images, white."""
    if background is not None:
        from .quant.background import to_background

        color = to_background(background)
        assert color is not None
        return (color,)
    return (_BLACK, _WHITE) if has_alpha(original) or has_alpha(image) else (_BLACK,)


def _check(original: Image.Image, image: Image.Image) -> None:
    for im in (original, image):
        if not isinstance(im, Image.Image):
            raise OptionTypeError(f"images to compare must be Pillow images, not {type(im).__name__}")
    if original.size != image.size:
        raise OptionError(
            f"images to compare must have one size, not {_size(original)} and {_size(image)}: resize one first"
        )
    if 0 in original.size:
        raise OptionError(f"image size {_size(original)} is not supported: each side must be at least 1 pixel")
    for mode in (original.mode, image.mode):
        if mode == "F" or mode.startswith("I"):
            raise ModeError(f"mode {mode} is not supported: convert the image to 8 bits per channel first")


def _size(image: Image.Image) -> str:
    return f"{image.width}x{image.height}"


def _blocks(size: tuple[int, int], halo: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield boxes of whole rows that overlap by 2 * halo, for measures that lose `halo` rows at either end."""
    width, height = size
    rows = max(1, 32 * halo, _BLOCK_PIXELS // width)
    last = max(1, height - 2 * halo)
    for top in range(0, last, rows):
        yield 0, top, width, min(height, min(top + rows, last) + 2 * halo)


def _rgba(image: Image.Image) -> Rgb:
    """Return straight RGBA, uint8[h, w, 4], of an image in any 8-bit mode."""
    return np.asarray(to_rgba(image))


def _over(rgba: Rgb, background: tuple[int, int, int]) -> Rgb:
    """Composite pixels over a background, rounded as on an 8-bit screen: uint8[h, w, 3]."""
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
    """Sum squares over the channels of [h, w, 3]; NumPy's sum over so short an axis takes several times as long."""
    squares = np.square(differences)
    total: npt.NDArray[Any] = squares[..., 0] + squares[..., 1] + squares[..., 2]
    return total


_LINEAR = linear_light(np.arange(256))


def _oklab(rgb: Rgb) -> Floats:
    """Convert sRGB values to L, a, b: float64[h, w, 3]."""
    lab: Floats = np.cbrt(_LINEAR[rgb.reshape(-1, 3)] @ TO_LMS.T) @ TO_LAB.T
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
    """Return the structural similarity at each position of the window: float64[h - 10, w - 10], at least 1x1."""
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
