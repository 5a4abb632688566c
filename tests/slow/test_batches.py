"""Memory stays flat over a thousand files in one call, and a batch that is interrupted leaves whole files only."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, and peak memory of child processes")

COMMAND = [sys.executable, "-m", "pillow_kmq", "--effort", "fast"]
_PEAK = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print({})".format(
    "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss"
)
_MOST = 8000  # kilobytes: names of files, and what the allocator keeps; 1000 pictures would take 24,000
_INTERRUPTS = 16


def pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        noise = Image.effect_noise((96, 64), 10 + number % 50)
        Image.merge("RGB", [noise, noise.rotate(90), noise.rotate(180)]).save(folder / f"{number:04}.png")


def peak(*arguments: str | Path) -> int:
    """Kilobytes of memory of the largest process of a command."""
    line = [sys.executable, "-c", _PEAK, *COMMAND, "-q", *map(str, arguments)]
    return int(subprocess.run(line, capture_output=True, check=True).stdout) // (
        1024 if sys.platform == "darwin" else 1
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_thousand_files_take_no_more_memory_than_a_hundred(tmp_path: Path, jobs: str) -> None:
    pictures(tmp_path / "few", 100)
    pictures(tmp_path / "many", 1000)
    few, many = (peak("-r", tmp_path / name, "-j", jobs) for name in ("few", "many"))
    print(f"{jobs} jobs: {few:,} kB for 100 files, {many:,} kB for 1000")
    assert len(list((tmp_path / "many").glob("*-kmq.png"))) == 1000
    assert many < few + _MOST


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_memory_for_a_shared_palette_does_not_grow_with_the_number_of_files(tmp_path: Path, jobs: str) -> None:
    pictures(tmp_path / "few", 300)  # the histogram is as large as it becomes
    pictures(tmp_path / "many", 1000)
    few, many = (peak("--shared-palette", "-r", tmp_path / name, "-j", jobs) for name in ("few", "many"))
    print(f"{jobs} jobs: {few:,} kB for 300 files, {many:,} kB for 1000")
    assert many < few + _MOST


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_batch_that_is_interrupted_leaves_whole_files_only(tmp_path: Path, name: str) -> None:
    pictures(tmp_path / "in", 60)
    line = [*COMMAND, "-q", "-r", str(tmp_path / "in"), "-j", "2", "--out-dir"]
    started = time.monotonic()
    assert subprocess.run([*line, str(tmp_path / "whole")], check=False).returncode == 0
    seconds = time.monotonic() - started
    whole = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}

    rng = random.Random(0)
    early = 0
    for number in range(_INTERRUPTS):
        out = tmp_path / str(number)
        with subprocess.Popen([*line, str(out)], start_new_session=True) as command:
            time.sleep(rng.uniform(0.1 * seconds, seconds))
            # Ctrl-C goes to all processes; the other signals to the command alone.
            (os.killpg if name == "SIGINT" else os.kill)(command.pid, getattr(signal, name))
        early += command.returncode == -getattr(signal, name)
        written = {path.name: path.read_bytes() for path in out.iterdir()} if out.exists() else {}
        if name == "SIGKILL":  # its workers notice and end, after they have removed unfinished files
            time.sleep(1)
            written = {path.name: path.read_bytes() for path in out.iterdir()} if out.exists() else {}
        assert written.items() <= whole.items()
    assert early > _INTERRUPTS // 4
