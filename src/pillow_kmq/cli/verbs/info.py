"""`kmq info`: facts about image files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..arguments import Command
from ..each import for_each
from ..terminal import shown_name

if TYPE_CHECKING:
    from ..details import Details

_SMALL = {"icc_profile": "colour profile", "exif": "Exif", "xmp": "XMP", "dpi": "resolution", "text": "texts"}


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file, each on a line.")
def command(files: tuple[str, ...], as_json: bool) -> None:
    """Show size, frames, colours, chunks and compression of image files.

    FILE is any image that Pillow opens, .kmq included; - is standard input. Pixels of .kmq files are not decoded.

    Exit status: 0, or that of the last file that failed: 2 if it cannot be read, 25 if it is damaged or not an image.
    """

    def describe(file: str) -> str:
        from ..details import details_of
        from ..inputs import read_source

        found = details_of(read_source(file))
        return json.dumps(_as_dict(file, found)) if as_json else "\n".join(_lines(shown_name(file), found))

    sys.exit(for_each(files, describe))


def _as_dict(file: str, found: Details) -> dict[str, Any]:
    from ...palette_files.named_colors import to_hex

    palette = None if found.palette is None else [f"#{to_hex(color)}" for color in found.palette.tolist()]
    return {
        "file": file,
        "format": found.format,
        "width": found.width,
        "height": found.height,
        "mode": found.mode,
        "bit_depth": found.bit_depth,
        "bytes": found.bytes,
        "bits_per_pixel": round(found.bits_per_pixel, 4),
        "frames": found.frames,
        "animated": found.animated,
        "milliseconds": found.milliseconds,
        "plays": found.plays,
        "colors": found.colors,
        "palette": palette,
        "level": found.level,
        "header": found.header,
        "chunks": [{"name": name, "meaning": meaning, "bytes": size} for name, meaning, size in found.chunks],
        "metadata": {key: value if _is_plain(value) else str(value) for key, value in found.metadata.items()},
    }


def _is_plain(value: Any) -> bool:
    """Return whether JSON has the value; Pillow's rational numbers are none of these."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    return type(value) in (int, float, str, bool)


def _lines(name: str, found: Details) -> Iterator[str]:
    from ..swatches import has_true_color, swatch_lines

    depth = f"{found.bit_depth} bit{'s' * (found.bit_depth != 1)}"
    level = f", level {found.level}" if found.level else ""
    yield (
        f"{name}: {found.format}, {found.width}x{found.height}, mode {found.mode}, {depth}, {_colors(found)}{level}, "
        f"{found.bytes:,} bytes, {found.bits_per_pixel:.2f} bits per pixel"
    )
    if found.animated:
        times = "endlessly" if found.plays == 0 else "once" if found.plays == 1 else f"{found.plays} times"
        yield f"  animation: {found.frames:,} frames, {found.milliseconds / 1000:g} s, played {times}"
    elif found.frames > 1:
        yield f"  pictures: {found.frames:,}"
    if found.chunks:
        yield f"  chunks: header {found.header}, {', '.join(_totals(found.chunks))}"
    for key, value in found.metadata.items():
        yield f"  {_SMALL.get(key, key)}: {_metadata(key, value)}"
    if found.palette is not None:
        yield from (f"  {line}" for line in swatch_lines(found.palette.tolist(), colored=has_true_color()))


def _totals(chunks: list[tuple[str, str, int]]) -> Iterator[str]:
    """Yield number and total size of each kind of chunk, in order of first appearance."""
    for tag, meaning in dict.fromkeys((tag, meaning) for tag, meaning, _ in chunks):
        sizes = [size for name, _, size in chunks if name == tag]
        count = f" x {len(sizes):,}:" if len(sizes) > 1 else ""
        yield f"{tag}{meaning and f' ({meaning})'}{count} {sum(sizes):,}"


def _colors(found: Details) -> str:
    if found.colors is None:
        return "a palette per scene" if found.format == "KMQ" else "colours not counted"
    return f"{found.colors:,} colour{'s' * (found.colors != 1)}{' in the palette' * (found.palette is not None)}"


def _metadata(key: str, value: Any) -> str:
    from ...palette_files.named_colors import clean_name

    if key == "dpi" and isinstance(value, tuple) and len(value) == 2:
        return " x ".join(f"{float(each):g}" for each in value) + " dpi"
    if isinstance(value, int):
        return f"{value:,} bytes"
    return clean_name(", ".join(value) if isinstance(value, dict) else str(value))
