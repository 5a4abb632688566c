"""Inputs of the command line, read as upright images of at most 8 bits per channel."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image, ImageOps

from ..errors import FrameReadError, KmqError
from ..frames import Frames, count_pictures, duration_of, has_default_image, plays, repetitions_of
from .outputs import STREAM, reason
from .reading import reading
from .statuses import DAMAGED, UNREADABLE, Refused


@dataclass
class Input:
    """An image to save.

    Attributes:
        image: The image, or the first frame of an animation.
        notes: Remarks for the user.
        animation: Keywords of `Image.save` that save all frames; None for a still image.
        left_out: Note on the pictures of the file that are not saved; empty if there are none.
    """

    image: Image.Image
    notes: list[str] = field(default_factory=list)
    animation: dict[str, Any] | None = None
    left_out: str = ""

    @property
    def whole(self) -> bool:
        """True if the image has the full bit depth of the file."""
        return _REDUCED not in self.notes


def read_source(source: str) -> bytes:
    """Return the bytes of a file, a named pipe or standard input. Raises Refused."""
    try:
        if source != STREAM:
            with open(source, "rb") as file:
                return file.read()
        if sys.stdin is None:
            raise Refused("cannot read it: standard input is closed", UNREADABLE)
        data = sys.stdin.buffer.read()
    except OSError as error:
        raise Refused(f"cannot read it: {reason(error)}", UNREADABLE) from None
    except MemoryError:
        raise Refused("not enough memory for a file of this size") from None
    if not data:
        raise Refused("standard input is empty", DAMAGED)
    return data


def read(data: bytes, *, all_frames: bool) -> Input:
    """Read the first picture, or all frames of an animation if `all_frames`. Raises Refused or another KmqError.

    Damaged metadata are left out with a note.
    """
    with reading():
        try:
            return _read(data, all_frames)
        except (KmqError, MemoryError, Image.DecompressionBombError):
            raise
        except Exception:  # Pillow's decoders raise more than OSError for damaged files
            found = _read_without_metadata(data, all_frames)
            if found is None:
                raise
            return found


def _read_without_metadata(data: bytes, all_frames: bool) -> Input | None:
    """Read the image without metadata that may be damaged; None if that does not help."""
    from .bare_files import without_metadata

    for bare in without_metadata(data):
        try:
            found = _read(bare, all_frames)
        except Exception:  # the caller reports the error of the complete file
            continue
        return replace(found, notes=[*found.notes, _DAMAGED_METADATA])
    return None


_REDUCED = "16 bits reduced to 8"
_DAMAGED_METADATA = "damaged metadata are left out"


def _read(data: bytes, all_frames: bool) -> Input:
    """Read an input. It is opened again for each step, as counting the pages of a damaged TIFF can change its state."""
    if all_frames and plays(_open(data)):
        return _animation(_open(data))
    left_out = _left_out(_open(data))
    notes = [left_out] if left_out else []
    return Input(_prepared(_open(data), notes), notes, left_out=left_out)


def _open(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))  # a new stream each time, as some plugins close it


def _left_out(image: Image.Image) -> str:
    """Return a note on pictures that are left out, or "". Raises FrameReadError for a damaged animation."""
    playing = plays(image)
    try:
        count = count_pictures(image)
    except FrameReadError as error:
        return f"first picture only, as {error}"
    if count == 1:
        return ""
    if has_default_image(image):
        return f"default image only, without the animation of {count - 1} frame{'s' * (count > 2)}"
    if getattr(image, "_min_frame", 0) > 0:
        return f"merged picture only, without its {count} layers"
    return f"first of {count} {'frames' if playing else 'pictures'} only"


def _animation(image: Image.Image) -> Input:
    """Return an animation whose frames are read while saving, or copied first if they must be rotated or reduced."""
    notes: list[str] = []
    image.load()
    if _orientation(image, notes) == 1 and not _has_16_bits(image):
        return Input(image, notes, {"save_all": True})
    frames = [_prepared(frame.copy(), notes) for frame in Frames(image)]
    durations = [duration_of(frame) for frame in frames]
    options = {"append_images": frames[1:], "duration": durations, "loop": repetitions_of(image)}
    return Input(frames[0], list(dict.fromkeys(notes)), {"save_all": True, **options})


def _prepared(image: Image.Image, notes: list[str]) -> Image.Image:
    """Rotate an image upright and reduce it to 8 bits per channel. Raises Refused if that is ambiguous."""
    from ..quant.pillow_source import MODES

    image.load()
    _turn_upright(image, notes)
    if _has_16_bits(image):
        notes.append(_REDUCED)
        image = _to_8_bits(image)
    if image.mode not in MODES:
        raise Refused(
            f"mode {image.mode} does not define which values are black and white: convert it to 8 bits per channel "
            "first"
        )
    return image


def _turn_upright(image: Image.Image, notes: list[str]) -> None:
    """Apply the Exif orientation to the pixels, as a palette PNG is written without Exif data."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except MemoryError:
        raise
    except Exception:  # Pillow raises many kinds for damaged Exif data, after it has rotated the pixels if it could
        _drop_exif(image, notes)


def _orientation(image: Image.Image, notes: list[str]) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        _drop_exif(image, notes)
        return 1


def _drop_exif(image: Image.Image, notes: list[str]) -> None:
    notes.append(_DAMAGED_METADATA)
    for name in ("exif", "Raw profile type exif"):
        image.info.pop(name, None)


def _has_16_bits(image: Image.Image) -> bool:
    """Return whether the values have 16 bits, which some of Pillow's plugins store in 32."""
    if image.mode != "I":
        return image.mode.startswith("I;16")
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    return low >= 0 and high <= 65535 and (high > 255 or image.format in ("PNG", "PPM"))


def _to_8_bits(image: Image.Image) -> Image.Image:
    import numpy as np

    levels = np.asarray(image).astype(np.uint32)
    reduced = Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    reduced.info = dict(image.info)
    key = reduced.info.pop("transparency", None)
    if key is not None:
        reduced.putalpha(Image.fromarray(np.where(levels == key, 0, 255).astype(np.uint8)))
    return reduced
