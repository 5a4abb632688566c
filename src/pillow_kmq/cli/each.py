"""Verbs that treat several files one after another: an error in one is reported, and the others are processed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from ..errors import KmqError
from .outputs import STREAM, check_target, write
from .statuses import EXISTS, UNWRITABLE, Refused, status_of
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


def shown_name(file: str, *, out: bool = False) -> str:
    """Return the name of an input, or of an output, for messages."""
    return ("stdout" if out else "stdin") if file == STREAM else file


class Writer:
    """Writing of several outputs, none over another.

    Args:
        force: Overwrite files that exist.
    """

    def __init__(self, *, force: bool) -> None:
        self._force = force
        self._written: set[str] = set()

    def check(self, target: str) -> None:
        """Raise Refused if a file must not be written; to be called before work that takes time."""
        if target != STREAM and os.path.realpath(target) in self._written:
            raise Refused(f"the output {target} is also that of another input; use --output to name another", EXISTS)
        check_target(target, self._force)

    def write(self, target: str, data: bytes) -> None:
        """Write a file completely or not at all. Raises Refused."""
        write(target, data)
        self._written.add(os.path.realpath(target))
