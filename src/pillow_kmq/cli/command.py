"""The command `kmq`, which converts images to palette PNGs or .kmq files. Its options follow pngquant.

Every input is a job of its own: an error in one is reported, and the others are processed. Neither NumPy nor Numba is
imported before the first image is read, so that `kmq --help` answers at once.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from typing import Any

import click

from ..errors import KmqError, OptionError
from ..saving.files import abandon
from .batch import at_end, processes_for, results
from .convert import SAVERS, Settings, holds_frames
from .folders import Folders
from .keywords import refuse_contradictions, save_options
from .options import SECTIONS, options
from .outputs import PYRAMID, STREAM, Job, plan
from .progress import Bar
from .reporting import Reporter
from .shared_palette import as_found_for_inputs, with_shared_palette
from .statuses import MEANINGS, status_of
from .terminal import Progress, printing_records, say, shown_name
from .verbs import VERBS, CommandWithVerbs

EXAMPLES = (
    ("kmq 64 photo.png", "Write photo-kmq.png with at most 64 colours."),
    ("kmq -Q 60-80 -o small.png photo.png", "Use as few colours as reach quality 80, but none below 60."),
    ("kmq --max-bytes 50k --format kmq *.png", "Use as many colours as fit into 50,000 bytes."),
    ("kmq --palette epaper-spectra-6 -o panel.bmp photo.png", "Use the colours of a display."),
    ("kmq --nofs --ext .png --force sprite.png", "Replace the file, without dithering."),
    ("kmq 64 --recursive site --out-dir small", "Convert the images in a folder and its subfolders."),
    ("kmq 16 < photo.png > photo-16.png", "Work in a pipeline."),
)


@click.command(
    cls=CommandWithVerbs,
    sections=SECTIONS,
    tables={
        "Verbs": [(f"kmq {verb}", meaning) for verb, meaning in VERBS.items()],
        "Examples": EXAMPLES,
        "Exit status, that of the last failure": [(str(status), meaning) for status, meaning in MEANINGS.items()],
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@options
@click.pass_context
def main(
    context: click.Context,
    /,
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
    shared_palette: bool,
    recursive: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    out_dir: str | None,
    processes: int | None,
    dask: str | None,
    preserve: bool,
    dry_run: bool,
    json_lines: bool,
    **choices: Any,
) -> None:
    """Reduce images to a palette of at most COLORS colours.

    IN is any image that Pillow opens, .kmq included; - is standard input. The output for photo.jpg is photo-kmq.png,
    or photo.kmq with --format kmq, in the same folder. Existing files are not overwritten unless --force is given.

    Without IN, standard input is converted to standard output. A file whose name is a verb is written ./warmup. Long
    options may be abbreviated.
    """
    context.with_resource(printing_records(logging.CRITICAL if quiet else logging.DEBUG))
    colors, inputs = _leading_colors(colors, inputs)
    folders = Folders(recursive, include, exclude, closed=out_dir)
    jobs = plan(inputs or (STREAM,), output, ext, format_, out_dir=out_dir, folders=folders)
    refuse_contradictions(_given(context.params))
    save = {"colors": colors or 256, **save_options(_given({"colors": colors, **choices}))}
    if not jobs:
        say("kmq: nothing to convert: all images are outputs of earlier runs", err=True)
        sys.exit(0)
    _refuse_without_effect(save, jobs)
    to_stdout = any(job.target == STREAM for job in jobs)
    if json_lines and to_stdout:
        raise click.UsageError("--json prints to standard output, where the image goes: use --output to name a file")
    if any(job.format == PYRAMID for job in jobs):
        _refuse_for_pyramids(_given(context.params))
    if dask is not None:
        _refuse_for_cluster(_given(context.params), jobs)
    client = None if dask is None or dry_run else _client(context, dask)
    if shared_palette and "palette" in save:
        save = as_found_for_inputs(save)
    elif shared_palette and not dry_run:
        save = _with_shared_palette(save, jobs, processes, client, strip=strip, quiet=quiet)
    settings = Settings(
        save,
        force,
        skip_if_larger,
        strip,
        quiet=quiet or json_lines,
        allow_larger=allow_larger,
        verbose=verbose,
        facts=json_lines,
        out_dir=out_dir is not None,
        preserve=preserve,
        dry_run=dry_run,
        processes=processes,
    )
    sys.exit(_run(jobs, settings, processes, client, Reporter(json_lines, quiet, err=to_stdout)))


def _refuse_without_effect(save: dict[str, Any], jobs: list[Job]) -> None:
    """Raise UsageError for options that none of the output formats has."""
    for name in ("compression", "palette_mode"):
        if name in save and all(job.format != "kmq" for job in jobs):
            raise click.UsageError(f"--{name.replace('_', '-')} applies to .kmq files only: add --format kmq")
    if "optimize" in save and all(job.format != "png" for job in jobs):
        raise click.UsageError("--optimize applies to PNG files only: leave it out")
    if "palettes" in save and not any(holds_frames(job.format) for job in jobs):
        raise click.UsageError("--palettes applies to animations: add --format gif, apng, webp or kmq")


def _run(jobs: list[Job], settings: Settings, processes: int | None, client: Any, reporter: Reporter) -> int:
    """Run all jobs, show how far they are, and return the exit status."""
    quiet = reporter.quiet
    name = shown_name(jobs[0].source)
    with Bar(len(jobs), not quiet) if len(jobs) > 1 else Progress(f"[1/1] {name}", enabled=not quiet) as bar:
        progress = bar.update if bar.enabled else None
        found = results(jobs, settings, processes, progress, bar.step, client)
        for job, result in zip(jobs, found, strict=True):
            bar.clear()
            reporter.add(job, result)
    reporter.summarize()
    return reporter.status


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None and value is not False}


def _refuse_for_pyramids(given: dict[str, Any]) -> None:
    """Raise UsageError for options that do not apply to tile pyramids."""
    for name in ("max_bytes", "strict", "importance", "format_", "skip_if_larger", "palettes", "lossy", "dask"):
        if name in given:
            option = name.strip("_").replace("_", "-")
            raise click.UsageError(f"--{option} does not apply to .mbtiles files: leave it out")


def _refuse_for_cluster(given: dict[str, Any], jobs: list[Job]) -> None:
    """Raise UsageError for what a cluster cannot do."""
    if "processes" in given:
        raise click.UsageError("--dask and --jobs cannot be combined: a cluster has processes of its own")
    if any(STREAM in (job.source, job.target) for job in jobs):
        raise click.UsageError("--dask works on files, not on standard input and output: name files")


def _client(context: click.Context, address: str) -> Any:
    """Connect to a cluster until the command ends, or end it without outputs."""
    from ..collection.dask_engine import connect

    try:
        return context.with_resource(connect(address))
    except KmqError as error:
        say(f"kmq: {error}", err=True)
        sys.exit(status_of(error))


def _with_shared_palette(
    save: dict[str, Any], jobs: list[Job], processes: int | None, client: Any, *, strip: bool, quiet: bool
) -> dict[str, Any]:
    """Return the keywords of `Image.save` with a palette for all inputs, or end the command without outputs."""
    if any(job.source == STREAM for job in jobs):
        raise click.UsageError("--shared-palette reads each input twice: write standard input to a file first")
    from ..collection.engine import choose_engine

    inputs = [job for job in jobs if not (job.problem or job.own_output)]
    if client is not None:
        inputs = [replace(job, source=os.path.abspath(job.source)) for job in inputs]
    srgb = strip or any(job.format not in (*SAVERS, PYRAMID) for job in inputs)
    engine = choose_engine(client, processes_for((job.source for job in inputs), processes))
    try:
        with Progress("finding the palette", enabled=not quiet) as line:
            update = line.update if line.enabled else None
            return with_shared_palette(save, inputs, srgb=srgb, engine=engine, progress=update)
    except KmqError as error:
        say(f"kmq: {error}", err=True)
        sys.exit(status_of(error))


def _leading_colors(colors: int | None, inputs: tuple[str, ...]) -> tuple[int | None, tuple[str, ...]]:
    """Return the number of colours and the inputs. As in pngquant, a number before the first file is the former.

    Raises:
        OptionError: There are no inputs although standard input is a terminal, or the number is wrong.
    """
    number = None
    if inputs and inputs[0].isdecimal():
        number, inputs = int(inputs[0]), inputs[1:]
        if colors is not None:
            raise OptionError(
                f"number of colours given twice, {number} and --colors {colors}: drop one, or write ./{number} for a "
                "file"
            )
        if not 1 <= number <= 256:
            raise OptionError(f"number of colours must be 1 to 256, not {number}: write ./{number} for a file")
    if not inputs and (sys.stdin is None or sys.stdin.isatty()):
        after = "" if number is None else f" after the number of colours {number}: write ./{number} for a file"
        raise OptionError(f"no input{after or ': name an image, or see kmq --help'}")
    return number or colors, inputs


def clean_up() -> None:
    """Remove temporary files and end the line on the terminal, as a signal is about to end the process."""
    for end in at_end:
        end()
    abandon()
    if Progress.current:
        os.write(sys.stderr.fileno(), b"\n")
