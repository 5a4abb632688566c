"""`save_animation`: animations in GIF, APNG, WebP and KMQ files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from PIL import Image

from ...alpha import has_alpha, to_rgba
from ...errors import OptionError, OptionTypeError, UnsupportedError
from ...report import AnimationReport
from ...types import MAX_COLORS
from ..animation import Shown, durations_of, plays_of, survey
from ..files import format_of, save, target_of, write_to
from ..options import check_animation_options, indexed_image, lossy_for, saving
from ..stored_frames import (
    EXACT,
    Limits,
    Prepared,
    few_colors,
    few_colors_change,
    frames_to_store,
    quantized,
    unchanged,
)
from . import apng, gif, webp
from .timeline import Timeline

_ANYTHING = 1 << 32


@dataclass(frozen=True)
class _Format:
    """A file format of animations, and its limits.

    Attributes:
        name: Name in messages.
        encode: Function that makes a file of frames, which play so many times (0 for endless).
        encode_small: Function that takes longer for a smaller file, with effort="best"; None for `encode`.
        longest: Largest duration of a frame in milliseconds.
        limits: Limits of palettes and transparency.
        most_plays: Largest number of plays; more are cut to it.
        max_side: Largest width and height.
        translucent: True if pixels may be translucent.
    """

    name: str
    encode: Callable[[Timeline, int], bytes]
    longest: int
    limits: Limits
    most_plays: int = _ANYTHING
    max_side: int = _ANYTHING
    translucent: bool = True
    encode_small: Callable[[Timeline, int], bytes] | None = None


_GIF = Limits(few_colors_change, erasing=False)
_APNG = Limits(few_colors, MAX_COLORS - 1)  # leaves an entry for transparent pixels, where a frame does not change
_WEBP = Limits(few_colors_change)

FORMATS = {
    "GIF": _Format("GIF", gif.encode_gif, gif.LONGEST, _GIF, gif.MOST_PLAYS, gif.MAX_SIDE, translucent=False),
    "PNG": _Format("APNG", apng.encode_apng, apng.LONGEST, _APNG),
    "WEBP": _Format(
        "WebP",
        webp.encode_webp,
        webp.LONGEST,
        _WEBP,
        webp.MOST_PLAYS,
        webp.MAX_SIDE,
        encode_small=webp.encode_small_webp,
    ),
}
"""Formats by their names in Pillow."""


def save_animation(
    frames: Image.Image | Iterable[Image.Image],
    path: str | os.PathLike[str] | IO[bytes],
    format: str | None = None,
    *,
    palettes: str | None = None,
    duration: Any = None,
    **options: Any,
) -> None:
    """Save an animation as GIF, APNG, WebP or KMQ, with palettes of this quantiser and unchanged pixels left out.

    Every frame is stored exactly as it is, or as it is quantised. Identical successive frames become one that is shown
    longer. A file that exists is replaced completely or not at all. Colours are converted to sRGB, and no metadata are
    written, except in `.kmq` files, see there.

    Args:
        frames: an animation; or images, each with all its frames. They are read one at a time and repeatedly.
        path: the file, or a binary file object.
        format: "GIF", "APNG", "WEBP" or "KMQ"; None to choose by the extension of `path`. ".png" and ".apng" are APNG.
        palettes: "one" for all frames; "per-frame" for the pixels that change in each frame, while the others keep
            their colours; "exact" to change no colour. None keeps the colours if the format can store them as palette
            images, and otherwise finds one palette. APNG files have a single palette: with "per-frame" or "exact",
            frames with more than 256 colours in all are stored as RGB or RGBA.
        duration: milliseconds, one number or one per frame; None for the durations of `frames`. GIF files count
            hundredths of a second: durations are rounded such that each frame starts at the nearest one. Browsers
            show frames of less than 20 ms for 100 ms.
        options: keywords of `quantize` (colors, dither, quality, background and others); `loop`, the number of
            repetitions, 0 for endless and None for none (by default that of the first image); `transparency`,
            `threads`, `progress` and `report` as for `Image.save`. In GIF files, translucent pixels are composited onto
            `background`; without it, they become opaque from an alpha of 128, and transparent below.

    Raises:
        OptionError: an argument has an invalid value. A ValueError.
        OptionTypeError: an argument has a wrong type. A TypeError.
        UnsupportedError: the format cannot hold the animation. An OSError.
        FrameReadError: a frame cannot be read. An OSError.
        QualityError: `quality` cannot be reached. A ValueError.
        CancelledError: `progress` returned False.
    """
    images = _images(frames)
    target = target_of(path)
    name = format_of("PNG" if isinstance(format, str) and format.upper() == "APNG" else format, target).upper()
    keywords = {"palettes": palettes, "duration": duration, **options}
    if name == "KMQ":
        save(images[0], path, "KMQ", save_all=True, append_images=images[1:], **keywords)
        return
    if name not in FORMATS:
        raise OptionError(f"format must be 'GIF', 'APNG', 'WEBP' or 'KMQ', not {name!r}")
    write_to(path, encoded_animation(images, name, keywords))


def _images(frames: Any) -> list[Image.Image]:
    if isinstance(frames, Image.Image):
        return [frames]
    try:
        images = list(frames)
    except TypeError:
        images = [frames]
    for image in images:
        if not isinstance(image, Image.Image):
            raise OptionTypeError(f"frames must be an animation or Pillow images, not {type(image).__name__}")
    if not images:
        raise OptionError("frames must not be empty: an animation has at least one frame")
    return images


def encoded_animation(images: list[Image.Image], format: str, encoderinfo: dict[str, Any]) -> bytes:
    """Return the file of an animation, and call the keyword `report`.

    Args:
        images: Images, each with all its frames.
        format: A key of FORMATS.
        encoderinfo: Keywords of `save_animation`.
    """
    kind, first = FORMATS[format], images[0]
    if format == "GIF":
        encoderinfo = lossy_for("gif", encoderinfo)
    check_animation_options(first, encoderinfo, kind.name)
    frames = Shown(*images, srgb=True)
    prepare = unchanged if kind.translucent or encoderinfo.get("background") is not None else _without_translucency
    with saving(first, kind.name):
        plays = min(plays_of(first, encoderinfo), kind.most_plays)
        found = survey(Prepared(frames, prepare), encoderinfo)
        durations = durations_of(found, encoderinfo)
        _check_limits(kind, first, durations)
        stored = frames_to_store(frames, found, encoderinfo, prepare=prepare, limits=kind.limits)
        encode = kind.encode_small or kind.encode if encoderinfo.get("effort") == "best" else kind.encode
        try:
            data = encode(Timeline(stored, durations, kind.longest), plays)
        except gif.TooManyColorsError:
            if stored.quantized or encoderinfo.get("palettes") == EXACT:
                raise
            stored = quantized(frames, encoderinfo, prepare, kind.limits)
            data = encode(Timeline(stored, durations, kind.longest), plays)
    report = encoderinfo.get("report")
    if report is not None:
        count, background = len(durations), encoderinfo.get("background")
        report(AnimationReport(first, first, len(data), background, frames=count, pairs=stored.pairs))
    return data


def _check_limits(kind: _Format, image: Image.Image, durations: list[int]) -> None:
    if max(image.size) > kind.max_side:
        raise UnsupportedError(
            f"{kind.name} files have at most {kind.max_side} pixels on a side, not {max(image.size)}"
        )
    if max(durations) > kind.longest:
        limit = f"{kind.name} files show a frame for at most {kind.longest} milliseconds"
        raise UnsupportedError(f"{limit}, not {max(durations)}: give it twice")


def _without_translucency(image: Image.Image) -> Image.Image:
    """Return an image whose translucent pixels are opaque from an alpha of 128, and transparent below."""
    if not has_alpha(image):
        return image
    if image.mode == "P":
        alphas = indexed_image(image, {}).palette[:, 3]
        if ((alphas == 0) | (alphas == 255)).all():
            return image
    pixels = np.array(to_rgba(image))
    alphas = pixels[..., 3]
    if ((alphas == 0) | (alphas == 255)).all():
        return image
    alphas[:] = np.where(alphas < 128, 0, 255)
    result = Image.fromarray(pixels)
    result.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return result
