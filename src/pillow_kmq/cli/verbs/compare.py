"""`kmq compare`: a page, or a contact sheet, of results of several numbers of colours, formats and programs."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from ...errors import KmqError, OptionError
from .. import values
from ..arguments import Command
from ..completion import complete_input
from ..each import for_each
from ..inputs import read, read_source
from ..options import COMPRESSIONS, DITHERS, SPACES
from ..outputs import STREAM, check_target, write
from ..statuses import status_of
from ..terminal import Progress, printing_records, say, shown_name

# Copies of the default of compare.table and of comparing.rivals.RIVALS, as importing those would slow down the help.
COLORS = "4,8,16,32,64,128,256"
RIVALS = ("pillow", "imagequant", "pngquant", "webp", "jxl")
_SHEETS = (".png", ".webp", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def _words(_: click.Context, option: click.Parameter, value: str) -> list[str]:
    """Parse words with commas, each of them one of the option's choices; `none` is no word."""
    choices: tuple[str, ...] = {"against": RIVALS, "compression": COMPRESSIONS, "space": SPACES}[str(option.name)]
    words = [word.strip() for word in (value or "").split(",") if word.strip()]
    if option.name == "against" and words == ["none"]:
        return []
    for word in words:
        if word not in choices:
            raise click.BadParameter(f"{word!r} is not one of {', '.join(choices)}.")
    return list(dict.fromkeys(words))


def _colors(_: click.Context, __: click.Parameter, value: str) -> list[int]:
    words = [word.strip() for word in value.split(",")]
    if not all(word.isdecimal() and 1 <= int(word) <= 256 for word in words):
        raise click.BadParameter(f"{value!r} is not a list of numbers from 1 to 256, such as 16,64,256.")
    return sorted({int(word) for word in words})


def _dithers(_: click.Context, __: click.Parameter, value: str | None) -> list[Any]:
    try:
        ways = [] if value is None else values.dither(value)
    except OptionError as error:
        raise click.BadParameter(f"{error}.") from None
    return ways if isinstance(ways, list) else [ways]


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=click.Path(), shell_complete=complete_input)
@click.option(
    "-k", "--colors", metavar="N,...", default=COLORS, show_default=True, callback=_colors, help="Numbers of colours."
)
@click.option(
    "--dither",
    metavar="HOW,...",
    callback=_dithers,
    help=f"Ways of dithering: strengths of floyd-steinberg, 0 to 1, or {', '.join(DITHERS)}.  [default: auto]",
)
@click.option(
    "--space",
    metavar="SPACE,...",
    callback=_words,
    help=f"Colour spaces: {', '.join(SPACES)}.  [default: perceptual]",
)
@click.option(
    "--compression",
    metavar="LEVEL,...",
    default=",".join(COMPRESSIONS),
    show_default=True,
    callback=_words,
    help="Compression levels of .kmq files.",
)
@click.option(
    "--against",
    metavar="NAME,...",
    default="webp",
    show_default=True,
    callback=_words,
    help=f"Other programs and formats: {', '.join(RIVALS)}, or none.",
)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(),
    help="A page, such as report.html, or a contact sheet, such as sheet.png.  [default: the name of the first input "
    "with -compare.html]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON; without --output, nothing else.")
@click.option("-f", "--force", is_flag=True, help="Overwrite an existing file.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def command(
    inputs: tuple[str, ...],
    colors: list[int],
    dither: list[Any],
    space: list[str],
    compression: list[str],
    against: list[str],
    output: str | None,
    as_json: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Compare numbers of colours, ways of dithering, formats and programs.

    The page shows each result next to its original, with measures, plots and the command that makes it. It is one file
    and needs no network. It needs Matplotlib and Jinja: pip install 'pillow-kmq[report]'.

    Of an animation, the first frame is compared. Sizes are those without metadata.
    """
    if output is None and not as_json:
        output = "compare.html" if inputs[0] == STREAM else os.path.splitext(inputs[0])[0] + "-compare.html"
    options = {"colors": colors, "dither": dither or None, "space": space or None}
    with printing_records(logging.CRITICAL if quiet else logging.DEBUG):
        _refuse_wrong_output(output, inputs, force)
        compared, status = _compared(inputs, {**options, "compressions": compression, "against": against}, quiet)
        try:
            if compared and output is not None:
                data = _made(compared, output)
                write(output, data)
                if not quiet:
                    say(f"{output}: {len(data):,} bytes", err=True)
        except KmqError as error:
            say(f"kmq: {error}", err=True)
            status = status_of(error)
    if as_json:
        rows = [{"image": image.name, **row.as_dict()} for image in compared for row in image.rows]
        say(json.dumps(rows, ensure_ascii=False, indent=1), err=False)
    sys.exit(status)


def _refuse_wrong_output(output: str | None, inputs: Sequence[str], force: bool) -> None:
    """End the command if the output cannot be written, before the work, which takes time."""
    if output is None:
        return
    if not _is_page(output) and not output.lower().endswith(_SHEETS):
        raise click.UsageError(f"cannot tell what to write from {output!r}: end it in .html for a page, or in .png")
    try:
        if any(os.path.realpath(output) == os.path.realpath(name) for name in inputs):
            raise OptionError(f"the output {output} is an input: name another")
        check_target(output, force)
        if _is_page(output):
            from ...comparing.page import check_packages

            check_packages()
    except KmqError as error:
        say(f"kmq: {error}", err=True)
        sys.exit(status_of(error))


def _is_page(output: str) -> bool:
    return output.lower().endswith((".html", ".htm"))


def _compared(inputs: Sequence[str], options: dict[str, Any], quiet: bool) -> tuple[list[Any], int]:
    """Return the results of each image that can be read, and the exit status for the last that cannot."""
    from ...compare import table
    from ...comparing.page import Compared

    compared: list[Compared] = []
    said: set[str] = set()

    def add(file: str) -> str:
        name = shown_name(file)
        with Progress(f"[{len(compared) + 1}/{len(inputs)}] {name}", enabled=not quiet) as line:
            found = read(read_source(file), all_frames=False)
            named = "image.png" if file == STREAM else file
            rows = table(found.image, **options, name=named, progress=line.update)
        compared.append(Compared(name, rows, found.notes))
        news = [note for note in rows.notes if note not in said]
        said.update(news)
        notes = [*(f"{name}: note: {note}" for note in found.notes), *(f"note: {note}" for note in news)]
        return "\n".join([f"{name}: {len(rows)} results", *notes])

    return compared, for_each(inputs, add, quiet=quiet, err=True)


def _made(compared: Sequence[Any], output: str) -> bytes:
    """Return the file to write."""
    if _is_page(output):
        from ...comparing.page import html_page

        return html_page(compared).encode()
    from io import BytesIO

    from PIL import Image

    from ...comparing.sheet import contact_sheet

    buffer = BytesIO()
    extension = os.path.splitext(output)[1].lower()
    contact_sheet(compared).save(buffer, Image.registered_extensions()[extension])
    return buffer.getvalue()
