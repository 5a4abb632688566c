"""Conversion of Pillow images to sources for the quantiser, and back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..alpha import has_alpha, to_rgba
from ..color_profile import as_shown
from ..errors import ModeError, OptionError, OptionTypeError
from ..frames import Frames
from ..types import IndexedImage
from .alpha_palette import AlphaPaletteImage
from .source import to_importance

MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
_HELP = {
    "I": "im.convert('I').point(lambda v: v / 256).convert('L') for 16-bit values",
    "F": "im.point(lambda v: v * 255).convert('L') for values 0..1",
}


class ImageSource:
    """A Pillow image as a `Source`; raises ModeError for a mode that has no conversion to 8-bit RGBA."""

    def __init__(self, im: Image.Image, importance: Any = None) -> None:
        if not isinstance(im, Image.Image):
            raise OptionTypeError(f"im must be a Pillow image, not {type(im).__name__}")
        if im.mode not in MODES:
            how = _HELP["F" if im.mode == "F" else "I"]
            raise ModeError(f"cannot quantize mode {im.mode}: scale it to 8 bits first, e.g. with {how}")
        im.load()
        self._im = im = as_shown(im)
        self.width, self.height = im.size
        self._importance = load_importance(importance, self.height, self.width)

    @property
    def info(self) -> dict[Any, Any]:
        """The metadata that apply to the rows."""
        return self._im.info

    @property
    def has_alpha(self) -> bool:
        """Return whether pixels may be other than opaque."""
        return has_alpha(self._im)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Return packed pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""
        stripe = to_rgba(self._im.crop((0, start, self.width, stop)))
        packed = np.frombuffer(stripe.tobytes(), "<u4").astype(np.uint32, copy=False)
        return packed.reshape(stop - start, self.width)

    def importance(self, start: int, stop: int) -> npt.NDArray[np.uint8] | None:
        """Return the importance of each pixel of these rows, uint8[stop - start, width]; None if uniform."""
        return None if self._importance is None else self._importance[start:stop]


def to_image(indexed: IndexedImage, info: dict[Any, Any], *, alpha: bool) -> Image.Image:
    """Return a P image that shares the memory of the indices, which must be writable.

    Args:
        indexed: palette and indices.
        info: metadata, to which the index of the fully transparent entry is added if there is one.
        alpha: whether the palette is RGBA in any case, not only if `info` and an RGB palette cannot hold the alphas.
    """
    size = (indexed.width, indexed.height)
    if 0 in size:
        im = Image.new("P", size)
    else:
        im = Image.frombuffer("P", size, np.ascontiguousarray(indexed.indices), "raw", "P", 0, 1)
        im.readonly = 0  # nothing else shares the indices
    alphas = indexed.palette[:, 3]
    clear = np.flatnonzero(alphas == 0)[:1]
    translucent = bool((np.delete(alphas, clear) < 255).any())
    mode = "RGBA" if alpha or translucent else "RGB"
    im.putpalette(np.ascontiguousarray(indexed.palette[:, : len(mode)]).tobytes(), mode)
    im.info = {**info, "transparency": int(clear[0])} if len(clear) else info
    if mode == "RGBA":
        im.__class__ = AlphaPaletteImage
    return im


def load_importance(importance: Any, height: int, width: int) -> npt.NDArray[np.uint8] | None:
    """Return an importance map, given as an image of mode L or 1 or as an array, as uint8[height, width], or None."""
    if isinstance(importance, Image.Image):
        if importance.mode not in ("1", "L"):
            raise OptionError(f"importance must be an image of mode L or 1, not {importance.mode}")
        importance = np.asarray(importance.convert("L"))
    return to_importance(importance, height, width)


class ImageSources:
    """Images as sources, created on demand: they can be iterated repeatedly, and one is in memory at a time.

    Attributes:
        alpha: whether any image can have pixels that are not opaque; known after an iteration.
        infos: metadata of the images; known after an iteration.
    """

    def __init__(
        self, images: Collection[Image.Image] | Frames | Image.Image, importance: Sequence[Any] | None = None
    ) -> None:
        self._images = Frames(images) if isinstance(images, Image.Image) else images
        self._importance = importance
        self.alpha = False
        self.infos: list[dict[Any, Any]] = []
        if importance is not None and (not isinstance(importance, Sequence) or len(importance) != len(self)):
            raise OptionError(f"importance must be a list with a map or None for each of {len(self)} images")

    def __len__(self) -> int:
        return len(self._images)

    def __contains__(self, item: object) -> bool:
        return any(source is item for source in self)

    def __iter__(self) -> Iterator[ImageSource]:
        self.infos = []
        for number, im in enumerate(self._images):
            source = ImageSource(im, None if self._importance is None else self._importance[number])
            self.alpha |= source.has_alpha
            self.infos.append({key: value for key, value in source.info.items() if key != "transparency"})
            yield source
