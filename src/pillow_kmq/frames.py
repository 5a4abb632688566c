"""The pictures of an image as frames: which they are, whether they play, how long each is shown.

Pillow's `is_animated` is true for everything that holds several pictures. Only some of its formats play them one after
the other; in the others they are pages (TIFF, DCX), layers (PSD) or the second picture of a phone (MPO).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from .errors import FrameReadError, KmqError

LONGEST = (1 << 32) - 1
"""The largest duration, in milliseconds, and the largest number of plays that a KMQ file holds."""

_PLAYING = frozenset({"AVIF", "FLI", "GIF", "KMQ", "PNG", "WEBP"})
_COUNTING_PLAYS = frozenset({"PNG", "WEBP"})


def plays(im: Image.Image) -> bool:
    """Return whether the pictures of `im` are shown one after the other.

    An image that came from no file plays if it has several. One of a format that is not Pillow's plays if a loaded
    picture says how long it is shown. Raises FrameReadError for a damaged animation.
    """
    if im.format is None or im.format in _PLAYING:
        return count_pictures(im) > 1
    try:
        several = count_pictures(im) > 1
    except FrameReadError:
        return False
    if several:
        _show(im, im.tell())
    return several and "duration" in im.info


def count_pictures(im: Image.Image) -> int:
    """Return the number of pictures in `im`, those that are not frames included. Raises FrameReadError."""
    if not (hasattr(type(im), "n_frames") or "n_frames" in vars(im)):
        return 1
    with _reading("the pictures cannot be counted"):
        return max(1, int(im.n_frames))  # type: ignore[attr-defined] # getattr() would hide an AttributeError inside


def frame_numbers(im: Image.Image) -> range:
    """Return the numbers by which `seek` reaches the frames of `im`.

    The default image of an APNG is not a frame. Layers are not frames either: the only one is the picture that they
    make together, to which Pillow cannot go back. Raises FrameReadError.
    """
    count = count_pictures(im)
    if getattr(im, "_min_frame", 0) > 0:
        return range(im.tell(), im.tell() + 1)
    return range(1 if has_default_image(im) else 0, count)


def has_default_image(im: Image.Image) -> bool:
    """Return whether `im` is an APNG whose first picture is not part of its animation."""
    return im.format == "PNG" and bool(getattr(im, "default_image", False))


class Frames:
    """All frames of some images, one in memory at a time; they may be iterated again.

    Each frame is the image itself, which shows it until the next one is asked for, and afterwards the one that it
    showed before. Iterating raises FrameReadError for a frame that Pillow cannot read.
    """

    def __init__(self, *images: Image.Image) -> None:
        self._images = images

    def __len__(self) -> int:
        return sum(len(frame_numbers(im)) for im in self._images)

    def __iter__(self) -> Iterator[Image.Image]:
        for im in self._images:
            yield from _frames_of(im)


def _frames_of(im: Image.Image) -> Iterator[Image.Image]:
    shown = im.tell()
    try:
        for number in frame_numbers(im):
            _show(im, number)
            yield im
    finally:
        _seek(im, shown)


def _seek(im: Image.Image, number: int) -> None:
    """Seek, and avoid two faults of Pillow (11.0 to 13.0).

    A PSD without layers refuses its own current number. An APNG that goes back keeps the chunk that it had read ahead,
    and then reads on at the wrong place.
    """
    if number < im.tell() and im.format == "PNG":
        read_ahead = getattr(getattr(im, "png", None), "queue", None) or []
        read_ahead.clear()
    if number != im.tell():
        im.seek(number)


def _show(im: Image.Image, number: int) -> None:
    """Load a frame, without which some plugins do not know its duration."""
    with _reading(f"frame {number + 1} cannot be read"):
        _seek(im, number)
        im.load()


@contextmanager
def _reading(failure: str) -> Iterator[None]:
    """Raise FrameReadError in place of what Pillow raises for damaged files, which may be any exception."""
    try:
        yield
    except (KmqError, MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:
        raise FrameReadError(f"{failure}: {read_failure(error)}") from error


def read_failure(error: Exception) -> str:
    """Return why Pillow could not read a file, as part of a sentence."""
    if isinstance(error, (OSError, SyntaxError, ValueError, NotImplementedError)) and str(error):
        return str(error)
    return f"its data are broken or end too early ({type(error).__name__}: {error})"


# What the metadata say


def duration_of(im: Image.Image) -> int:
    """Return for how many milliseconds a loaded frame is shown, 0 if its file does not say."""
    return _within(im.info.get("duration"))


def repetitions_of(im: Image.Image) -> int | None:
    """Return how often an animation is repeated, 0 for without end, or None if it is shown once."""
    loop = im.info.get("loop")
    if loop is None:
        return None
    times = _within(loop)
    if im.format in _COUNTING_PLAYS and times:
        return times - 1 or None
    return min(times, LONGEST - 1)


def _within(value: Any) -> int:
    """Return `value` rounded and clipped to 0..LONGEST; 0 for what is not a number."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0
    return min(max(0, round(value)), LONGEST)
