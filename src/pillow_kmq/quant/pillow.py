"""`quantize` for Pillow images: a drop-in for `Image.quantize`. All that this package's quantiser knows of Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from ..errors import ModeError, OptionError, OptionTypeError
from ..types import IndexedImage, Palette
from .options import Options, check_integer, to_colors, to_dither
from .pipeline import quantize_source

_pillow_quantize = Image.Image.quantize  # as it is before anyone puts ours in its place

_VIA_RGB = ("CMYK", "YCbCr", "HSV", "RGBX")
_VIA = {"La": "LA", "LAB": "RGB", **dict.fromkeys(_VIA_RGB, "RGB")}
_DIRECT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa")
_HELP = {
    "I": "im.point(lambda v: v / 256).convert('L') for 16-bit values",
    "F": "im.point(lambda v: v * 255).convert('L') for values 0..1",
}


class ImageSource:
    """A Pillow image as a `pipeline.Source`. Raises ModeError for a mode without a way to RGBA bytes."""

    def __init__(self, im: Image.Image) -> None:
        if im.mode not in _DIRECT and im.mode not in _VIA:
            how = _HELP["F" if im.mode == "F" else "I"]
            raise ModeError(f"cannot quantize mode {im.mode}: scale it to 8 bits first, e.g. with {how}")
        im.load()
        self._im = im
        self.width, self.height = im.size

    @property
    def has_alpha(self) -> bool:
        """Whether pixels can be other than opaque."""
        return self._im.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in self._im.info

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""
        stripe = self._im.crop((0, start, self.width, stop))
        if stripe.mode == "LAB":
            stripe = _lab_to_rgb(stripe)
        elif stripe.mode in _VIA:
            stripe = stripe.convert(_VIA[stripe.mode])
        stripe = stripe if stripe.mode == "RGBA" else stripe.convert("RGBA")
        packed = np.frombuffer(stripe.tobytes(), "<u4").astype(np.uint32, copy=False)
        return packed.reshape(stop - start, self.width)


def _lab_to_rgb(im: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(im, lab, srgb, outputMode="RGB")
    assert converted is not None
    return converted


def palette_of(im: Image.Image) -> Palette:
    """The RGBA palette of a P image, its transparency included, uint8[k, 4]."""
    if im.palette is None or im.mode not in ("P", "PA"):
        raise OptionError(f"palette must be an image of mode P, not {im.mode}")
    im.load()
    mode = im.palette.mode
    entries = np.frombuffer(im.im.getpalette(mode, mode), np.uint8).reshape(-1, len(mode))
    palette = to_colors("palette", entries[: max(1, len(im.palette.palette) // len(mode))])
    transparency = im.info.get("transparency")
    if isinstance(transparency, bytes):
        palette[: len(transparency), 3] = np.frombuffer(transparency, np.uint8)[: len(palette)]
    elif isinstance(transparency, int) and transparency < len(palette):
        palette[transparency, 3] = 0
    return palette


def to_image(indexed: IndexedImage, *, alpha: bool) -> Image.Image:
    """A P image that shares the memory of the indices; its palette is RGBA if `alpha`, else RGB."""
    size = (indexed.width, indexed.height)
    if 0 in size:
        im = Image.new("P", size)
    else:
        im = Image.frombuffer("P", size, np.ascontiguousarray(indexed.indices), "raw", "P", 0, 1)
    mode = "RGBA" if alpha else "RGB"
    im.putpalette(np.ascontiguousarray(indexed.palette[:, : len(mode)]).tobytes(), mode)
    return im


def _palette_option(palette: object) -> Palette | None:
    if palette is None:
        return None
    if isinstance(palette, Image.Image):
        return palette_of(palette)
    return to_colors("palette", palette)


def quantize(
    im: Image.Image,
    colors: int = 256,
    method: int | None = None,
    kmeans: int = 0,
    palette: Any = None,
    dither: Any = None,
    *,
    space: str = "srgb",
    effort: str = "default",
    seed: int = 0,
    max_iter: int | None = None,
    fixed: Any = (),
) -> Image.Image:
    """Reduce an image to a palette of at most `colors` colours: what `Image.quantize` does, better.

    im: any mode but I, I;16 and F, which raise ModeError (a ValueError). An image with no more colours than asked is
        returned exactly. Alpha is a channel like others: colour counts for as much as it is visible, opaque pixels
        stay opaque, and all fully transparent pixels get one fully transparent entry, the first.
    colors: 1..256.
    method: None; one of Pillow's methods hands the whole call to Pillow.
    kmeans: accepted as Pillow does; this quantiser always refines by k-means.
    palette: colours to use as they are, in their order: a P image, or integers of shape [k, 3] or [k, 4]. Each pixel
        gets the nearest one.
    dither: None (Floyd-Steinberg with `palette`, nothing without), "none", "floyd-steinberg", a strength 0..1, a
        Pillow `Dither`, or an option object of this package.
    space: where distance is measured: "srgb" (least RGB error), "linear" or "oklab" (least error to the eye).
    effort: "fast", "default" or "best".
    seed: of the search. The same input, options and version give the same result.
    max_iter: None, or a textbook k-means of at most so many iterations in place of the search.
    fixed: colours that must be in the palette, [f, 3] or [f, 4]; the others are found around them.

    Returns a P image with an RGBA palette if `im` can have alpha, else RGB, and a copy of `im.info` without
    `transparency`. Raises OptionError (a ValueError) and OptionTypeError (a TypeError).
    """
    check_integer("kmeans", kmeans, 0, 2**31 - 1)
    if method is not None:
        chosen = Image.Dither.FLOYDSTEINBERG if dither is None else dither
        return _pillow_quantize(im, colors, method, kmeans, palette, chosen)
    if not isinstance(im, Image.Image):
        raise OptionTypeError(f"im must be a Pillow image, not {type(im).__name__}")
    given = _palette_option(palette)
    options = Options(
        colors=check_integer("colors", colors, 1, 256),
        palette=given,
        dither=to_dither("floyd-steinberg" if dither is None and given is not None else dither),
        space=space,
        effort=effort,
        seed=seed,
        max_iter=max_iter,
        fixed=to_colors("fixed", fixed),
    )
    source = ImageSource(im)
    alpha = source.has_alpha or (given is not None and bool((given[:, 3] < 255).any()))
    result = to_image(quantize_source(source, options), alpha=alpha)
    result.info = {key: value for key, value in im.info.items() if key != "transparency"}
    return result
