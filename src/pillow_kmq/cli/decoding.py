"""Files of other formats made of `.kmq` files, pixels and metadata unchanged where the format allows it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from ..color_profile import as_shown
from ..drop_in import installed
from ..frames import Frames
from ..KmqImagePlugin import FORMAT, KmqImageFile
from .reading import reading
from .statuses import UNREADABLE, Refused

_XMP = "XML:com.adobe.xmp"  # XMP specification, part 3, 1.1.5
_LONGEST_KEYWORD = 79
_MOST_REPETITIONS = 65535
_LONGEST = {"gif": 655_350, "png": 65_535, "webp": 16_777_215}  # milliseconds of a frame
_OPAQUE_FROM = 128  # alphas that become opaque where there is no translucency


@reading()
def opened(data: bytes) -> KmqImageFile:
    """Open a `.kmq` file without reading its pixels. Raises Refused, also for images of other formats."""
    try:
        image = Image.open(BytesIO(data), formats=[FORMAT])
    except UnidentifiedImageError:
        raise Refused("not a .kmq file: `kmq` without a verb reads other images", UNREADABLE) from None
    assert isinstance(image, KmqImageFile)
    return image


@reading()
def decoded(image: KmqImageFile, format_: str) -> tuple[bytes, list[str]]:
    """Convert a `.kmq` file.

    Args:
        image: The file, as opened.
        format_: "png" or "apng", which are the same; "gif" or "webp".

    Returns:
        The bytes of the new file, and notes on what it could not hold.

    Raises:
        KmqError: The file is damaged; Refused is one of these.
    """
    notes = ["damaged metadata are left out"] * bool(image.head.dropped)
    saver = "png" if format_ == "apng" else format_
    frames, durations = [], []
    for frame in Frames(image):
        frames.append(_prepared(frame.copy(), saver, notes, animated=image.is_animated))
        durations.append(int(frame.info.get("duration", 0)))
    options = {"png": _png_metadata, "gif": _gif_metadata, "webp": _webp_metadata}[saver](image.info, notes)
    if len(frames) > 1:
        plays = image.head.animation.plays if image.head.animation else 1
        options |= _animation(saver, frames[1:], durations, plays, notes)
    if saver == "gif" and len(frames) > 1:
        return _gif_animation(frames, options, notes), list(dict.fromkeys(notes))
    encoded = BytesIO()
    with installed():  # for a GIF of more than 256 colours
        frames[0].save(encoded, _saver(saver, frames), **options)
    return encoded.getvalue(), list(dict.fromkeys(notes))


def _gif_animation(frames: list[Image.Image], options: dict[str, Any], notes: list[str]) -> bytes:
    """Return an animated GIF, with palettes of its frames if they have too many colours to keep."""
    from ..saving.animated.gif import TooManyColorsError, with_comment
    from ..saving.animated.save import encoded_animation

    try:
        data = encoded_animation(frames, "GIF", {**options, "palettes": "exact"})
    except TooManyColorsError:
        notes.append("GIF holds 256 colours per frame: those of some frames are reduced")
        data = encoded_animation(frames, "GIF", {**options, "palettes": "per-frame"})
    return with_comment(data, options["comment"]) if "comment" in options else data


def _saver(format_: str, frames: list[Image.Image]) -> str:
    """Return Pillow's name of the format: PNG8 keeps indices beyond the palette, PNG holds several frames."""
    return "PNG8" if format_ == "png" and len(frames) == 1 and frames[0].mode == "P" else format_.upper()


def _prepared(frame: Image.Image, format_: str, notes: list[str], *, animated: bool) -> Image.Image:
    if format_ != "gif":
        return frame
    frame = as_shown(frame, srgb=True)
    if frame.mode == "P" and "transparency" not in frame.info:
        return frame
    frame = frame.convert("RGBA")
    alpha = frame.getchannel("A")
    if any(alpha.histogram()[1:255]):
        notes.append("GIF holds no translucent pixels: they become opaque or transparent")
    frame.putalpha(alpha.point([0] * _OPAQUE_FROM + [255] * (256 - _OPAQUE_FROM)))
    if not animated and frame.getcolors(256) is None:
        notes.append("GIF holds 256 colours per frame: those of some frames are reduced")
    return frame


def _animation(
    format_: str, others: list[Image.Image], durations: list[int], plays: int, notes: list[str]
) -> dict[str, Any]:
    """Return the keywords of `Image.save` for an animation."""
    longest = _LONGEST[format_]
    if max(durations) > longest:
        notes.append(f"frames are shown for at most {longest / 1000:g} s, the limit of the format")
    durations = [min(duration, longest) for duration in durations]
    if format_ == "gif" and any(duration % 10 for duration in durations):
        notes.append("GIF holds durations in hundredths of a second: they are rounded")
        durations = _rounded_to_10(durations)
    options: dict[str, Any] = {"save_all": True, "append_images": others, "duration": durations}
    if format_ != "gif":
        options["loop"] = plays if format_ == "png" else min(plays, _MOST_REPETITIONS)  # here, the number of plays
    elif plays != 1:
        options["loop"] = min(max(0, plays - 1), _MOST_REPETITIONS)
    else:
        options["loop"] = None
    return options


def _rounded_to_10(durations: list[int]) -> list[int]:
    """Round to multiples of 10, so that the sum is right, too."""
    rounded, time, shown = [], 0, 0
    for duration in durations:
        time += duration
        rounded.append(10 * round((time - shown) / 10))
        shown += rounded[-1]
    return rounded


def _png_metadata(info: dict[Any, Any], notes: list[str]) -> dict[str, Any]:
    texts = PngImagePlugin.PngInfo()
    given = dict(info.get("text", {}))
    if "comment" in info:
        given["Comment"] = info["comment"].decode()
    for key, text in given.items():
        if len(key) <= _LONGEST_KEYWORD and key.isascii() and key.isprintable():
            texts.add_itxt(key, text)
        else:
            notes.append("PNG holds only texts with keywords of 1 to 79 plain characters: others are left out")
    if "xmp" in info:
        texts.add_itxt(_XMP, info["xmp"].decode("utf-8", "replace"))
    return {"pnginfo": texts, "optimize": True, **_given(info, "exif", "dpi", "icc_profile")}


def _gif_metadata(info: dict[Any, Any], notes: list[str]) -> dict[str, Any]:
    if _given(info, "exif", "xmp", "dpi", "text"):
        notes.append("GIF holds no Exif, XMP, resolution and named texts: they are left out")
    return {"optimize": False, **_given(info, "comment")}


def _webp_metadata(info: dict[Any, Any], notes: list[str]) -> dict[str, Any]:
    if _given(info, "dpi", "comment", "text"):
        notes.append("WebP holds no resolution and texts: they are left out")
    return {"lossless": True, "exact": True, **_given(info, "exif", "xmp", "icc_profile")}


def _given(info: dict[Any, Any], *keys: str) -> dict[str, Any]:
    return {key: info[key] for key in keys if info.get(key)}
