"""A contact sheet: the original and every distinct result, cropped to the same part, with labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PIL import Image, ImageDraw, ImageFont

from .page import Compared
from .row import Row

_SIDE, _GAP, _LINE = 320, 12, 20  # pixels: the longest side of a picture, between pictures, of a line of text
_PAPER, _INK, _SOFT = (250, 250, 249), (29, 31, 34), (91, 96, 103)
_ACROSS = 4  # pictures in a row


def contact_sheet(images: Sequence[Compared]) -> Image.Image:
    """Return one image with the pictures of all results, original size or enlarged, never reduced.

    Large pictures are cropped to their middle.

    Args:
        images: The images, at least one.
    """
    cells: list[list[tuple[Image.Image, list[str]]]] = []
    for image in images:
        box, zoom = _part(image.rows.original.size)
        line = [(_shown(image.rows.original, box, zoom), [image.name, "original"])]
        for rows in _by_pixels(image.rows):
            line.append((_shown(rows[0].image, box, zoom), _labels(rows)))
        cells += [line[start : start + _ACROSS] for start in range(0, len(line), _ACROSS)]
    return _laid_out(cells)


def _part(size: tuple[int, int]) -> tuple[tuple[int, int, int, int], int]:
    """Return the box of the middle of a picture that is shown, and the whole factor by which it is enlarged."""
    width, height = (min(side, _SIDE) for side in size)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return (left, top, left + width, top + height), max(1, _SIDE // max(width, height))


def _by_pixels(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows in groups of the same pixels."""
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(id(row.image), []).append(row)
    return list(groups.values())


def _labels(rows: list[Row]) -> list[str]:
    first = rows[0]
    options = [option for option in (first.dither, first.space) if option]
    head = first.maker if first.colors is None else f"{first.maker}, {first.colors} colours"
    smallest = min(rows, key=lambda row: row.bytes)
    sizes = [first] if smallest is first else [first, smallest]
    measures = f"error {first.measures.delta_e:.2f}, visible {first.measures.visible_error:.2f}"
    return [", ".join([head, *options]), "; ".join(f"{row.format} {row.bytes:,}" for row in sizes), measures]


def _shown(image: Image.Image, box: tuple[int, int, int, int], zoom: int) -> Image.Image:
    """Cut a box out of an image, enlarged and over a chequerboard."""
    part = image.convert("RGBA").crop(box)
    part = part.resize((part.width * zoom, part.height * zoom), Image.Resampling.NEAREST)
    ground = Image.new("RGBA", part.size, (244, 244, 244, 255))
    draw = ImageDraw.Draw(ground)
    for top in range(0, part.height, 8):
        for left in range(top // 8 % 2 * 8, part.width, 16):
            draw.rectangle((left, top, left + 7, top + 7), fill=(200, 200, 200, 255))
    return Image.alpha_composite(ground, part).convert("RGB")


def _laid_out(lines: list[list[tuple[Image.Image, list[str]]]]) -> Image.Image:
    font = ImageFont.load_default(14)
    heights = [max(image.height + _LINE * len(labels) for image, labels in line) + _GAP for line in lines]
    width = _GAP + max(len(line) for line in lines) * (_SIDE + _GAP)
    page = Image.new("RGB", (width, sum(heights) + _GAP), _PAPER)
    draw = ImageDraw.Draw(page)
    top = _GAP
    for line, height in zip(lines, heights, strict=True):
        for column, (image, labels) in enumerate(line):
            left = _GAP + column * (_SIDE + _GAP)
            page.paste(image, (left, top))
            for number, label in enumerate(labels):
                place = left, top + image.height + number * _LINE
                draw.text(place, _fitting(label, font), _SOFT if number else _INK, font)
        top += height
    return page


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return as much of a text as fits below a picture."""
    while font.getlength(text) > _SIDE:
        text = text[:-2] + "…"
    return text
