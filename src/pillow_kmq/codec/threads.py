"""The number of threads that decode the stripes of an image."""

from __future__ import annotations

import os

from ..checks import check_integer

_chosen: int | None = None


def set_threads(count: int | None) -> None:
    """Set the number of threads that decode stripes, for the whole process.

    Args:
        count: Maximum number of threads, 1 to 2^31 - 1. None means KMQ_THREADS in the environment, or else one per
            processor.

    Raises:
        OptionError: `count` is out of range.
        OptionTypeError: `count` is not an integer.
    """
    global _chosen
    _chosen = None if count is None else check_integer("threads", count, 1, 2**31 - 1)


def threads() -> int:
    """Return the number of threads to use."""
    if _chosen is not None:
        return _chosen
    value = os.environ.get("KMQ_THREADS", "")
    if value.isdecimal() and int(value) > 0:
        return int(value)
    return os.cpu_count() or 1
