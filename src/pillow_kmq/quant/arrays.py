"""The quantiser on NumPy arrays, step by step, for those who have no Pillow images.

Pixels are uint8[..., 3] (RGB) or uint8[..., 4] (RGBA, straight alpha), sRGB. Palettes are uint8[k, 4], or [k, 3] where
the pixels or colours given have no alpha. Bad arguments raise OptionError (a ValueError) or OptionTypeError (a
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
from .counting import Pool
from .histogram import Counter, Counts, pack, unpack
from .options import to_options
from .palette import choose_palette
from .pipeline import quantize_source, render
from .progress import Progress
from .seen import merge_hidden
from .source import to_importance

Array = npt.NDArray[np.uint8]

_BLOCK = 1 << 19  # distinct colours that are pooled at a time


class ColorCounts(NamedTuple):
    """colors: distinct colours, uint8[m, 3 or 4], rising. counts: float64[m], the weight of each."""

    colors: Array
    counts: npt.NDArray[np.float64]


class ArraySource:
    """An array uint8[h, w, 3 or 4] as a `counting.Source`."""

    def __init__(self, pixels: Any, importance: Any = None) -> None:
        self._pixels = _checked(pixels, dimensions=3)
        self.height, self.width = self._pixels.shape[:2]
        self._importance = to_importance(importance, self.height, self.width)

    @property
    def has_alpha(self) -> bool:
        """Whether pixels can be other than opaque."""
        return bool(self._pixels.shape[2] == 4)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""
        packed = pack(_with_alpha(self._pixels[start:stop])).reshape(stop - start, self.width)
        packed.flags.writeable = False  # as those of images: kernels compile once for both
        return packed

    def importance(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """How important each pixel of these rows is, uint8[stop - start, width]; None: all the same."""
        return None if self._importance is None else self._importance[start:stop]


def histogram(pixels: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> ColorCounts:
    """The distinct colours of pixels uint8[..., 3 or 4] and how many pixels have each.

    weights: one number per pixel, shape [...], 0 or more, to be added up in place of 1; taken as float32.
    """
    array = _checked(pixels)
    flat = pack(_with_alpha(array))
    counter = Counter(max(1, len(flat)))
    counter.add(flat, None if weights is None else _weights(weights, array.shape[:-1]))
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
    """A palette of at most `colors` colours for pixels uint8[..., 3 or 4], in order of luma, uint8[k, 3 or 4].

    pixels, weights: as in `histogram`, or what it returns. Colours of no weight do not count; without any, k is 0.
    The others: as in `pillow_kmq.quantize`. Raises QualityError too.
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
    counts = merge_hidden(Counts(pack(_with_alpha(counted.colors[there])), _scaled(counted.counts[there])))
    blocks = list(_blocks(counts))
    pool = Pool()
    for block in blocks:
        pool.add(block)
    pooled = pool.counts._replace(hidden=counts.hidden)
    palette = choose_palette(pooled, options, lambda: ((block.colors, block.weights) for block in blocks))
    channels = 4 if (palette[:, 3] < 255).any() else counted.colors.shape[1]
    return np.ascontiguousarray(palette[:, :channels])


def _scaled(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights times a power of two, which loses no bit, the largest 0.5..1: squares of theirs fit into float32."""
    return weights * 2.0 ** -int(np.frexp(weights.max(initial=0.0))[1])


def _blocks(counts: Counts) -> Iterator[Counts]:
    for start in range(0, len(counts.colors), _BLOCK):
        yield Counts(counts.colors[start : start + _BLOCK], counts.weights[start : start + _BLOCK])


def remap(pixels: npt.ArrayLike, palette: Any, *, space: str | None = None, background: Any = None) -> Indices:
    """The exact nearest palette entry of each pixel: uint8[...] for pixels uint8[..., 3 or 4].

    palette: [k, 3] or [k, 4], k = 1..256, 0..255, hex words like "#000,#fff", or the name of a hardware palette. Opaque
    pixels choose among opaque entries, if there are any, and fully transparent ones take the first transparent entry.
    background: as in `pillow_kmq.quantize`, white where the palette has no entry for pixels that are not opaque.
    """
    array = _checked(pixels)
    flat = array.reshape(1, -1, array.shape[-1])
    return _rendered(flat, palette, None, space, background).reshape(array.shape[:-1])


def dither(
    pixels: npt.ArrayLike, palette: Any, dither: Any = 1.0, *, space: str | None = None, background: Any = None
) -> Indices:
    """Palette entries uint8[h, w] for pixels uint8[h, w, 3 or 4], whose local means are those of the pixels.

    palette, background: as in `remap`. dither: as in `pillow_kmq.quantize`, Floyd-Steinberg by default.
    """
    return _rendered(_checked(pixels, dimensions=3), palette, dither, space, background)


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
    """Palette and indices for pixels uint8[h, w, 3 or 4]: what `pillow_kmq.quantize` does, without Pillow.

    palette: an array, a list, hex words or a name. importance: uint8 or bool [h, w]. options: quality, space, effort,
    seed, max_iter, fixed, posterize, order, transparent_index, background, threads, progress. Raises what
    `pillow_kmq.quantize` raises.
    """
    source = ArraySource(pixels, importance)
    checked = to_options(colors, to_given_palette(palette), dither, **options)
    return quantize_source(source, checked, Progress(progress))


def _rendered(pixels: Array, palette: Any, dither: Any, space: str | None, background: Any) -> Indices:
    given = to_colors("palette", palette)
    options = to_options(256, given, "none" if dither is None else dither, space=space, background=background)
    return render([ArraySource(pixels)], Counts(np.empty(0, np.uint32), np.empty(0)), options)[0].indices


def _checked(pixels: Any, dimensions: int | None = None) -> Array:
    array = check_array("pixels", pixels)
    if array.dtype != np.uint8:
        raise OptionTypeError(f"pixels must be uint8, not {array.dtype}")
    if array.ndim < 2 or array.shape[-1] not in (3, 4) or dimensions not in (None, array.ndim):
        shape = "(h, w, 3) or (h, w, 4)" if dimensions else "(..., 3) or (..., 4)"
        raise OptionError(f"pixels must have shape {shape}, not {array.shape}")
    return array


def _with_alpha(pixels: Array) -> Array:
    if pixels.shape[-1] == 4:
        return pixels
    full = np.full((*pixels.shape[:-1], 4), 255, np.uint8)
    full[..., :3] = pixels
    return full


def _weights(weights: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    array = check_array("weights", weights)
    if array.dtype.kind not in "buif":
        raise OptionTypeError(f"weights must be numbers, not {array.dtype}")
    if array.shape != shape:
        raise OptionError(f"weights must have shape {shape}, one for each pixel, not {array.shape}")
    with np.errstate(over="ignore"):
        each: npt.NDArray[np.float32] = array.astype(np.float32).ravel()
    if not np.isfinite(each).all() or (each < 0).any():
        raise OptionError("weights must be finite, also as float32, and 0 or more")
    return each
