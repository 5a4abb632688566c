"""Animations through `Image.save`: which frames there are, what is quantised, how long each is shown.

| keyword of `Image.save` | if not given |
|---|---|
| save_all: all frames of the image, and `append_images` | its current frame alone |
| append_images: more images, each with all its frames | none |
| duration: milliseconds, one number or one for each frame | `info["duration"]` of each frame, or 0 |
| loop: how often it is repeated, 0 is without end, None not at all | `info["loop"]` of the image, or not at all |

Frames are stored without loss where at most 256 colours change from each to the next, as always in GIF files; otherwise
all are quantised with one palette, and so they are if a keyword of `quantize` is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from .checks import check_integer, shown
from .errors import ModeError, OptionError
from .saving import indexed_image, quantize_options
from .types import IndexedImage, Pixels

Frame = IndexedImage | Pixels

_MOST_COLORS = 256


class Frames:
    """All frames that are to be saved, which can be gone through again."""

    def __init__(self, im: Image.Image, append_images: Any) -> None:
        try:
            more = list(() if append_images is None else append_images)
        except TypeError:
            raise OptionError(f"append_images must be a list of images, not {shown(append_images)}") from None
        self._images = [im, *more]
        if not all(isinstance(image, Image.Image) for image in self._images):
            raise OptionError("append_images must be images")

    def __len__(self) -> int:
        return sum(getattr(image, "n_frames", 1) for image in self._images)

    def __iter__(self) -> Iterator[Image.Image]:
        """Each frame, shown by its image; afterwards that shows the one that it showed before."""
        for image in self._images:
            count = getattr(image, "n_frames", 1)
            if count == 1:
                yield image
                continue
            shown = image.tell()
            try:
                for number in range(count):
                    image.seek(number)
                    yield image
            finally:
                image.seek(shown)


class _Converted:
    """Frames as the codec takes them, which can be gone through again."""

    def __init__(self, frames: Frames | list[Image.Image], convert: Callable[[Image.Image], Frame]) -> None:
        self._frames = frames
        self._convert = convert

    def __iter__(self) -> Iterator[Frame]:
        return map(self._convert, self._frames)


def frames_to_store(frames: Frames, encoderinfo: dict[str, Any]) -> _Converted:
    """What the file is to hold of them. Raises what `quantize_all` raises, and OptionError for unequal sizes."""
    if len({image.size for image in frames}) > 1:
        raise OptionError("append_images must have the size of the image")
    if quantize_options(encoderinfo):
        return _quantized(frames, encoderinfo)
    mode = encoderinfo.get("palette_mode", "exact")
    if not isinstance(mode, str) or mode not in ("exact", "compact"):
        raise OptionError(f'palette_mode must be "exact" or "compact", not {shown(mode)}')
    palettes = {_palette(image, encoderinfo) for image in frames}
    if mode == "exact" and len(palettes) == 1 and None not in palettes:
        return _Converted(frames, lambda image: indexed_image(image, encoderinfo))
    converted = _Converted(frames, lambda image: _pixels(image, encoderinfo))
    return converted if _few_colors_change(converted) else _quantized(frames, encoderinfo)


def _palette(image: Image.Image, encoderinfo: dict[str, Any]) -> bytes | None:
    return indexed_image(image, encoderinfo).palette.tobytes() if image.mode == "P" else None


def _pixels(image: Image.Image, encoderinfo: dict[str, Any]) -> Pixels:
    """Colours, all invisible ones alike."""
    if image.mode == "P":
        indexed = indexed_image(image, encoderinfo)
        palette = np.zeros((256, 4), np.uint8)
        palette[:, 3] = 255
        palette[: len(indexed.palette)] = indexed.palette
        palette[palette[:, 3] == 0] = 0
        return palette[indexed.indices]
    if image.mode.startswith(("I", "F")):
        raise ModeError(f"mode {image.mode} cannot be quantised: convert it first")
    pixels = np.array(image.convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def _few_colors_change(frames: _Converted) -> bool:
    """Whether each frame has at most 256 colours where it differs from the one before."""
    before = None
    for pixels in frames:
        assert isinstance(pixels, np.ndarray)
        values = np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
        changed = values if before is None else values[values != before]
        if len(np.unique(changed)) > _MOST_COLORS:
            return False
        before = values
    return True


def _quantized(frames: Frames, encoderinfo: dict[str, Any]) -> _Converted:
    from .quant import quantize_all

    options = quantize_options(encoderinfo)
    if encoderinfo.get("threads") is not None:
        options["threads"] = encoderinfo["threads"]
    # Copies, as each image shows a frame at a time.
    images = quantize_all([image.copy() for image in frames], progress=encoderinfo.get("progress"), **options)
    return _Converted(images, lambda image: indexed_image(image, {}))


def durations_of(frames: Frames, encoderinfo: dict[str, Any]) -> list[int]:
    """Milliseconds for each frame. Raises OptionError."""
    given = encoderinfo.get("duration")
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if isinstance(given, (list, tuple)):
        if len(given) != len(frames):
            raise OptionError(f"duration must be one number, or one for each of {len(frames)} frames, not {len(given)}")
        each = list(given)
    elif given is not None:
        each = [given] * len(frames)
    else:
        each = [image.info.get("duration") or 0 for image in frames]
    try:
        rounded = [round(value) for value in each]
    except (TypeError, ValueError, OverflowError):
        raise OptionError(f"duration must be milliseconds, not {shown(given)}") from None
    if not all(0 <= value < 1 << 32 for value in rounded):
        raise OptionError("duration must be at least 0 and less than 2^32 milliseconds")
    return rounded


def plays_of(im: Image.Image, encoderinfo: dict[str, Any]) -> int:
    """How often the animation is shown, 0 without end: once more than it is repeated. Raises OptionError."""
    loop = encoderinfo.get("loop", im.info.get("loop"))
    if loop is None:
        return 1
    loop = check_integer("loop", loop, 0, (1 << 32) - 2)
    return loop + 1 if loop else 0
