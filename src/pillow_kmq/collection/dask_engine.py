"""An engine that runs tasks on a Dask cluster, through a client of dask.distributed that the caller owns.

Results are merged by a tree of tasks on the workers. If a worker is lost, Dask runs again what only it had: results
are functions of their batches alone, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..checks import shown
from ..errors import KmqError, OptionError, OptionTypeError, WorkerLostError
from .engine import FAN_IN, Merge, Result, Task

_AHEAD = 3  # batches in flight per thread of the cluster
_TIMEOUT = 10  # seconds to wait for the scheduler
_RETRIES = 3  # of a task that fails; tasks themselves report files that cannot be read


@contextmanager
def connect(address: str) -> Iterator[Any]:
    """Yield a client of a running scheduler. Raises KmqError if there is none, or without the extra `dask`."""
    try:
        from distributed import Client
    except ImportError:
        raise KmqError("a cluster needs Dask: pip install pillow-kmq[dask]") from None
    try:
        client = Client(address, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise KmqError(f"cannot connect to a Dask scheduler at {address}: {error}") from None
    with client:
        yield client


class DaskEngine:
    """Runs tasks through a `dask.distributed.Client`, which is left open."""

    def __init__(self, client: Any) -> None:
        if not hasattr(client, "submit") or not hasattr(client, "scheduler_info"):
            raise OptionTypeError(f"client must be a dask.distributed.Client, not {shown(client)}")
        if getattr(client, "asynchronous", False):
            raise OptionError("client must not be asynchronous: create it without asynchronous=True")
        self._client = client

    def map(self, task: Task[Result], batches: Iterable[Any]) -> Iterator[Result]:
        """Yield the result of each batch, in any order. Raises WorkerLostError."""
        for future, _ in self._run(task, batches):
            yield _result(future)

    def fold(
        self, task: Task[Result], merge: Merge[Result], batches: Iterable[Any], done: Callable[[int], object]
    ) -> Result:
        """Return the sum of the results of all batches, as `Engine.fold`. Raises WorkerLostError."""
        levels: list[list[Any]] = [[]]  # futures of sums of FAN_IN ** level batches
        for future, size in self._run(task, batches):
            self._add(levels, future, merge)
            done(size)
        total = self._submit(merge, [future for level in levels for future in level])
        return _result(total)

    def _add(self, levels: list[list[Any]], future: Any, merge: Merge[Result]) -> None:
        """Add a future to the lowest level, and merge each level that is full into the next."""
        for number in range(len(levels) + 1):
            if number == len(levels):
                levels.append([])
            levels[number].append(future)
            if len(levels[number]) < FAN_IN:
                return
            future = self._submit(merge, levels[number])
            levels[number] = []

    def _run(self, task: Task[Result], batches: Iterable[Any]) -> Iterator[tuple[Any, int]]:
        """Yield a finished future for each batch, with the number of its items."""
        from distributed import as_completed

        running = as_completed(loop=self._client.loop)
        sizes: dict[str, int] = {}
        for batch in batches:
            future = self._submit(task, batch)
            sizes[future.key] = len(batch)
            running.add(future)
            if len(sizes) >= self._most_in_flight():
                ready = next(running)
                yield _checked(ready), sizes.pop(ready.key)
        for ready in running:
            yield _checked(ready), sizes.pop(ready.key)

    def _submit(self, task: Callable[[Any], Any], argument: Any) -> Any:
        return self._client.submit(task, argument, pure=False, retries=_RETRIES)

    def _most_in_flight(self) -> int:
        return _AHEAD * max(1, sum(self._client.nthreads().values()))


def _checked(future: Any) -> Any:
    """Return a finished future; raise the exception of a failed one."""
    if future.status != "finished":
        _result(future)
    return future


def _result(future: Any) -> Any:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise WorkerLostError(
            f"workers of the cluster ended unexpectedly, perhaps for lack of memory: {error}; finished files are kept"
        ) from None
