"""One result of a comparison, and a list of them that notebooks show as a table."""

from __future__ import annotations

import builtins
import math
from dataclasses import dataclass, field, fields
from io import BytesIO
from typing import Any

from PIL import Image

from ..notebook import page_of, png_of, table_of
from .measures import Measures

_OMITTED = ("file", "image", "measures")


@dataclass(frozen=True)
class Row:
    """One result: a file, what made it, and how far it is from the original.

    Attributes:
        maker: Program that chose the colours, such as "pillow-kmq" or "pngquant".
        format: Format of the file, such as "PNG" or ".kmq max".
        colors: Maximum number of colours asked for; None if the program takes none.
        dither: Dithering asked for; None for the default.
        space: Colour space asked for; None for the default.
        bytes: Size of the file, without metadata.
        seconds: Time for choosing colours and encoding.
        command: Command line that makes the file.
        measures: Differences from the original.
        file: The file.
        image: Its pixels.
        used: Number of colours that pixels use; None if there are more than 256.
    """

    maker: str
    format: str
    colors: int | None
    dither: str | None
    space: str | None
    bytes: int
    seconds: float
    command: str
    measures: Measures
    file: builtins.bytes = field(repr=False)
    image: Image.Image = field(repr=False)
    used: int | None = None

    def __getattr__(self, name: str) -> Any:
        """Return a measure: `row.psnr` is `row.measures.psnr`."""
        if name in Measures.__dataclass_fields__:
            return getattr(self.measures, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def label(self) -> str:
        """Maker and format, with options that are not the default."""
        options = ", ".join(filter(None, (self.dither, self.space)))
        name = self.format if self.maker == "pillow-kmq" else f"{self.maker}, {self.format}"
        return f"{name} ({options})" if options else name

    def as_dict(self) -> dict[str, Any]:
        """Return all but the file and its pixels, as JSON can hold it: an infinite PSNR is None."""
        found = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _OMITTED}
        found |= {name: None if math.isinf(value) else value for name, value in self.measures.present().items()}
        return found

    def _repr_png_(self) -> builtins.bytes:
        return png_of(self.image)

    def _repr_html_(self) -> str:
        return page_of(self.image, f"{self.label}: {self.bytes:,} bytes, ΔE {self.measures.delta_e:.2f}")


class Rows(list[Row]):
    """Rows of a comparison.

    Attributes:
        original: The image that they are compared with, in sRGB.
        notes: Remarks, such as on programs that are not installed.
    """

    def __init__(self, rows: list[Row], original: Image.Image, notes: list[str]) -> None:
        super().__init__(rows)
        self.original = original
        self.notes = notes

    def _repr_html_(self) -> str:
        heads = ["Format", "Colours", "Bytes", "Seconds", *(HEADS[name] for name in self.measured())]
        return table_of(heads, [cells(row, self.measured()) for row in self])

    def measured(self) -> list[str]:
        """Return the names of the measures that the rows have."""
        return list(self[0].measures.present()) if self else []


HEADS = {
    "psnr": "PSNR, dB",
    "delta_e": "ΔE",
    "visible_error": "Visible error",
    "ssim": "SSIM",
    "ssimulacra2": "SSIMULACRA2",
    "flip": "FLIP",
}
"""Names of measures in tables."""

_DIGITS = {"psnr": 2, "delta_e": 2, "visible_error": 2, "ssim": 4, "ssimulacra2": 1, "flip": 4}


def shown(name: str, value: float) -> str:
    """Return a measure as it is printed."""
    return "∞" if math.isinf(value) else f"{value:.{_DIGITS[name]}f}"


def cells(row: Row, measured: list[str]) -> list[str]:
    """Return the texts of a row of a table: label, colours, bytes, seconds and measures."""
    colors = "" if row.colors is None else str(row.colors)
    values = [shown(name, getattr(row.measures, name)) for name in measured]
    return [row.label, colors, f"{row.bytes:,}", f"{row.seconds:.2f}", *values]


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    """Return the file that `Image.save` writes."""
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()
