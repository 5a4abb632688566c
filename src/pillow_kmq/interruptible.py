"""Work in other threads, for which the main thread waits so that it hears Ctrl-C.

Python calls its signal handlers in the main thread, and not before a kernel that runs there returns.
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
"""Seconds between looks for Ctrl-C on Windows, where waiting without a limit is not interrupted."""

_PATIENCE = 1.0
"""Seconds that threads may take to stop before an exception goes on without them."""


def in_threads(work: Callable[[Item], Result], items: Iterable[Item], count: int, stop: bytearray) -> list[Result]:
    """Return what `work` returns for each item, called in up to `count` threads.

    Items are taken when a thread will soon be free for them. After an exception, Ctrl-C or one of `work`, no further
    ones are begun with.

    stop: one byte, which an exception makes 1; long work looks at it now and then, and returns early.
    """
    from concurrent.futures import ThreadPoolExecutor  # which takes longer to import than a small image to decode

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
    """Return what `work` returns, called in a thread of its own if this is the main one. stop: see `in_threads`."""
    main = threading.main_thread()
    if threading.current_thread() is not main or not main.is_alive():  # no thread can be started at exit
        return work()
    return in_threads(lambda _: work(), [None], 1, stop)[0]


def _result(future: Future[Result]) -> Result:
    from concurrent.futures import wait

    while not future.done():
        wait([future], _MOMENT)
    return future.result()


def _abandon(pool: ThreadPoolExecutor, futures: list[Future[Result]]) -> None:
    """Begin with nothing more, and give threads that have begun the time to stop."""
    from concurrent.futures import wait

    pool.shutdown(wait=False, cancel_futures=True)
    wait([future for future in futures if not future.cancelled()], _PATIENCE)
