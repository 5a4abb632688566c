"""The command `kmq`: images in, palette PNGs or .kmq files out. Its habits are those of pngquant.

Every input is a job of its own: what goes wrong with one is reported and the rest goes on. Nothing here
imports NumPy or Numba before the first image is read, so that `kmq --help` answers at once.
"""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

import click
from PIL import Image, ImageOps, UnidentifiedImageError

from . import __version__
from .errors import KmqError, OptionError
from .outputs import STREAM, Job, Refused, check_target, plan, reason, write

FAILED, LARGER = 1, 98  # exit statuses; 98 is what pngquant returns for --skip-if-larger
SAVERS = {"png": "PNG8", "kmq": "KMQ"}


@dataclass(frozen=True)
class Settings:
    """What applies to all jobs of a run."""

    quantize: dict[str, Any]
    force: bool
    skip_if_larger: bool


@dataclass
class Outcome:
    """What became of a job. Sizes in bytes, psnr in dB."""

    after: int
    colors: int
    psnr: float
    details: str
    notes: list[str]
    before: int = 0
    skipped: bool = False


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("inputs", metavar="[COLORS] IN...", nargs=-1, required=True)
@click.option("-k", "--colors", type=click.IntRange(1, 256), help="Most colours in the palette.  [default: 256]")
@click.option("-o", "--output", metavar="OUT", help="Output file, for a single input; - is standard output.")
@click.option("--ext", metavar="SUFFIX", help="End of output names.  [default: -kmq.png, or .kmq]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(SAVERS)),
    help="Output format.  [default: by name, else png]",
)
@click.option("--dither", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Strength of dithering.")
@click.option(
    "--effort",
    type=click.Choice(["fast", "default", "best"]),
    default="default",
    show_default=True,
    help="Time spent on the palette.",
)
@click.option("--max-iter", type=click.IntRange(min=0), help="A plain k-means of at most so many rounds.")
@click.option("--skip-if-larger", is_flag=True, help="Write nothing that is not smaller than its input.")
@click.option("-f", "--force", is_flag=True, help="Overwrite existing files.")
@click.option("-v", "--verbose", is_flag=True, help="Say more about each file.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.version_option(__version__, prog_name="kmq")
def main(
    inputs: tuple[str, ...],
    colors: int | None,
    output: str | None,
    ext: str | None,
    format_: str | None,
    dither: float,
    effort: str,
    max_iter: int | None,
    skip_if_larger: bool,
    force: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Reduce images to a palette of at most COLORS colours.

    IN is any image that Pillow opens, .kmq included; - is standard input. photo.jpg becomes photo-kmq.png
    beside it, or photo.kmq with --format kmq. Existing files are kept unless --force is given.

    Exit status: 0 if all is well, 1 if an input failed (the others are done), 2 for wrong usage, 98 if
    --skip-if-larger held an output back.
    """
    colors, inputs = _leading_colors(colors, inputs)
    try:
        jobs = plan(inputs, output, ext, format_)
    except OptionError as error:
        raise click.UsageError(str(error)) from None
    options = {"colors": colors, "dither": dither, "effort": effort, "max_iter": max_iter}
    settings = Settings(options, force, skip_if_larger)
    to_stderr = any(job.target == STREAM for job in jobs)
    status = 0
    for number, job in enumerate(jobs, 1):
        with _Progress(f"[{number}/{len(jobs)}] {job.source}", enabled=not quiet):
            try:
                outcome = convert(job, settings)
            except KmqError as error:
                outcome = None
                message = str(error)
        if outcome is None:
            click.echo(f"kmq: {job.source}: {message}", err=True)
            status = FAILED
            continue
        if outcome.skipped:
            status = status or LARGER
        if not quiet:
            click.echo(_report(job, outcome, verbose), err=to_stderr)
    sys.exit(status)


def _leading_colors(colors: int | None, inputs: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Take a bare number before the first file as the number of colours, as pngquant does."""
    if not inputs[0].isdecimal():
        return colors or 256, inputs
    number = int(inputs[0])
    if colors is not None:
        raise click.UsageError(f"two numbers of colours: {number} and --colors {colors} (a file: ./{number})")
    if not 1 <= number <= 256:
        raise click.UsageError(f"the number of colours is 1 to 256, not {number}")
    if len(inputs) == 1:
        raise click.UsageError(f"no input after the number of colours {number} (a file: ./{number})")
    return number, inputs[1:]


# One job


def convert(job: Job, settings: Settings) -> Outcome:
    """Read, quantise, encode and write one image. Raises Refused or another KmqError with a sentence."""
    if job.problem:
        raise Refused(job.problem)
    check_target(job.target, settings.force)
    with _open(job.source) as stream:
        before = stream.seek(0, os.SEEK_END)
        outcome, encoded = _reduce(stream, job.format, settings.quantize)
        outcome.before = before
        outcome.skipped = settings.skip_if_larger and len(encoded) >= before
        if outcome.skipped and job.target == STREAM:
            stream.seek(0)
            encoded = stream.read()  # the next command in a pipeline gets an image in any case
    # The input is closed by now: it may be the file to be replaced.
    if not outcome.skipped or job.target == STREAM:
        write(job.target, encoded)
    return outcome


def _open(source: str) -> BinaryIO:
    """The source as a seekable stream."""
    try:
        if source == STREAM:
            return BytesIO(sys.stdin.buffer.read())
        file = open(source, "rb")  # noqa: SIM115 - handed to the caller, who closes it
        if file.seekable():
            return file
        with file:  # a named pipe
            return BytesIO(file.read())
    except OSError as error:
        raise Refused(f"cannot read it: {reason(error)}") from None


def _reduce(stream: BinaryIO, format_: str, options: dict[str, Any]) -> tuple[Outcome, bytes]:
    """Read the image, quantise it and encode the result."""
    from .compare import psnr
    from .quant import quantize

    started = time.perf_counter()
    try:
        image, notes = _read(stream)
        indexed = quantize(image, **options)
        encoded = _encode(indexed, image, format_)
        error = psnr(image, indexed)
    except MemoryError:
        raise Refused("not enough memory for an image of this size") from None
    used = len(indexed.getcolors(256) or ())
    seconds = time.perf_counter() - started
    details = f"{image.width}x{image.height} {image.mode}, {seconds:.2f} s"
    return Outcome(len(encoded), used, error, details, notes), encoded


def _read(stream: BinaryIO) -> tuple[Image.Image, list[str]]:
    """The first frame, upright, with at most 8 bits per channel, and what the user should know about it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd files are for programmers
            return _decode(stream)
    except UnidentifiedImageError:
        raise Refused("not an image that Pillow can read") from None
    except Image.DecompressionBombError as error:
        raise Refused(f"too large: {error}") from None
    except (KmqError, MemoryError):
        raise
    except Exception as error:  # what Pillow's decoders raise for damaged files is not limited to OSError
        raise Refused(f"damaged image: {error}") from None


def _decode(stream: BinaryIO) -> tuple[Image.Image, list[str]]:
    stream.seek(0)
    image: Image.Image = Image.open(stream)
    notes = []
    if getattr(image, "is_animated", False):
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


def _encode(indexed: Image.Image, source: Image.Image, format_: str) -> bytes:
    buffer = BytesIO()
    indexed.save(buffer, format=SAVERS[format_], optimize=True, dpi=source.info.get("dpi"))
    return buffer.getvalue()


# Telling the user


def _report(job: Job, outcome: Outcome, verbose: bool) -> str:
    source = "stdin" if job.source == STREAM else job.source
    target = "stdout" if job.target == STREAM else job.target
    saved = 100 * (1 - outcome.after / outcome.before)
    change = f"{saved:.1f} % saved" if saved >= 0 else f"{-saved:.1f} % larger"
    quality = "exact" if math.isinf(outcome.psnr) else f"PSNR {outcome.psnr:.2f} dB"
    line = (
        f"{source} -> {target}: {outcome.before:,} -> {outcome.after:,} bytes, {change}, "
        f"{outcome.colors} colour{'s' * (outcome.colors != 1)}, {quality}"
    )
    if outcome.skipped:
        line += "; not smaller, so not written"
    if verbose:
        line += f" ({outcome.details})"
    return "\n".join([line, *(f"{source}: note: {note}" for note in outcome.notes)])


class _Progress:
    """A line on the terminal that says what is being worked on, and goes away afterwards."""

    def __init__(self, text: str, enabled: bool) -> None:
        self.text = text
        self.enabled = enabled and sys.stderr.isatty()

    def __enter__(self) -> None:
        if self.enabled:
            click.echo(f"\r{self.text}", err=True, nl=False)

    def __exit__(self, *_: object) -> None:
        if self.enabled:
            click.echo("\r" + " " * len(self.text) + "\r", err=True, nl=False)
