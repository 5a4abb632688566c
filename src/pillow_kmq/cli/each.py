"""Verbs that treat several files one after another: an error in one is reported, and the others are processed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..errors import KmqError
from .outputs import Job
from .statuses import UNWRITABLE, status_of
from .terminal import failure_line, say

Each = TypeVar("Each", str, Job)


def for_each(files: Iterable[Each], work: Callable[[Each], str], *, quiet: bool = False, err: bool = False) -> int:
    """Call `work` for each file, and print the text that it returns.

    Args:
        files: Paths, - for standard input; or jobs.
        work: Function that may raise KmqError.
        quiet: Print errors only.
        err: Print to standard error, as standard output is for data.

    Returns:
        The exit status: that of the last file that failed, or 0.
    """
    status = 0
    for file in files:
        try:
            text = work(file)
        except KmqError as error:
            say(failure_line(file.source if isinstance(file, Job) else file, str(error)), err=True)
            status = status_of(error)
            continue
        if not quiet and not say(text, err=err):
            status = UNWRITABLE
    return status
