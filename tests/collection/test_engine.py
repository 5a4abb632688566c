"""Engines: every batch once, a bounded number in flight, workers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pillow_kmq.collection import convert, read_manifest
from pillow_kmq.collection.engine import FAN_IN, Processes, choose_engine
from pillow_kmq.errors import OptionError, WorkerLostError
from tile_images import write_tiles


def add(batch: Sequence[int]) -> int:
    return sum(batch)


def end(batch: Sequence[int]) -> int:
    if 7 in batch:
        os.kill(os.getpid(), signal.SIGKILL)
    return sum(batch)


BATCHES = [[number, number + 1] for number in range(0, 60, 2)]


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 30])
def test_every_batch_is_processed_once(processes, count):
    engine = Processes(processes)
    assert sorted(engine.map(add, BATCHES[:count])) == [sum(batch) for batch in BATCHES[:count]]
    sizes: list[int] = []
    assert engine.fold(add, sum, BATCHES[:count], sizes.append) == sum(map(sum, BATCHES[:count]))
    assert sizes == [2] * count


@pytest.mark.parametrize("processes", [1, 2])
def test_batches_are_made_only_shortly_before_they_are_processed(processes):
    made = 0

    def batches() -> Iterator[list[int]]:
        nonlocal made
        for batch in BATCHES:
            made += 1
            yield batch

    for done, _ in enumerate(Processes(processes).map(add, batches())):
        assert made <= done + 1 + 2 * processes


def test_results_are_added_up_a_few_at_a_time():
    largest = 0

    def merge(results: Sequence[int]) -> int:
        nonlocal largest
        largest = max(largest, len(results))
        return sum(results)

    Processes(1).fold(add, merge, BATCHES, lambda size: None)
    assert 1 < largest <= FAN_IN


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_process_that_dies_is_reported():
    with pytest.raises(WorkerLostError, match="fewer processes"):
        list(Processes(2).map(end, BATCHES))


ORPHANS = """
import os, time
from pillow_kmq.collection.engine import Processes
def task(batch):
    print(os.getpid(), flush=True)
    time.sleep(600)
if __name__ == "__main__":
    list(Processes(2).map(task, [[1], [2], [3]]))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_processes_end_when_their_parent_is_killed(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(ORPHANS)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, start_new_session=True) as run:
        assert run.stdout is not None
        workers = [int(run.stdout.readline()) for _ in range(2)]
        run.kill()
    deadline = time.monotonic() + 60
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_errors_of_tasks_are_raised():
    with pytest.raises(TypeError):
        list(Processes(2).map(add, [[1], ["a"], [2]]))


def test_all_cores_are_used_by_default():
    assert isinstance(choose_engine(None, None), Processes)
    with pytest.raises(OptionError, match="1 to 1024"):
        choose_engine(None, 0)


SCRIPT = """
import sys
from pathlib import Path
from pillow_kmq.collection import convert
if __name__ == "__main__":
    convert(sorted(Path(sys.argv[1]).rglob("*.png")), "web-safe", sys.argv[2], processes=2)
"""


@pytest.mark.jit
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_killed_run_loses_only_files_in_flight(tmp_path: Path):
    paths = sorted(write_tiles(tmp_path / "in", 300))
    out = tmp_path / "out"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run = subprocess.Popen([sys.executable, script, tmp_path / "in", out], start_new_session=True)
    deadline = time.monotonic() + 120
    while not (out / "manifest.jsonl").exists() or (out / "manifest.jsonl").read_bytes().count(b"\n") < 80:
        assert run.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    recorded = (out / "manifest.jsonl").read_bytes().count(b"\n")
    written = sum(1 for _ in out.rglob("*.png"))
    assert recorded <= written <= recorded + 2 * 2 * 8
    summary = convert(paths, "web-safe", out, processes=1)
    assert (summary.unchanged, summary.converted) == (recorded, 300 - recorded)
    assert len(list(read_manifest(summary.manifest))) == 300
