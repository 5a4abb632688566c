"""`kmq decode`: `.kmq` files as files of other formats."""

from __future__ import annotations

import os
import sys

import click

from ..arguments import Command
from ..each import Writer, for_each, shown_name
from ..outputs import STREAM
from ..statuses import UNWRITABLE, Refused

_FORMATS = ("png", "apng", "gif", "webp")


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), help="Output format.  [default: from the output name, else png]"
)
@click.option("-o", "--output", metavar="OUT", help="Output file, for a single input; - is standard output.")
@click.option("--out-dir", metavar="DIR", help="Folder of the outputs, made if missing.  [default: that of the input]")
@click.option("-f", "--force", is_flag=True, help="Overwrite existing files.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def command(
    files: tuple[str, ...], format_: str | None, output: str | None, out_dir: str | None, force: bool, quiet: bool
) -> None:
    """Convert .kmq files to PNG, GIF or WebP, without loss where the format allows it.

    The output for art.kmq is art.png, or art.gif and so on, in the same folder. Animations stay animations, with their
    durations and repetitions; a PNG file is then an APNG. WebP files are lossless. Metadata are kept.

    Exit status: 0, or that of the last file that failed: 2 if it cannot be read, 25 if it is damaged, 15 if the output
    exists, 16 if it cannot be written, 1 for other reasons.
    """
    if output is not None and len(files) > 1:
        raise click.UsageError(f"--output takes a single input, not {len(files)}: use --out-dir for several")
    if output is not None and out_dir is not None:
        raise click.UsageError("--output and --out-dir cannot be combined: drop one of them")
    format_ = format_ or _format_of(output)
    to_stderr = output == STREAM or (output is None and out_dir is None and STREAM in files)
    writer = Writer(force=force)

    def convert(file: str) -> str:
        from ..decoding import decode_file
        from ..inputs import read_source

        target = output or _target(file, out_dir, format_)
        writer.check(target)
        data = read_source(file)
        encoded, notes = decode_file(data, format_)
        if out_dir is not None:
            _make(out_dir)
        writer.write(target, encoded)
        line = f"{shown_name(file)} -> {shown_name(target, out=True)}: {len(data):,} -> {len(encoded):,} bytes"
        return "\n".join([line, *(f"{shown_name(file)}: note: {note}" for note in notes)])

    sys.exit(for_each(files, convert, quiet=quiet, err=to_stderr))


def _format_of(output: str | None) -> str:
    if output is None or output == STREAM:
        return "png"
    suffix = os.path.splitext(output)[1].lower().removeprefix(".")
    if suffix not in _FORMATS:
        raise click.UsageError(
            f"cannot tell the format from {output!r}: end it in .png, .gif or .webp, or give --format"
        )
    return suffix


def _target(file: str, out_dir: str | None, format_: str) -> str:
    from ..decoding import SUFFIXES

    if file == STREAM and out_dir is None:
        return STREAM
    name = os.path.splitext("stdin" if file == STREAM else file)[0] + SUFFIXES[format_]
    return name if out_dir is None else os.path.join(out_dir, os.path.basename(name))


def _make(folder: str) -> None:
    from ..outputs import reason

    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise Refused(f"cannot make the folder {folder}: {reason(error)}", UNWRITABLE) from None
