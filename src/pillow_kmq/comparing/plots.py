"""Plots of a comparison as SVG, drawn by Matplotlib: error and bytes over the number of colours, the Oklab plane.

Colours are those of the page, `var(--ink)` and the like, so that the plots follow its light or dark scheme.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import Any

import numpy as np
from PIL import Image

from ..color import to_points
from .row import HEADS, Row, Rows

_INK, _FAINT = "#010101", "#020202"  # stand for colours of the page
_SERIES = [f"#0300{number:02x}" for number in range(10)]
_MARKERS = "osD^vPX<>h"
_WIDTH, _HEIGHT = 4.6, 3.1  # inches
_MOST_PIXELS = 1 << 20  # of the histogram


@dataclass(frozen=True)
class Plot:
    """A plot, and where its values are.

    Attributes:
        svg: The drawing.
        points: x and y of each row that is drawn, by its index, in the units of the drawing's viewBox.
    """

    svg: str
    points: dict[int, tuple[float, float]]


Point = tuple[int, float, float]  # index of the row, x, y


def plots_of(rows: Rows) -> dict[str, Plot]:
    """Return the plots `size`, bytes over colours, and for each measure `NAME-colors` and `NAME-bytes`."""
    files = {name: number for number, name in enumerate(dict.fromkeys(_curve_of_files(row) for row in rows))}
    pixels = {_curve_of_pixels(row): files[_curve_of_files(row)] for row in reversed(rows)}
    found = {"size": _plot(_curves(rows, _curve_of_files, _bytes, _colors), "Colours", "Bytes", files)}
    for name in rows.measured():
        value = partial(_finite, name)
        over_colors = _curves(rows, _curve_of_pixels, value, _colors)
        over_bytes = _curves(rows, _curve_of_files, value, _bytes)
        found[f"{name}-colors"] = _plot(over_colors, "Colours", HEADS[name], pixels)
        found[f"{name}-bytes"] = _plot(over_bytes, "Bytes", HEADS[name], files)
    return found


def _curve_of_files(row: Row) -> str:
    """Return the name of a curve of sizes. Results at several qualities are one curve."""
    return re.sub(r" q\d+", "", row.label)


def _curve_of_pixels(row: Row) -> str:
    """Return the name of a curve of errors over colours, which all files of the same pixels share."""
    return row.maker + "".join(f", {option}" for option in (row.dither, row.space) if option)


def _colors(row: Row) -> float | None:
    return row.colors


def _bytes(row: Row) -> float | None:
    return row.bytes


def _finite(name: str, row: Row) -> float | None:
    value = getattr(row.measures, name)
    return None if value is None or math.isinf(value) else value


Value = Callable[[Row], float | None]


def _curves(rows: Iterable[Row], name_of: Callable[[Row], str], y_of: Value, x_of: Value) -> dict[str, list[Point]]:
    """Return the points of each curve, for rows that have both values."""
    curves: dict[str, list[Point]] = {}
    for index, row in enumerate(rows):
        x, y = x_of(row), y_of(row)
        if x is not None and y is not None:
            curves.setdefault(name_of(row), []).append((index, x, y))
    return curves


def _plot(curves: dict[str, list[Point]], x_title: str, y_title: str, styles: dict[str, int]) -> Plot:
    figure, axes = _figure(_HEIGHT + 0.16 * ((len(curves) + 2) // 3))
    for name, points in curves.items():
        _, x, y = zip(*sorted(points, key=lambda point: point[1]), strict=True)
        style = styles[name] % 10
        axes.plot(x, y, color=_SERIES[style], marker=_MARKERS[style], markersize=4, linewidth=1.3, label=name)
    _label(axes, axes.xaxis, x_title, [x for points in curves.values() for _, x, _ in points])
    _label(axes, axes.yaxis, y_title, [y for points in curves.values() for _, _, y in points])
    axes.grid(True, color=_FAINT, linewidth=0.5)
    if curves:
        figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8, labelcolor=_INK, columnspacing=1)
    return _drawn(figure, axes, [point for points in curves.values() for point in points], f"{y_title} over {x_title}")


def _label(axes: Any, axis: Any, title: str, values: list[float]) -> None:
    """Set the title, the scale and the ticks of an axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_label_text(title)
    setter = axes.set_xscale if axis is axes.xaxis else axes.set_yscale
    if title == "Colours":
        setter("log", base=2)
        ticks = sorted(set(values))
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_minor_formatter(NullFormatter())
    elif title == "Bytes":
        setter("log")
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
        axis.set_minor_formatter(NullFormatter())


def _short(count: float) -> str:
    """Return a number of bytes as 500, 20k or 1.5M."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if count >= unit:
            return f"{count / unit:g}{letter}"
    return f"{count:g}"


def plane_plot(original: Image.Image) -> tuple[Plot, float]:
    """Return the colours of an image in the Oklab plane of a and b, and the largest coordinate that it shows.

    The points of the plot are, in this order, the corners at (-largest, -largest) and (largest, largest).
    """
    colors, weights = _colors_of(original)
    lab = to_points(colors, "oklab") / 100.0
    a, b = lab[1], lab[2]
    limit = max(0.05, math.ceil(1.05 * 20 * float(max(np.abs(a).max(), np.abs(b).max()))) / 20) if len(a) else 0.05
    figure, axes = _figure(3.9, 4.2)
    axes.imshow(_density(colors, weights, a, b, limit), extent=(-limit, limit, -limit, limit), origin="lower",
                interpolation="nearest")  # fmt: skip
    axes.axhline(0, color=_FAINT, linewidth=0.5)
    axes.axvline(0, color=_FAINT, linewidth=0.5)
    ticks = [-limit, -limit / 2, 0, limit / 2, limit]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlabel("a: green to red")
    axes.set_ylabel("b: blue to yellow")
    corners = [(0, -limit, -limit), (1, limit, limit)]
    return _drawn(figure, axes, corners, "Colours of the original in the Oklab plane"), limit


def _colors_of(image: Image.Image) -> tuple[Any, Any]:
    """Return the visible colours, as opaque, of at most about a million pixels of an image, and their counts."""
    pixels = np.asarray(image.convert("RGBA")).reshape(-1, 4)
    pixels = pixels[:: max(1, len(pixels) // _MOST_PIXELS)]
    packed = np.ascontiguousarray(pixels[pixels[:, 3] > 0]).view(np.uint32)[:, 0] | 0xFF000000
    values, counts = np.unique(packed, return_counts=True)
    return values.astype(np.uint32).view(np.uint8).reshape(-1, 4), counts


def _density(colors: Any, weights: Any, a: Any, b: Any, limit: float, side: int = 96) -> Any:
    """Return RGBA floats [side, side, 4]: the mean colour of each cell, the more opaque the more pixels it has."""
    column = ((a + limit) * side / (2 * limit)).astype(int).clip(0, side - 1)
    cell = ((b + limit) * side / (2 * limit)).astype(int).clip(0, side - 1) * side + column
    total = np.bincount(cell, weights, side * side)
    sums = [np.bincount(cell, weights * colors[:, channel], side * side) for channel in range(3)]
    shares = np.log1p(total) / max(1.0, float(np.log1p(total).max()))
    rgb = np.stack(sums, axis=1) / np.maximum(total, 1)[:, None] / 255
    opacity = np.where(total > 0, 0.25 + 0.75 * shares, 0.0)
    return np.concatenate([rgb, opacity[:, None]], axis=1).reshape(side, side, 4)


def _figure(height: float, width: float = _WIDTH) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor("none")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_FAINT)
    axes.tick_params(which="both", colors=_INK, labelsize=8)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    return figure, axes


def _drawn(figure: Any, axes: Any, points: list[Point], title: str) -> Plot:
    """Return the drawing as part of a page, with the colours of the page."""
    import matplotlib

    buffer = StringIO()
    settings = {"svg.fonttype": "none", "svg.hashsalt": title, "svg.id": None, "font.family": "sans-serif"}
    with matplotlib.rc_context({key: value for key, value in settings.items() if value}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    height = figure.get_figheight() * 72
    where = {}
    for index, x, y in points:
        left, bottom = axes.transData.transform((x, y)) * 72 / figure.dpi
        where[index] = (round(float(left), 2), round(height - float(bottom), 2))
    svg = re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), flags=re.DOTALL)
    svg = re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf'<svg \1 role="img" aria-label="{title}">', svg, count=1)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return Plot(_with_page_colors(_without_ids(svg)), where)


def _without_ids(svg: str) -> str:
    """Leave out identifiers that nothing refers to, which several drawings in a page would share."""
    used = set(re.findall(r"(?:url\(|href=\")#([\w-]+)", svg))
    return re.sub(r' id="([\w-]+)"', lambda found: found[0] if found[1] in used else "", svg)


def with_prefix(svg: str, prefix: str) -> str:
    """Return a drawing whose identifiers begin with `prefix`, so that they are unique in a page."""
    return re.sub(r'(url\(#|href="#| id=")', rf"\1{prefix}", svg)


def _with_page_colors(svg: str) -> str:
    names = {_INK: "var(--ink)", _FAINT: "var(--line)"}
    names |= {color: f"var(--series-{number})" for number, color in enumerate(_SERIES)}
    for color, name in names.items():
        svg = svg.replace(color, name)
    return svg
