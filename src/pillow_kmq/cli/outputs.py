"""Where the command line puts its results: which file becomes which, and what must not be written."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import KmqError, OptionError
from ..saving.files import replace_file, write_standard_output

STREAM = "-"  # standard input or output in place of a file name
SUFFIXES = {"png": "-kmq.png", "kmq": ".kmq"}


class Refused(KmqError):
    """One input cannot be converted; the message is a sentence for the user."""


@dataclass(frozen=True)
class Job:
    """One input and where its output goes; `problem` says why it must not be done."""

    source: str
    target: str
    format: str
    problem: str | None = None


def plan(inputs: Sequence[str], output: str | None, ext: str | None, format_: str | None) -> list[Job]:
    """One job per input, in order. Raises OptionError where the arguments contradict each other.

    A job that would overwrite the output of another, or an input of another, carries a problem.
    """
    if output is not None and ext is not None:
        raise OptionError("--output and --ext exclude each other")
    if output is not None and len(inputs) > 1:
        raise OptionError("--output takes a single input; several outputs are named by --ext")
    if inputs.count(STREAM) > 1:
        raise OptionError("standard input can be read only once")
    if "" in (output, ext):
        raise OptionError("--output and --ext must not be empty")
    format_ = format_ or _format_by_name(output or ext)
    suffix = ext or SUFFIXES[format_]

    readers = {_identity(source): source for source in reversed(inputs) if source != STREAM}
    writers: dict[str, str] = {}
    jobs = []
    for source in inputs:
        target = output or _default_target(source, suffix)
        problem = None
        if target != STREAM:
            identity = _identity(target)
            if identity in writers:
                problem = f"its output would be {target}, as for {writers[identity]}; give it another by --output"
            elif readers.get(identity, source) != source:
                problem = f"its output would be {target}, another input; give it another by --output"
            else:
                writers[identity] = source
        jobs.append(Job(source, target, format_, problem))
    return jobs


def _default_target(source: str, suffix: str) -> str:
    return STREAM if source == STREAM else os.path.splitext(source)[0] + suffix


def _format_by_name(name: str | None) -> str:
    if name is None or name == STREAM:
        return "png"
    for format_ in SUFFIXES:
        if name.lower().endswith(f".{format_}"):
            return format_
    raise OptionError(f"cannot tell the format from {name!r}: end it in .png or .kmq, or give --format")


def _identity(path: str) -> str:
    """The same string for all names of one file."""
    return os.path.normcase(os.path.realpath(path))


def check_target(target: str, force: bool) -> None:
    """Raise Refused if a file must not be written: before the work, so that none is done in vain."""
    if target == STREAM:
        if sys.stdout is None:
            raise Refused("cannot write to standard output: it is closed; use --output to name a file")
        if sys.stdout.isatty():
            raise Refused("an image is not written to a terminal; redirect the output or use --output")
    elif os.path.isdir(target):
        raise Refused(f"the output {target} is a directory")
    elif os.path.exists(target):
        if not os.path.isfile(target):
            raise Refused(f"the output {target} is not a regular file; use --output - for streams")
        if not force:
            raise Refused(f"the output {target} exists; use --force to overwrite it")


def write(target: str, data: bytes) -> None:
    """Write a file whole or not at all, or all of `data` to standard output. Raises Refused if the system does."""
    try:
        if target == STREAM:
            write_standard_output(data)
        else:
            replace_file(target, data)
    except OSError as error:
        name = "to standard output" if target == STREAM else target
        raise Refused(f"cannot write {name}: {reason(error)}") from None


def reason(error: OSError) -> str:
    """What the system says is wrong, to be put into a sentence."""
    return (error.strerror or str(error)).lower()
