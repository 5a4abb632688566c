"""`kmq palette extract`, `learn`, `show` and `convert`: palettes of images and palette files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from ..arguments import Command
from ..each import for_each
from ..folders import Folders
from ..options import EFFORTS, SPACES
from ..outputs import STREAM, Job, check, check_target, plan, write
from ..statuses import FAILED, UNREADABLE, Refused, status_of
from ..terminal import say, shown_name

if TYPE_CHECKING:
    from ...palette_files import NamedColors

# A copy of palette_files.FORMATS, as importing that would slow down `kmq palette --help`.
FORMATS = ("gpl", "jasc", "riff", "act", "hex", "ase", "json", "png", "css", "txt")

_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_HELP)
def command() -> None:
    """Extract, learn, show and convert palettes.

    Formats: .gpl (GIMP), .pal (JASC-PAL, or RIFF with --format riff), .act and .ase (Adobe), .hex and .txt (one hex
    colour per line), .json, .css, and .png (a picture of the colours). Aseprite's files and all images are read, too.
    """


_output = click.option("-o", "--output", metavar="OUT", help="Output file, for a single input; - is standard output.")
_format = click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Output format.  [default: from the output name]"
)
_opaque = click.option("--opaque", is_flag=True, help="Make all colours opaque, for formats without transparency.")
_force = click.option("-f", "--force", is_flag=True, help="Overwrite existing files.")
_quiet = click.option("-q", "--quiet", is_flag=True, help="Print errors only.")


@command.command(cls=Command, context_settings=_HELP)
@click.argument("image", metavar="IMAGE")
@click.option(
    "-k", "--colors", type=click.IntRange(1, 256), default=256, show_default=True, help="Maximum number of colours."
)
@_output
@_format
@_opaque
@_force
@_quiet
def extract(
    image: str, colors: int, output: str | None, format_: str | None, opaque: bool, force: bool, quiet: bool
) -> None:
    """Write the palette of an image.

    Of an indexed image that is its palette, of others the distinct colours. If there are more than COLORS, or if the
    image is an animation, it is quantised first. Without --output, hex colours are printed.
    """
    job = Job(image, output or STREAM, _chosen_format(output or STREAM, format_))

    def work(job: Job) -> str:
        from ..inputs import read_source
        from ..palettes import palette_of_image

        return _write(job, palette_of_image(read_source(job.source), colors), opaque, force)

    sys.exit(for_each([job], work, quiet=quiet, err=True))


@command.command(cls=Command, context_settings=_HELP)
@click.argument("inputs", metavar="IN...", nargs=-1, required=True)
@click.option(
    "-k", "--colors", type=click.IntRange(1, 256), default=256, show_default=True, help="Maximum number of colours."
)
@click.option("--fixed", metavar="COLORS", help="Colours that must be in the palette: '#000,#fff', a name or a file.")
@click.option(
    "--min-share",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="SHARE",
    help="Keep rare colours that cover at least this share of all pixels, such as 0.0005, like thin lines of maps.",
)
@click.option("--space", type=click.Choice(SPACES), help="As of kmq itself.  [default: perceptual]")
@click.option("--effort", type=click.Choice(EFFORTS), help="Time spent on the palette.  [default: default]")
@click.option("-r", "--recursive", is_flag=True, help="Take the images in folders and their subfolders.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Files to take in folders; repeatable.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Files and subfolders to leave out; repeatable.")
@click.option(
    "-j",
    "--jobs",
    "processes",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Number of processes.  [default: one per processor]",
)
@click.option("--dask", metavar="ADDRESS", help="Count on the cluster of this Dask scheduler, such as tcp://host:8786.")
@_output
@_format
@_opaque
@_force
@_quiet
def learn(
    inputs: tuple[str, ...],
    output: str | None,
    format_: str | None,
    opaque: bool,
    force: bool,
    recursive: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    **choices: Any,
) -> None:
    """Find one palette for any number of images.

    IN is an image, a folder, a pattern such as 'tiles/**/*.png', or an .mbtiles file. All frames of animations count.
    Files that cannot be read are named and left out. Without --output, hex colours are printed. The palette is the
    same with any number of processes, and on a cluster.
    """
    if choices["dask"] and choices["processes"]:
        raise click.UsageError("--dask and --jobs cannot be combined: a cluster has processes of its own")
    if (include or exclude) and not recursive:
        raise click.UsageError("--include and --exclude choose files in folders: add --recursive")
    format_ = _chosen_format(output or STREAM, format_)
    sys.exit(_learn(inputs, Folders(recursive, include, exclude), output or STREAM, format_, opaque, force, **choices))


def _learn(
    inputs: tuple[str, ...], folders: Folders, target: str, format_: str, opaque: bool, force: bool, **choices: Any
) -> int:
    """Find a palette, write it, and return the exit status."""
    from ...errors import KmqError
    from ...palette_files.files import named
    from ..learned_palettes import learn_from_inputs

    try:
        if target != STREAM:
            check_target(target, force)  # before work that takes time
        learned, status = learn_from_inputs(inputs, folders, **choices)
        source = f"{learned.images:,} image{'s' * (learned.images != 1)}"
        line = _write(Job(source, target, format_), named(learned.colors), opaque, force)
    except KmqError as error:
        say(f"kmq: {error}", err=True)
        return status_of(error)
    if learned.largest_change:
        line += f"; similar colours were counted as one, within {learned.largest_change} levels"
    if not choices["quiet"]:
        say(line, err=True)
    return status


@command.command(cls=Command, context_settings=_HELP)
@click.argument("palettes", metavar="PALETTE...", nargs=-1, required=True)
def show(palettes: tuple[str, ...]) -> None:
    """Show the colours of palettes on the terminal.

    PALETTE is a palette file, an image with at most 256 colours, a name such as pico-8, or '#000,#fff'. Terminals of
    24-bit colour show swatches, unless NO_COLOR is set.
    """

    def work(given: str) -> str:
        from ..palettes import palette_of_argument
        from ..swatches import has_true_color, swatch_lines

        found = palette_of_argument(given)
        lines = swatch_lines(found.colors.tolist(), found.names, colored=has_true_color())
        count = len(found.colors)
        return "\n".join([f"{shown_name(given)}: {count} colour{'s' * (count != 1)}", *(f"  {line}" for line in lines)])

    sys.exit(for_each(palettes, work))


@command.command(cls=Command, context_settings=_HELP)
@click.argument("palettes", metavar="PALETTE...", nargs=-1, required=True)
@_output
@_format
@_opaque
@_force
@_quiet
def convert(
    palettes: tuple[str, ...], output: str | None, format_: str | None, opaque: bool, force: bool, quiet: bool
) -> None:
    """Convert palettes to another format.

    PALETTE is a palette file, an image with at most 256 colours, a name such as pico-8, or '#000,#fff'. Files of GIMP,
    Adobe Swatch Exchange, JSON and CSS keep the names of colours. Without --output, files are written next to their
    input.
    """
    if output is not None and len(palettes) > 1:
        raise click.UsageError(f"--output takes a single input, not {len(palettes)}: give --format for several")
    if output is None and format_ is None:
        raise click.UsageError("name the output with --output, or its format with --format")
    from ...palette_files.files import suffix_of

    format_ = _chosen_format(output, format_)
    jobs = plan(palettes, output, None if output else suffix_of(format_), format_)

    def work(job: Job) -> str:
        from ..palettes import palette_of_argument

        if output is None:
            _check_name(job.source)
        return _write(job, palette_of_argument(job.source), opaque, force)

    sys.exit(for_each(jobs, work, quiet=quiet, err=output == STREAM))


def _chosen_format(output: str | None, format_: str | None) -> str:
    """Return the format of the output. Raises UsageError if its name does not tell."""
    if format_ is not None or output is None:
        return format_ or "hex"
    if output == STREAM:
        return "hex"
    from ...errors import OptionError
    from ...palette_files.files import format_of

    try:
        return format_of(output)
    except OptionError as error:
        raise click.UsageError(str(error)) from None


def _check_name(given: str) -> None:
    """Raise Refused for a palette without a name for its output."""
    from ...quant.named_palettes import HARDWARE_NAMES

    if given not in HARDWARE_NAMES and not os.path.lexists(given):
        raise Refused("not a file: name the output with --output", UNREADABLE)


def _write(job: Job, palette: NamedColors, opaque: bool, force: bool) -> str:
    """Write a palette and return the line to print. Raises Refused."""
    from ...errors import OptionError
    from ...palette_files.files import encode_palette

    if opaque:
        palette.colors[:, 3] = 255
    try:
        encoded = encode_palette(palette, job.format)
    except OptionError as error:
        raise Refused(f"{error}; --opaque does that", FAILED) from None
    if job.target != STREAM or job.format in ("act", "ase", "png", "riff"):  # text may go to a terminal
        check(job, force)
    write(job.target, encoded)
    count = len(palette.colors)
    return f"{shown_name(job.source)} -> {shown_name(job.target, 'stdout')}: {count} colour{'s' * (count != 1)}"
