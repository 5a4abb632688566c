"""`kmq verify`: checksums and a full decode."""

from __future__ import annotations

import sys
from io import BytesIO

import click

from ..arguments import Command
from ..each import for_each
from ..terminal import shown_name


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def command(files: tuple[str, ...], quiet: bool) -> None:
    """Check image files: all checksums, and every pixel of every frame decodes.

    FILE is a .kmq file, or any other image that Pillow opens; - is standard input.

    Exit status: 0 if all files are valid, otherwise that of the last one that is not: 2 if it cannot be read or needs a
    newer version, 25 if it is damaged or not an image.
    """
    sys.exit(for_each(files, _verify, quiet=quiet))


def _verify(file: str) -> str:
    from ..inputs import read_source

    data = read_source(file)
    frames = _decode_all(data)
    return f"{shown_name(file)}: valid, {frames:,} frame{'s' * (frames != 1)}"


def _decode_all(data: bytes) -> int:
    """Verify checksums and decode all pictures; return their number. Raises Refused or another KmqError."""
    from PIL import Image

    from ...frames import Frames, count_pictures
    from ..reading import reading

    with reading():
        Image.open(BytesIO(data)).verify()
        image = Image.open(BytesIO(data))
        image.load()  # which may be none of the frames
        for _ in Frames(image):
            pass  # loaded by the iteration
        return count_pictures(image)
