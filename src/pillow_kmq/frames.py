"""Frames of Pillow images: the pictures that count as frames, their durations and repetitions.

Pillow's `is_animated` is true for every file with several pictures. Only some formats play them one after another;
in others they are pages (TIFF, DCX), layers (PSD) or additional pictures of a phone (MPO).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from .errors import FrameReadError, KmqError

LONGEST = (1 << 32) - 1
"""The largest duration in milliseconds, and the largest number of plays, that a KMQ file can hold."""

_PLAYING = frozenset({"AVIF", "FLI", "GIF", "KMQ", "PNG", "WEBP"})
_COUNTING_PLAYS = frozenset({"PNG", "WEBP"})


def plays(im: Image.Image) -> bool:
    """Return whether the pictures of `im` are shown one after another.

    An image that was not read from a file plays if it has several pictures. In formats of other plugins it plays if
    its loaded picture has a duration. Raises FrameReadError for a damaged animation.
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
    """Return the number of pictures in `im`, including those that are not frames. Raises FrameReadError."""
    if not (hasattr(type(im), "n_frames") or "n_frames" in vars(im)):
        return 1
    with _translate_errors("cannot count the pictures"):
        return max(1, int(im.n_frames))  # type: ignore[attr-defined] # getattr() would hide an AttributeError inside


def frame_numbers(im: Image.Image) -> range:
    """Return the numbers of the frames of `im` for `seek`.

    The default image of an APNG is not a frame. Layers are not frames either: the only frame is the composite picture,
    to which Pillow cannot seek back. Raises FrameReadError.
    """
    count = count_pictures(im)
    if getattr(im, "_min_frame", 0) > 0:
        return range(im.tell(), im.tell() + 1)
    return range(1 if has_default_image(im) else 0, count)


def has_default_image(im: Image.Image) -> bool:
    """Return whether `im` is an APNG whose first picture is not part of its animation."""
    return im.format == "PNG" and bool(getattr(im, "default_image", False))


class Frames:
    """All frames of some images, one in memory at a time; may be iterated more than once.

    Each item is the image itself, at that frame until the iteration continues. Afterwards the image is at the frame
    where it was before. Iterating raises FrameReadError for a frame that Pillow cannot read.
    """

    def __init__(self, *images: Image.Image) -> None:
        self._images = images

    def __len__(self) -> int:
        return sum(len(frame_numbers(im)) for im in self._images)

    def __iter__(self) -> Iterator[Image.Image]:
        for im in self._images:
            yield from _frames_of(im)


def _frames_of(im: Image.Image) -> Iterator[Image.Image]:
    current = im.tell()
    try:
        for number in frame_numbers(im):
            _show(im, number)
            yield im
    finally:
        _seek(im, current)


def _seek(im: Image.Image, number: int) -> None:
    """Seek to a frame, avoiding three bugs of Pillow (11.0 to 13.0).

    A PSD without layers rejects the number of its current frame. An APNG that seeks back keeps the chunk that it had
    read ahead, and then continues reading at the wrong offset; if it has a palette, it loses that.
    """
    if number < im.tell() and im.format == "PNG":
        read_ahead = getattr(getattr(im, "png", None), "queue", None) or []
        read_ahead.clear()
        if im.palette is not None:
            im.palette.dirty = 1  # so that loading sets it again
    if number != im.tell():
        im.seek(number)


def _show(im: Image.Image, number: int) -> None:
    """Load a frame: some plugins do not know its duration before."""
    with _translate_errors(f"cannot read frame {number + 1}"):
        _seek(im, number)
        im.load()


@contextmanager
def _translate_errors(failure: str) -> Iterator[None]:
    """Raise FrameReadError instead of the exceptions, of any type, that Pillow raises for damaged files."""
    try:
        yield
    except (KmqError, MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:
        raise FrameReadError(f"{failure}: {read_failure(error)}") from error


def read_failure(error: Exception) -> str:
    """Return the reason why Pillow could not read a file, as part of a message."""
    if isinstance(error, (OSError, SyntaxError, ValueError, NotImplementedError)) and str(error):
        return str(error)
    return f"the data are damaged or truncated ({type(error).__name__}: {error})"


# Durations and repetitions


def duration_of(im: Image.Image) -> int:
    """Return the duration of a loaded frame in milliseconds, 0 if its file has none."""
    return _clip(im.info.get("duration"))


def repetitions_of(im: Image.Image) -> int | None:
    """Return how often an animation is repeated, 0 for endlessly, or None if it is shown once."""
    loop = im.info.get("loop")
    if loop is None:
        return None
    times = _clip(loop)
    if im.format in _COUNTING_PLAYS and times:
        return times - 1 or None
    return min(times, LONGEST - 1)


def _clip(value: Any) -> int:
    """Return `value` rounded and clipped to 0..LONGEST; 0 if it is not a finite number."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0
    return min(max(0, round(value)), LONGEST)
