"""The command `kmq`, which converts images to palette PNGs or .kmq files. Its options follow pngquant.

Every input is a job of its own: an error in one is reported, and the others are processed. Neither NumPy nor Numba is
imported before the first image is read, so that `kmq --help` answers at once.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..errors import KmqError, ModeError, OptionError, OptionTypeError, QualityError, SizeError
from ..saving.files import abandon, discard_output
from .convert import LARGER, SAVERS, TOO_BAD, Settings, convert, sentence
from .outputs import STREAM, plan, reason

FAILED = 1  # exit status
WARMUP = "warmup"

# Copies of codec.COMPRESSIONS and quant.dithering.options.WORDS, as importing those would slow down `kmq --help`.
COMPRESSIONS = ("deflate", "fast", "default", "max")
DITHERS = (
    "none",
    "auto",
    "selective",
    "floyd-steinberg",
    "jarvis-judice-ninke",
    "stucki",
    "burkes",
    "sierra",
    "sierra-lite",
    "atkinson",
    "bayer",
    "blue-noise",
    "ordered",
)


def _quality(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Parse a quality range as pngquant does: MIN-MAX, MIN-, -MAX, or a single number, which is a maximum."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d*)(-?)(\d*)", value)
    if not match or not (match[1] or match[3]):
        raise click.BadParameter(f"{value!r} is not a quality: write MIN-MAX, -MAX, MIN- or MAX, such as 60-80.")
    low, high = (int(match[1] or 0), int(match[3] or 100)) if match[2] else (0, int(value))
    if not low <= high <= 100:
        raise click.BadParameter(f"{value!r} is out of range: write MIN-MAX with 0 <= MIN <= MAX <= 100.")
    return low, high


def _posterize(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, ...] | str | None:
    """Parse the number of bits to drop from each channel, as pngquant does, or a name such as rgb565."""
    if value is None:
        return None
    if re.fullmatch("[0-4]", value):
        return (8 - int(value),) * 4
    if not re.fullmatch(r"rgb[1-8]{3}|rgba[1-8]{4}", value.lower()):
        raise click.BadParameter(f"{value!r} is invalid: drop 0 to 4 bits, or name a format such as rgb565.")
    return value


def _background(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, int, int] | None:
    """Parse a colour, a name or #rrggbb."""
    if value is None:
        return None
    from ..quant.background import to_background

    try:
        return to_background(value)
    except OptionError as error:
        raise click.BadParameter(f"{error}.") from None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("inputs", metavar="[COLORS] IN...", nargs=-1, required=True)
@click.option("-k", "--colors", type=click.IntRange(1, 256), help="Maximum number of palette colours.  [default: 256]")
@click.option(
    "-Q",
    "--quality",
    metavar="MIN-MAX",
    callback=_quality,
    help="Use as few colours as reach quality MAX (0 to 100); write nothing below MIN.",
)
@click.option("--max-bytes", type=click.IntRange(min=1), metavar="N", help="Use as many colours as fit into N bytes.")
@click.option("-o", "--output", metavar="OUT", help="Output file, for a single input; - is standard output.")
@click.option("--ext", metavar="SUFFIX", help="Suffix of output file names.  [default: -kmq.png, or .kmq]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(SAVERS)),
    help="Output format.  [default: from the output name, else png]",
)
@click.option(
    "--compression", type=click.Choice(COMPRESSIONS), help="Compression level of .kmq files.  [default: default]"
)
@click.option("-O", "--optimize", type=click.Choice([*"0123456", "max"]), help="Effort for small PNGs.  [default: 4]")
@click.option(
    "--dither",
    metavar="HOW",
    help=f"Dithering: a strength of floyd-steinberg, 0 to 1, or one of {', '.join(DITHERS)}.  "
    "[default: auto, or none with --max-iter]",
)
@click.option("--nofs", is_flag=True, help="Disable dithering, like --dither none.")
@click.option(
    "--palette",
    "--map",
    metavar="COLORS",
    help="Colours to use: an image, a file of hex colours, '#000,#fff', or a name like cga or epaper-spectra-6.",
)
@click.option(
    "--posterize",
    metavar="BITS",
    callback=_posterize,
    help="Bits to drop from each channel, 0 to 4, or a format like rgb565.",
)
@click.option(
    "--background",
    metavar="COLOR",
    callback=_background,
    help="Composite transparent pixels onto this colour, a name or #rrggbb.",
)
@click.option(
    "--effort", type=click.Choice(["fast", "default", "best"]), help="Time spent on the palette.  [default: default]"
)
@click.option(
    "-s",
    "--speed",
    type=click.IntRange(1, 11),
    help="The effort as a number, as in pngquant: 1 and 2 are best, 10 and 11 fast.",
)
@click.option("--max-iter", type=click.IntRange(min=0), help="Run plain k-means with at most this many iterations.")
@click.option("--strip", is_flag=True, help="Drop all metadata; convert colours to sRGB.")
@click.option("--transbug", is_flag=True, help="Put the fully transparent colour at the end of the palette.")
@click.option(
    "--skip-if-larger", is_flag=True, help="Write nothing if the bytes saved do not outweigh the quality lost."
)
@click.option("--allow-larger", is_flag=True, help="Write a palette PNG even if a PNG input is smaller.")
@click.option("-f", "--force", is_flag=True, help="Overwrite existing files.")
@click.option("-v", "--verbose", is_flag=True, help="Print more about each file.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.version_option(__version__, prog_name="kmq")
def main(
    inputs: tuple[str, ...],
    colors: int | None,
    output: str | None,
    ext: str | None,
    format_: str | None,
    force: bool,
    skip_if_larger: bool,
    allow_larger: bool,
    strip: bool,
    verbose: bool,
    quiet: bool,
    **choices: Any,
) -> None:
    """Reduce images to a palette of at most COLORS colours.

    IN is any image that Pillow opens, .kmq included; - is standard input. The output for photo.jpg is photo-kmq.png,
    or photo.kmq with --format kmq, in the same folder. Existing files are not overwritten unless --force is given.

    `kmq warmup` compiles everything ahead of time. Otherwise the first use of each feature does.

    Exit status: 0 if all outputs were written, 1 if an input failed (the others are processed), 2 for wrong usage, 98
    if --skip-if-larger or --max-bytes held an output back, 99 if --quality did, 130 after Ctrl-C.
    """
    warming_up = inputs == (WARMUP,) and not Path(WARMUP).exists()
    level = logging.CRITICAL if quiet else logging.WARNING if warming_up else logging.DEBUG
    click.get_current_context().with_resource(_printing_records(level))
    if warming_up:
        _warm_up(quiet)
        return
    colors, inputs = _leading_colors(colors, inputs)
    try:
        jobs = plan(inputs, output, ext, format_)
        save = {"colors": colors, **_save_options(**choices)}
    except (OptionError, OptionTypeError) as error:
        raise click.UsageError(str(error)) from None
    if "compression" in save and all(job.format != "kmq" for job in jobs):
        raise click.UsageError("--compression applies to .kmq files only: add --format kmq")
    if "optimize" in save and all(job.format != "png" for job in jobs):
        raise click.UsageError("--optimize applies to PNG files only: leave it out, or use --compression")
    settings = Settings(save, force, skip_if_larger, allow_larger, strip, quiet)
    to_stderr = any(job.target == STREAM for job in jobs)
    status = 0
    for number, job in enumerate(jobs, 1):
        outcome, failure = None, 0
        with _Progress(f"[{number}/{len(jobs)}] {job.source}", enabled=not quiet) as shown:
            try:
                outcome = convert(job, settings, shown.update if shown.enabled else None)
            except KmqError as error:
                message, failure = str(error), _status_of(error)
        if outcome is None:
            _say(f"kmq: {job.source}: {message}", err=True)
            status = FAILED if FAILED in (status, failure) else status or failure
            continue
        status = status or outcome.held
        if not quiet and not _say(sentence(job, outcome, verbose=verbose), err=to_stderr):
            status = FAILED
    sys.exit(status)


def _say(text: str, *, err: bool) -> bool:
    """Print a line and return whether that succeeded; if not, the other inputs are still processed."""
    try:
        click.echo(text, err=err)
    except OSError as error:
        if err:
            discard_output(sys.stderr)
        else:
            unprintable(error)
        return False
    return True


def unprintable(error: OSError) -> SystemExit:
    """Report that standard output cannot be written, and return the exception that ends the command."""
    discard_output(sys.stdout)
    _say(f"kmq: cannot write to standard output: {reason(error)}", err=True)
    return SystemExit(FAILED)


def _warm_up(quiet: bool) -> None:
    from ..kernels.warm_up import warmup

    def show(what: str, done: float) -> None:
        if not quiet:
            click.echo(f"{100 * done:3.0f} % {what and 'compiling ' + what}".rstrip(), err=True)

    warmup(show)


def _status_of(error: KmqError) -> int:
    return {QualityError: TOO_BAD, SizeError: LARGER}.get(type(error), FAILED)


def _leading_colors(colors: int | None, inputs: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Return the number of colours and the inputs. As in pngquant, a number before the first file is the former."""
    if not inputs[0].isdecimal():
        return colors or 256, inputs
    number = int(inputs[0])
    if colors is not None:
        raise click.UsageError(
            f"number of colours given twice, {number} and --colors {colors}: drop one, or write ./{number} for a file"
        )
    if not 1 <= number <= 256:
        raise click.UsageError(f"number of colours must be 1 to 256, not {number}: write ./{number} for a file")
    if len(inputs) == 1:
        raise click.UsageError(f"no input after the number of colours {number}: write ./{number} for a file")
    return number, inputs[1:]


def _save_options(
    *,
    dither: str | None,
    nofs: bool,
    palette: str | None,
    effort: str | None,
    speed: int | None,
    transbug: bool,
    optimize: str | None,
    **others: Any,
) -> dict[str, Any]:
    """Return the keywords of `Image.save` for the options of the command. Raises OptionError."""
    if effort is not None and speed is not None:
        raise OptionError("--effort and --speed cannot be combined: drop one of them")
    if speed is not None:
        effort = "best" if speed <= 2 else "default" if speed <= 9 else "fast"
    options: dict[str, Any] = {name: value for name, value in others.items() if value is not None}
    options["effort"] = effort or "default"
    if nofs or dither is not None:
        options["dither"] = "none" if nofs or dither is None else _dither(dither)
    if palette is not None:
        options["palette"] = _palette(palette)
    if transbug:
        options["transparent_index"] = -1
    if optimize is not None:
        options["optimize"] = optimize if optimize == "max" else int(optimize)
    return options


def _dither(text: str) -> float | str:
    try:
        value: float | str = float(text)
    except ValueError:
        value = text
    if value != 0:
        from ..quant.dithering.options import to_dither

        to_dither(value)
    return value


def _palette(value: str) -> Any:
    """Return the colours, uint8[k, 4], that a name, hex colours, an image or a text file stands for."""
    from ..quant.colors import to_colors
    from ..quant.pillow_source import load_colors

    try:
        return to_colors("--palette", load_colors("--palette", value))
    except ModeError:
        raise OptionError(
            f"--palette {value} has a mode that is not supported: convert it to 8 bits per channel first"
        ) from None


def clean_up() -> None:
    """Remove temporary files and end the line on the terminal, as a signal is about to end the process."""
    abandon()
    if _Progress.current:
        os.write(sys.stderr.fileno(), b"\n")


class _Progress:
    """A progress line on the terminal, erased at the end.

    Attributes:
        current: The line shown at the moment, if any.
        enabled: True if this one is shown at all, as standard error is a terminal.
    """

    current: _Progress | None = None

    def __init__(self, text: str, enabled: bool) -> None:
        self._text = text
        self._percent = -1
        self._width = 0
        self.enabled = enabled and sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        _Progress.current = self if self.enabled else None
        self.update(0.0)
        return self

    def update(self, done: float) -> None:
        """Show the fraction done, 0..1."""
        percent = int(100 * done)
        if self.enabled and percent != self._percent:
            self._show(f"{self._text} {percent:3} %")
            self._percent = percent

    def note(self, text: str) -> None:
        """Show a note instead of the percentage, until the next update."""
        self._show(f"{self._text}: {text}")
        self._percent = -1

    def clear(self) -> None:
        """Erase the line, until the next update."""
        self._show("")
        self._show("")  # moves the cursor to the start of the line
        self._percent = -1

    def _show(self, line: str) -> None:
        click.echo("\r" + line.ljust(self._width), err=True, nl=False)
        self._width = len(line)

    def __exit__(self, *_: object) -> None:
        if self.enabled:
            self.clear()
        _Progress.current = None


class _Records(logging.Handler):
    """Handler that prints log records to standard error, and the number of compiled kernels in the progress line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        text, progress = record.getMessage(), _Progress.current
        if record.levelno == logging.DEBUG:
            if progress:
                progress.note(text.partition(":")[0])
            return
        if progress:
            progress.clear()
        _say(f"kmq: {text.removeprefix('pillow_kmq: ')}", err=True)


@contextmanager
def _printing_records(level: int) -> Iterator[None]:
    """Print log records of at least a level, during a block."""
    log, handler = logging.getLogger("pillow_kmq"), _Records()
    before = log.level
    log.addHandler(handler)
    log.setLevel(level)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
