"""The quantiser on NumPy arrays, step by step, without Pillow images.

Pixels are uint8[..., 3] (RGB) or uint8[..., 4] (RGBA, straight alpha) in sRGB. Palettes are uint8[k, 4], or [k, 3] if
the given pixels or colours have no alpha. Invalid arguments raise OptionError (a ValueError) or OptionTypeError (a
TypeError).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..checks import check_array
from ..errors import OptionError, OptionTypeError
from ..types import IndexedImage, Indices, Palette
from .colors import to_colors, to_given_palette
from .compositing import merge_hidden
from .counting import Pool
from .histogram import Counter, Counts, pack, unpack
from .options import to_options
from .palette import choose_palette
from .pipeline import quantize_source, render
from .progress import Progress
from .source import to_importance

Array = npt.NDArray[np.uint8]

_BLOCK = 1 << 19  # distinct colours pooled at a time


class ColorCounts(NamedTuple):
    """Distinct colours and their counts.

    Attributes:
        colors: uint8[m, 3] or [m, 4], in ascending order of A, B, G, R.
        counts: float64[m], the total weight of each colour.
    """

    colors: Array
    counts: npt.NDArray[np.float64]


class ArraySource:
    """An array uint8[h, w, 3 or 4] as a `Source`."""

    def __init__(self, pixels: Any, importance: Any = None) -> None:
        self._pixels = _check_pixels(pixels, dimensions=3)
        self.height, self.width = self._pixels.shape[:2]
        self._importance = to_importance(importance, self.height, self.width)

    @property
    def has_alpha(self) -> bool:
        """Return whether pixels may be other than opaque."""
        return bool(self._pixels.shape[2] == 4)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Return packed pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""
        packed = pack(_add_alpha(self._pixels[start:stop])).reshape(stop - start, self.width)
        packed.flags.writeable = False  # like those of images, so that kernels compile only once
        return packed

    def importance(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """Return the importance of each pixel of these rows, uint8[stop - start, width]; None if uniform."""
        return None if self._importance is None else self._importance[start:stop]


def histogram(pixels: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> ColorCounts:
    """Count the distinct colours of pixels.

    Args:
        pixels: uint8[..., 3] (RGB) or uint8[..., 4] (RGBA).
        weights: finite numbers of shape [...], one per pixel, 0 or more, rounded to float32; None counts each pixel
            once.

    Returns:
        The distinct colours and the total weight of each.

    Raises:
        OptionError: an argument has a wrong shape or invalid values.
        OptionTypeError: an argument has a wrong type.
    """
    array = _check_pixels(pixels)
    flat = pack(_add_alpha(array))
    counter = Counter(max(1, len(flat)))
    counter.add(flat, None if weights is None else _check_weights(weights, array.shape[:-1]))
    order = np.argsort(counter.colors)
    colors = unpack(counter.colors[order])[:, : array.shape[-1]]
    return ColorCounts(np.ascontiguousarray(colors), counter.weights[order])


def find_palette(
    pixels: npt.ArrayLike,
    colors: int = 256,
    *,
    weights: npt.ArrayLike | None = None,
    quality: Any = None,
    space: str | None = None,
    effort: str = "default",
    seed: int = 0,
    max_iter: int | None = None,
    fixed: Any = (),
    posterize: Any = None,
) -> Palette:
    """Find a palette of at most `colors` colours.

    Args:
        pixels: uint8[..., 3] (RGB) or uint8[..., 4] (RGBA), or the colours of a `histogram`.
        colors: maximum number of entries, 1..256.
        weights: finite numbers of shape [...], one per pixel, 0 or more, or the counts of a `histogram`; None counts
            each pixel once. Colours of zero weight are ignored.
        quality: use as few colours as possible to meet this target: 0..100, (min, max), PSNR(dB) or DeltaE(distance).
        space: "perceptual", "srgb", "linear" or "oklab"; None as in `quantize`.
        effort: "fast", "default" or "best".
        seed: seed of the search, 0 or more.
        max_iter: None, or the maximum number of iterations of a plain k-means, which then replaces the search.
        fixed: colours that must be in the palette, [f, 3] or [f, 4], 0..255, or hex colours.
        posterize: bits per channel, such as "rgb565" or (5, 6, 5); None is 8 each.

    Returns:
        The palette in order of luma, uint8[k, 3] or [k, 4], k <= colors; k is 0 if no colour has weight.

    Raises:
        OptionError: an argument has an invalid value.
        OptionTypeError: an argument has a wrong type.
        QualityError: `quality` cannot be reached with `colors` colours.
    """
    counted = histogram(pixels, weights=weights)
    options = to_options(
        colors,
        None,
        None,
        quality=quality,
        space=space,
        effort=effort,
        seed=seed,
        max_iter=max_iter,
        fixed=fixed,
        posterize=posterize,
    )
    there = counted.counts > 0
    counts = merge_hidden(Counts(pack(_add_alpha(counted.colors[there])), _normalize(counted.counts[there])))
    blocks = list(_split(counts))
    pool = Pool()
    for block in blocks:
        pool.add(block)
    pooled = pool.counts._replace(hidden=counts.hidden)
    palette = choose_palette(pooled, options, lambda: ((block.colors, block.weights) for block in blocks))
    channels = 4 if (palette[:, 3] < 255).any() else counted.colors.shape[1]
    return np.ascontiguousarray(palette[:, :channels])


def _normalize(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scale weights by a power of two, losslessly, to a maximum of 0.5..1, so that their squares fit into float32."""
    return weights * 2.0 ** -int(np.frexp(weights.max(initial=0.0))[1])


def _split(counts: Counts) -> Iterator[Counts]:
    for start in range(0, len(counts.colors), _BLOCK):
        yield Counts(counts.colors[start : start + _BLOCK], counts.weights[start : start + _BLOCK])


def remap(pixels: npt.ArrayLike, palette: Any, *, space: str | None = None, background: Any = None) -> Indices:
    """Map each pixel to its exact nearest palette entry.

    Opaque pixels map to opaque entries if there are any; fully transparent pixels map to the first fully transparent
    entry.

    Args:
        pixels: uint8[..., 3] (RGB) or uint8[..., 4] (RGBA).
        palette: integers 0..255 of shape [k, 3] or [k, 4], k = 1..256, hex colours such as "#000,#fff", or the name of
            a hardware palette.
        space: space of the distance: "srgb" (the default, None), "linear", "oklab" or "perceptual" (the same distance
            as "oklab").
        background: opaque colour onto which all pixels that are not opaque are composited; None is white, only for
            pixels that the palette has no entry for.

    Returns:
        Palette indices, uint8[...].

    Raises:
        OptionError: an argument has an invalid value.
        OptionTypeError: an argument has a wrong type.
    """
    array = _check_pixels(pixels)
    flat = array.reshape(1, -1, array.shape[-1])
    return _render(flat, palette, None, space, background).reshape(array.shape[:-1])


def dither(
    pixels: npt.ArrayLike, palette: Any, dither: Any = 1.0, *, space: str | None = None, background: Any = None
) -> Indices:
    """Map pixels to palette indices with dithering, so that local means are preserved.

    Args:
        pixels: uint8[h, w, 3] (RGB) or uint8[h, w, 4] (RGBA).
        palette: integers 0..255 of shape [k, 3] or [k, 4], k = 1..256, hex colours such as "#000,#fff", or the name of
            a hardware palette.
        dither: as in `quantize`; by default Floyd-Steinberg of full strength.
        space: space of the distance: "srgb" (the default, None), "linear", "oklab" or "perceptual" (the same distance
            as "oklab").
        background: opaque colour onto which all pixels that are not opaque are composited; None is white, only for
            pixels that the palette has no entry for.

    Returns:
        Palette indices, uint8[h, w].

    Raises:
        OptionError: an argument has an invalid value.
        OptionTypeError: an argument has a wrong type.
    """
    return _render(_check_pixels(pixels, dimensions=3), palette, dither, space, background)


def quantize_array(
    pixels: npt.ArrayLike,
    colors: int = 256,
    *,
    palette: Any = None,
    dither: Any = None,
    importance: Any = None,
    progress: Any = None,
    **options: Any,
) -> IndexedImage:
    """Reduce pixels to a palette of at most `colors` colours; `quantize` without Pillow.

    Args:
        pixels: uint8[h, w, 3] (RGB) or uint8[h, w, 4] (RGBA).
        colors: maximum number of entries, 1..256.
        palette: colours to use unchanged: integers 0..255 of shape [k, 3] or [k, 4], k = 1..256, hex colours such as
            "#000,#fff", or the name of a hardware palette; None finds a palette.
        dither: as in `quantize`; None is Floyd-Steinberg with `palette`, otherwise no dithering.
        importance: weight of each pixel, uint8 (0..255) or bool [h, w]; None weighs all pixels equally.
        progress: function called with the fraction done, 0..1. Returning False cancels with CancelledError.
        options: as in `quantize`: quality, space, effort, seed, max_iter, fixed, posterize, order, transparent_index,
            background, lossy, lossy_for, strict, threads.

    Returns:
        The palette and the indices.

    Raises:
        OptionError: an argument has an invalid value.
        OptionTypeError: an argument has a wrong type.
        QualityError: `quality` cannot be reached with `colors` colours.
        StrictError: a pixel is not in `palette`, and `strict` is True.
        CancelledError: `progress` returned False.
    """
    source = ArraySource(pixels, importance)
    checked = to_options(colors, to_given_palette(palette), dither, **options)
    return quantize_source(source, checked, Progress(progress))


def _render(pixels: Array, palette: Any, dither: Any, space: str | None, background: Any) -> Indices:
    given = to_colors("palette", palette)
    options = to_options(256, given, "none" if dither is None else dither, space=space, background=background)
    return render([ArraySource(pixels)], Counts(np.empty(0, np.uint32), np.empty(0)), options)[0].indices


def _check_pixels(pixels: Any, dimensions: int | None = None) -> Array:
    array = check_array("pixels", pixels)
    if array.dtype != np.uint8:
        raise OptionTypeError(f"pixels must be uint8, not {array.dtype}")
    if array.ndim < 2 or array.shape[-1] not in (3, 4) or dimensions not in (None, array.ndim):
        shape = "(h, w, 3) or (h, w, 4)" if dimensions else "(..., 3) or (..., 4)"
        raise OptionError(f"pixels must have shape {shape}, not {array.shape}")
    return array


def _add_alpha(pixels: Array) -> Array:
    if pixels.shape[-1] == 4:
        return pixels
    full = np.full((*pixels.shape[:-1], 4), 255, np.uint8)
    full[..., :3] = pixels
    return full


def _check_weights(weights: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    array = check_array("weights", weights)
    if array.dtype.kind not in "buif":
        raise OptionTypeError(f"weights must be numbers, not {array.dtype}")
    if array.shape != shape:
        raise OptionError(f"weights must have shape {shape}, one for each pixel, not {array.shape}")
    with np.errstate(over="ignore"):
        each: npt.NDArray[np.float32] = array.astype(np.float32).ravel()
    if not np.isfinite(each).all() or (each < 0).any():
        raise OptionError("weights must be finite as float32, and 0 or more")
    return each
