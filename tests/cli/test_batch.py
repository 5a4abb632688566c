"""Several files in one call: results, order, JSON, summary, and worker processes that end early."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pillow_kmq.cli import batch, workers
from pillow_kmq.cli.convert import Settings
from pillow_kmq.cli.outputs import Job

posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX names, pipes and signals")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="/proc, and names of any bytes")

COMMAND = [sys.executable, "-m", "pillow_kmq"]
SETTINGS = Settings({"colors": 16}, force=False, skip_if_larger=False, strip=False, quiet=False)


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernels_on_disk: None) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kmq(*arguments: str | bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, timeout=120, check=False, **options)


def picture(name: str | bytes, number: int = 0) -> None:
    """Save a picture that differs from those of other numbers, without compression so that it can get smaller."""
    y, x = np.mgrid[0:24, 0:32]
    path = Path(os.fsdecode(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.dstack([x * 8, y * 9, (x * y + number * 40) % 256]).astype(np.uint8))
    image.save(path, compress_level=0)


def pictures(*names: str | bytes) -> None:
    for number, name in enumerate(names):
        picture(name, number)


def files(top: str = ".") -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in sorted(Path(top).rglob("*")) if path.is_file()}


def objects(run: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.stdout.splitlines()]


# The same with any number of processes


def test_any_number_of_jobs_gives_the_same_files_and_lines_in_the_order_of_the_inputs() -> None:
    pictures(*(f"in/{name}.png" for name in "cafdbe"))
    Path("in/d.png").write_bytes(b"damaged")
    Image.effect_noise((300, 300), 60).convert("RGB").save("in/a.png")  # it takes the longest
    runs = {count: kmq("16", "-r", "in", "--out-dir", f"out{count}", "-j", count) for count in ("1", "2", "3")}
    for count, run in runs.items():
        assert run.returncode == 25
        assert run.stderr == b"kmq: in/d.png: not an image that Pillow can read\n"
        assert files(f"out{count}") == files("out1")
        lines = re.sub(rb"out\d", b"out", run.stdout).splitlines()[:-1]
        assert lines == runs["1"].stdout.replace(b"out1", b"out").splitlines()[:-1]
        assert [line[:8] for line in lines] == [f"in/{name}.png".encode() for name in "abcef"]
    assert set(files("out1")) == {f"{name}.png" for name in "abcef"}


def test_little_work_is_done_in_this_process_and_much_in_one_per_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "available_processors", lambda: 7)
    pictures("a.png", "b.png")
    few = [Job("a.png", "a-kmq.png", "png"), Job("b.png", "b-kmq.png", "png")]

    def processes(jobs: list[Job], wanted: int | None = None) -> int:
        return batch.processes_for(batch._sources(jobs, SETTINGS), wanted)

    assert processes(few) == 1
    assert processes(few * 60) == 7
    Path("a.png").write_bytes(bytes(2_000_000))
    assert processes(few) == 7
    assert processes([Job("a.png", "a-kmq.png", "png", own_output=True), few[1]]) == 1
    assert processes([Job("missing.png", "m.png", "png")] * 500) == 1
    assert processes(few, 3) == 3
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert processes(few, 3) == 1


def test_a_run_with_a_stream_stays_in_this_process() -> None:
    pictures("a.png", "b.png")
    run = kmq("-", "b.png", "-j", "2", input=Path("a.png").read_bytes())
    assert run.returncode == 0
    assert run.stdout.startswith(b"\x89PNG")
    assert b"2 files, " in run.stderr


@pytest.mark.parametrize("options", [("--palette", "#000,#fff,#f00"), ("3", "--shared-palette")])
def test_palettes_and_other_options_reach_the_processes(options: tuple[str, ...]) -> None:
    pictures("a.png", "b.png")
    for count in ("1", "2"):
        assert kmq(*options, "-j", count, "--out-dir", count, "a.png", "b.png").returncode == 0
    assert files("1") == files("2")
    assert Image.open("2/b.png").getpalette() == Image.open("2/a.png").getpalette()
    assert len(Image.open("2/b.png").getpalette() or []) == 9


def test_a_shared_palette_is_found_without_outputs_of_earlier_runs() -> None:
    pictures("in/a.png", "in/b.png")
    for _ in range(2):
        assert kmq("3", "-f", "--shared-palette", "in/a.png", "in/b.png", "in/a-kmq.png").returncode == 0
        found = Image.open("in/a-kmq.png").getpalette()
        assert found == Image.open("in/b-kmq.png").getpalette()
    assert kmq("3", "--shared-palette", "-r", "in", "--out-dir", "out").returncode == 0
    assert Image.open("out/a.png").getpalette() == found


@pytest.mark.parametrize("possible", [0, 1])
def test_files_are_converted_if_no_or_few_processes_can_be_started(
    monkeypatch: pytest.MonkeyPatch, possible: int
) -> None:
    started = []

    class Worker(workers._Worker):
        def __init__(self, settings: Settings) -> None:
            if len(started) == possible:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            super().__init__(settings)
            started.append(self)

    monkeypatch.setattr(workers, "_Worker", Worker)
    pictures("a.png", "b.png", "c.png")
    jobs = [Job(f"{name}.png", f"{name}-kmq.png", "png") for name in "abc"]
    found = list(workers.in_processes(jobs, SETTINGS, 3, None, lambda: None))
    assert [result.status for result in found] == ["written"] * 3
    assert len(started) == possible


# What is said


def test_the_summary_adds_up_and_is_for_several_files_only() -> None:
    pictures("a.png", "b.png")
    run = kmq("16", "a.png", "b.png", "missing.png")
    before, after = (sum(Path(f"{name}{end}").stat().st_size for name in "ab") for end in (".png", "-kmq.png"))
    last = run.stdout.decode().splitlines()[-1]
    assert re.fullmatch(rf"2 files, {before:,} -> {after:,} bytes, [\d.]+ % (saved|larger); 1 failed; [\d.]+ s", last)
    assert len(kmq("-f", "a.png").stdout.splitlines()) == 1
    assert kmq("-fq", "a.png", "b.png").stdout == b""


def test_json_has_one_object_per_file_also_for_failures() -> None:
    pictures("a.png", "b.png")
    Path("c.png").write_bytes(b"damaged")
    Path("folder").mkdir()
    Path("b-kmq.png").write_bytes(b"precious")
    run = kmq("128", "--json", "-j", "2", "a.png", "b.png", "c.png", "missing.png", "folder")
    assert run.returncode == 2
    written, *failures = objects(run)
    assert written.pop("seconds") > 0
    assert 0 < written.pop("quality") < 100
    assert 0 < written.pop("error") < 10
    assert written == {
        "source": "a.png",
        "target": "a-kmq.png",
        "status": "written",
        "exit_status": 0,
        "bytes_before": Path("a.png").stat().st_size,
        "bytes_after": Path("a-kmq.png").stat().st_size,
        "colors": 128,
        "message": "",
    }
    assert [(one["source"], one["status"], one["exit_status"]) for one in failures] == [
        ("b.png", "failed", 15),
        ("c.png", "failed", 25),
        ("missing.png", "failed", 2),
        ("folder", "failed", 2),
    ]
    assert failures[2]["message"] == "cannot read it: no such file or directory"
    assert failures[3]["target"] is None
    assert len(run.stderr.splitlines()) == 4


def test_json_says_what_was_held_back_and_what_was_noted() -> None:
    Image.new("RGB", (1, 1), "red").save("a.png", optimize=True)
    Image.fromarray(np.array([[0, 65535]], np.uint16)).save("b.png")
    held, noted = objects(kmq("--json", "--skip-if-larger", "a.png", "b.png"))
    assert (held["status"], held["exit_status"], held["error"]) == ("held", 98, 0.0)
    assert held["bytes_after"] >= held["bytes_before"]
    assert "16 bits reduced to 8" in noted["message"]


def test_json_and_an_image_on_standard_output_are_refused() -> None:
    pictures("a.png")
    run = kmq("--json", "a.png", "-o", "-")
    assert run.returncode == 4
    assert b"--json prints to standard output" in run.stderr


# Names


NAMES = ("with space.png", "--force.png", "-j.png", "größe 😀.png", "'quotes\".png")


@pytest.mark.parametrize("count", ["1", "2"])
def test_odd_names_are_converted_and_printed(count: str) -> None:
    pictures(*NAMES)
    run = kmq("-q", "-r", ".", "-j", count, "--out-dir", "out")
    assert (run.returncode, run.stderr) == (0, b"")
    assert set(files("out")) == set(NAMES)
    run = kmq("--json", "-j", count, "--", *NAMES)
    assert [one["source"] for one in objects(run)] == list(NAMES)
    assert {one["status"] for one in objects(run)} == {"written"}


@linux_only
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
@pytest.mark.parametrize("count", ["1", "2"])
def test_names_that_are_no_text_are_printed_readably_and_kept_in_json(locale: str, count: str) -> None:
    names = [b"a\xff.png", b"new\nline.png", b"\x1b[31m.png"]
    pictures(*names)
    environment = {**os.environ, "LC_ALL": locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    run = kmq("-j", count, *names, b"gone\xff\n.png", env=environment)
    assert run.returncode == 2
    assert [line.split(b" -> ")[0] for line in run.stdout.splitlines()[:-1]] == [
        rb"a\udcff.png",
        rb"new\nline.png",
        rb"\x1b[31m.png",
    ]
    assert run.stderr == rb"kmq: gone\udcff\n.png: cannot read it: no such file or directory" + b"\n"
    run = kmq("-f", "--json", "-j", count, *names, env=environment)
    assert [os.fsencode(one["source"]) for one in objects(run)] == names
    assert run.stdout.isascii()


# Later runs


def test_a_second_run_leaves_outputs_alone_unless_forced_or_older() -> None:
    pictures("in/a.png", "in/b.png")
    assert kmq("-r", "in").returncode == 0
    before = files()
    again = kmq("-r", "in")
    assert (again.returncode, files()) == (0, before)
    assert b"2 skipped, as outputs exist (--force overwrites them)" in again.stdout
    assert [one["status"] for one in objects(kmq("-r", "in", "--json"))] == ["skipped", "skipped"]

    os.utime("in/a.png", ns=(time.time_ns() + 10**10,) * 2)
    changed = kmq("-r", "in")
    assert (changed.returncode, files()) == (15, before)
    assert b"in/a.png: the output in/a-kmq.png already exists" in changed.stderr.replace(b"\\", b"/")
    assert kmq("8", "-f", "-r", "in").returncode == 0
    assert set(files()) == set(before)
    assert files() != before


def test_outputs_among_the_inputs_are_skipped_and_their_originals_converted() -> None:
    pictures("a.png", "b.png")
    assert kmq("a.png").returncode == 0
    run = kmq("-f", "--json", "a-kmq.png", "a.png", "b.png")
    assert run.returncode == 0
    assert [one["status"] for one in objects(run)] == ["skipped", "written", "written"]
    assert set(files()) == {"a.png", "a-kmq.png", "b.png", "b-kmq.png"}


def test_a_folder_of_outputs_alone_has_nothing_to_convert() -> None:
    pictures("in/a-kmq.png")
    run = kmq("-r", "in")
    assert (run.returncode, run.stdout) == (0, b"")
    assert b"nothing to convert" in run.stderr


# Options


def test_a_dry_run_names_outputs_and_writes_nothing() -> None:
    pictures("in/a.png", "in/sub/b.png", "in/c.png")
    pictures("c-kmq.png")
    before = files()
    run = kmq("-nr", "in", "--out-dir", "out")
    assert (run.returncode, files()) == (0, before)
    lines = run.stdout.decode().replace("\\", "/").splitlines()
    assert lines[:3] == [f"in/{name}.png -> out/{name}.png" for name in ("a", "c", "sub/b")]
    assert lines[3:] == ["3 would be written"]
    assert kmq("-n", "in/c.png", "--ext", ".png").returncode == 15
    assert {one["status"] for one in objects(kmq("--dry-run", "--json", "-r", "in"))} == {"planned"}


@pytest.mark.parametrize("count", ["1", "2"])
def test_preserve_keeps_the_times_of_the_inputs(count: str) -> None:
    pictures("a.png", "b.png")
    os.utime("a.png", ns=(10**18, 10**18 + 12345600))
    assert kmq("--preserve", "-j", count, "a.png", "b.png").returncode == 0
    assert os.stat("a-kmq.png").st_mtime_ns == os.stat("a.png").st_mtime_ns
    assert kmq("--preserve", "-j", count, "-f", "--ext", ".png", "a.png", "b.png").returncode == 0
    assert abs(os.stat("a.png").st_mtime_ns - 10**18) < 10**9, "replaced in place"
    assert kmq("-f", "a.png").returncode == 0
    assert os.stat("a-kmq.png").st_mtime_ns > 10**18 + 10**17


def test_an_output_folder_is_made_and_one_that_cannot_be_is_named() -> None:
    pictures("in/sub/a.png", "in/b.png")
    assert kmq("-r", "in", "--out-dir", "new/er").returncode == 0
    assert set(files("new")) == {os.path.join("er", "b.png"), os.path.join("er", "sub", "a.png")}
    Path("file").write_bytes(b"")
    run = kmq("-r", "in", "--out-dir", "file")
    assert run.returncode == 16
    assert run.stderr.count(b"cannot write file") == 2


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_named_for_each_file() -> None:
    pictures("in/a.png", "in/b.png")
    os.chmod("in", 0o500)
    run = kmq("-r", "in", "-j", "2")
    os.chmod("in", 0o700)
    assert run.returncode == 16
    assert run.stderr.count(b"-kmq.png: permission denied") == 2


# Processes that end early


def waiting(command: subprocess.Popen[bytes]) -> list[int]:
    """Wait for a worker that reads a named pipe, and return the workers of a command."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = children(command.pid)
        if any(path.endswith("/pipe.png") for pid in found for path in opened(pid)):
            return found
        time.sleep(0.02)
    raise AssertionError("no worker has opened the pipe")


def children(parent: int) -> list[int]:
    pids = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    return [pid for pid in pids if is_worker(pid, parent)]


def is_worker(pid: int, parent: int) -> bool:
    try:
        about = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(about[1]) == parent and b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def opened(pid: int) -> list[str]:
    """Return the paths that a process has open."""
    found = []
    with suppress(OSError):  # it, or what it had open, is gone
        for name in os.listdir(f"/proc/{pid}/fd"):
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


@contextmanager
def stuck(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """Run a command with two workers, one of which reads a pipe into which nothing is written; also yield their pids.

    The pipe is open for writing, so that the worker has it open too.
    """
    pictures("a.png", "b.png", "c.png")
    os.mkfifo("pipe.png")
    ours = os.open("pipe.png", os.O_RDWR)
    line = [*COMMAND, "-j", "2", *(arguments or ("a.png", "pipe.png", "b.png", "c.png"))]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        try:
            yield command, waiting(command)
        finally:
            command.kill()
            os.close(ours)


@linux_only
def test_a_worker_that_is_killed_costs_its_own_file_only() -> None:
    with stuck("pipe.png", "a.png", "b.png") as (command, (worker,)):
        os.kill(worker, signal.SIGKILL)
        out, err = command.communicate(timeout=60)
    assert command.returncode == 1
    assert err.startswith(b"kmq: pipe.png: the process that converted it was killed (SIGKILL)")
    assert out.splitlines()[0].startswith(b"a.png -> a-kmq.png")
    assert {"a-kmq.png", "b-kmq.png"} < set(os.listdir())


@linux_only
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_workers_end_with_the_command_and_no_signal_is_reported_as_a_failure(name: str) -> None:
    number = getattr(signal, name)
    with stuck() as (command, pids):
        assert until(lambda: "a-kmq.png" in os.listdir())
        command.send_signal(number)
        _, err = command.communicate(timeout=60)
    assert command.returncode == -number, "by which a shell knows that it was a signal: status 128 + number"
    assert until(lambda: not any(alive(pid) for pid in pids))
    assert err == b""
    assert not list(Path().glob(".kmq-*"))


@linux_only
def test_signals_to_all_processes_are_not_reported_as_failures() -> None:
    with stuck() as (command, pids):
        for pid in (*pids, command.pid):
            os.kill(pid, signal.SIGTERM)
        out, err = command.communicate(timeout=60)
    assert command.returncode == -signal.SIGTERM
    assert b"pipe.png" not in out + err


# Log records


def test_what_several_workers_say_is_printed_once(caplog: pytest.LogCaptureFixture) -> None:
    theirs, ours = Pipe()
    sender = workers._Sender(theirs.send)
    log = logging.getLogger("pillow_kmq")
    with caplog.at_level(logging.DEBUG, "pillow_kmq"):
        pool = workers._Pool([], SETTINGS, 2, lambda: None)
        for level in (logging.WARNING, logging.WARNING, logging.DEBUG, logging.DEBUG):
            sender.emit(log.makeRecord("pillow_kmq", level, "", 0, "kernel %d", (level,), None))
            worker = type("Worker", (), {"pipe": ours})()
            pool._receive(worker)
    assert [record.getMessage() for record in caplog.records] == ["kernel 30", "kernel 10", "kernel 10"]
