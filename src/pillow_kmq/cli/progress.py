"""The progress bar of several files: how many are done, how fast, and the time left."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from .terminal import Progress

if TYPE_CHECKING:
    from tqdm import tqdm

_FIRST = 1.0
"""Seconds until the bar is shown; shorter runs do without, and do not import tqdm."""

_MOMENT = 0.1
"""Seconds between updates."""


class Bar(Progress):
    """A progress bar on the terminal, erased at the end and while other lines are printed."""

    def __init__(self, total: int, enabled: bool) -> None:
        """Initialise a bar.

        Args:
            total: Number of files.
            enabled: False for no bar, also if standard error is a terminal.
        """
        super().__init__("", enabled)
        self._total = total
        self._done = 0
        self._bar: tqdm[None] | None = None
        self._started = time.monotonic()
        self._next = self._started + _FIRST

    def update(self, _: float = 0.0) -> None:
        """Show the bar as it is now, if it is time for that."""
        now = time.monotonic()
        if not self.enabled or now < self._next:
            return
        self._next = now + _MOMENT
        if self._bar is None:
            self._bar = _new_bar(self._total, now - self._started)
        self._bar.n = self._done
        self._bar.refresh()

    def advance(self, done: float) -> None:
        """Show that a fraction of all files is done, 0..1."""
        self._done = round(done * self._total)
        self.update()

    def step(self) -> None:
        """Count a file that is done."""
        self._done += 1
        self.update()

    def note(self, text: str) -> None:
        """Show a note next to the bar, until the next one."""
        self.update()
        if self._bar is not None:
            self._bar.set_postfix_str(text)

    def clear(self) -> None:
        """Erase the bar, until the next update."""
        if self._bar is not None:
            self._bar.clear()
            self._next = 0.0

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        Progress.current = None


def _new_bar(total: int, seconds: float) -> tqdm[None]:
    """Return a bar of some files that began a number of seconds ago."""
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread
    tqdm.set_lock(threading.RLock())  # no semaphore of multiprocessing
    # With a delay, it is not shown before it knows how many files are done.
    bar = tqdm(total=total, unit=" files", file=sys.stderr, leave=False, dynamic_ncols=True, delay=1e-9)
    bar.start_t -= seconds
    return bar
