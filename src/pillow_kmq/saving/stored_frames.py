"""Frames of animations as they are stored: as they are, or quantised with one palette or one for each frame.

| palettes | frames |
|---|---|
| None (default) | as they are, if they share a palette of at most `colors` entries or, if `colors` is not given, if the format can hold them; otherwise as with "one" |
| "one" | one palette for all of them; as they are if they share one of at most `colors` entries |
| "per-frame" | a palette of at most `colors` entries for what changes in each frame; as they are if `colors` is not given and at most 256 colours change between successive frames |
| "exact" | as they are, even if the format has to store full colours |

A keyword of `quantize` that asks for another change means that frames are always quantised.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..alpha import to_rgba
from ..checks import check_choice, check_integer
from ..codec.animation.scene import distinct, merge
from ..errors import ModeError, OptionError
from ..frames import Frames
from ..types import MAX_COLORS, IndexedImage, Pixels
from .animation import Survey
from .options import check_palette_mode, indexed_image, quantize_options, with_dithering

Frame = IndexedImage | Pixels
Prepare = Callable[[Image.Image], Image.Image]

ONE, PER_FRAME, EXACT = PALETTES = ("one", "per-frame", "exact")


class Prepared(Frames):
    """Frames that are changed when they are read."""

    def __init__(self, frames: Frames, prepare: Prepare) -> None:
        super().__init__()
        self._frames = frames
        self._prepare = prepare

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Image.Image]:
        return map(self._prepare, self._frames)


class Stored:
    """Frames as the file stores them, ready for an encoder; may be iterated more than once.

    Attributes:
        quantized: True if colours were changed.
    """

    quantized = False

    def __init__(
        self, frames: Iterable[Image.Image], encoderinfo: dict[str, Any], prepare: Prepare, *, indexed: bool
    ) -> None:
        self._frames = frames
        self._encoderinfo = encoderinfo
        self._prepare = prepare
        self._convert = indexed_image if indexed else pixels_of

    def __iter__(self) -> Iterator[Frame]:
        return (frame for _, frame in self._with_images())

    def pairs(self) -> Iterator[tuple[Image.Image, Image.Image]]:
        """Yield each frame as given and as stored."""
        return ((image, _look(frame)) for image, frame in self._with_images())

    def _with_images(self) -> Iterator[tuple[Image.Image, Frame]]:
        return ((image, self._convert(self._prepare(image), self._encoderinfo)) for image in self._frames)


class Quantized(Stored):
    """Quantised frames. results: an iterable of them, which may be iterated more than once."""

    quantized = True

    def __init__(self, frames: Iterable[Image.Image], results: Iterable[Frame]) -> None:
        self._frames = frames
        self._results = results

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._results)

    def _with_images(self) -> Iterator[tuple[Image.Image, Frame]]:
        return zip(self._frames, self, strict=True)


class _OnePalette:
    """Frames quantised with one palette, as indexed images."""

    def __init__(self, results: list[Image.Image]) -> None:
        self._results = results

    def __iter__(self) -> Iterator[IndexedImage]:
        return (indexed_image(result, {}) for result in self._results)


class Limits(NamedTuple):
    """Limits of a format.

    Attributes:
        fits: Return whether the format can store the colours of frames as they are.
        most_colors: Largest number of colours of a palette that is found.
        erasing: True if a frame can make pixels transparent that the previous one has drawn.
    """

    fits: Callable[[Stored], bool]
    most_colors: int = MAX_COLORS
    erasing: bool = True


def unchanged(image: Image.Image) -> Image.Image:
    """Return the image itself."""
    return image


def frames_to_store(
    frames: Frames,
    found: Survey,
    encoderinfo: dict[str, Any],
    *,
    prepare: Prepare = unchanged,
    limits: Limits | None = None,
) -> Stored:
    """Choose how to store the frames, and quantise them if necessary.

    Args:
        frames: Frames as they are shown.
        found: Facts about the prepared frames.
        encoderinfo: Keywords of `Image.save`.
        prepare: Change that the format needs in any case.
        limits: Limits of the format; None for those of `.kmq` files.

    Raises:
        OptionError: A keyword has an invalid value. All errors of `quantize_all` are raised, too.
    """
    check_palette_mode(encoderinfo)
    limits = limits or Limits(few_colors_change)
    palettes, options = palettes_of(encoderinfo), quantize_options(encoderinfo)
    colors = Stored(frames, encoderinfo, prepare, indexed=False)
    kept: Stored | None = None
    most = _colors_if_kept(options)
    if most is not None and palettes != PER_FRAME and _keeps_palette(found, options, encoderinfo, most):
        kept = Stored(frames, encoderinfo, prepare, indexed=True)
    elif palettes == EXACT:
        kept = colors
    elif most is not None and palettes != ONE and "colors" not in options:
        fits = few_colors_change if palettes == PER_FRAME else limits.fits
        kept = colors if fits(colors) else None
    if kept is not None:
        return kept
    return quantized(frames, encoderinfo, prepare, limits)


def palettes_of(encoderinfo: dict[str, Any]) -> str | None:
    """Return the keyword `palettes`. Raises OptionError for others, and for keywords that contradict it."""
    palettes = encoderinfo.get("palettes")
    if palettes is None:
        return None
    check_choice("palettes", palettes, PALETTES)
    options = quantize_options(encoderinfo)
    if palettes == PER_FRAME and "palette" in options:
        raise OptionError("palette is one for all frames: leave it or palettes='per-frame' out")
    if palettes == EXACT and ("colors" in options or _colors_if_kept(options) is None):
        raise OptionError("palettes='exact' keeps all colours: leave out options that ask for others, such as colors")
    return str(palettes)


def _colors_if_kept(options: dict[str, Any]) -> int | None:
    if not options:
        return MAX_COLORS
    from .kept_palette import colors_if_kept

    return colors_if_kept(options)


def _keeps_palette(found: Survey, options: dict[str, Any], encoderinfo: dict[str, Any], most: int) -> bool:
    exact = encoderinfo.get("palette_mode", "exact") == "exact"
    return exact and found.palette is not None and (found.entries <= most or "colors" not in options)


def quantized(frames: Frames, encoderinfo: dict[str, Any], prepare: Prepare, limits: Limits) -> Quantized:
    """Quantise frames with the palettes that the keywords ask for. Raises as `quantize_all` does."""
    options = with_dithering(quantize_options(encoderinfo))
    if limits.most_colors < MAX_COLORS and "palette" not in options:
        colors = check_integer("colors", options.get("colors", MAX_COLORS), 1, MAX_COLORS)
        options["colors"] = min(colors, limits.most_colors)
    progress = encoderinfo.get("progress")
    if encoderinfo.get("threads") is not None:
        options["threads"] = encoderinfo["threads"]
    prepared = frames if prepare is unchanged else Prepared(frames, prepare)
    if encoderinfo.get("palettes") == PER_FRAME:
        from .own_palettes import OwnPalettes

        return Quantized(frames, OwnPalettes(prepared, options, progress, erasing=limits.erasing))
    from ..quant import quantize_all

    return Quantized(frames, _OnePalette(quantize_all(prepared, progress=progress, **options)))


def pixels_of(image: Image.Image, encoderinfo: dict[str, Any]) -> Pixels:
    """Return the colours of a frame, uint8[h, w, 4], with transparent black for all fully transparent pixels."""
    if image.mode == "P":
        return _colors(indexed_image(image, encoderinfo), invisible_alike=True)
    if image.mode.startswith(("I", "F")):
        raise ModeError(f"frames of mode {image.mode} are not supported: convert them to 8 bits per channel first")
    pixels = np.array(to_rgba(image))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def _colors(indexed: IndexedImage, *, invisible_alike: bool = False) -> Pixels:
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 3] = 255
    palette[: len(indexed.palette)] = indexed.palette
    if invisible_alike:
        palette[palette[:, 3] == 0] = 0
    return palette[indexed.indices]


def _look(frame: Frame) -> Image.Image:
    """Return a stored frame as an image, RGB if it is opaque."""
    pixels = _colors(frame) if isinstance(frame, IndexedImage) else frame
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3]) if pixels[..., 3].min() == 255 else pixels)


def few_colors_change(frames: Stored) -> bool:
    """Return whether each frame has at most 256 colours in the pixels that differ from the previous frame."""
    before: npt.NDArray[np.uint32] | None = None
    for values in _values(frames):
        changed = values if before is None else values[values != before]
        if len(distinct(changed)) > MAX_COLORS:
            return False
        before = values
    return True


def few_colors(frames: Stored) -> bool:
    """Return whether all frames together have at most 256 colours."""
    found = np.empty(0, np.uint32)
    for values in _values(frames):
        found = merge(found, values)
        if len(found) > MAX_COLORS:
            return False
    return True


def _values(frames: Stored) -> Iterator[npt.NDArray[np.uint32]]:
    for pixels in frames:
        assert isinstance(pixels, np.ndarray)
        yield np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
