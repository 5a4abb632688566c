"""A copy of the package with kernels of its own, so small that each compiles in a moment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pillow_kmq.kernels

PROLOGUE = """
import json, sys
import numpy as np
from pillow_kmq import toys
def show(result):
    print(json.dumps(result, default=lambda number: number.item()))
"""


TOYS = Path(__file__).parent / "kernels" / "toys"

RESULTS = """
line = toys.Line(np.arange(9), np.arange(9, dtype=np.uint8), 2.75)
cube, marks, counts = np.zeros((2, 3, 2), np.float32), np.array([True, False]), bytearray(3)
found = [
    toys.add(np.arange(10), -3),
    toys.divide(7, 2), toys.divide(-0.5, 4),
    toys.numbers(255, 2**32 - 1, True), toys.numbers(0, 0, False),
    toys.fractions(np.array([[1.0, 2.0], [3.0, 5.0]])),
    toys.fill(cube, marks, np.frombuffer(counts, np.uint8)), cube.tolist(), list(counts),
    [toys.chosen(first, 10, second) for first, second in toys.chosen.combinations],
    toys.along(line, 2, 9),
]
for real, bits in ((np.float32, np.int32), (np.float64, np.int64)):
    values, out, kinds = np.array([0.1, 1 / 3], real), np.zeros((1, 2), real), np.zeros((1, 2), bits)
    found += [toys.squared(values, out, kinds), out.tolist(), kinds.tolist()]
call = toys.along.bind(line)
found.append([call(first, 9) for first in range(9)])
show([found, *("numba" in sys.modules, "llvmlite" in sys.modules)])
"""
"""Of all toys, for each type of number and each variant."""


class Package:
    """The copy, and where its kernels are kept. errors: what the last process wrote there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "pillow_kmq"
        self.cache = folder / "cache"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.errors = ""
        only_sources = shutil.ignore_patterns("__pycache__", "libkmq.*")
        shutil.copytree(TOYS, self.source, ignore=only_sources)
        shutil.copytree(Path(pillow_kmq.kernels.__file__).parent, self.source / "kernels", ignore=only_sources)

    def edit(self, name: str, before: str, after: str) -> None:
        """Change a source."""
        path = self.source / name
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")

    def start(self, code: str, **more: str) -> subprocess.Popen[str]:
        """Start Python, with `toys`, `np` and `show` at hand."""
        places = {"KMQ_CACHE_DIR": str(self.cache), "PYTHONPATH": str(self.folder), "TMPDIR": str(self.temporary)}
        environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_BOUNDSCHECK": "0",
            "NUMBA_DISABLE_JIT": "0",
            **places,
            **more,
        }
        command = [sys.executable, "-c", PROLOGUE + code]
        return subprocess.Popen(
            command, env=environment, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def finish(self, process: subprocess.Popen[str]) -> Any:
        """Return what a process shows."""
        shown, self.errors = process.communicate(timeout=120)
        assert process.returncode == 0, self.errors
        return json.loads(shown)

    def run(self, code: str, **more: str) -> Any:
        """Return what a process shows."""
        return self.finish(self.start(code, **more))

    @property
    def files(self) -> list[Path]:
        """The kernels in the cache."""
        return sorted(self.cache.glob("*"))
