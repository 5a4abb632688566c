"""Collections of 500 to 5,000 tiles: images per second and memory, on one machine and on a Dask cluster (Linux).

    pip install pillow-kmq[dask]
    python benchmarks/many_images.py
    python benchmarks/many_images.py --counts 500 --engines "one process"

Tiles of 96x96 pixels, which overlap, are cut out of photos and screenshots into a temporary folder. Each row is a
process of its own that learns a palette of 64 colours and converts all files. CPU time is that of this process and all
that it started. Memory is the resident size, looked at every 50 ms, of that process and of the largest of the others;
the scheduler is part of the caller's process. The workers of Dask are started before, those of "two processes" are not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from pictures import CORPORA, images_in
from report import HERE, RESULTS, heading, mean, table, write_csv

ENGINES = ("one process", "two processes", "Dask, two workers")
COUNTS = (500, 5000)
SIZE, STEP = 96, 32


def cut(folder: Path, count: int) -> list[str]:
    """Write tiles of all pictures, spread evenly, and return their paths."""
    sources = images_in(CORPORA / "kodak") + images_in(CORPORA / "screens") or images_in(HERE.parent / "sample_images")
    boxes = []
    for source in sources:
        with Image.open(source) as image:
            tops, lefts = range(0, image.height - SIZE + 1, STEP), range(0, image.width - SIZE + 1, STEP)
        boxes += [(source, x, y) for y in tops for x in lefts]
    paths = []
    for number in range(count):
        source, x, y = boxes[number * len(boxes) // count]
        path = folder / str(number % 50) / f"{number:05}.png"
        path.parent.mkdir(exist_ok=True)
        with Image.open(source) as image:
            image.convert("RGB").crop((x, y, x + SIZE, y + SIZE)).save(path, compress_level=1)
        paths.append(str(path))
    return paths


class Watch(threading.Thread):
    """Memory and CPU time of this process and of all that it started.

    main: the largest resident size of this process in MB. worker: that of any other. seconds: CPU time by process.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.main = self.worker = 0.0
        self._before: dict[int, float] = {}
        self._seconds: dict[int, float] = {}
        self._ended = threading.Event()

    def look(self) -> None:
        this = psutil.Process()
        for process in (this, *this.children(recursive=True)):
            try:
                size, times = process.memory_info().rss / 1e6, process.cpu_times()
            except psutil.Error:  # it has ended
                continue
            self._seconds[process.pid] = times.user + times.system
            if process.pid == this.pid:
                self.main = max(self.main, size)
            else:
                self.worker = max(self.worker, size)

    def run(self) -> None:
        self.look()
        self._before = dict(self._seconds)
        while not self._ended.wait(0.05):
            self.look()

    def end(self) -> float:
        """Stop and return the CPU seconds since the start."""
        self._ended.set()
        self.join()
        self.look()
        return sum(seconds - self._before.get(pid, 0.0) for pid, seconds in self._seconds.items())


@contextmanager
def arguments_of(engine: str) -> Iterator[dict[str, Any]]:
    """Arguments of `learn_palette` and `convert` for an engine."""
    if engine != ENGINES[2]:
        yield {"processes": 1 + ENGINES.index(engine)}
        return
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        yield {"client": client}


def one_run(engine: str, paths: list[str], out: Path) -> dict[str, Any]:
    """Child process: learn and convert, and return what was measured."""
    from pillow_kmq.collection import convert, learn_palette

    found: dict[str, Any] = {}
    with arguments_of(engine) as arguments:
        for step in ("learn", "convert"):
            watch = Watch()
            watch.start()
            begin = time.perf_counter()
            if step == "learn":
                learned = learn_palette(paths, 64, **arguments)
            else:
                convert(paths, learned, out, **arguments)
            found[f"{step} images/s"] = len(paths) / (time.perf_counter() - begin)
            found[f"{step} CPU ms"] = 1000 * watch.end() / len(paths)
            found |= {f"{step} main MB": watch.main, f"{step} worker MB": watch.worker or None}
    outputs = hashlib.sha256()
    for path in sorted(out.rglob("*.png")):
        outputs.update(path.read_bytes())
    return found | {
        "cells": learned.groups,
        "largest change": learned.largest_change,
        "palette": hashlib.sha256(learned.colors.tobytes()).hexdigest()[:8],
        "outputs": outputs.hexdigest()[:8],
    }


def main() -> None:
    """Run all combinations and write benchmarks/results/collections.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        engine, folder = arguments.child[0], Path(arguments.child[1])
        paths = json.loads((folder / "paths.json").read_text())
        with tempfile.TemporaryDirectory() as out:
            print(json.dumps(one_run(engine, paths, Path(out))))
        return
    rows: list[dict[str, object]] = []
    for count in arguments.counts:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "paths.json").write_text(json.dumps(cut(folder, count)))
            for engine in arguments.engines:
                command = [sys.executable, __file__, "--child", engine, name]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                rows.append({"images": count, "candidate": engine, **json.loads(done.stdout.splitlines()[-1])})
                print(rows[-1], flush=True)
        same = {(row["palette"], row["outputs"]) for row in rows if row["images"] == count}
        assert len(same) == 1, f"engines differ: {same}"
    report(rows, arguments.counts == list(COUNTS) and arguments.engines == list(ENGINES))


def report(rows: list[dict[str, object]], complete: bool) -> None:
    """Write tables of the rows."""
    columns = [
        (f"{step}: {name}", f"{step} {field}", mean, style)
        for step in ("learn", "convert")
        for name, field, style in (
            ("images/s", "images/s", ".0f"),
            ("CPU ms per image", "CPU ms", ".1f"),
            ("MB, caller", "main MB", ".0f"),
            ("MB, worker", "worker MB", ".0f"),
        )
    ]
    parts = []
    for count in dict.fromkeys(row["images"] for row in rows):
        some = [row for row in rows if row["images"] == count]
        facts = (
            f"{some[0]['cells']:,} cells in the histogram, which change no channel by more than"
            f" {some[0]['largest change']} levels. All engines give the same palette and files."
        )
        parts.append(f"## {count:,} images\n\n{facts}\n\n{table(some, columns)}")
    images = f"tiles of {SIZE}x{SIZE} pixels, made by many_images.py"
    text = f"# Collections\n\n{heading(images, 'elapsed, errors of files measured')}\n" + "\n".join(parts)
    print(text)
    out = RESULTS if complete else RESULTS / "local"
    write_csv("collections", rows, out)
    (out / "collections.md").write_text(text)


if __name__ == "__main__":
    main()
