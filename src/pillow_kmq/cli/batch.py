"""All jobs of a run, one after the other in this process or several at a time in worker processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import KmqError
from ..processors import available_processors
from .convert import Outcome, Settings, convert, sentence
from .outputs import PYRAMID, STREAM, Job, check, up_to_date
from .statuses import FAILED, status_of
from .terminal import failure_line, shown_name

WRITTEN, HELD, PLANNED, SKIPPED, FAILURE = "written", "held", "planned", "skipped", "failed"

_ENOUGH = 2_000_000
"""Work that makes up for the start of other processes, which takes 0.3 s: bytes to read, plus _PER_FILE for each."""
_PER_FILE = 20_000

at_end: list[Callable[[], object]] = []
"""Functions to call when a signal is about to end the process."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a job.

    Attributes:
        status: One of the five words above.
        exit_status: Exit status if there is no other job.
        text: Lines to print; empty for none.
        before: Size of the input in bytes; 0 if it was not read.
        after: Size of the output in bytes; 0 if there is none.
        message: Reason, or notes; empty if there is nothing to say.
        colors: Number of colours, or None.
        quality: Quality, 0..100, if it was measured.
        error: Visible error, if it was measured.
        seconds: Time of the conversion.
    """

    status: str
    exit_status: int
    text: str
    before: int = 0
    after: int = 0
    message: str = ""
    colors: int | None = None
    quality: float | None = None
    error: float | None = None
    seconds: float = 0.0


def results(
    jobs: Sequence[Job],
    settings: Settings,
    processes: int | None,
    progress: Callable[[float], object] | None,
    finished: Callable[[], object],
    client: Any = None,
) -> Iterator[Result]:
    """Yield the results of all jobs, in the order of the jobs.

    Args:
        jobs: What to convert.
        settings: Settings of the run.
        processes: Number of worker processes; None for one per processor if there is enough work for them.
        progress: Called with the fraction of a job that is done, 0..1, or with 0 now and then; None for no calls.
        finished: Called after each job.
        client: A `dask.distributed.Client`, whose cluster does the work instead; None for this machine.
    """
    if client is not None:
        from .cluster import on_cluster

        yield from on_cluster(jobs, settings, client, finished)
        return
    count = processes_for(_sources(jobs, settings), processes)
    if min(count, len(jobs)) > 1 and not settings.dry_run and _may_leave_this_process(jobs):
        from .workers import in_processes

        yield from in_processes(jobs, settings, min(count, len(jobs)), progress, finished)
        return
    for job in jobs:
        result = perform(job, settings, progress)
        finished()
        yield result


def _may_leave_this_process(jobs: Sequence[Job]) -> bool:
    """Return False if a job needs standard input or output, or has processes of its own."""
    return not any(STREAM in (job.source, job.target) or job.format == PYRAMID for job in jobs)


def _sources(jobs: Sequence[Job], settings: Settings) -> Iterator[str]:
    """Yield the inputs that are not skipped."""
    return (job.source for job in jobs if not _reason_to_skip(job, settings))


def processes_for(sources: Iterable[str], wanted: int | None) -> int:
    """Return the number of processes that is wanted, or one per processor if there is enough work, otherwise 1.

    It is 1 for a program that would start itself again.
    """
    if getattr(sys, "frozen", False):
        return 1
    if wanted is not None:
        return wanted
    work = 0
    for source in sources:
        try:
            work += os.stat(source).st_size + _PER_FILE
        except OSError:
            continue
        if work >= _ENOUGH:
            return available_processors()
    return 1


def perform(job: Job, settings: Settings, progress: Callable[[float], object] | None, folder: str = "") -> Result:
    """Convert an input, whose relative paths start in a folder, and return what became of it."""
    skipped = _reason_to_skip(job, settings)
    if skipped:
        return Result(SKIPPED, 0, "", message=skipped)
    try:
        if settings.dry_run:
            return _planned(job, settings)
        if job.format == PYRAMID:
            from .tile_pyramids import convert_pyramid

            return convert_pyramid(job, settings, progress)
        moved = replace(job, source=os.path.join(folder, job.source), target=os.path.join(folder, job.target))
        return _result(job, convert(moved if folder else job, settings, progress), settings)
    except KmqError as error:
        return failure(job, str(error), status_of(error))


def held_in_advance(job: Job, settings: Settings) -> Result | None:
    """Return the result of a job that is not worked on, or None."""
    skipped = _reason_to_skip(job, settings)
    if skipped:
        return Result(SKIPPED, 0, "", message=skipped)
    try:
        check(job, settings.force)
    except KmqError as error:
        return failure(job, str(error), status_of(error))
    return None


def _reason_to_skip(job: Job, settings: Settings) -> str:
    if job.own_output:
        return "it is the output of another input, from an earlier run"
    if job.problem or settings.force or not up_to_date(job):
        return ""
    return "the output is up to date; --force overwrites it"


def _planned(job: Job, settings: Settings) -> Result:
    check(job, settings.force)
    return Result(PLANNED, 0, f"{shown_name(job.source)} -> {shown_name(job.target, 'stdout')}")


def _result(job: Job, outcome: Outcome, settings: Settings) -> Result:
    return Result(
        status=HELD if outcome.held else WRITTEN,
        exit_status=outcome.held,
        text="" if settings.quiet else sentence(job, outcome, verbose=settings.verbose),
        before=outcome.before,
        after=outcome.after,
        message="; ".join(outcome.notes),
        colors=outcome.colors,
        quality=round(outcome.report.quality, 1) if settings.facts else None,
        error=round(outcome.error or 0.0, 2) if settings.facts else None,
        seconds=outcome.seconds,
    )


def failure(job: Job, message: str, status: int = FAILED) -> Result:
    """Return the result of a job that failed."""
    return Result(FAILURE, status, failure_line(job.source, message), message=message)
