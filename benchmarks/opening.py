"""What a process costs that opens or quantises one picture, from its start to its end (Linux).

    python benchmarks/opening.py
    python benchmarks/opening.py --rounds 3 --out results/local

All commands run once, and then take turns for some rounds: medians of CPU seconds (with all child processes), of wall
seconds and of peak memory. "x base" is the median over rounds of the CPU time over that of the same round's base, a
process that imports NumPy and Pillow. Bytecode is at hand, as installed packages have it.

- compiled: kernels are on disk from a run before.
- first use: nothing is compiled, in a cache and a temporary directory of their own.
- 20 files: copies of the sprite, `xargs -n1`.

pngquant and Pillow are beside them. Writes results/opening.md and opening.csv, with our aims.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

# Nothing large is imported before all is measured: a child's peak memory is at least what its parent has.
HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "sample_images"
BIN = Path(sys.executable).parent
BASE = "import numpy, PIL.Image"
KMQ = str(BIN / "kmq")
PNGQUANT = shutil.which("pngquant", path=str(BIN)) or shutil.which("pngquant")
OPEN = [sys.executable, "-c", "import sys, pillow_kmq; from PIL import Image; Image.open(sys.argv[1]).load()"]
OPEN_PNG = [sys.executable, "-c", "import sys; from PIL import Image; Image.open(sys.argv[1]).load()"]
FIRST = "first use"
COMPILED = "compiled"
COLUMNS = {"cpu": "CPU s", "ratio": "x base", "wall": "wall s", "mb": "peak MB"}
AIMS = (
    ("kmq -f sprite.png", "ratio", 2.2),
    ("kmq -f photo.png", "ratio", 2.2),
    ("open sprite.kmq", "ratio", 1.4),
    ("open photo.kmq", "ratio", 1.8),
    ("kmq -f photo.png", "mb", 90.0),
    ("kmq photo.png", "wall", 10.0),
)
Row = dict[str, object]


class Case(NamedTuple):
    """A command, by the name that tables have; its input, if any, is a list of files."""

    name: str
    command: list[str]
    state: str = COMPILED
    files: str = ""


class Run(NamedTuple):
    """CPU and wall seconds, and peak megabytes, of a process and its children."""

    cpu: float
    wall: float
    mb: float


def cases() -> list[Case]:
    """Everything that is measured; the base comes first."""
    twenty = "\n".join(f"sprite-{number:02}.png" for number in range(20))
    found = [
        Case("import numpy, PIL.Image", [sys.executable, "-c", BASE]),
        Case("kmq -f sprite.png", [KMQ, "-qf", "sprite.png"]),
        Case("kmq -f photo.png", [KMQ, "-qf", "photo.png"]),
        Case("kmq -f --format kmq photo.png", [KMQ, "-qf", "--format", "kmq", "photo.png"]),
        Case("kmq, 20 files", ["xargs", "-n1", KMQ, "-qf"], files=twenty),
        Case("open sprite.kmq", [*OPEN, "sprite.kmq"]),
        Case("open photo.kmq", [*OPEN, "photo.kmq"]),
        Case("Pillow opens photo.png", [*OPEN_PNG, "photo.png"]),
    ]
    if PNGQUANT:
        found += [
            Case("pngquant -f sprite.png", [PNGQUANT, "-f", "sprite.png"]),
            Case("pngquant -f photo.png", [PNGQUANT, "-f", "photo.png"]),
            Case("pngquant, 20 files", ["xargs", "-n1", PNGQUANT, "-f"], files=twenty),
        ]
    return [
        *found,
        Case("kmq photo.png", [KMQ, "-qf", "photo.png"], FIRST),
        Case("kmq --format kmq photo.png", [KMQ, "-qf", "--format", "kmq", "photo.png"], FIRST),
        Case("open icon.kmq", [*OPEN, "icon.kmq"], FIRST),
    ]


def run(case: Case, folder: Path) -> Run:
    """Run a command in a folder; raises CalledProcessError where it fails."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "KMQ_CACHE_DIR": str(folder / "cache")}
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile("w+") as files:
        if case.state == FIRST:
            environment |= {"KMQ_CACHE_DIR": empty, "TMPDIR": empty}
        files.write(case.files)
        files.seek(0)
        begin = time.perf_counter()
        process = subprocess.Popen(case.command, cwd=folder, env=environment, stdin=files)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, case.command)
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024 / 1e6)


def prepare(folder: Path) -> None:
    """Lay out the pictures, and compile."""
    for name in ("sprite", "photo"):
        shutil.copy(SAMPLES / f"{name}.png", folder)
        run(Case("", [KMQ, "-q", "--format", "kmq", f"{name}.png"]), folder)
    for number in range(20):
        shutil.copy(SAMPLES / "sprite.png", folder / f"sprite-{number:02}.png")
    shrink = "from PIL import Image; Image.open('sprite.png').resize((64, 64)).save('icon.png')"
    run(Case("", [sys.executable, "-c", shrink]), folder)
    run(Case("", [KMQ, "-q", "--format", "kmq", "icon.png"]), folder)


def measure(rounds: int) -> list[Row]:
    """A row for each command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        everything = cases()
        for case in everything:
            if case.state != FIRST:
                run(case, folder)
        turns = [[run(case, folder) for case in everything] for _ in range(rounds)]
    rows: list[Row] = []
    for case, *runs in zip(everything, *turns, strict=True):
        ratios = [one.cpu / turn[0].cpu for one, turn in zip(runs, turns, strict=True)]
        row: Row = {"state": case.state, "process": case.name, "ratio": statistics.median(ratios)}
        row |= {field: statistics.median(getattr(one, field) for one in runs) for field in Run._fields}
        rows.append(row)
    return rows


def aims(rows: list[Row]) -> str:
    """What was reached, as Markdown."""
    lines = ["| | aim | value | at most |", "|---|---|---:|---:|"]
    for name, field, limit in AIMS:
        (value,) = (float(str(row[field])) for row in rows if row["process"] == name)
        met = "met" if value <= limit else "**not met**"
        lines.append(f"| {met} | {name}: {COLUMNS[field]} | {value:.2f} | {limit:g} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="9 unless told otherwise")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for the results")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)

    from report import heading, median, table, write_csv

    styles = {"ratio": ".2f", "mb": ".0f"}
    columns = [(title, field, median, styles.get(field, ".3f")) for field, title in COLUMNS.items()]
    parts = [f"# Start-up\n\n{heading('sample_images', f'medians of {arguments.rounds} rounds, in turns')}"]
    for state, title in ((COMPILED, "Kernels on disk"), (FIRST, "First use: nothing compiled")):
        part = [row for row in rows if row["state"] == state]
        parts.append(f"## {title}\n\n{table(part, columns, 'process')}")
    text = "\n".join([*parts, f"## Aims\n\n{aims(rows)}"])
    print(text)
    write_csv("opening", rows, arguments.out)
    (arguments.out / "opening.md").write_text(text)


if __name__ == "__main__":
    main()
