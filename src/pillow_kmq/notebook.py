"""Pictures, swatches and tables for notebooks, as HTML and PNG."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from .types import IndexedImage, Palette

_SIDE = 20  # pixels of a swatch
_ACROSS = 32  # swatches in a row
Color = tuple[int, int, int, int]


def png_of(image: Image.Image) -> bytes:
    """Return an image as a PNG file."""
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def picture_of(image: IndexedImage) -> Image.Image:
    """Return an indexed image as RGBA; indices beyond the palette are opaque black."""
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    table[: len(image.palette)] = image.palette
    return Image.fromarray(table[image.indices])


def entries(palette: Palette) -> list[Color]:
    """Return the entries of a palette, uint8[k, 4], as tuples."""
    return [(r, g, b, a) for r, g, b, a in palette.tolist()]


def used_colors(image: Image.Image) -> list[tuple[Color, int]]:
    """Return the RGBA colours of an image of at most 256 and the number of their pixels, most used first; else []."""
    counts = image.convert("RGBA").getcolors(256) or []
    return [(color, count) for count, color in sorted(counts, reverse=True)]  # type: ignore[misc]


def swatches_png(colors: Sequence[Color]) -> bytes:
    """Return colours as a PNG of squares, in rows of 32."""
    across = max(1, min(_ACROSS, len(colors)))
    size = across * _SIDE, max(1, -(-len(colors) // across)) * _SIDE
    image = Image.new("RGBA", size)
    draw = ImageDraw.Draw(image)
    for number, color in enumerate(colors):
        top, left = number // across * _SIDE, number % across * _SIDE
        draw.rectangle((left, top, left + _SIDE - 1, top + _SIDE - 1), fill=color)
    return png_of(image)


def hex_of(color: Color) -> str:
    """Return #rrggbb, or #rrggbbaa of a colour that is not opaque."""
    digits = bytes(color).hex()
    return "#" + (digits[:6] if color[3] == 255 else digits)


def swatches_html(colors: Iterable[tuple[Color, str]]) -> str:
    """Return colours as squares, each with a title besides its hexadecimal name."""
    square = f"display:inline-block;width:{_SIDE}px;height:{_SIDE}px;background:"
    return "<div>" + "".join(
        f'<span style="{square}{hex_of(color)}" title="{escape(f"{hex_of(color)} {title}".strip())}"></span>'
        for color, title in colors
    ) + "</div>"  # fmt: skip


def page_of(image: Image.Image, caption: str) -> str:
    """Return an image, its colours with their share of the pixels, and a caption."""
    picture = f'<img alt="" style="max-width:100%;image-rendering:auto" src="data:image/png;base64,{_base64(image)}">'
    pixels = image.width * image.height
    colors = [(color, f"{100 * count / pixels:.1f} %") for color, count in used_colors(image)]
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption>{swatches_html(colors)}</figure>"


def _base64(image: Image.Image) -> str:
    return b64encode(png_of(image)).decode()


def table_of(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
