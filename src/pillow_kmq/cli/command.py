"""The command `kmq`, which converts images to palette PNGs or .kmq files. Its options follow pngquant.

Every input is a job of its own: an error in one is reported, and the others are processed. Neither NumPy nor Numba is
imported before the first image is read, so that `kmq --help` answers at once.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import click

from ..errors import OptionError, OptionTypeError
from ..saving.files import abandon
from .batch import at_end, results
from .convert import Settings
from .folders import Folders
from .options import options, save_options
from .outputs import STREAM, Job, plan
from .progress import Bar
from .reporting import Reporter
from .terminal import Progress, printing_records, say, shown
from .verbs import CommandWithVerbs


@click.command(cls=CommandWithVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@options
def main(
    inputs: tuple[str, ...],
    colors: int | None,
    output: str | None,
    ext: str | None,
    format_: str | None,
    force: bool,
    skip_if_larger: bool,
    strip: bool,
    verbose: bool,
    quiet: bool,
    recursive: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    out_dir: str | None,
    processes: int | None,
    preserve: bool,
    dry_run: bool,
    json_lines: bool,
    **choices: Any,
) -> None:
    """Reduce images to a palette of at most COLORS colours.

    IN is any image that Pillow opens, .kmq included; - is standard input. The output for photo.jpg is photo-kmq.png,
    or photo.kmq with --format kmq, in the same folder. Existing files are not overwritten unless --force is given.

    `kmq warmup` compiles everything ahead of time; write ./warmup for a file of that name.

    Exit status: 0 if all outputs were written, otherwise that of the last input that failed: 2 if it cannot be read, 25
    if it is damaged, 15 if the output exists, 16 if it cannot be written, 98 if --skip-if-larger or --max-bytes held it
    back, 99 if --quality did, 1 for other reasons. Wrong usage is 4, Ctrl-C 130.
    """
    click.get_current_context().with_resource(printing_records(logging.CRITICAL if quiet else logging.DEBUG))
    colors, inputs = _leading_colors(colors, inputs)
    try:
        jobs = plan(
            inputs, output, ext, format_, out_dir=out_dir, folders=Folders(recursive, include, exclude, out_dir)
        )
        save = {"colors": colors, **save_options(**choices)}
    except (OptionError, OptionTypeError) as error:
        raise click.UsageError(str(error)) from None
    if "compression" in save and all(job.format != "kmq" for job in jobs):
        raise click.UsageError("--compression applies to .kmq files only: add --format kmq")
    to_stdout = any(job.target == STREAM for job in jobs)
    if json_lines and to_stdout:
        raise click.UsageError("--json prints to standard output, where the image goes: use --output to name a file")
    silent = quiet or json_lines
    settings = Settings(
        save,
        force,
        skip_if_larger,
        strip,
        silent,
        verbose=verbose,
        facts=json_lines,
        out_dir=out_dir is not None,
        preserve=preserve,
        dry_run=dry_run,
    )
    sys.exit(_run(jobs, settings, processes, Reporter(json_lines, quiet, err=to_stdout)))


def _run(jobs: list[Job], settings: Settings, processes: int | None, reporter: Reporter) -> int:
    """Run all jobs, show how far they are, and return the exit status."""
    if not jobs:
        say("kmq: nothing to convert: all images are outputs of earlier runs", err=True)
        return 0
    quiet = reporter.quiet
    bar = Bar(len(jobs), not quiet) if len(jobs) > 1 else Progress(f"[1/1] {shown(jobs[0].source)}", enabled=not quiet)
    with bar:
        progress = bar.update if bar.enabled else None
        for job, result in zip(jobs, results(jobs, settings, processes, progress, bar.step), strict=True):
            bar.clear()
            reporter.add(job, result)
    reporter.summarize()
    return reporter.status


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


def clean_up() -> None:
    """Remove temporary files and end the line on the terminal, as a signal is about to end the process."""
    for end in at_end:
        end()
    abandon()
    if Progress.current:
        os.write(sys.stderr.fileno(), b"\n")
