"""Options of the command line. Their names follow pngquant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .. import __version__
from . import values
from .arguments import OptionalValue
from .completion import SHELLS, complete_input, complete_palette, print_completion
from .outputs import FORMATS

Command = TypeVar("Command", bound=Callable[..., Any])

# Copies of codec.COMPRESSIONS and of words in quant.dithering.options and quant.options, as importing those would slow
# down `kmq --help`.
PALETTES = ("one", "per-frame", "exact")  # saving.stored_frames.PALETTES
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


SPACES = ("perceptual", "oklab", "srgb", "linear")
EFFORTS = ("fast", "default", "best")
ORDERS = ("luminance", "popularity", "compression")

_OPTIONS = [
    click.argument("inputs", metavar="[COLORS] [IN]...", nargs=-1, type=click.Path(), shell_complete=complete_input),
    click.option(
        "-k",
        "--colors",
        type=click.IntRange(1, 256),
        metavar="N",
        help="Maximum number of palette colours.  [default: 256]",
    ),
    click.option(
        "-Q",
        "--quality",
        metavar="MIN-MAX",
        callback=values.quality,
        help="Use as few colours as reach quality MAX (0 to 100); write nothing below MIN. Also psnr:35 (decibels) or "
        "deltae:1.5.",
    ),
    click.option(
        "--max-bytes",
        metavar="SIZE",
        callback=values.size,
        help="Use as many colours as fit into SIZE: bytes, or such as 50k (50,000), 50KiB (51,200) or 1.5M.",
    ),
    click.option(
        "--palette",
        "--map",
        metavar="COLORS",
        shell_complete=complete_palette,
        help="Use these colours: an image, a palette file, '#000,#fff', or a name like cga or epaper-spectra-6.",
    ),
    click.option("--strict", is_flag=True, help="Write nothing if a pixel is not in the palette given by --palette."),
    click.option(
        "--fixed",
        metavar="COLORS",
        shell_complete=complete_palette,
        help="Use these colours, given like --palette, and others that suit the image.",
    ),
    click.option(
        "--shared-palette",
        is_flag=True,
        help="Use one palette for all inputs of this call, which are read twice.",
    ),
    click.option(
        "--palettes",
        type=click.Choice(PALETTES),
        help="Palettes of animations: one for all frames, one per frame, or all colours exact.  "
        "[default: exact if they are few, else one]",
    ),
    click.option(
        "--posterize",
        metavar="BITS",
        callback=values.posterize,
        help="Bits to drop from each channel, 0 to 4, or a format like rgb565.",
    ),
    click.option(
        "--background",
        metavar="COLOR",
        callback=values.background,
        help="Composite transparent pixels onto this colour, a name or #rrggbb.",
    ),
    click.option(
        "--importance",
        metavar="FILE",
        type=click.Path(),
        help="Let pixels count as much as a grey image of the same size says: white fully, black hardly.",
    ),
    click.option(
        "--space",
        type=click.Choice(SPACES),
        help="Optimise for this: the best look, or the least squared error in a colour space.  [default: perceptual]",
    ),
    click.option("--order", type=click.Choice(ORDERS), help="Order of the palette.  [default: luminance]"),
    click.option(
        "--transparent-index",
        type=click.IntRange(-1, 255),
        metavar="N",
        help="Index of the fully transparent colour; -1 is the end of the palette.  [default: 0]",
    ),
    click.option("--transbug", is_flag=True, help="Put the fully transparent colour at the end of the palette."),
    click.option(
        "--dither",
        metavar="HOW",
        shell_complete=lambda _, __, incomplete: [way for way in DITHERS if way.startswith(incomplete)],
        help=f"Dithering: a strength of floyd-steinberg, 0 to 1, or one of {', '.join(DITHERS)}. With --max-bytes also "
        "several with commas, of which the best is taken.  [default: auto, or none with --max-iter]",
    ),
    click.option(
        "--floyd",
        cls=OptionalValue,
        omitted="1",
        type=click.FloatRange(0, 1),
        metavar="[=N]",
        help="Floyd-Steinberg dithering of strength N, 0 to 1.",
    ),
    click.option("--nofs", is_flag=True, help="Disable dithering, like --dither none."),
    click.option("--ordered", is_flag=True, help="The same as --nofs, as in pngquant."),
    click.option(
        "--lossy",
        type=click.FloatRange(0, 20),
        metavar="N",
        help="Save bytes at a loss of about N points of SSIMULACRA2, 0 to 20; 3 is a good choice.  [default: 0]",
    ),
    click.option(
        "-o",
        "--output",
        metavar="OUT",
        type=click.Path(),
        help="Output file, for a single input; - is standard output.",
    ),
    click.option(
        "--ext", metavar="SUFFIX", help="Suffix of output file names.  [default: -kmq and that of the format, or .kmq]"
    ),
    click.option(
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        help="Output format.  [default: from the output name, else png]",
    ),
    click.option(
        "--compression", type=click.Choice(COMPRESSIONS), help="Compression level of .kmq files.  [default: default]"
    ),
    click.option(
        "-O",
        "--optimize",
        type=click.Choice([*"0123456", "max"]),
        metavar="LEVEL",
        help="Effort to make PNG files small: 0 to 6, or max for zopfli, with the extra png.  [default: 2]",
    ),
    click.option(
        "--palette-mode",
        type=click.Choice(["exact", "compact"]),
        help="Palette of .kmq files: kept, or sorted and without unused colours.  [default: exact]",
    ),
    click.option("--strip", is_flag=True, help="Drop all metadata; convert colours to sRGB."),
    click.option(
        "--skip-if-larger", is_flag=True, help="Write nothing if the bytes saved do not outweigh the quality lost."
    ),
    click.option("--allow-larger", is_flag=True, help="Write a palette PNG even if a PNG input is smaller."),
    click.option("-f", "--force", is_flag=True, help="Overwrite existing files."),
    click.option(
        "--effort",
        type=click.Choice(EFFORTS),
        help="Time spent on the palette.  [default: default]",
    ),
    click.option(
        "-s",
        "--speed",
        type=click.IntRange(1, 11),
        metavar="N",
        help="The effort as a number, as in pngquant: 1 and 2 are best, 10 and 11 fast.",
    ),
    click.option(
        "--max-iter",
        type=click.IntRange(min=0),
        metavar="N",
        help="Run plain k-means with at most this many iterations.",
    ),
    click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of the search.  [default: 0]"),
    click.option(
        "--threads",
        type=click.IntRange(0, 1024),
        metavar="N",
        help="Threads per image that map pixels to colours, 0 for one per core.  [default: 1]",
    ),
    click.option("--iebug", is_flag=True, expose_value=False, help="Has no effect, as in pngquant."),
    click.option(
        "--completion",
        type=click.Choice(SHELLS),
        is_eager=True,
        expose_value=False,
        callback=print_completion,
        help="Print a script that completes options and file names in this shell.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Print more about each file."),
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
    click.version_option(__version__, "-V", "--version", prog_name="kmq"),
    click.option("-r", "--recursive", is_flag=True, help="Convert the images in folders and their subfolders."),
    click.option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help="Files to convert in folders, such as '*.png' or 'icons/*'; repeatable.  [default: all images]",
    ),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Files and subfolders to leave out; repeatable."),
    click.option(
        "--out-dir",
        metavar="DIR",
        type=click.Path(),
        help="Write outputs to this folder, with subfolders as in the inputs'.",
    ),
    click.option(
        "-j",
        "--jobs",
        "processes",
        type=click.IntRange(1, 1024),
        metavar="N",
        help="Number of files to convert at a time.  [default: one per processor]",
    ),
    click.option(
        "--dask",
        metavar="ADDRESS",
        help="Work on the cluster of this Dask scheduler, such as tcp://host:8786, whose workers can reach all files.",
    ),
    click.option("--preserve", is_flag=True, help="Give outputs the times of their inputs."),
    click.option("-n", "--dry-run", is_flag=True, help="Print what would be written, and write nothing."),
    click.option("--json", "json_lines", is_flag=True, help="Print one JSON object per file."),
]

SECTIONS = {
    "Colours": (
        "colors",
        "quality",
        "max_bytes",
        "lossy",
        "palette",
        "strict",
        "fixed",
        "shared_palette",
        "palettes",
        "posterize",
        "background",
        "importance",
        "space",
        "order",
        "transparent_index",
        "transbug",
    ),
    "Dithering": ("dither", "floyd", "nofs", "ordered"),
    "Output": (
        "output",
        "ext",
        "format_",
        "compression",
        "optimize",
        "palette_mode",
        "strip",
        "skip_if_larger",
        "allow_larger",
        "force",
    ),
    "Many files": (
        "recursive",
        "include",
        "exclude",
        "out_dir",
        "processes",
        "dask",
        "preserve",
        "dry_run",
        "json_lines",
    ),
    "Time": ("effort", "speed", "max_iter", "seed", "threads"),
}
"""Sections of the help, and the names of the options in each; the others come last."""


def options(command: Command) -> Command:
    """Decorate a function with the arguments and options of the command."""
    for decorate in reversed(_OPTIONS):
        command = decorate(command)
    return command
