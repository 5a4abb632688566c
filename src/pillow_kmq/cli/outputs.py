"""Outputs of the command line: their names, and checks against overwriting."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..errors import OptionError
from ..saving.files import replace_file, write_all, write_standard_output
from .folders import Folders, Found
from .statuses import EXISTS, UNREADABLE, UNWRITABLE, Refused

STREAM = "-"  # standard input or output instead of a file name
FORMATS = ("png", "kmq", "gif", "apng", "webp", "tif", "bmp", "pcx", "tga")
PYRAMID = "mbtiles"  # the format of tile pyramids, which stay what they are
_EXTENSIONS = {**{f".{format_}": format_ for format_ in (*FORMATS, PYRAMID)}, ".tiff": "tif"}
_OWN = tuple(f"-kmq.{format_}" for format_ in (*FORMATS, PYRAMID))  # what default names of outputs end in

_OTHERWISE = "name another in a run of its own"


@dataclass(frozen=True, slots=True)
class Job:
    """One input and its output.

    Attributes:
        source: Path of the input, or STREAM.
        target: Path of the output, or STREAM.
        format: One of FORMATS, or PYRAMID.
        problem: Reason for not converting it, shown to the user; None if there is none.
        unreadable: True if the problem is that the input cannot be read, not that its output would overwrite a file.
        own_output: True if the input is the output of another one, from an earlier run, and is left as it is.
        in_folder: True if the input was found in a folder.
    """

    source: str
    target: str
    format: str
    problem: str | None = None
    unreadable: bool = False
    own_output: bool = False
    in_folder: bool = False


def plan(
    inputs: Sequence[str],
    output: str | None,
    ext: str | None,
    format_: str | None,
    *,
    out_dir: str | None = None,
    folders: Folders | None = None,
) -> list[Job]:
    """Return one job per file, in order. A job that would overwrite the file of another has a problem.

    Args:
        inputs: Paths of files and folders, or STREAM.
        output: Path of the only output, or STREAM; None for a default name.
        ext: Suffix of default output names; None for that of the format.
        format_: A format; None to take it from `output` or `ext`, or else "png".
        out_dir: Folder of the outputs, with subfolders as in the folders among `inputs`; None to write each next to its
            input.
        folders: What is converted in folders; None to take those among `inputs` for files.

    Raises:
        OptionError: The arguments contradict each other.
    """
    output = STREAM if output == "/dev/stdout" else output  # which may be a file, and must not be replaced
    _check(inputs, output, ext, out_dir, folders)
    format_ = format_ or _format_by_name(output or ext)
    suffix = _suffix(ext, format_, out_dir)
    jobs: list[Job] = []
    for found in _files(inputs, folders, suffix):
        chosen = PYRAMID if is_pyramid(found.path) else format_
        target = output or _default_target(found, _suffix(ext, chosen, out_dir), out_dir)
        if is_pyramid(target) != is_pyramid(found.path):
            raise OptionError(f"cannot convert {found.path} to {target}: only .mbtiles files become .mbtiles files")
        unreadable = found.problem is not None
        jobs.append(Job(found.path, target, chosen, found.problem, unreadable, in_folder=found.in_folder))
    if output is not None and len(jobs) > 1:
        raise OptionError(f"--output takes a single input, not {len(jobs)}: use --out-dir for the images in a folder")
    return _without_collisions(jobs, suffix)


def is_pyramid(path: str) -> bool:
    """Return whether a file is named as a tile pyramid, a database of map tiles."""
    return path.lower().endswith(f".{PYRAMID}")


def _suffix(ext: str | None, format_: str, out_dir: str | None) -> str:
    return ext or (f".{format_}" if format_ == "kmq" or out_dir is not None else f"-kmq.{format_}")


def _check(
    inputs: Sequence[str], output: str | None, ext: str | None, out_dir: str | None, folders: Folders | None
) -> None:
    """Raise OptionError for arguments that contradict each other."""
    if output is not None and ext is not None:
        raise OptionError("--output and --ext cannot be combined: drop one of them")
    if output is not None and out_dir is not None:
        raise OptionError("--output and --out-dir cannot be combined: drop one of them")
    if output is not None and len(inputs) > 1:
        raise OptionError(f"--output takes a single input, not {len(inputs)}: use --ext to name several outputs")
    if inputs.count(STREAM) > 1:
        raise OptionError("standard input (-) can be read only once: drop the others")
    if STREAM in inputs and out_dir is not None:
        raise OptionError("standard input (-) has no name for an output in --out-dir: use --output")
    if folders and (folders.include or folders.exclude) and not folders.recursive:
        raise OptionError("--include and --exclude choose files in folders: add --recursive")
    if "" in (output, ext, out_dir):
        raise OptionError("--output, --ext and --out-dir must not be empty: leave them out for default names")


def _files(inputs: Sequence[str], folders: Folders | None, suffix: str) -> Iterator[Found]:
    """Yield files that were named, and those in folders unless they were named too or are outputs of earlier runs."""
    named = {_identity(source) for source in inputs}
    suffixes = (*_OWN, suffix.lower()) if _is_more_than_an_extension(suffix) else _OWN
    for source in inputs:
        if source == STREAM or folders is None:
            yield Found(source, os.path.basename(source))
            continue
        for found in folders.files(source):
            if found.in_folder:
                identity = _identity(found.path)
                if identity in named or found.path.lower().endswith(suffixes):
                    continue
                named.add(identity)
            yield found


def _default_target(found: Found, suffix: str, out_dir: str | None) -> str:
    if found.path == STREAM:
        return STREAM
    base = found.path if out_dir is None else os.path.join(out_dir, found.name)
    return os.path.splitext(base)[0] + suffix


def _without_collisions(jobs: list[Job], suffix: str) -> list[Job]:
    """Return the jobs, with a problem if one would overwrite another's input or output, or marked as own outputs."""
    sources = [_identity(job.source) for job in jobs]
    targets = [STREAM if job.target == STREAM else _identity(job.target) for job in jobs]
    claimed = {target for source, target in zip(sources, targets, strict=True) if target not in (source, STREAM)}
    own = [source in claimed and _is_own(job, suffix) for source, job in zip(sources, jobs, strict=True)]
    readers: dict[str, str] = {}
    for source, job, skipped in zip(sources, jobs, own, strict=True):
        if not skipped:
            readers.setdefault(source, job.source)
    writers: dict[str, str] = {}
    checked = []
    for job, target, skipped in zip(jobs, targets, own, strict=True):
        problem = job.problem
        if not (skipped or problem or target == STREAM):
            if target in writers:
                problem = f"the output {job.target} is also that of {writers[target]}; {_OTHERWISE}"
            elif readers.get(target, job.source) != job.source:
                problem = f"the output {job.target} is another input; {_OTHERWISE}"
            else:
                writers[target] = job.source
        if not (skipped and job.in_folder):
            checked.append(replace(job, problem=problem, own_output=skipped))
    return checked


def _is_own(job: Job, suffix: str) -> bool:
    """Return whether an input that has the name of another one's output is taken for that output.

    It is not if its name says too little, as `--ext .png` would overwrite an original.
    """
    return _is_more_than_an_extension(suffix) or (suffix == ".kmq" and job.in_folder)


def _is_more_than_an_extension(suffix: str) -> bool:
    return os.path.splitext(f"name{suffix}")[0] != "name"


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


def replaces_source(job: Job) -> bool:
    """Return whether the output takes the place of the input."""
    return STREAM not in (job.source, job.target) and _identity(job.source) == _identity(job.target)


def check(job: Job, force: bool) -> None:
    """Raise Refused if a job has a problem or its output must not be written. This takes no time, converting does."""
    check_plan(job)
    check_target(job.target, force)


def check_plan(job: Job) -> None:
    """Raise Refused if a job has a problem."""
    if job.problem:
        raise Refused(job.problem, UNREADABLE if job.unreadable else EXISTS)


def check_target(target: str, force: bool) -> None:
    """Raise Refused if a file must not be written."""
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


def up_to_date(job: Job) -> bool:
    """Return whether the output of an input in a folder exists and is not older than it."""
    try:
        return job.in_folder and os.stat(job.target).st_mtime_ns >= os.stat(job.source).st_mtime_ns
    except OSError:
        return False


def times_of(source: str) -> tuple[int, int] | None:
    """Return the times of last access and change of a file in nanoseconds; None if it has none."""
    try:
        about = os.stat(source)
    except OSError:
        return None
    return (about.st_atime_ns, about.st_mtime_ns) if stat.S_ISREG(about.st_mode) else None


def write(target: str, data: bytes, *, folders: bool = False, times: tuple[int, int] | None = None) -> None:
    """Write a file atomically, or all of `data` to a stream.

    Args:
        target: Path of the file, or STREAM.
        data: What to write.
        folders: True to create the folders on the path.
        times: As returned by `times_of`; None for the present time.

    Raises:
        Refused: The system reports an error.
    """
    try:
        if target == STREAM:
            write_standard_output(data)
            return
        if _is_device(target):
            with open(target, "wb", buffering=0) as device:
                write_all(device, data)
            return
        if folders:
            os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        replace_file(target, data)
        if times is not None:
            os.utime(target, ns=times)
    except OSError as error:
        name = "to standard output" if target == STREAM else target
        raise Refused(f"cannot write {name}: {reason(error)}", UNWRITABLE) from None


def reason(error: OSError) -> str:
    """Return the system's description of an error, in lower case."""
    return (error.strerror or str(error)).lower()
