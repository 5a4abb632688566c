"""Threads: how many decode the stripes of an image, and how the main thread waits for them, so that it hears Ctrl-C.

Python calls its signal handlers in the main thread, and not before a kernel that runs there returns.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from ..errors import OptionError

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOMENT = 0.1
"""Seconds between looks for Ctrl-C on Windows, where no lock that is waited for without limit is interrupted."""

_PATIENCE = 1.0
"""Seconds that threads may take to stop before an exception goes on without them."""

_chosen: int | None = None


def set_threads(count: int | None) -> None:
    """Decode with up to `count` threads; None: as KMQ_THREADS in the environment says, or else one per processor.

    Raises OptionError for a count below 1.
    """
    global _chosen
    if count is not None and (not isinstance(count, int) or count < 1):
        raise OptionError(f"threads must be a number from 1 on, or None, not {count!r}")
    _chosen = count


def threads() -> int:
    """The number of threads in force."""
    if _chosen is not None:
        return _chosen
    value = os.environ.get("KMQ_THREADS", "")
    if value.isdecimal() and int(value) > 0:
        return int(value)
    return os.cpu_count() or 1


def in_threads(work: Callable[[Item], Result], items: Iterable[Item], count: int, stop: bytearray) -> list[Result]:
    """What `work` returns for each item, called in up to `count` threads.

    stop: one byte that an exception, here (Ctrl-C) or in a thread, makes 1; `work` looks at it now and then, and
    returns early. Items that no thread has begun with are left out then.
    """
    from concurrent.futures import ThreadPoolExecutor, wait  # which take longer to import than a small image to decode

    pool = ThreadPoolExecutor(count)
    futures = []
    try:
        for item in items:
            futures.append(pool.submit(work, item))
        for future in futures:
            while not future.done():
                wait([future], _MOMENT)
        results = [future.result() for future in futures]
    except BaseException:
        stop[0] = 1
        pool.shutdown(wait=False, cancel_futures=True)
        wait([future for future in futures if not future.cancelled()], _PATIENCE)
        raise
    pool.shutdown()
    return results


def wait_for(work: Callable[[], Result], stop: bytearray) -> Result:
    """What `work` returns, called in a thread of its own if this is the main one. stop: as in `in_threads`."""
    main = threading.main_thread()
    if threading.current_thread() is not main or not main.is_alive():  # in a function for `atexit`, none can be begun
        return work()
    return in_threads(lambda _: work(), [None], 1, stop)[0]
