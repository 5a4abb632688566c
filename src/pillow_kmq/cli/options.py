"""Options of the command line, and the keywords of `Image.save` that they stand for. Their names follow pngquant."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from .. import __version__
from ..errors import ModeError, OptionError
from .convert import SAVERS

Command = TypeVar("Command", bound=Callable[..., Any])

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


_OPTIONS = [
    click.argument("inputs", metavar="[COLORS] IN...", nargs=-1, required=True),
    click.option(
        "-k", "--colors", type=click.IntRange(1, 256), help="Maximum number of palette colours.  [default: 256]"
    ),
    click.option(
        "-Q",
        "--quality",
        metavar="MIN-MAX",
        callback=_quality,
        help="Use as few colours as reach quality MAX (0 to 100); write nothing below MIN.",
    ),
    click.option(
        "--max-bytes", type=click.IntRange(min=1), metavar="N", help="Use as many colours as fit into N bytes."
    ),
    click.option("-o", "--output", metavar="OUT", help="Output file, for a single input; - is standard output."),
    click.option("--ext", metavar="SUFFIX", help="Suffix of output file names.  [default: -kmq.png, or .kmq]"),
    click.option(
        "--format",
        "format_",
        type=click.Choice(list(SAVERS)),
        help="Output format.  [default: from the output name, else png]",
    ),
    click.option(
        "--compression", type=click.Choice(COMPRESSIONS), help="Compression level of .kmq files.  [default: default]"
    ),
    click.option(
        "--dither",
        metavar="HOW",
        help=f"Dithering: a strength of floyd-steinberg, 0 to 1, or one of {', '.join(DITHERS)}.  "
        "[default: auto, or none with --max-iter]",
    ),
    click.option("--nofs", is_flag=True, help="Disable dithering, like --dither none."),
    click.option(
        "--palette",
        "--map",
        metavar="COLORS",
        help="Colours to use: an image, a file of hex colours, '#000,#fff', or a name like cga or epaper-spectra-6.",
    ),
    click.option(
        "--posterize",
        metavar="BITS",
        callback=_posterize,
        help="Bits to drop from each channel, 0 to 4, or a format like rgb565.",
    ),
    click.option(
        "--background",
        metavar="COLOR",
        callback=_background,
        help="Composite transparent pixels onto this colour, a name or #rrggbb.",
    ),
    click.option(
        "--effort",
        type=click.Choice(["fast", "default", "best"]),
        help="Time spent on the palette.  [default: default]",
    ),
    click.option(
        "-s",
        "--speed",
        type=click.IntRange(1, 11),
        help="The effort as a number, as in pngquant: 1 and 2 are best, 10 and 11 fast.",
    ),
    click.option("--max-iter", type=click.IntRange(min=0), help="Run plain k-means with at most this many iterations."),
    click.option("--strip", is_flag=True, help="Drop all metadata; convert colours to sRGB."),
    click.option("--transbug", is_flag=True, help="Put the fully transparent colour at the end of the palette."),
    click.option(
        "--skip-if-larger", is_flag=True, help="Write nothing if the bytes saved do not outweigh the quality lost."
    ),
    click.option("-f", "--force", is_flag=True, help="Overwrite existing files."),
    click.option("-v", "--verbose", is_flag=True, help="Print more about each file."),
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
    click.version_option(__version__, prog_name="kmq"),
    click.option("-r", "--recursive", is_flag=True, help="Convert the images in folders and their subfolders."),
    click.option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help="Files to convert in folders, such as '*.png' or 'icons/*'; repeatable.  [default: all images]",
    ),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Files and subfolders to leave out; repeatable."),
    click.option("--out-dir", metavar="DIR", help="Write outputs to this folder, with subfolders as in the inputs'."),
    click.option(
        "-j",
        "--jobs",
        "processes",
        type=click.IntRange(1, 1024),
        metavar="N",
        help="Number of files to convert at a time.  [default: one per processor]",
    ),
    click.option("--preserve", is_flag=True, help="Give outputs the times of their inputs."),
    click.option("-n", "--dry-run", is_flag=True, help="Print what would be written, and write nothing."),
    click.option("--json", "json_lines", is_flag=True, help="Print one JSON object per file."),
]


def options(command: Command) -> Command:
    """Decorate a function with the arguments and options of the command."""
    for decorate in reversed(_OPTIONS):
        command = decorate(command)
    return command


def save_options(
    *,
    dither: str | None,
    nofs: bool,
    palette: str | None,
    effort: str | None,
    speed: int | None,
    transbug: bool,
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
