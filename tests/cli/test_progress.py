"""The progress bar of several files, in a terminal of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from PIL import Image

from pillow_kmq.cli import progress
from pillow_kmq.cli.progress import Bar

posix_only = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")

COMMAND = [sys.executable, "-m", "pillow_kmq"]


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernels_on_disk: None) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pictures(*names: str) -> None:
    for number, name in enumerate(names):
        Image.effect_noise((40, 30), 20 + number).convert("RGB").save(name, compress_level=0)


class Terminal:
    """A command whose standard output and error are a pseudo-terminal of 40 lines and 100 columns."""

    def __init__(self, *arguments: str) -> None:
        import fcntl
        import struct
        import termios

        self.text = ""
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=_take_terminal
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65536):
                self.text += data.decode()
        except OSError:  # the last process has closed it
            pass

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def shows(self, pattern: str) -> bool:
        return until(lambda: re.search(pattern, self.text) is not None)

    def end(self) -> int:
        status = self.process.wait(60)
        self._reader.join(60)
        os.close(self._ours)
        return status

    def lines(self) -> list[str]:
        """What stays on the screen: of each line, what was written after the cursor's last return to its start."""
        return [line.rpartition("\r")[2] for line in self.text.replace("\r\n", "\n").rstrip("\n").split("\n")]


def _take_terminal() -> None:
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


@posix_only
@pytest.mark.parametrize("count", ["1", "2"])
def test_a_terminal_shows_files_rate_and_time_left_and_only_lines_stay(count: str) -> None:
    pictures("a.png", "b.png")
    os.mkfifo("pipe.png")
    with Terminal("a.png", "pipe.png", "b.png", "-j", count) as terminal:
        if count == "2":  # the other process goes on, and the bar with it
            assert terminal.shows(r"67%\|.*\| 2/3 \[\d\d:\d\d<(\d\d:\d\d|\?), .*(files/s|s/ files)")
        else:
            assert terminal.shows("a.png -> ")
            time.sleep(1.1)  # the bar comes with the first sign of progress after a second
        subprocess.run(["sh", "-c", "cat a.png > pipe.png"], check=True, timeout=60)  # waits for the reader
        assert terminal.end() == 0
    assert re.search(r"\| [12]/3 \[\d\d:\d\d<\d\d:\d\d, .*(files/s|s/ files)\]", terminal.text)
    shown = terminal.lines()
    assert [line.partition(" -> ")[0] for line in shown[:-1]] == ["a.png", "pipe.png", "b.png"]
    assert shown[-1].startswith("3 files, ")


@posix_only
def test_a_quiet_run_and_one_without_a_terminal_show_no_bar() -> None:
    pictures("a.png", "b.png")
    with Terminal("-q", "-f", "a.png", "b.png") as terminal:
        assert (terminal.end(), terminal.text) == (0, "")
    run = subprocess.run([*COMMAND, "-f", "a.png", "b.png"], capture_output=True, check=False, timeout=60)
    assert (run.returncode, run.stderr) == (0, b"")


@posix_only
@pytest.mark.parametrize("count", ["1", "2"])
def test_ctrl_c_ends_a_batch_in_a_terminal_and_its_processes(count: str) -> None:
    pictures("a.png", "b.png", "c.png")
    os.mkfifo("pipe.png")
    with Terminal("a.png", "pipe.png", "b.png", "c.png", "-j", count) as terminal:
        assert terminal.shows("a.png -> a-kmq.png")
        terminal.type(b"\x03")
        status = terminal.end()  # all processes have closed the terminal
    assert status == -signal.SIGINT
    assert "Traceback" not in terminal.text
    assert "killed" not in terminal.text
    assert not list(Path().glob(".kmq-*"))


class Screen(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_library_is_loaded_when_a_bar_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    monkeypatch.setitem(sys.modules, "tqdm", None)  # importing it fails
    with Bar(9, enabled=True) as bar:
        now = 100.9
        bar.step()
        assert screen.getvalue() == ""
        now = 101.1
        with pytest.raises(ImportError):
            bar.step()
    monkeypatch.delitem(sys.modules, "tqdm")
    with Bar(9, enabled=True) as bar:
        for _ in range(4):
            bar.step()
        now = 103.0
        bar.step()
        assert "| 5/9 [" in screen.getvalue()
        bar.note("compiling kernel 1 of 2")
        assert "compiling kernel 1 of 2" in screen.getvalue()
    assert screen.getvalue().rpartition("\r")[2] == ""


def test_a_bar_that_is_not_enabled_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_FIRST", 0.0)
    for enabled, stream in ((False, Screen()), (True, StringIO())):
        monkeypatch.setattr(sys, "stderr", stream)
        with Bar(2, enabled=enabled) as bar:
            bar.step()
            bar.clear()
            bar.step()
        assert stream.getvalue() == ""


def _writers(fifo: str) -> Iterator[int]:
    """Yield a descriptor for writing, once a process has opened a named pipe for reading."""
    with suppress(OSError):
        yield os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)


@posix_only
def test_ctrl_c_ends_the_processes_that_learn_a_palette() -> None:
    pictures(*(f"{number:02}.png" for number in range(40)))
    os.mkfifo("zz.png")  # is not written to, so that the run does not end
    with Terminal("palette", "learn", "*.png", "zz.png", "-j", "2", "-o", "a.gpl") as terminal:
        writers: list[int] = []  # kept open, so that the reader waits
        assert until(lambda: writers.extend(_writers("zz.png")) or bool(writers))
        terminal.type(b"\x03")
        status = terminal.end()
        os.close(writers[0])
    assert status == -signal.SIGINT
    assert "Traceback" not in terminal.text
    assert "Warning" not in terminal.text
    assert not os.path.exists("a.gpl")
