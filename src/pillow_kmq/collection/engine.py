"""Engines, which run tasks on batches: in this process, in several processes, or on a cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import connection, parent_process
from typing import Any, Protocol, TypeVar

from ..checks import check_integer
from ..errors import WorkerLostError
from ..processors import available_processors
from ..saving.files import abandon

Batch = TypeVar("Batch")
Result = TypeVar("Result")

Task = Callable[[Any], Result]
"""A function of one batch that can be pickled."""

Merge = Callable[[Sequence[Any]], Result]
"""A function that adds up results, in any order and grouping, and can be pickled."""

FAN_IN = 8
"""Number of results added up at a time."""

_AHEAD = 2  # batches in flight per process


class Engine(Protocol):
    """Runs tasks; only a bounded number of batches are in flight at a time."""

    def map(self, task: Task[Result], batches: Iterable[Any]) -> Iterator[Result]:
        """Yield the result of each batch, in any order."""

    def fold(
        self, task: Task[Result], merge: Merge[Result], batches: Iterable[Any], done: Callable[[int], object]
    ) -> Result:
        """Return the sum of the results of all batches.

        Args:
            task: the work on a batch, a list.
            merge: adds up results.
            batches: the batches.
            done: called with the number of items of each finished batch.
        """


class Processes:
    """Processes of this machine; one means this process itself."""

    def __init__(self, count: int) -> None:
        self._count = count

    def map(self, task: Task[Result], batches: Iterable[Any]) -> Iterator[Result]:
        """Yield the result of each batch, in any order. Raises WorkerLostError if a process ends unexpectedly."""
        return (result for result, _ in self._run(task, batches))

    def fold(
        self, task: Task[Result], merge: Merge[Result], batches: Iterable[Any], done: Callable[[int], object]
    ) -> Result:
        """Return the sum of the results of all batches, as `Engine.fold`. Raises WorkerLostError."""
        results: list[Result] = []
        for result, size in self._run(task, batches):
            results.append(result)
            if len(results) == FAN_IN:
                results = [merge(results)]
            done(size)
        return merge(results)

    def _run(self, task: Task[Result], batches: Iterable[Any]) -> Iterator[tuple[Result, int]]:
        """Yield the result and the number of items of each batch."""
        batches = iter(batches)
        first = list(islice(batches, 2))
        if self._count == 1 or len(first) < 2:
            for batch in chain(first, batches):
                yield task(batch), len(batch)
            return
        yield from self._run_in_pool(task, chain(first, batches))

    def _run_in_pool(self, task: Task[Result], batches: Iterator[Any]) -> Iterator[tuple[Result, int]]:
        pool = ProcessPoolExecutor(self._count, multiprocessing.get_context(_start_method()), _follow_parent)
        running: dict[Future[Result], int] = {}
        try:
            for batch in batches:
                running[pool.submit(task, batch)] = len(batch)
                if len(running) >= _AHEAD * self._count:
                    yield from _finished(running)
            while running:
                yield from _finished(running)
        except BrokenProcessPool:
            raise WorkerLostError(
                "a worker process ended unexpectedly, perhaps for lack of memory: run again with fewer processes;"
                " finished files are kept"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _finished(running: dict[Future[Result], int]) -> Iterator[tuple[Result, int]]:
    """Wait until a batch is done; remove and yield all that are."""
    ready, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in ready:
        size = running.pop(future)
        yield future.result(), size


def _follow_parent() -> None:
    """Leave Ctrl-C to the parent process, and end when that ends, whatever ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    abandon()
    os._exit(1)


def _start_method() -> str:
    """Return a way to start processes that is safe when threads run, which fork is not."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def choose_engine(client: Any, processes: Any) -> Engine:
    """Return the engine for the arguments `client` and `processes`. Raises OptionError, OptionTypeError."""
    if client is not None:
        from .dask_engine import DaskEngine

        return DaskEngine(client)
    if processes is None:
        return Processes(available_processors())
    return Processes(check_integer("processes", processes, 1, 1024))
