"""Animations through `Image.save`: their frames, palettes and durations.

| keyword of `Image.save` | if not given |
|---|---|
| save_all: all frames of the image (see `frames`), including pages, and `append_images` | its current frame only |
| append_images: more images, each with all its frames | none |
| duration: milliseconds, one number or one per frame | `info["duration"]` of each loaded frame, or 0 |
| loop: number of repetitions, 0 for endless, None for none | `info["loop"]` of the image as its format defines it, or none |

`stored_frames` says which palettes they get.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ..checks import check_integer, shown
from ..color_profile import as_shown
from ..errors import OptionError
from ..frames import LONGEST, Frames, count_pictures, duration_of, repetitions_of
from .options import entries_of, indexed_image


class Shown(Frames):
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
    return Shown(*images, srgb=im.encoderinfo.get("srgb") is True)


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
