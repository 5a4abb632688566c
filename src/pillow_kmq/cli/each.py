"""Verbs that treat several files one after another: an error in one is reported, and the others are processed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import KmqError
from .outputs import STREAM
from .statuses import UNWRITABLE, status_of
from .terminal import say


def for_each(files: Iterable[str], work: Callable[[str], str], *, quiet: bool = False, err: bool = False) -> int:
    """Call `work` for each file, and print the text that it returns.

    Args:
        files: Paths; - is standard input.
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
            say(f"kmq: {shown_name(file)}: {error}", err=True)
            status = status_of(error)
            continue
        if not quiet and not say(text, err=err):
            status = UNWRITABLE
    return status


def shown_name(file: str) -> str:
    """Return the name of a file for messages."""
    return "stdin" if file == STREAM else file
