"""Threads that work while the main thread waits and handles Ctrl-C.

Python calls signal handlers in the main thread only, and not before a kernel running there returns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOMENT = 0.1
"""Seconds between checks for Ctrl-C on Windows, where waiting without a timeout cannot be interrupted."""

_PATIENCE = 1.0
"""Seconds to wait for threads to stop before an exception propagates without them."""


def in_threads(work: Callable[[Item], Result], items: Iterable[Item], count: int, stop: bytearray) -> list[Result]:
    """Call `work` for each item in up to `count` threads, and return the results in order.

    After an exception, such as KeyboardInterrupt or one raised by `work`, no further calls start.

    Args:
        work: The function to call.
        items: Its arguments; the iterable is advanced only shortly before a thread is free.
        count: Number of threads, at least 1.
        stop: One byte, set to 1 by an exception. Long work polls it and returns early.
    """
    from concurrent.futures import ThreadPoolExecutor  # importing it takes longer than decoding a small image

    pool = ThreadPoolExecutor(count)
    futures: list[Future[Result]] = []
    try:
        for item in items:
            futures.append(pool.submit(work, item))
            if len(futures) > 2 * count:
                _result(futures[-2 * count - 1])
        results = [_result(future) for future in futures]
    except BaseException:
        stop[0] = 1
        _abandon(pool, futures)
        raise
    pool.shutdown()
    return results


def wait_for(work: Callable[[], Result], stop: bytearray) -> Result:
    """Call `work`, in another thread if this is the main one, and return its result. stop: as in `in_threads`."""
    main = threading.main_thread()
    if threading.current_thread() is not main or not main.is_alive():  # no thread can start at exit
        return work()
    return in_threads(lambda _: work(), [None], 1, stop)[0]


def _result(future: Future[Result]) -> Result:
    from concurrent.futures import wait

    while not future.done():
        wait([future], _MOMENT)
    return future.result()


def _abandon(pool: ThreadPoolExecutor, futures: list[Future[Result]]) -> None:
    """Cancel calls that have not started, and give running ones time to stop."""
    from concurrent.futures import wait

    pool.shutdown(wait=False, cancel_futures=True)
    wait([future for future in futures if not future.cancelled()], _PATIENCE)
