"""Jobs on a Dask cluster (`--dask`), whose workers read inputs and write outputs by the same paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..collection.dask_engine import DaskEngine
from ..collection.images import in_batches
from ..errors import WorkerLostError
from .batch import Result, failure, held_in_advance, perform
from .convert import Settings
from .outputs import Job


def on_cluster(
    jobs: Sequence[Job], settings: Settings, client: Any, finished: Callable[[], object]
) -> Iterator[Result]:
    """Yield the results of all jobs, in the order of the jobs.

    Whether outputs may be written is checked here. Workers overwrite them, as they repeat jobs of those that are lost.

    Args:
        jobs: What to convert.
        settings: Settings of the run.
        client: A `dask.distributed.Client`.
        finished: Called after each job.
    """
    ready: dict[int, Result] = {}

    def sent() -> Iterator[tuple[int, Job]]:
        for index, job in enumerate(jobs):
            result = held_in_advance(job, settings)
            if result is None:
                yield index, job
            else:
                ready[index] = result
                finished()

    task = partial(_perform, replace(settings, force=True), os.getcwd())
    following = 0
    lost = ""
    batches = DaskEngine(client).map(task, in_batches(sent()))
    while following < len(jobs):
        try:
            for index, result in next(batches, ()):
                ready[index] = result
                finished()
        except WorkerLostError as error:
            lost = str(error)
        while following in ready:
            yield ready.pop(following)
            following += 1
        if lost and following < len(jobs):
            yield failure(jobs[following], lost)
            following += 1


def _perform(settings: Settings, folder: str, batch: Sequence[tuple[int, Job]]) -> list[tuple[int, Result]]:
    """Convert inputs whose paths are relative to a folder, on a worker."""
    return [(index, perform(job, settings, None, folder)) for index, job in batch]
