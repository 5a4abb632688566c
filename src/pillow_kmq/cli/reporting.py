"""What the command prints about its jobs: lines, JSON and a summary; and its exit status."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field

from .batch import FAILURE, HELD, PLANNED, SKIPPED, WRITTEN, Result
from .outputs import Job
from .statuses import UNWRITABLE
from .terminal import say, sizes


@dataclass
class Reporter:
    """Prints results as they come and adds them up.

    Attributes:
        json_lines: True for one JSON object per file on standard output.
        quiet: True to print errors only.
        err: True to print to standard error, as standard output takes an image.
        status: Exit status so far: that of the last job that failed or was held back.
    """

    json_lines: bool
    quiet: bool
    err: bool
    status: int = 0
    _counts: Counter[str] = field(default_factory=Counter)
    _before: int = 0
    _after: int = 0
    _started: float = field(default_factory=time.monotonic)

    def add(self, job: Job, result: Result) -> None:
        """Print a result and count it."""
        self._counts[result.status] += 1
        if result.status == WRITTEN:
            self._before += result.before
            self._after += result.after
        self.status = result.exit_status or self.status
        if result.status == FAILURE:
            say(result.text, err=True)
        if self.json_lines:
            self._print(json_line(job, result), err=False)
        elif result.text and result.status != FAILURE and not self.quiet:
            self._print(result.text, err=self.err)

    def summarize(self) -> None:
        """Print the summary of several files."""
        if self._counts.total() > 1 and not (self.quiet or self.json_lines):
            self._print(self._summary(), err=self.err)

    def _print(self, text: str, *, err: bool) -> None:
        if not say(text, err=err):
            self.status = UNWRITABLE

    def _summary(self) -> str:
        parts = [
            f"{self._counts[status]:,} {words}"
            for status, words in (
                (PLANNED, "would be written"),
                (FAILURE, "failed"),
                (HELD, "held back"),
                (SKIPPED, "skipped, as outputs exist (--force overwrites them)"),
            )
            if self._counts[status]
        ]
        if self._counts[WRITTEN]:
            files = f"{self._counts[WRITTEN]:,} file{'s' * (self._counts[WRITTEN] > 1)}"
            parts.insert(0, f"{files}, {sizes(self._before, self._after)}")
            parts.append(f"{time.monotonic() - self._started:.1f} s")
        return "; ".join(parts)


def json_line(job: Job, result: Result) -> str:
    r"""Return a result as a JSON object in one line of ASCII.

    Bytes of names that are not valid UTF-8 are `\udc80` to `\udcff`, as in Python's `os.fsdecode`.
    """
    return json.dumps({
        "source": job.source,
        "target": None if job.unreadable or job.own_output else job.target,
        "status": result.status,
        "exit_status": result.exit_status,
        "bytes_before": result.before or None,
        "bytes_after": result.after or None,
        "colors": result.colors,
        "quality": result.quality,
        "error": result.error,
        "seconds": round(result.seconds, 3),
        "message": result.message,
    })  # fmt: skip
