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

from PIL import Image

import pillow_kmq
from memory import picture, status
from pillow_kmq import codec
from pillow_kmq.codec.levels import mixing
from pillow_kmq.codec.levels.fast import level as fast
from report import HERE, RESULTS, heading

INDEXED = HERE.parent.parent / "shared" / "corpora" / "indexed"
LEVELS = ("fast", "default", "max")
LARGE = (4096, 2944)
SIZES = (16, 256)
SIDES = (16, 32, 48)
OPEN = "import sys, time, pillow_kmq; from PIL import Image; Image.open(sys.argv[1]).load(); print(time.process_time())"
OPEN_PNG = "import sys; from PIL import Image; Image.open(sys.argv[1]).load()"


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


def wall_time(code: str, file: str) -> float:
    """Wall seconds of a process."""
    begin = time.perf_counter()
    run(code, file)
    return time.perf_counter() - begin


def large(colors: int, level: str) -> tuple[bytes, int]:
    """A photo of 12 megapixels as a file, and the bytes that it would have as a single stripe."""
    image = pillow_kmq.quantize(picture("photo", LARGE), colors, effort="fast")
    files = []
    for limit in (None, 1 << 30):
        before = mixing.STRIPE_BYTES, fast.STRIPE_CODES
        mixing.STRIPE_BYTES, fast.STRIPE_CODES = (limit or size for size in before)
        stream = BytesIO()
        image.save(stream, "KMQ", compression=level)
        mixing.STRIPE_BYTES, fast.STRIPE_CODES = before
        files.append(stream.getvalue())
    return files[0], len(files[1])


def on_threads(folder: Path) -> str:
    """Two threads against one, wall time of whole calls in turns; and peak memory."""
    lines = [
        "| level | colours | bytes | over one stripe | one thread, s | two, s | times as fast | memory, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for level in ("fast", "default"):
        for colors in SIZES:
            data, single = large(colors, level)
            file = folder / "large.kmq"
            file.write_bytes(data)
            seconds: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(5):
                for threads in seconds:
                    codec.set_threads(threads)
                    begin = time.perf_counter()
                    codec.decode(data)
                    seconds[threads].append(time.perf_counter() - begin)
            one, two = (statistics.median(times) for times in seconds.values())
            ratio = statistics.median(a / b for a, b in zip(*seconds.values(), strict=True))
            peak = json.loads(run(f"import opening; opening.peak({str(file)!r})", PYTHONPATH=python_path()))
            lines.append(
                f"| {level} | {colors} | {len(data)} | {len(data) / single - 1:.2%} | {one:.2f} | {two:.2f} "
                f"| {ratio:.2f} | {peak / 1e6:.0f} |"
            )
    return "\n".join(lines) + "\n"


def python_path() -> str:
    """Where child processes find this module."""
    return os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])


def peak(file: str) -> None:
    """Child process: print peak bytes above the indices, everything being loaded and compiled."""
    data = Path(file).read_bytes()
    codec.set_threads(1)
    codec.decode(data)
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    image = codec.decode(data)
    print(status("VmHWM") - before - image.indices.nbytes)


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
