"""Sizes of animations: KMQ against lossless animated WebP, APNG and GIF. `python benchmarks/animations.py FOLDER...`.

FOLDER holds GIFs; every format gets the same frames, the first --frames of each, and must give them back. GIF is
`gifsicle -O3` on the original file, APNG the smaller of Pillow's (optimize) and apngasm's (-z2, zopfli),
WebP libwebp's lossless coder by Pillow (method 6, quality 100, minimize_size). Programs that are not installed are
left out. Nothing is downloaded; these packages have the animations of the committed results:

    apt-get download wordpress phpmyadmin python-kivy-examples      (Debian 12; dpkg -x FILE FOLDER)
    pip download --no-deps --no-binary :all: pillow                  (Tests/images, docs/handbook)
    scikit-image: skimage/data/no_time_for_that_tiny.gif
    pyenv: install_local_python.gif, a recording of a terminal

Three of them have shorter names there: clock (ajax_clock_small.gif), joint (simple_cv_joint_animated.gif), terminal.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

import pillow_kmq  # noqa: F401 - registers KMQ

RESULTS = Path(__file__).parent / "results"
Frames = list[Image.Image]


def main() -> None:
    """Measure, print, and write CSV and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    arguments = parser.parse_args()
    rows = []
    for folder in arguments.folders:
        for path in sorted(folder.glob("*.gif")):
            row = measure(path, arguments.frames)
            print(row, flush=True)
            rows.append(row)
    write(rows, arguments.frames)


def measure(path: Path, limit: int) -> dict[str, object]:
    """A row of the table: sizes in bytes, CPU times in seconds."""
    frames, durations = read(path, limit)
    row: dict[str, object] = {
        "animation": path.stem,
        "size": f"{frames[0].width}x{frames[0].height}",
        "frames": len(frames),
        "original": path.stat().st_size,
    }
    begin = time.process_time()
    data = kmq(frames, durations)
    row["encode_s"] = round(time.process_time() - begin, 2)
    begin = time.process_time()
    again = decoded(data)
    row["decode_s"] = round(time.process_time() - begin, 2)
    assert all(np.array_equal(visible(a), visible(b)) for a, b in zip(frames, again, strict=True))
    row["kmq"] = len(data)
    row["webp"] = len(webp(frames, durations))
    row["apng"] = min(size for size in (len(apng(frames, durations)), apngasm(frames)) if size)
    row["gif"] = gifsicle(path, len(frames))
    return row


def read(path: Path, limit: int) -> tuple[Frames, list[int]]:
    """The first frames as they are shown, RGBA."""
    frames, durations = [], []
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            durations.append(int(frame.info.get("duration") or 100))
            frames.append(frame.convert("RGBA"))
            if len(frames) == limit:
                break
    return frames, durations


def visible(image: Image.Image) -> np.ndarray:
    """Pixels, all invisible ones alike."""
    pixels = np.array(image.convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def saver(format_: str, **options: object) -> Callable[[Frames, list[int]], bytes]:
    """How Pillow saves all frames."""

    def save(frames: Frames, durations: list[int]) -> bytes:
        stream = BytesIO()
        first, *rest = frames
        first.save(stream, format_, save_all=True, append_images=rest, duration=durations, loop=0, **options)
        return stream.getvalue()

    return save


kmq = saver("KMQ")
webp = saver("WEBP", lossless=True, quality=100, method=6, minimize_size=True)
apng = saver("PNG", optimize=True)


def decoded(data: bytes) -> Frames:
    """All frames of a file."""
    return [frame.copy() for frame in ImageSequence.Iterator(Image.open(BytesIO(data)))]


def apngasm(frames: Frames) -> int:
    """Bytes of apngasm's file, or 0 where it is missing."""
    if not shutil.which("apngasm"):
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for number, frame in enumerate(frames):
            frame.save(Path(folder, f"{number:05}.png"))
        command = ["apngasm", f"{folder}/out.apng", f"{folder}/00000.png", "-z2"]
        subprocess.run(command, check=True, capture_output=True)
        return Path(folder, "out.apng").stat().st_size


def gifsicle(path: Path, count: int) -> int:
    """Bytes of the first frames of the original, optimised; 0 where gifsicle is missing."""
    if not shutil.which("gifsicle"):
        return 0
    command = ["gifsicle", "-O3", "--no-comments", "--no-extensions", str(path), f"#0-{count - 1}"]
    return len(subprocess.run(command, check=True, capture_output=True).stdout)


def write(rows: list[dict[str, object]], limit: int) -> None:
    """The results as CSV and Markdown."""
    with Path(RESULTS, "animations.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    lines = [
        "# Animations, bytes",
        "",
        f"The first {limit} frames of each at most, without loss. Made by `benchmarks/animations.py`, which says where",
        "the animations are from. The best rival is the smallest of WebP, APNG and GIF.",
        "",
        "| animation | size | frames | KMQ | WebP | APNG | GIF | KMQ / best rival | encode s | decode s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        best = min(int(str(row[name])) for name in ("webp", "apng", "gif") if row[name])
        cells = [row[name] for name in ("animation", "size", "frames", "kmq", "webp", "apng", "gif")]
        cells += [f"{int(str(row['kmq'])) / best:.2f}", row["encode_s"], row["decode_s"]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    Path(RESULTS, "animations.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
