"""Sizes of GIF, APNG and WebP animations with equal frames. `python benchmarks/animation_formats.py [FOLDER...]`.

Each animation is written by `pillow_kmq.save_animation` and by Pillow's `save_all`, and as GIF also by `gifsicle -O3`,
which gets the smaller of the two files. All results must show the same frames; where Pillow's do not, its cell says so.
FOLDER holds GIFs, which are written without a change of colours, see `animations.py` for the sources of those in the
results. The other animations are made here of the sample images and quantised with one palette, or with one for each
frame. Programs that are not installed are left out. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageSequence

import pillow_kmq

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "sample_images"
Row = dict[str, object]
Shown = list[tuple[np.ndarray, int]]


def main() -> None:
    """Measure, print, and write CSV and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    arguments = parser.parse_args()
    rows = []
    for name, frames in made():
        for palettes in ("one", "per-frame"):
            rows.append(measured(f"{name}, {palettes}", stored(frames, palettes), 80))
            print(rows[-1], flush=True)
    for folder in arguments.folders:
        for path in sorted(folder.glob("*.gif")):
            with Image.open(path) as image:
                if getattr(image, "n_frames", 1) > 1:
                    rows.append(measured(path.stem, image, None))
                    print(rows[-1], flush=True)
    write(rows)


def made() -> Iterator[tuple[str, list[Image.Image]]]:
    """Yield animations: of all pixels, of a part, of few pixels, and of a sprite without background."""
    photo = Image.open(SAMPLES / "photo.png").convert("RGB")
    yield "pan", [photo.crop((4 * n, 2 * n, 4 * n + 160, 2 * n + 120)) for n in range(12)]
    sprite = Image.open(SAMPLES / "sprite.png").convert("RGBA").resize((96, 96))
    over, alone = [], []
    for n in range(12):
        frame = photo.crop((0, 0, 240, 180))
        frame.paste(sprite, (12 * n, 30 + 4 * n), sprite)
        over.append(frame)
        clear = Image.new("RGBA", (240, 180))
        clear.paste(sprite, (12 * n, 30 + 4 * n))
        alone.append(clear)
    yield "sprite over a photo", over
    yield "sprite alone", alone
    screen = Image.open(SAMPLES / "screenshot.png").convert("RGB").crop((0, 0, 480, 320))
    typed = []
    for n in range(24):
        frame = screen.copy()
        ImageDraw.Draw(frame).text((30, 60), "the quick brown fox jumps"[:n], fill=(180, 20, 20))
        typed.append(frame)
    yield "typing on a screen", typed


def stored(frames: list[Image.Image], palettes: str) -> list[Image.Image]:
    """Return quantised frames that a GIF can hold, P if they share a palette."""
    if palettes == "one":
        pixels = [frame.convert("RGBA") for frame in frames]
        for frame in pixels:
            frame.putalpha(frame.getchannel("A").point(lambda alpha: 255 * (alpha > 127)))
        return pillow_kmq.quantize_all(pixels, dither="auto")
    file = BytesIO()
    pillow_kmq.save_animation(frames, file, "GIF", palettes=palettes, duration=80)
    return [Image.fromarray(pixels) for pixels, _ in shown(file.getvalue())]


def shown(data: bytes) -> Shown:
    """Return frames and milliseconds, identical neighbours merged and all invisible pixels alike."""
    frames: Shown = []
    for frame in ImageSequence.Iterator(Image.open(BytesIO(data))):
        pixels = np.array(frame.convert("RGBA"))
        pixels[pixels[..., 3] == 0] = 0
        duration = round(frame.info.get("duration", 0))
        if frames and np.array_equal(frames[-1][0], pixels):
            frames[-1] = pixels, frames[-1][1] + duration
        else:
            frames.append((pixels, duration))
    return frames


def measured(name: str, frames: Image.Image | list[Image.Image], duration: int | None) -> Row:
    """Return a row of the table: sizes in bytes, CPU seconds."""
    first, *rest = frames if isinstance(frames, list) else [frames]
    count = len(frames) if isinstance(frames, list) else frames.n_frames
    row: Row = {"animation": name, "size": f"{first.width}x{first.height}", "frames": count}
    given = {} if duration is None else {"duration": duration}
    for format_ in ("GIF", "PNG", "WEBP"):
        begin = time.process_time()
        file = BytesIO()
        pillow_kmq.save_animation(frames, file, format_, palettes="exact", **given)
        row[f"{format_} s"] = round(time.process_time() - begin, 2)
        ours = file.getvalue()
        options = {"GIF": {}, "PNG": {"optimize": True}, "WEBP": {"lossless": True}}[format_]
        theirs = BytesIO()
        first.seek(0)
        first.save(theirs, format_, save_all=True, append_images=rest, **options, **given)
        reference = shown(ours)
        equal = same(reference, shown(theirs.getvalue()))
        row[format_] = len(ours)
        row[f"{format_} Pillow"] = len(theirs.getvalue()) if equal else "other frames"
        if format_ == "GIF" and shutil.which("gifsicle"):
            files = [gifsicle(ours), *([gifsicle(theirs.getvalue())] if equal else [])]
            row["gifsicle"] = min(len(each) for each in files if same(reference, shown(each)))
    return row


def same(some: Shown, others: Shown) -> bool:
    """Return whether all frames look the same; Pillow rounds durations otherwise."""
    return len(some) == len(others) and all(np.array_equal(a, b) for (a, _), (b, _) in zip(some, others, strict=True))


def gifsicle(data: bytes) -> bytes:
    """Return the file optimised by gifsicle."""
    return subprocess.run(["gifsicle", "-O3"], input=data, capture_output=True, check=True).stdout


def write(rows: list[Row]) -> None:
    """Write the results as CSV and Markdown."""
    with Path(HERE, "results", "animation_formats.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    columns = (
        "animation",
        "size",
        "frames",
        "GIF",
        "GIF Pillow",
        "gifsicle",
        "PNG",
        "PNG Pillow",
        "WEBP",
        "WEBP Pillow",
    )
    names = ("animation", "size", "frames", "GIF", "Pillow", "gifsicle -O3", "APNG", "Pillow", "WebP", "Pillow")
    lines = [
        "# Animations in GIF, APNG and WebP, bytes",
        "",
        "Made by `benchmarks/animation_formats.py`. All files of a row show the same frames. gifsicle gets the smaller",
        "of our file and Pillow's.",
        "",
        f"| {' | '.join(names)} |",
        "|---|---|---:|" + "---:|" * (len(names) - 3),
        *(f"| {' | '.join(str(row.get(column, '')) for column in columns)} |" for row in rows),
        "",
        "| against | ours / theirs |",
        "|---|---:|",
        *(f"| {name} | {ratio(rows, ours, theirs)} |" for name, ours, theirs in COMPARED),
    ]
    Path(HERE, "results", "animation_formats.md").write_text("\n".join(lines) + "\n")


COMPARED = (
    ("Pillow's GIF", "GIF", "GIF Pillow"),
    ("gifsicle -O3", "GIF", "gifsicle"),
    ("Pillow's APNG", "PNG", "PNG Pillow"),
    ("Pillow's WebP", "WEBP", "WEBP Pillow"),
)


def ratio(rows: list[Row], ours: str, theirs: str) -> str:
    """Return the mean ratio of sizes where both show the same frames, and the number of rows where ours is larger."""
    ratios = [int(str(row[ours])) / row[theirs] for row in rows if isinstance(row.get(theirs), int)]
    if not ratios:
        return "not installed"
    return f"{float(np.mean(ratios)):.3f} on average of {len(ratios)}, larger in {sum(each > 1 for each in ratios)}"


if __name__ == "__main__":
    main()
