"""Conversion of one input of the command line, and the message about it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from ..color_profile import KEYS, described
from ..errors import KmqError, QualityError
from ..frames import read_failure
from ..report import AnimationReport, Report
from .inputs import Input, read, read_source
from .kept_input import input_to_keep
from .other_formats import save_in
from .outputs import STREAM, Job, check, replaces_source, times_of, write
from .statuses import EXISTS, LARGER, Refused
from .terminal import shown, shown_name, sizes
from .transparency import fitting

SAVERS: dict[str, str] = {"png": "PNG8", "apng": "PNG8", "kmq": "KMQ"}
"""Formats of Pillow by those of the command; `other_formats` saves the others."""

ANIMATED = {"gif": "GIF", "apng": "PNG", "webp": "WEBP"}
"""Formats of animations besides .kmq, by their names in Pillow."""


def holds_frames(format_: str) -> bool:
    """Return whether files of a format get all frames of an animation."""
    return format_ == "kmq" or format_ in ANIMATED


@dataclass(frozen=True)
class Settings:
    """Settings of all jobs of a run.

    Attributes:
        save: Keywords of `Image.save`.
        force: Overwrite existing files.
        skip_if_larger: Hold back outputs that do not save enough.
        strip: Drop metadata and convert colours to sRGB.
        quiet: Print errors only, so that the visible error need not be measured.
        allow_larger: Write a palette PNG even if the input is a smaller PNG.
        verbose: Print more about each file.
        facts: Measure everything that `--json` prints.
        out_dir: Create missing folders of outputs.
        preserve: Give outputs the times of their inputs.
        dry_run: Write nothing.
        processes: Number of processes for one input of many images; None for one per processor if there is enough work.
    """

    save: dict[str, Any]
    force: bool
    skip_if_larger: bool
    strip: bool
    quiet: bool
    allow_larger: bool = False
    verbose: bool = False
    facts: bool = False
    out_dir: bool = False
    preserve: bool = False
    dry_run: bool = False
    processes: int | None = None


@dataclass
class Outcome:
    """Result of a job.

    Attributes:
        after: Size of the output in bytes.
        report: Comparison of input and output.
        colors: Number of colours, as in `Report`.
        error: Visible error, as in `Report`; None if no pixel looks different or if it was not measured.
        notes: Remarks for the user.
        exact: Text to print instead of the error if it is None.
        seconds: Time of the conversion.
        before: Size of the input in bytes.
        held: Exit status for an output that was held back, or 0.
    """

    after: int
    report: Report
    colors: int
    error: float | None
    notes: list[str]
    exact: str
    seconds: float = 0.0
    before: int = 0
    held: int = 0

    @property
    def worth_it(self) -> bool:
        """True if the bytes saved outweigh the quality lost, as in pngquant: over 20 % at quality 80.

        An indexed input must shrink to less than half at any quality. Otherwise each run on the same file would remove
        a few more colours, and the quality compared with the first original is not known.
        """
        if self.error is None:
            return self.after < self.before
        share = self.report.quality / 100.0
        return self.after < self.before * (min(share, 0.5) if self.report.original.mode == "P" else share)


def convert(job: Job, settings: Settings, progress: Callable[[float], object] | None = None) -> Outcome:
    """Read, quantise, encode and write one image.

    If the output is held back and would go to standard output, the input is written there unchanged, so that the next
    command in a pipeline gets an image.

    Args:
        job: The input and the output.
        settings: Settings of the run.
        progress: Called with the fraction done, 0..1; None (default) for no calls.

    Returns:
        Facts about the conversion.

    Raises:
        KmqError: The input cannot be converted; the message is for the user. Refused is one of these.
    """
    check(job, settings.force)
    started = time.perf_counter()
    times = times_of(job.source) if settings.preserve else None
    data = read_source(job.source)
    try:
        outcome, encoded = _reduce(data, job, settings, progress)
    except QualityError:
        if job.target == STREAM:
            write(job.target, data)
        raise
    outcome.before = len(data)
    outcome.seconds = time.perf_counter() - started
    if settings.skip_if_larger and not outcome.worth_it:
        outcome.held = LARGER
        encoded = data
    elif len(encoded) >= len(data):
        encoded = _not_larger(data, outcome, encoded, job.format, settings)
    if not outcome.held or job.target == STREAM:
        write(job.target, encoded, folders=settings.out_dir, times=times)
    return outcome


def _not_larger(data: bytes, outcome: Outcome, encoded: bytes, format_: str, settings: Settings) -> bytes:
    """Return the output, or the input if that is as small and may be kept; add a note about it to `outcome`."""
    kept = None
    if format_ == "png" and not settings.allow_larger and outcome.exact == "exact":
        kept = input_to_keep(data, outcome.report, settings.save, strip=settings.strip)
    if kept is not None and len(kept) <= len(encoded):
        outcome.notes.append(f"the input was kept, as its palette PNG has {len(encoded):,} bytes; see --allow-larger")
        outcome.after, outcome.error = len(kept), None
        return kept
    if len(encoded) > len(data) and format_ in SAVERS:
        outcome.notes.append("the output is larger than the input; --skip-if-larger would hold it back")
    return encoded


def _reduce(
    data: bytes, job: Job, settings: Settings, progress: Callable[[float], object] | None
) -> tuple[Outcome, bytes]:
    """Read the image, quantise it and encode the result. Raises Refused if that would take the place of more."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warnings about unusual files are meant for programmers
            found = read(data, all_frames=holds_frames(job.format))
            if found.left_out and replaces_source(job):
                raise Refused(
                    f"replacing the file would lose pictures ({found.left_out}): write another file; for animations, "
                    "--format apng keeps all frames",
                    EXISTS,
                )
            return _encoded(found, job.format, settings, progress)
    except MemoryError:
        raise Refused("not enough memory for an image of this size") from None
    except KmqError:
        raise
    except Exception as error:  # an error in one input must not stop the others
        raise Refused(f"cannot convert it: {read_failure(error)}") from error


def _encoded(
    found: Input, format_: str, settings: Settings, progress: Callable[[float], object] | None
) -> tuple[Outcome, bytes]:
    image, animated = found.image, found.animation is not None
    srgb = settings.strip or format_ not in SAVERS or (animated and format_ in ANIMATED)
    exact, color_notes = described(image, format_, srgb=srgb)
    if settings.strip and not animated:
        image.info = {key: image.info[key] for key in ("transparency", *KEYS) if key in image.info}
    options = {"optimize": True, "progress": progress, **settings.save, "dpi": _dpi(image.info), "srgb": srgb}
    if found.animation is not None:
        options = {**_keeping(options), **found.animation}
    image, options, transparency_notes = fitting(image, format_, options, animated=animated)
    if format_ == "kmq":
        options.update({"dpi": None} if animated and settings.strip else _metadata(image.info))
    reports: list[Report] = []
    buffer = BytesIO()
    if animated and format_ in ANIMATED:
        from ..saving.animated.save import encoded_animation

        images = [image, *options.pop("append_images", ())]
        buffer.write(encoded_animation(images, ANIMATED[format_], {**options, "report": reports.append}))
    elif format_ in SAVERS:
        image.save(buffer, format=SAVERS[format_], report=reports.append, **options)
    else:
        save_in(image, buffer, format_, {"report": reports.append, **options})
    (report,) = reports
    unseen = report.looks_same if settings.skip_if_larger or settings.facts or not settings.quiet else True
    return Outcome(
        after=len(buffer.getvalue()),
        report=report,
        colors=report.colors,
        error=None if unseen else report.visible_error,
        notes=[*found.notes, *color_notes, *transparency_notes, *_unused(settings.save, animated)],
        exact=exact if found.whole else "lossless after conversion",
    ), buffer.getvalue()


def _unused(save: dict[str, Any], animated: bool) -> list[str]:
    """Return notes on options that have no effect on an image."""
    return ["not an animation, so --palettes has no effect"] if "palettes" in save and not animated else []


def _keeping(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out the default number of colours, which would ask for one palette for all frames of an animation."""
    return {name: value for name, value in options.items() if (name, value) != ("colors", 256)}


def _metadata(info: dict[Any, Any]) -> dict[str, Any]:
    """Return the keywords of `Image.save` that keep Exif and XMP data of `info`, unless they have another type."""
    return {name: info[name] for name in ("exif", "xmp") if isinstance(info.get(name), bytes)}


def _dpi(info: dict[Any, Any]) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 0.01 <= min(x, y) <= max(x, y) <= 1_000_000 else None


def sentence(job: Job, outcome: Outcome, *, verbose: bool) -> str:
    """Return the line to print about a job, followed by a line for each note."""
    source, target = shown_name(job.source), shown_name(job.target, "stdout")
    report = outcome.report
    error = outcome.exact if outcome.error is None else f"error {outcome.error:.2f}"
    frames = f"{report.frames} frames, " if isinstance(report, AnimationReport) else ""
    line = (
        f"{source} -> {target}: {sizes(outcome.before, outcome.after)}, "
        f"{frames}{outcome.colors:,} colour{'s' * (outcome.colors != 1)}, {error}"
    )
    if outcome.held:
        smaller = outcome.after < outcome.before
        line += f"; {'saves less than it loses in quality' if smaller else 'not smaller'}, so not written"
    if verbose:
        original = report.original
        line += f" ({original.width}x{original.height} {original.mode}, quality {report.quality:.0f}, "
        line += f"{outcome.seconds:.2f} s)"
    return "\n".join([line, *(f"{source}: note: {shown(note)}" for note in outcome.notes)])
