"""One input of the command line: read, quantised, encoded, written, and put into a sentence."""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import KmqError, QualityError
from .outputs import STREAM, Job, Refused, check_target, reason, write

LARGER, TOO_BAD = 98, 99
"""Exit statuses for outputs held back, those of pngquant: not smaller, or below the least quality."""

SAVERS = {"png": "PNG8", "kmq": "KMQ"}


@dataclass(frozen=True)
class Settings:
    """What applies to all jobs of a run. save: keywords of `Image.save`."""

    save: dict[str, Any]
    force: bool
    skip_if_larger: bool
    strip: bool


@dataclass
class Outcome:
    """What became of a job. Sizes in bytes, psnr in dB. held: 0, or the exit status for an output held back."""

    after: int
    colors: int
    psnr: float
    details: str
    notes: list[str]
    before: int = 0
    held: int = 0


def convert(job: Job, settings: Settings, progress: Callable[[float], object] | None = None) -> Outcome:
    """Read, quantise, encode and write one image. Raises Refused or another KmqError with a sentence.

    Where nothing is written for want of quality or of a gain, and the output is a stream, the input is passed on: the
    next command in a pipeline gets an image in any case.
    """
    if job.problem:
        raise Refused(job.problem)
    check_target(job.target, settings.force)
    with _open(job.source) as stream:
        before = stream.seek(0, os.SEEK_END)
        try:
            outcome, encoded = _reduce(stream, job.format, settings, progress)
        except QualityError:
            if job.target == STREAM:
                write(job.target, _all_of(stream))
            raise
        outcome.before = before
        if settings.skip_if_larger and len(encoded) >= before:
            outcome.held = LARGER
            encoded = _all_of(stream)
    # The input is closed by now: it may be the file to be replaced.
    if not outcome.held or job.target == STREAM:
        write(job.target, encoded)
    return outcome


def _all_of(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


def _open(source: str) -> BinaryIO:
    """The source as a seekable stream."""
    try:
        if source == STREAM:
            if sys.stdin is None:
                raise Refused("standard input is closed")
            return BytesIO(sys.stdin.buffer.read())
        file = open(source, "rb")  # noqa: SIM115 - handed to the caller, who closes it
        if file.seekable():
            return file
        with file:  # a named pipe
            return BytesIO(file.read())
    except OSError as error:
        raise Refused(f"cannot read it: {reason(error)}") from None


def _reduce(
    stream: BinaryIO, format_: str, settings: Settings, progress: Callable[[float], object] | None
) -> tuple[Outcome, bytes]:
    """Read the image, quantise it and encode the result."""
    from .report import Report

    started = time.perf_counter()
    reports: list[Report] = []
    buffer = BytesIO()
    try:
        image, notes = _read(stream, all_frames=format_ == "kmq")
        animated = format_ == "kmq" and getattr(image, "is_animated", False)
        if settings.strip and not animated:
            image.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
        options = {"optimize": True, "dpi": image.info.get("dpi"), "progress": progress, **settings.save}
        if animated:
            options = {**_keeping(options), "save_all": True}
        if format_ == "kmq":
            options.update({"icc_profile": None, "dpi": None} if animated and settings.strip else _metadata(image.info))
        image.save(buffer, format=SAVERS[format_], report=reports.append, **options)
        (report,) = reports
        error = report.psnr
    except MemoryError:
        raise Refused("not enough memory for an image of this size") from None
    seconds = time.perf_counter() - started
    details = f"{image.width}x{image.height} {image.mode}, quality {report.quality:.0f}, {seconds:.2f} s"
    return Outcome(len(buffer.getvalue()), report.colors, error, details, notes), buffer.getvalue()


def _keeping(options: dict[str, Any]) -> dict[str, Any]:
    """Options for an animation: where they only repeat the defaults, it is kept without loss."""
    from .saving import QUANTIZE_KEYWORDS

    chosen = {name for name in QUANTIZE_KEYWORDS if options.get(name) is not None} - {"effort"}
    if chosen <= {"colors", "dither"} and options["colors"] == 256 and not options["dither"]:
        return {name: value for name, value in options.items() if name not in QUANTIZE_KEYWORDS}
    return options


def _metadata(info: dict[Any, Any]) -> dict[str, Any]:
    """Keywords of saving that keep what a KMQ file can hold of `info`; odd values, as odd files have them, are not."""
    kept = {name: info[name] for name in ("exif", "xmp") if isinstance(info.get(name), bytes)}
    try:
        x, y = (float(value) for value in info["dpi"])
        kept["dpi"] = (x, y) if 0.01 <= min(x, y) <= max(x, y) <= 1_000_000 else None
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        kept["dpi"] = None
    return kept


def _read(stream: BinaryIO, *, all_frames: bool) -> tuple[Image.Image, list[str]]:
    """The first frame, upright, with at most 8 bits per channel, and what the user should know about it.

    all_frames: an animation comes as it is, to be gone through.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd files are for programmers
            return _decode(stream, all_frames=all_frames)
    except UnidentifiedImageError:
        raise Refused("not an image that Pillow can read") from None
    except Image.DecompressionBombError as error:
        raise Refused(f"too large: {error}") from None
    except (KmqError, MemoryError):
        raise
    except Exception as error:  # what Pillow's decoders raise for damaged files is not limited to OSError
        raise Refused(f"damaged image: {error}") from None


def _decode(stream: BinaryIO, *, all_frames: bool) -> tuple[Image.Image, list[str]]:
    stream.seek(0)
    image: Image.Image = Image.open(stream)
    notes: list[str] = []
    if getattr(image, "is_animated", False):
        if all_frames:
            image.load()
            return image, notes
        notes.append(f"first of {getattr(image, 'n_frames', 1)} frames only")
    image.load()
    # A palette PNG need not carry Exif data, so the orientation goes into the pixels.
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16"):
        notes.append("16 bits reduced to 8")
        image = _to_8_bits(image)
    return image, notes


def _to_8_bits(image: Image.Image) -> Image.Image:
    import numpy as np

    levels = np.asarray(image).astype(np.uint32)
    reduced = Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    reduced.info = dict(image.info)
    key = reduced.info.pop("transparency", None)
    if key is not None:
        reduced.putalpha(Image.fromarray(np.where(levels == key, 0, 255).astype(np.uint8)))
    return reduced


def sentence(job: Job, outcome: Outcome, *, verbose: bool) -> str:
    """What to tell the user."""
    source = "stdin" if job.source == STREAM else job.source
    target = "stdout" if job.target == STREAM else job.target
    saved = 100 * (1 - outcome.after / outcome.before)
    change = f"{saved:.1f} % saved" if saved >= 0 else f"{-saved:.1f} % larger"
    quality = "exact" if math.isinf(outcome.psnr) else f"PSNR {outcome.psnr:.2f} dB"
    line = (
        f"{source} -> {target}: {outcome.before:,} -> {outcome.after:,} bytes, {change}, "
        f"{outcome.colors} colour{'s' * (outcome.colors != 1)}, {quality}"
    )
    if outcome.held:
        line += "; not smaller, so not written"
    if verbose:
        line += f" ({outcome.details})"
    return "\n".join([line, *(f"{source}: note: {note}" for note in outcome.notes)])
