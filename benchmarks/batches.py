"""A thousand files in one call: CPU time, wall time and bytes of kmq with two jobs, and of pngquant.

    python benchmarks/batches.py
    python benchmarks/batches.py --rounds 1 --out results/local

Icons, sprites, screenshots and photos are cut from the development corpora (README.md): whole pictures first, then
random crops of them. Each command gets all names in one call. pngquant converts one after the other, and does not
optimise its files. Commands run in turns; times are medians over rounds, of the process and its children. Times that
do not use the processor count in "wall" only. Writes results/batches.md and batches.csv.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from pictures import CORPORA

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
KMQ = [str(BIN / "kmq"), "-qf", "--jobs", "2"]
PNGQUANT = shutil.which("pngquant", path=str(BIN)) or shutil.which("pngquant")
COUNTS = {"icons": 400, "sprites": 300, "screens": 150, "kodak": 150}
AIM = ("kmq", 1.0)  # at most pngquant's CPU time


class Run(NamedTuple):
    """CPU and wall seconds of a command and its children, and the bytes that it wrote."""

    cpu: float
    wall: float
    bytes: int


def candidates() -> dict[str, list[str]]:
    """Commands, without files. The first is what others are compared with."""
    if PNGQUANT is None:
        raise SystemExit("pngquant is missing: pip install --group bench")
    return {
        "pngquant": [PNGQUANT, "-f"],
        "pngquant --speed 1": [PNGQUANT, "-f", "--speed", "1"],
        "kmq": KMQ,
        "kmq -O 1": [*KMQ, "-O", "1"],
        "kmq -O 1 --effort fast": [*KMQ, "-O", "1", "--effort", "fast"],
        "kmq -O 1 --effort fast --nofs": [*KMQ, "-O", "1", "--effort", "fast", "--nofs"],
    }


def prepare(folder: Path) -> dict[str, list[str]]:
    """Cut the pictures, and return their names by group."""
    rng = random.Random(0)
    groups: dict[str, list[str]] = {}
    for group, count in COUNTS.items():
        sources = sorted((CORPORA / group).glob("*.png"))
        if not sources:
            raise SystemExit(f"no pictures in {CORPORA / group}: see benchmarks/README.md")
        groups[group] = []
        for number in range(count):
            with Image.open(sources[number % len(sources)]) as image:
                part = image if number < len(sources) and group != "kodak" else crop(image, rng)
                groups[group].append(f"{group}-{number:03}.png")
                part.save(folder / groups[group][-1])
    return groups


def crop(image: Image.Image, rng: random.Random) -> Image.Image:
    """Return a random part of at least a quarter of each side."""
    width, height = (rng.randint(max(side // 4, 1), side) for side in image.size)
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def run(command: list[str], names: list[str], folder: Path) -> Run:
    """Run a command on files of a folder, and remove what it wrote. Raises CalledProcessError where it fails."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    # Bytecode is at hand, as installed packages have it.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run([*command, *names], cwd=folder, env=environment, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    written = [path for path in folder.iterdir() if path.name.endswith(("-kmq.png", "-fs8.png"))]
    assert len(written) == len(names)
    size = sum(path.stat().st_size for path in written)
    for path in written:
        path.unlink()
    return Run(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, size)


def measure(rounds: int) -> list[dict[str, object]]:
    """A row for each group of files and command."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        groups = prepare(folder)
        groups["all"] = [file for files in groups.values() for file in files]
        commands = candidates()
        for command in commands.values():
            run(command, groups["all"][::50], folder)
        for group, names in groups.items():
            turns = [[run(command, names, folder) for command in commands.values()] for _ in range(rounds)]
            for candidate, *runs in zip(commands, *turns, strict=True):
                ratios = [one.cpu / turn[0].cpu for one, turn in zip(runs, turns, strict=True)]
                row: dict[str, object] = {"group": group, "files": len(names), "candidate": candidate}
                row |= {field: statistics.median(getattr(one, field) for one in runs) for field in ("cpu", "wall")}
                rows.append({**row, "ratio": statistics.median(ratios), "bytes": runs[0].bytes})
    return rows


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="3 unless told otherwise")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for the results")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)

    from report import heading, median, table, write_csv

    columns = [
        ("CPU s", "cpu", median, ".2f"),
        ("x pngquant", "ratio", median, ".2f"),
        ("wall s", "wall", median, ".2f"),
        ("bytes", "bytes", median, ",.0f"),
    ]
    images = "1,000 files cut from the development corpora"
    times = f"CPU time of all processes; medians of {arguments.rounds} rounds, in turns"
    parts = [f"# A thousand files in one call\n\n{heading(images, times)}"]
    for group in dict.fromkeys(row["group"] for row in rows):
        part = [row for row in rows if row["group"] == group]
        parts.append(f"## {str(group).capitalize()}: {part[0]['files']} files\n\n{table(part, columns)}")
    (value,) = (float(str(row["ratio"])) for row in rows if (row["group"], row["candidate"]) == ("all", AIM[0]))
    met = "met" if value <= AIM[1] else "**not met**"
    parts.append(f"## Aim\n\n{met}: kmq, all files: {value:.2f} x the CPU time of pngquant; at most {AIM[1]:g}\n")
    text = "\n".join(parts)
    print(text)
    write_csv("batches", rows, arguments.out)
    (arguments.out / "batches.md").write_text(text)


if __name__ == "__main__":
    main()
