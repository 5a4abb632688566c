"""Outputs of the command line: their names, and checks against overwriting."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import OptionError
from ..saving.files import replace_file, write_all, write_standard_output
from .statuses import EXISTS, UNWRITABLE, Refused

STREAM = "-"  # standard input or output instead of a file name
FORMATS = ("png", "kmq", "gif", "apng", "webp", "tif", "bmp", "pcx", "tga")
_EXTENSIONS = {**{f".{format_}": format_ for format_ in FORMATS}, ".tiff": "tif"}


@dataclass(frozen=True)
class Job:
    """One input and its output.

    Attributes:
        source: Path of the input, or STREAM.
        target: Path of the output, or STREAM.
        format: One of FORMATS.
        problem: Reason for not converting it, shown to the user; None if there is none.
    """

    source: str
    target: str
    format: str
    problem: str | None = None


def plan(inputs: Sequence[str], output: str | None, ext: str | None, format_: str | None) -> list[Job]:
    """Return one job per input, in order. A job that would overwrite the file of another has a problem.

    Args:
        inputs: Paths of the inputs, or STREAM.
        output: Path of the only output, or STREAM; None for a default name.
        ext: Suffix of default output names; None for that of the format.
        format_: One of FORMATS; None to take it from `output` or `ext`, or else "png".

    Raises:
        OptionError: The arguments contradict each other.
    """
    if output is not None and ext is not None:
        raise OptionError("--output and --ext cannot be combined: drop one of them")
    if output is not None and len(inputs) > 1:
        raise OptionError(f"--output takes a single input, not {len(inputs)}: use --ext to name several outputs")
    if inputs.count(STREAM) > 1:
        raise OptionError("standard input (-) can be read only once: drop the others")
    if "" in (output, ext):
        raise OptionError("--output and --ext must not be empty: leave them out for default names")
    format_ = format_ or _format_by_name(output or ext)
    suffix = ext or (".kmq" if format_ == "kmq" else f"-kmq.{format_}")

    readers = {_identity(source): source for source in reversed(inputs) if source != STREAM}
    writers: dict[str, str] = {}
    jobs = []
    for source in inputs:
        target = output or _default_target(source, suffix)
        problem = None
        if target != STREAM:
            identity = _identity(target)
            if identity in writers:
                problem = f"the output {target} is also that of {writers[identity]}; use --output to name another"
            elif readers.get(identity, source) != source:
                problem = f"the output {target} is another input; use --output to name another"
            else:
                writers[identity] = source
        jobs.append(Job(source, target, format_, problem))
    return jobs


def _default_target(source: str, suffix: str) -> str:
    return STREAM if source == STREAM else os.path.splitext(source)[0] + suffix


def _format_by_name(name: str | None) -> str:
    if name is None or name == STREAM or _is_device(name):
        return "png"
    for extension, format_ in _EXTENSIONS.items():
        if name.lower().endswith(extension):
            return format_
    known = ", ".join(f".{format_}" for format_ in FORMATS)
    raise OptionError(f"cannot tell the format from {name!r}: end it in {known}, or give --format")


def _is_device(path: str) -> bool:
    """Return whether a path is a character device, such as /dev/null, or a named pipe, which are written in place."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _identity(path: str) -> str:
    """Return a string that is the same for all names of one file."""
    return os.path.normcase(os.path.realpath(path))


def check_target(target: str, force: bool) -> None:
    """Raise Refused if a file must not be written. This is checked before converting, which takes time."""
    if target == STREAM:
        if sys.stdout is None:
            raise Refused("cannot write to standard output: it is closed; use --output to name a file", UNWRITABLE)
        if sys.stdout.isatty():
            raise Refused(
                "cannot write an image to a terminal; redirect the output or use --output to name a file", UNWRITABLE
            )
    elif os.path.isdir(target):
        raise Refused(f"the output {target} is a directory; use --output to name a file", UNWRITABLE)
    elif os.path.exists(target) and not _is_device(target):
        if not os.path.isfile(target):
            raise Refused(f"the output {target} is neither a file nor a pipe; name another", UNWRITABLE)
        if not force:
            raise Refused(f"the output {target} already exists; use --force to overwrite it", EXISTS)


def write(target: str, data: bytes) -> None:
    """Write a file atomically, or all of `data` to a stream. Raises Refused for an OSError."""
    try:
        if target == STREAM:
            write_standard_output(data)
        elif _is_device(target):
            with open(target, "wb", buffering=0) as device:
                write_all(device, data)
        else:
            replace_file(target, data)
    except OSError as error:
        name = "to standard output" if target == STREAM else target
        raise Refused(f"cannot write {name}: {reason(error)}", UNWRITABLE) from None


def reason(error: OSError) -> str:
    """Return the system's description of an error, in lower case."""
    return (error.strerror or str(error)).lower()
