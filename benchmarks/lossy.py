"""Bytes at equal look: `lossy=` against fewer colours and other programs. `python benchmarks/lossy.py`.

Each candidate is tried at several strengths. Its bytes are interpolated at the SSIMULACRA2 of our file without loss
less 1 and 3 points, and at the FLIP of our file with lossy=1 and lossy=3. A candidate that does not reach a point at
all is left out there. Windows of 256x256 pixels of each picture are coded, 256 colours.

- kmq, png, gif: our indices, with `lossy_for` the format, as .kmq (default), as PNG8 (`optimize=True`), as GIF
  after gifsicle -O3
- fewer colours: the same with 192 to 48 colours
- pngquant: 256 to 48 colours, after oxipng
- gifsicle --lossy: 5 to 60, on our GIF without loss
- WebP near-lossless: cwebp -near_lossless 80 to 0 -m 6 on the original

`--animations` compares .kmq and GIF of `quantize_all(lossy=...)` with gifski (npm install gifski; or on the PATH).
gifsicle and cwebp come from Debian's packages gifsicle and webp; missing programs are left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import oxipng
from PIL import Image

import metrics
import pillow_kmq
import png_size
from perceptual import flip
from pictures import Picture, pictures
from report import RESULTS, Row, heading, mean, write_csv
from rivals import pngquant

STRENGTHS = (0.5, 1, 3, 6, 12)
COLORS = (192, 128, 80, 48)
GIFSICLE = (5, 10, 20, 60)
WEBP = (80, 60, 40, 20, 0)
SIZE = 256, 256
EACH = 3  # pictures of each group
Point = tuple[float, float, float]  # bytes, SSIMULACRA2, FLIP


# ---- files ----


def kmq(image: Image.Image) -> int:
    """Size as .kmq."""
    return _saved(image, "KMQ", palette_mode="compact")


def png(image: Image.Image) -> int:
    """Size as PNG8 with `optimize=True` and a palette that may be reordered, as that of a picture saved directly."""
    return len(png_size.ours(image, 2))


def after_oxipng(image: Image.Image) -> int:
    """Size as PNG after oxipng."""
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return len(oxipng.optimize_from_memory(file.getvalue(), level=2))


def gif(image: Image.Image) -> int:
    """Size as GIF after gifsicle -O3."""
    return len(_gifsicle(image))


def _saved(image: Image.Image, format_: str, **options: object) -> int:
    file = BytesIO()
    image.save(file, format_, **options)
    return file.tell()


def _gifsicle(image: Image.Image, *options: str) -> bytes:
    file = BytesIO()
    image.save(file, "GIF")
    if not shutil.which("gifsicle"):
        return file.getvalue()
    run = subprocess.run(["gifsicle", "-O3", *options], input=file.getvalue(), capture_output=True, check=True)
    return run.stdout


def _webp(image: Image.Image, level: int) -> tuple[int, Image.Image]:
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "a.png"), os.path.join(folder, "a.webp")
        image.save(source)
        command = ["cwebp", "-quiet", "-near_lossless", str(level), "-m", "6", source, "-o", target]
        subprocess.run(command, check=True)
        with Image.open(target) as found:
            return os.path.getsize(target), found.convert(image.mode)


# ---- points ----


def looks(original: Image.Image, result: Image.Image) -> tuple[float, float]:
    """SSIMULACRA2 and mean FLIP; with alpha, the worse of both over black and over white."""
    result = result.convert(original.mode)
    shades = (0, 255) if original.mode == "RGBA" else (0,)
    flips = [flip(metrics.over(original, shade), metrics.over(result, shade)) for shade in shades]
    return metrics.ssimulacra2(original, result) or 0.0, max(float(one.mean()) for one in flips if one is not None)


def curves(image: Image.Image, dither: str) -> dict[str, list[Point]]:
    """Points of each candidate; the first of ours is without loss."""
    found: dict[str, list[Point]] = {}

    def add(name: str, size: int, look: tuple[float, float]) -> None:
        found.setdefault(name, []).append((size, *look))

    plain = pillow_kmq.quantize(image, 256, dither=dither)
    files = {"kmq": kmq, "png": png, "gif": gif}
    for strength in (0, *STRENGTHS):
        for name in files:
            result = pillow_kmq.quantize(image, 256, dither=dither, lossy=strength, lossy_for=name)
            size, look = files[name](result), looks(image, result)
            add(name, size, look)
            if not strength:
                add(f"{name}, fewer colours", size, look)
    for colors in COLORS:
        result = pillow_kmq.quantize(image, colors, dither=dither)
        look = looks(image, result)
        for name, measure in files.items():
            add(f"{name}, fewer colours", measure(result), look)
    options = ("--nofs",) if dither == "none" else ()
    for colors in (256, *COLORS):
        result = pngquant(*options)(image, colors)
        add("pngquant and oxipng", after_oxipng(result), looks(image, result))
    if shutil.which("gifsicle"):
        for level in (0, *GIFSICLE):
            data = _gifsicle(plain, *([f"--lossy={level}"] if level else []))
            with Image.open(BytesIO(data)) as result:
                add("gifsicle --lossy", len(data), looks(image, result.convert("RGBA")))
    if shutil.which("cwebp"):
        for level in WEBP:
            size, result = _webp(image, level)
            add("WebP near-lossless", size, looks(image, result))
    return found


def bytes_at(points: list[Point], measure: int, wanted: float) -> float | None:
    """Bytes at a SSIMULACRA2 (measure 1) or a FLIP (measure 2), linear between points; None out of their range."""
    ordered = sorted(points, key=lambda point: point[measure])
    for low, high in pairwise(ordered):
        if low[measure] <= wanted <= high[measure]:
            span = high[measure] - low[measure]
            part = (wanted - low[measure]) / span if span else 0.0
            return low[0] + part * (high[0] - low[0])
    return None


RIVALS = {
    "kmq": ("kmq", "kmq, fewer colours"),
    "png": ("png", "png, fewer colours", "pngquant and oxipng", "WebP near-lossless"),
    "gif": ("gif", "gif, fewer colours", "gifsicle --lossy"),
}


def rows_of(picture: Picture, dither: str) -> list[Row]:
    """A row for each candidate: bytes relative to our file without loss, at each point."""
    image = _window(picture.read())
    found = curves(image, dither)
    rows: list[Row] = []
    for format_, names in RIVALS.items():
        base, _, ours = found[format_][0], found[format_][1], found[format_]
        at_one, at_three = ours[1 + STRENGTHS.index(1)], ours[1 + STRENGTHS.index(3)]
        for name in names:
            if name not in found:
                continue
            row: Row = {"image": picture.name, "kind": picture.kind, "dither": dither, "format": format_}
            row |= {"candidate": name, "base bytes": base[0], "base SSIMULACRA2": base[1], "base FLIP": base[2]}
            if name == format_:
                row |= {"lossy=1 loses": base[1] - at_one[1], "lossy=3 loses": base[1] - at_three[1]}
            points = found[name]
            for title, measure, wanted in (
                ("-1", 1, base[1] - 1),
                ("-3", 1, base[1] - 3),
                ("FLIP of 1", 2, at_one[2]),
                ("FLIP of 3", 2, at_three[2]),
            ):
                size = bytes_at(points, measure, wanted)
                row[title] = None if size is None else 100 * (size / base[0] - 1)
            rows.append(row)
    return rows


def _window(image: Image.Image) -> Image.Image:
    left, top = (max(0, (side - wanted) // 2) for side, wanted in zip(image.size, SIZE, strict=True))
    return image.crop((left, top, min(image.width, left + SIZE[0]), min(image.height, top + SIZE[1])))


# ---- animations ----


def film(picture: Picture, count: int = 12) -> list[Image.Image]:
    """A part of a photo that moves over the rest, which is still; every frame has the grain of a camera."""
    still = np.asarray(picture.read().convert("RGB").crop((0, 0, 320, 240))).astype(float)
    thing = np.asarray(picture.read().convert("RGB").crop((320, 100, 400, 180))).astype(float)
    frames = []
    for number in range(count):
        frame = still + np.random.default_rng(number).normal(0, 1, still.shape)
        frame[80:160, 16 * number : 16 * number + 80] = thing
        frames.append(Image.fromarray(np.clip(np.rint(frame), 0, 255).astype(np.uint8)))
    return frames


def animated_rows(picture: Picture) -> list[Row]:
    """Bytes of .kmq and GIF relative to gifski's at equal mean SSIMULACRA2, interpolated between strengths."""
    frames = film(picture)

    def look(results: Iterable[Image.Image]) -> float:
        scores = [metrics.ssimulacra2(a, b.convert("RGB")) or 0.0 for a, b in zip(frames, results, strict=True)]
        return sum(scores) / len(scores)

    points: dict[str, list[Point]] = {}
    for strength in (0, *STRENGTHS):
        for name, save in (("kmq", _animation), ("gif", _animated_gif)):
            results = pillow_kmq.quantize_all(frames, 256, lossy=strength, lossy_for=name, dither="auto")
            points.setdefault(name, []).append((save(results), look(results), 0.0))
    rows: list[Row] = []
    for quality in (100, 85, 70):
        size, results = _gifski(frames, quality)
        row: Row = {"image": picture.name, "gifski quality": quality, "bytes": size, "SSIMULACRA2": look(results)}
        for name, found in points.items():
            score, smallest = float(str(row["SSIMULACRA2"])), min(found)
            ours = bytes_at(found, 1, score) if score > smallest[1] else smallest[0]
            row[name] = None if ours is None else ours / size
            row[f"{name} SSIMULACRA2"] = max(score, smallest[1])  # at most lossy=12 is tried
        rows.append(row)
    return rows


def _animation(frames: list[Image.Image]) -> int:
    return _saved(frames[0], "KMQ", save_all=True, append_images=frames[1:], duration=50)


def _animated_gif(frames: list[Image.Image]) -> int:
    file = BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0)
    if not shutil.which("gifsicle"):
        return file.tell()
    return len(subprocess.run(["gifsicle", "-O3"], input=file.getvalue(), capture_output=True, check=True).stdout)


def gifski_command() -> str | None:
    """Find gifski on the PATH or in the node_modules of NODE_PATH or of the current folder."""
    places = [Path(os.environ.get("NODE_PATH", "node_modules")) / "gifski/bin" / name for name in ("debian", "linux")]
    return shutil.which("gifski") or next((str(place / "gifski") for place in places if place.is_dir()), None)


def _gifski(frames: list[Image.Image], quality: int) -> tuple[int, list[Image.Image]]:
    command = gifski_command()
    assert command
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, f"{number:03}.png") for number in range(len(frames))]
        for frame, name in zip(frames, names, strict=True):
            frame.save(name)
        target = os.path.join(folder, "a.gif")
        options = ["--quiet", "--fps", "20", "--quality", str(quality), "-o", target]
        subprocess.run([command, *options, *names], check=True, capture_output=True)
        with Image.open(target) as found:
            results = []
            for number in range(found.n_frames):
                found.seek(number)
                results.append(found.convert("RGB"))
        return os.path.getsize(target), results


# ---- time ----


def time_rows(picture: Picture) -> list[Row]:
    """CPU milliseconds of `quantize` without `lossy`, and with it for each format relative to that."""
    image = picture.read()
    rows: list[Row] = []
    for dither in ("auto", "none"):
        for colors in (64, 256):
            plain = _cpu_ms(image, colors, dither=dither)
            row: Row = {"image": picture.name, "dither": dither, "colors": colors, "lossy=0": plain}
            for format_ in ("kmq", "png", "gif"):
                row[f"lossy=3, {format_}"] = _cpu_ms(image, colors, dither=dither, lossy=3, lossy_for=format_) / plain
            rows.append(row)
    return rows


def _cpu_ms(image: Image.Image, colors: int, **options: object) -> float:
    """CPU milliseconds of `quantize`, the least of five runs."""
    times = []
    for _ in range(6):  # the first may load kernels
        start = time.process_time()
        pillow_kmq.quantize(image, colors, **options)
        times.append(time.process_time() - start)
    return 1000 * min(times[1:])


# ---- the command ----

TITLES = ("-1", "-3", "FLIP of 1", "FLIP of 3")


def tables(rows: list[Row]) -> str:
    """Markdown: means over pictures of each kind and over kinds; in brackets, pictures that reach the point."""
    parts = []
    for dither in dict.fromkeys(row["dither"] for row in rows):
        for format_ in RIVALS:
            some = [row for row in rows if row["dither"] == dither and row["format"] == format_]
            parts.append(f"### {str(format_).upper()}, dither={dither}\n\n" + _table(some))
    return "\n".join(parts)


def _table(rows: list[Row]) -> str:
    kinds = list(dict.fromkeys(str(row["kind"]) for row in rows))
    lines = ["| candidate | " + " | ".join(f"{kind} {title}" for kind in (*kinds, "mean") for title in TITLES) + " |"]
    lines.append("|---" + "|---:" * (len(TITLES) * (len(kinds) + 1)) + "|")
    for name in dict.fromkeys(row["candidate"] for row in rows):
        mine = [row for row in rows if row["candidate"] == name]
        cells = []
        for kind in kinds:
            cells += [_cell([row for row in mine if row["kind"] == kind], title) for title in TITLES]
        for title in TITLES:
            means = [mean([row for row in mine if row["kind"] == kind], title) for kind in kinds]
            there = [value for value in means if value is not None]
            cells.append(f"{sum(there) / len(there):+.1f} %" if len(there) == len(kinds) else "-")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(rows: list[Row], title: str) -> str:
    value, there = mean(rows, title), sum(row[title] is not None for row in rows)
    return "-" if value is None else f"{value:+.1f} % ({there}/{len(rows)})"


def calibration(rows: list[Row]) -> str:
    """Markdown: points of SSIMULACRA2 that a strength loses; mean and range."""
    lines = ["| model | dither | kind | lossy=1 | lossy=3 |", "|---|---|---|---:|---:|"]
    ours = [row for row in rows if row["candidate"] in RIVALS]
    for key in dict.fromkeys((row["candidate"], row["dither"], row["kind"]) for row in ours):
        some = [row for row in ours if (row["candidate"], row["dither"], row["kind"]) == key]
        cells = []
        for title in ("lossy=1 loses", "lossy=3 loses"):
            values = [float(str(row[title])) for row in some]
            cells.append(f"{sum(values) / len(values):.2f} ({min(values):.2f} to {max(values):.2f})")
        lines.append(f"| {key[0]} | {key[1]} | {key[2]} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def beaten(rows: list[Row]) -> str:
    """Say on which pictures fewer colours take fewer bytes than `lossy`."""
    sizes: dict[tuple[object, ...], float] = {}
    for row in rows:
        fewer = str(row["candidate"]).endswith("fewer colours")
        for title in TITLES if fewer or row["candidate"] == row["format"] else ():
            if row[title] is not None:
                sizes[row["image"], row["dither"], row["format"], title, fewer] = float(str(row[title]))
    both = [key[:-1] for key in sizes if key[-1] and (*key[:-1], False) in sizes]
    parts = []
    for format_ in RIVALS:
        some = [key for key in both if key[2] == format_]
        lost = [key for key in some if sizes[*key, True] < sizes[*key, False]]
        names = "; ".join(" ".join(map(str, key)) for key in lost) or "none"
        parts.append(f"- {format_}: fewer colours take fewer bytes in {len(lost)} of {len(some)} comparisons: {names}")
    return "\n".join(parts) + "\n"


def _run(measure: Callable[[Picture], list[Row]], chosen: list[Picture]) -> list[Row]:
    rows: list[Row] = []
    for picture in chosen:
        rows += measure(picture)
        print(picture.name, flush=True)
    return rows


def main() -> None:
    """Measure, print, and write CSV and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, help="so many pictures of each group")
    parser.add_argument("--animations", action="store_true", help="animations instead of pictures")
    parser.add_argument("--time", action="store_true", help="CPU time instead of sizes")
    arguments = parser.parse_args()
    folder = RESULTS if arguments.limit is None else RESULTS / "local"
    folder.mkdir(parents=True, exist_ok=True)
    for wanted, measure, name in (
        (arguments.animations, animated_rows, "lossy_animations"),
        (arguments.time, time_rows, "lossy_time"),
    ):
        if wanted:
            rows = _run(measure, pictures("held out", ("photo", "sky"), limit=arguments.limit or 1))
            write_csv(name, rows, folder)
            print(*rows, sep="\n")
            return
    chosen = pictures("held out", ("photo", "face", "sky", "art", "text"), limit=arguments.limit or EACH)
    rows = [row for dither in ("auto", "none") for row in _run(lambda one: rows_of(one, dither), chosen)]  # noqa: B023
    text = f"{calibration(rows)}\n{beaten(rows)}\n{tables(rows)}"
    print(text)
    write_csv("lossy", rows, folder)
    start = heading(f"{len(chosen)} held out, windows of {SIZE[0]}x{SIZE[1]}", "not measured")
    (folder / "lossy.md").write_text(f"# Lossy choice of indices\n\n{start}\n{text}")


if __name__ == "__main__":
    main()
