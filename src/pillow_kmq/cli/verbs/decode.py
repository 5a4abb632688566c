"""`kmq decode`: `.kmq` files as files of other formats."""

from __future__ import annotations

import os
import sys

import click

from ..arguments import Command
from ..each import for_each
from ..folders import Folders
from ..outputs import STREAM, Job, check_plan, check_target, plan, write
from ..terminal import shown, shown_name

_FORMATS = ("png", "apng", "gif", "webp")


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), help="Output format.  [default: from the output name, else png]"
)
@click.option("-o", "--output", metavar="OUT", help="Output file, for a single input; - is standard output.")
@click.option("-r", "--recursive", is_flag=True, help="Convert the .kmq files in folders and their subfolders.")
@click.option("--out-dir", metavar="DIR", help="Folder of the outputs, made if missing.  [default: that of the input]")
@click.option("-f", "--force", is_flag=True, help="Overwrite existing files.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def command(
    files: tuple[str, ...],
    format_: str | None,
    output: str | None,
    recursive: bool,
    out_dir: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Convert .kmq files to PNG, GIF or WebP, without loss where the format allows it.

    The output for art.kmq is art.png, or art.gif and so on, in the same folder. Animations stay animations, with their
    durations and repetitions; a PNG file is then an APNG, and its name ends in .apng with --format apng. WebP files are
    lossless. Metadata are kept.

    Exit status: 0, or that of the last file that failed: 2 if it cannot be read, 25 if it is damaged, 15 if the output
    exists, 16 if it cannot be written, 1 for other reasons.
    """
    if output is not None and len(files) > 1:
        raise click.UsageError(f"--output takes a single input, not {len(files)}: use --out-dir for several")
    format_ = format_ or _format_of(output)
    folders = Folders(recursive, ("*.kmq",) if recursive else (), closed=out_dir)
    jobs = plan(files, output, None if output else f".{format_}", format_, out_dir=out_dir, folders=folders)

    def convert(job: Job) -> str:
        from ..decoding import decoded, opened
        from ..inputs import read_source

        check_plan(job)
        data = read_source(job.source)
        image = opened(data)
        check_target(job.target, force)
        encoded, notes = decoded(image, job.format)
        write(job.target, encoded, folders=out_dir is not None)
        source, target = shown_name(job.source), shown_name(job.target, "stdout")
        line = f"{source} -> {target}: {len(data):,} -> {len(encoded):,} bytes"
        return "\n".join([line, *(f"{source}: note: {shown(note)}" for note in notes)])

    sys.exit(for_each(jobs, convert, quiet=quiet, err=any(job.target == STREAM for job in jobs)))


def _format_of(output: str | None) -> str:
    if output is None or output == STREAM:
        return "png"
    suffix = os.path.splitext(output)[1].lower().removeprefix(".")
    if suffix not in _FORMATS:
        raise click.UsageError(
            f"cannot tell the format from {output!r}: end it in .png, .gif or .webp, or give --format"
        )
    return suffix
