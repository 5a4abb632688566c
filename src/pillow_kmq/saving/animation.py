"""Animations through `Image.save`: their frames, palettes and durations.

| keyword of `Image.save` | if not given |
|---|---|
| save_all: all frames of the image (see `frames`), including pages, and `append_images` | its current frame only |
| append_images: more images, each with all its frames | none |
| duration: milliseconds, one number or one per frame | `info["duration"]` of each loaded frame, or 0 |
| loop: number of repetitions, 0 for endless, None for none | `info["loop"]` of the image as its format defines it, or none |

Frames are stored without loss if they share a palette of at most `colors` entries or, if `colors` is not given, if at
most 256 colours change between successive frames, as always in GIF files. Otherwise, or if a keyword of `quantize` asks
for another change, all frames are quantised with one palette.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..alpha import to_rgba
from ..checks import check_integer, shown
from ..codec.animation.scene import distinct
from ..color_profile import as_shown
from ..errors import ModeError, OptionError
from ..frames import LONGEST, Frames, count_pictures, duration_of, repetitions_of
from ..types import IndexedImage, Pixels
from .options import check_palette_mode, entries_of, indexed_image, quantize_options, with_dithering

Frame = IndexedImage | Pixels

_MOST_COLORS = 256


class _Shown(Frames):
    """Frames with the colours that a viewer shows, converted to sRGB if necessary, or always if `srgb`."""

    def __init__(self, *images: Image.Image, srgb: bool) -> None:
        super().__init__(*images)
        self._srgb = srgb

    def __iter__(self) -> Iterator[Image.Image]:
        return (as_shown(frame, srgb=self._srgb) for frame in super().__iter__())


def frames_to_save(im: Image.Image) -> Frames:
    """Return all frames that `save_all` asks for. Raises OptionError for a bad `append_images`."""
    given = im.encoderinfo.get("append_images")
    try:
        images = [im, *(() if given is None else given)]
    except TypeError:
        raise OptionError(f"append_images must be a list of images, not {shown(given)}") from None
    if not all(isinstance(image, Image.Image) for image in images):
        wrong = next(type(image).__name__ for image in images if not isinstance(image, Image.Image))
        raise OptionError(f"append_images must be a list of Pillow images, not of {wrong}")
    return _Shown(*images, srgb=im.encoderinfo.get("srgb") is True)


def only_frame(im: Image.Image, frames: Frames) -> Image.Image:
    """Return the only frame, with the save keywords of `im`."""
    (frame,) = (image.copy() if count_pictures(image) > 1 else image for image in frames)
    frame.encoderinfo = im.encoderinfo
    return frame


class Survey(NamedTuple):
    """Facts gathered in one pass over all frames.

    Attributes:
        durations: Milliseconds for each frame, as read from the files.
        palette: RGBA palette that all frames share, or None.
        entries: Number of its entries, including those beyond its end that pixels use.
    """

    durations: list[int]
    palette: bytes | None
    entries: int


def survey(frames: Frames, encoderinfo: dict[str, Any]) -> Survey:
    """Read all frames. Raises OptionError if their sizes differ."""
    found, sizes = _survey(frames, encoderinfo)
    if len(set(sizes)) > 1:
        # A frame beyond the screen of a GIF enlarges it, and the other frames have that size when they are read again.
        found, sizes = _survey(frames, encoderinfo)
    for number, size in enumerate(sizes, 1):
        if size != sizes[0]:
            raise OptionError(
                f"frame {number} has {size[0]}x{size[1]} pixels and the first {sizes[0][0]}x{sizes[0][1]}: resize the "
                "frames and append_images to one size"
            )
    return found


def _survey(frames: Frames, encoderinfo: dict[str, Any]) -> tuple[Survey, list[tuple[int, int]]]:
    durations: list[int] = []
    sizes: list[tuple[int, int]] = []
    palettes: set[bytes | None] = set()
    entries = 0
    for image in frames:
        durations.append(duration_of(image))
        sizes.append(image.size)
        palettes.add(_palette(image, encoderinfo))
        entries = max(entries, entries_of(image)) if image.mode == "P" else entries
    return Survey(durations, palettes.pop() if len(palettes) == 1 else None, entries), sizes


def _palette(image: Image.Image, encoderinfo: dict[str, Any]) -> bytes | None:
    return indexed_image(image, encoderinfo).palette.tobytes() if image.mode == "P" else None


class Stored:
    """Frames as the file stores them, ready for the codec; may be iterated more than once."""

    def __init__(self, frames: Iterable[Image.Image], encoderinfo: dict[str, Any], *, indexed: bool) -> None:
        self._frames = frames
        self._encoderinfo = encoderinfo
        self._indexed = indexed

    def __iter__(self) -> Iterator[Frame]:
        return (frame for _, frame in self._with_images())

    def pairs(self) -> Iterator[tuple[Image.Image, Image.Image]]:
        """Yield each frame as given and as stored."""
        return ((image, _look(frame)) for image, frame in self._with_images())

    def _with_images(self) -> Iterator[tuple[Image.Image, Frame]]:
        convert = indexed_image if self._indexed else _pixels
        return ((image, convert(image, self._encoderinfo)) for image in self._frames)


class Quantized(Stored):
    """Frames quantised with one palette."""

    def __init__(self, frames: Iterable[Image.Image], results: list[Image.Image]) -> None:
        super().__init__(frames, {}, indexed=True)
        self._results = results

    def __iter__(self) -> Iterator[Frame]:
        return (indexed_image(result, {}) for result in self._results)

    def _with_images(self) -> Iterator[tuple[Image.Image, Frame]]:
        return zip(self._frames, self, strict=True)


def frames_to_store(frames: Frames, found: Survey, encoderinfo: dict[str, Any]) -> Stored:
    """Choose how to store the frames, and quantise them if necessary. Raises as `quantize_all` does."""
    check_palette_mode(encoderinfo)
    options = quantize_options(encoderinfo)
    most: int | None = _MOST_COLORS
    if options:
        from .kept_palette import colors_if_kept

        most = colors_if_kept(options)
    if most is None:
        return _quantized(frames, encoderinfo)
    exact = encoderinfo.get("palette_mode", "exact") == "exact"
    if exact and found.palette is not None and (found.entries <= most or "colors" not in options):
        return Stored(frames, encoderinfo, indexed=True)
    stored = Stored(frames, encoderinfo, indexed=False)
    if "colors" not in options and _few_colors_change(stored):
        return stored
    return _quantized(frames, encoderinfo)


def _pixels(image: Image.Image, encoderinfo: dict[str, Any]) -> Pixels:
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


def _few_colors_change(frames: Stored) -> bool:
    """Return whether each frame has at most 256 colours in the pixels that differ from the previous frame."""
    before: npt.NDArray[np.uint32] | None = None
    for pixels in frames:
        assert isinstance(pixels, np.ndarray)
        values = np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
        changed = values if before is None else values[values != before]
        if len(distinct(changed)) > _MOST_COLORS:
            return False
        before = values
    return True


def _quantized(frames: Frames, encoderinfo: dict[str, Any]) -> Quantized:
    from ..quant import quantize_all

    options = quantize_options(encoderinfo)
    if encoderinfo.get("threads") is not None:
        options["threads"] = encoderinfo["threads"]
    return Quantized(frames, quantize_all(frames, progress=encoderinfo.get("progress"), **with_dithering(options)))


def durations_of(found: Survey, encoderinfo: dict[str, Any]) -> list[int]:
    """Return the milliseconds of each frame. Raises OptionError."""
    given, count = encoderinfo.get("duration"), len(found.durations)
    if given is None:
        return found.durations
    if isinstance(given, np.ndarray):
        given = given.tolist()
    each = list(given) if isinstance(given, (list, tuple)) else [given] * count
    if len(each) != count:
        raise OptionError(f"duration must be one number, or {count} for as many frames, not {len(each)}")
    try:
        rounded = [round(value) for value in each]
    except (TypeError, ValueError, OverflowError):
        raise OptionError(f"duration must be milliseconds, not {shown(given)}") from None
    if not all(0 <= value <= LONGEST for value in rounded):
        raise OptionError(f"duration must be 0 to {LONGEST} milliseconds, not {shown(given)}")
    return rounded


def plays_of(im: Image.Image, encoderinfo: dict[str, Any]) -> int:
    """Return how many times the animation plays, one more than it is repeated; 0 for endless. Raises OptionError."""
    loop = encoderinfo["loop"] if "loop" in encoderinfo else repetitions_of(im)
    if loop is None:
        return 1
    loop = check_integer("loop", loop, 0, LONGEST - 1)
    return loop + 1 if loop else 0
