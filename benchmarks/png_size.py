"""Measure the size of palette PNG files at the same palette and indices, and of whole runs against pngquant.

    python benchmarks/png_size.py

Pictures are those of `../shared/corpora`, some of each class, or else `sample_images`. The first table encodes one
palette image in several ways; the second compares `kmq` with pngquant, and with pngquant and oxipng, each with its
own palette. Needs pngquant-cli, pyoxipng and ssimulacra2 (group `bench`).
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import oxipng
from PIL import Image

import metrics
import pillow_kmq
from pictures import CORPORA, images_in
from pillow_kmq.Png8ImagePlugin import _with_rgb_palette
from pillow_kmq.quant.progress import SILENT
from pillow_kmq.saving.png import encode
from report import RESULTS, heading
from rivals import pngquant_command

CLASSES = {"photos": "kodak", "screenshots": "screens", "sprites": "sprites", "icons": "icons"}
COLORS = (64, 256)
DITHERS = ("auto", "none")
MAX = "oxipng -o max"
KEPT = "oxipng -o max, palette kept"

Encode = Callable[[Image.Image], int]


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def by_pillow(image: Image.Image) -> bytes:
    """Save with Pillow's own plugin."""
    buffer = BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def optimized(png: bytes, **options: bool) -> bytes:
    """Run what `oxipng -o max` runs; its zopfli is an option of its own."""
    return oxipng.optimize_from_memory(png, level=6, **options)


def ours(image: Image.Image, level: int | str, *, free_order: bool = True) -> bytes:
    """Encode a palette image; free_order: its palette may be reordered."""
    plain = _with_rgb_palette(image, {"optimize": level})
    transparent = len(plain.encoderinfo.get("transparency", b""))
    return encode(plain, "", SILENT, free_order=free_order, transparent=transparent)


def encoders(levels: list[int | str]) -> dict[str, Callable[[Image.Image], bytes]]:
    """Return what the first table compares."""
    ways: dict[str, Callable[[Image.Image], bytes]] = {
        MAX: lambda image: optimized(by_pillow(image)),
        KEPT: lambda image: optimized(by_pillow(image), color_type_reduction=False, grayscale_reduction=False),
        "Pillow, optimize=True": by_pillow,
    }
    for level in levels:
        ways[f"optimize={level!r}"] = lambda image, level=level: ours(image, level)
    return ways


def size_table(classes: dict[str, list[Path]], levels: list[int | str]) -> list[str]:
    """Return the table of sizes at the same palette and indices."""
    ways = encoders(levels)
    ratios: dict[tuple[str, str], list[float]] = {}
    times: dict[str, float] = dict.fromkeys(ways, 0.0)
    columns = [f"{name} {colors}" for name in classes for colors in COLORS]
    for name, paths in classes.items():
        for path in paths:
            for colors in COLORS:
                image = pillow_kmq.quantize(metrics.read(path), colors, dither="auto")
                image.info = {key: value for key, value in image.info.items() if key == "transparency"}
                sizes = {}
                for way, encoder in ways.items():
                    before = cpu_seconds()
                    sizes[way] = len(encoder(image))
                    times[way] += cpu_seconds() - before
                for way, size in sizes.items():
                    ratios.setdefault((way, f"{name} {colors}"), []).append(size / sizes[MAX])
    lines = ["| encoder | " + " | ".join(columns) + " | largest | CPU s |"]
    lines.append("|---" + "|---:" * (len(columns) + 2) + "|")
    for way in ways:
        cells = [f"{statistics.fmean(ratios[way, column]):.3f}" for column in columns]
        largest = max(max(ratios[way, column]) for column in columns)
        lines.append(f"| {way} | {' | '.join(cells)} | {largest:.3f} | {times[way]:.1f} |")
    return lines


def whole_runs(classes: dict[str, list[Path]]) -> list[str]:
    """Return the table of whole runs, each program with its own palette."""
    lines = ["| class | colours | dither | of pngquant | of the pair | SSIMULACRA2 | pngquant's | met | again |"]
    lines.append("|---|---:|---" + "|---:" * 6 + "|")
    for name, paths in classes.items():
        for colors in COLORS:
            rows: dict[str, list[Run]] = {dither: [] for dither in DITHERS}
            for path in paths:
                for dither, row in runs_of(path, colors).items():
                    rows[dither].append(row)
            for dither, found in rows.items():
                met = sum(run.pair <= 0.95 and run.score >= run.other_score for run in found)
                means = [statistics.fmean(run[field] for run in found) for field in range(4)]
                lines.append(
                    f"| {name} | {colors} | {dither} | {means[0]:.3f} | {means[1]:.3f} | {means[2]:.1f} "
                    f"| {means[3]:.1f} | {met}/{len(found)} | {max(run.again for run in found):.3f} |"
                )
    return lines


class Run(NamedTuple):
    """Bytes divided by pngquant's, and by those of pngquant and oxipng; both scores; pngquant's file encoded again."""

    pngquant: float
    pair: float
    score: float
    other_score: float
    again: float


def runs_of(path: Path, colors: int) -> dict[str, Run]:
    """Measure one picture with each way of dithering."""
    original = metrics.read(path)
    theirs = by_pngquant(original, colors)
    pair = len(optimized(theirs))
    other_score = metrics.ssimulacra2(original, opened(theirs, original.mode))
    again = len(ours(Image.open(BytesIO(theirs)), 1, free_order=False)) / len(theirs)
    runs = {}
    for dither in DITHERS:
        buffer = BytesIO()
        original.save(buffer, format="PNG8", colors=colors, optimize=True, dither=dither)
        mine = buffer.getvalue()
        score = metrics.ssimulacra2(original, opened(mine, original.mode))
        runs[dither] = Run(len(mine) / len(theirs), len(mine) / pair, score, other_score, again)
    return runs


def by_pngquant(image: Image.Image, colors: int) -> bytes:
    """Run `pngquant COLORS`."""
    buffer = BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    command = [pngquant_command() or "pngquant", str(colors), "-"]
    return subprocess.run(command, input=buffer.getvalue(), stdout=subprocess.PIPE, check=True).stdout


def opened(png: bytes, mode: str) -> Image.Image:
    """Return a PNG file as an image of this mode."""
    return Image.open(BytesIO(png)).convert(mode)


def main() -> None:
    """Measure and write results/png_size.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=6, help="pictures of each class")
    parser.add_argument("--levels", nargs="*", default=["0", "1", "2", "3", "4", "5", "6", "max"])
    arguments = parser.parse_args()
    levels: list[int | str] = [level if level == "max" else int(level) for level in arguments.levels]
    classes = {name: images_in(CORPORA / folder) for name, folder in CLASSES.items()}
    for name, paths in classes.items():
        classes[name] = paths[:: max(1, len(paths) // arguments.limit)][: arguments.limit]
    classes = {name: paths for name, paths in classes.items() if paths}
    classes = classes or {"samples": images_in(Path(__file__).parent.parent / "sample_images")}
    count = sum(map(len, classes.values()))
    lines = ["# Sizes of palette PNG files", "", heading(f"{count} pictures")]
    lines += ["## The same palette and indices", "", f"Bytes, divided by those of {MAX}; means over pictures.", ""]
    lines += [*size_table(classes, levels), "", "## Whole runs", ""]
    lines += [
        "Bytes of `optimize=True`, divided by those of pngquant, and by those of the pair of",
        "pngquant and `oxipng -o max`; means over pictures. Met: pictures with at most 0.95 of the pair's bytes at no",
        "lower SSIMULACRA2. Again: pngquant's files encoded with `optimize=1`, without changes to palette or indices;",
        "the largest ratio.",
        "",
    ]
    lines += whole_runs(classes)
    (RESULTS / "png_size.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
