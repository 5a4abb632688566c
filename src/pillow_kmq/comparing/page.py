"""The page of a comparison: one HTML file that needs no network. Templates are rendered by Jinja."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any

from ..errors import KmqError
from ..notebook import hex_of, png_of, used_colors
from .plots import plane_plot, plots_of, with_prefix
from .row import HEADS, Row, Rows, cells

_MIME = {".kmq": "image/x-kmq", "PNG": "image/png", "lossless WebP": "image/webp", "WebP": "image/webp"}
_MODULES = ("decoder.js", "viewer.js", "charts.js", "page.js")


class MissingPackageError(KmqError):
    """Matplotlib or Jinja is not installed."""


@dataclass(frozen=True)
class Compared:
    """An image of the page: its name, the results, and remarks."""

    name: str
    rows: Rows
    notes: Sequence[str] = ()


def html_page(images: Sequence[Compared]) -> str:
    """Return the page.

    Args:
        images: The images, at least one.

    Raises:
        MissingPackageError: Matplotlib or Jinja is not installed.
    """
    check_packages()
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pillow_kmq.comparing", "page"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["cells"] = cells
    script = _script()
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html.jinja").render(
        images=[_context(number, image) for number, image in enumerate(images)],
        style=_source("page.css"),
        script=script,
        digest=digest,
        heads=HEADS,
    )


def check_packages() -> None:
    """Raise MissingPackageError unless the packages that draw the page are installed."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(
            f"the page needs the package {error.name}, which is not installed: pip install 'pillow-kmq[report]'"
        ) from None


def _source(name: str) -> str:
    return (files("pillow_kmq.comparing") / "page" / name).read_text(encoding="utf-8")


def _script() -> str:
    """Return all code of the page as one script, with our decoder as a function of its own, for a worker."""
    decoder = (files("pillow_kmq") / "web" / "kmq.js").read_text(encoding="utf-8")
    decoder = re.sub(r"(?m)^export (?=class|function|const)", "", decoder)
    return '"use strict";\n' + "\n".join(_source(name) for name in _MODULES).replace("/* kmq.js */", decoder)


def _context(number: int, image: Compared) -> dict[str, Any]:
    """Return the values of the template for an image."""
    rows, key = image.rows, f"i{number}"
    plane, limit = plane_plot(rows.original)
    plots = plots_of(rows)
    palettes, shared = _palettes(rows)
    data = {
        "name": image.name,
        "size": rows.original.size,
        "rows": [{**row.as_dict(), "label": row.label, "palette": shared[index], "mime": _mime(row)}
                 for index, row in enumerate(rows)],
        "palettes": palettes,
        "plots": {name: plot.points for name, plot in plots.items()},
        "plane": {"limit": limit, "corners": [plane.points[0], plane.points[1]]},
    }  # fmt: skip
    return {
        "key": key,
        "name": image.name,
        "size": rows.original.size,
        "notes": [*image.notes, *rows.notes],
        "rows": rows,
        "measures": rows.measured(),
        "data": _json(data),
        "files": [_base64(png_of(rows.original)), *(_base64(_shown_file(row)) for row in rows)],
        "plane": with_prefix(plane.svg, f"{key}-plane-"),
        "plots": {name: with_prefix(plot.svg, f"{key}-{name}-") for name, plot in plots.items()},
    }


def _json(data: Any) -> str:
    """Return JSON that can stand in a script element."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _mime(row: Row) -> str:
    """Return the type of the file that the page shows: browsers do not know JPEG XL, so that it gets a PNG."""
    if row.format == "lossy":
        return "image/webp" if row.maker.startswith("WebP") else "image/png"
    return _MIME[row.format.split()[0] if row.format.startswith(".kmq") else row.format]


def _shown_file(row: Row) -> bytes:
    return png_of(row.image) if row.maker.startswith("JPEG XL") else row.file


def _palettes(rows: Rows) -> tuple[list[list[tuple[str, int]]], list[int]]:
    """Return the palettes with the number of pixels of each colour, and the index of the palette of each row."""
    numbers: dict[int, int] = {}
    palettes: list[list[tuple[str, int]]] = []
    for row in rows:
        if id(row.image) not in numbers:
            numbers[id(row.image)] = len(palettes)
            palettes.append([(hex_of(color), count) for color, count in used_colors(row.image)])
    return palettes, [numbers[id(row.image)] for row in rows]
