"""What the command line shows: lines, a progress line, and log records."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ..saving.files import discard_output
from .outputs import STREAM, reason
from .statuses import UNWRITABLE


def shown(text: str) -> str:
    r"""Return a line with `\n` and the like for characters that are not printable, which names of files may have."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown_name(path: str, stream: str = "stdin") -> str:
    """Return a path as in messages, and `stream` for standard input or output."""
    return stream if path == STREAM else shown(path) or "''"


def failure_line(source: str, message: str) -> str:
    """Return the line about an input that failed."""
    return f"kmq: {shown_name(source)}: {shown(message)}"


def sizes(before: int, after: int) -> str:
    """Return the sizes of input and output, and by how much the file has shrunk or grown."""
    saved = 100 * (1 - after / before) if before else 0.0
    change = f"{saved:.1f} % saved" if saved >= 0 else f"{-saved:.1f} % larger"
    return f"{before:,} -> {after:,} bytes, {change}"


def say(text: str, *, err: bool) -> bool:
    """Print a line and return whether that succeeded; if not, the other inputs are still processed."""
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err)
    except OSError as error:
        if err:
            discard_output(sys.stderr)
        else:
            unprintable(error)
        return False
    return True


def unprintable(error: OSError) -> SystemExit:
    """Report that standard output cannot be written, and return the exception that ends the command."""
    discard_output(sys.stdout)
    say(f"kmq: cannot write to standard output: {reason(error)}", err=True)
    return SystemExit(UNWRITABLE)


class Progress:
    """A progress line on the terminal, erased at the end.

    Attributes:
        current: The line shown at the moment, if any.
        enabled: True if this one is shown at all, as standard error is a terminal.
    """

    current: Progress | None = None

    def __init__(self, text: str, enabled: bool) -> None:
        self._text = text
        self._percent = -1
        self._width = 0
        self.enabled = enabled and sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        Progress.current = self if self.enabled else None
        self.update(0.0)
        return self

    def update(self, done: float) -> None:
        """Show the fraction done, 0..1."""
        percent = int(100 * done)
        if self.enabled and percent != self._percent:
            self._show(f"{self._text} {percent:3} %")
            self._percent = percent

    def note(self, text: str) -> None:
        """Show a note instead of the percentage, until the next update."""
        self._show(f"{self._text}: {text}")
        self._percent = -1

    def step(self) -> None:
        """Count a file that is done."""

    def clear(self) -> None:
        """Erase the line, until the next update."""
        if self._width:
            self._show("")
            self._show("")  # moves the cursor to the start of the line
        self._percent = -1

    def _show(self, line: str) -> None:
        click.echo("\r" + line.ljust(self._width), err=True, nl=False)
        self._width = len(line)

    def __exit__(self, *_: object) -> None:
        if self.enabled:
            self.clear()
        Progress.current = None


class _Records(logging.Handler):
    """Handler that prints log records to standard error, and the number of compiled kernels in the progress line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        text, progress = record.getMessage(), Progress.current
        if record.levelno == logging.DEBUG:
            if progress:
                progress.note(text.partition(":")[0])
            return
        if progress:
            progress.clear()
        say(f"kmq: {text.removeprefix('pillow_kmq: ')}", err=True)


@contextmanager
def printing_records(level: int) -> Iterator[None]:
    """Print log records of at least a level, during a block."""
    log, handler = logging.getLogger("pillow_kmq"), _Records()
    before = log.level
    log.addHandler(handler)
    log.setLevel(level)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
