"""How many threads decode the stripes of an image."""

from __future__ import annotations

import os

from ..checks import check_integer

_chosen: int | None = None


def set_threads(count: int | None) -> None:
    """Decode with up to `count` threads; None: as KMQ_THREADS in the environment says, or else one per processor.

    Raises OptionError for a count below 1, OptionTypeError for what is no integer.
    """
    global _chosen
    _chosen = None if count is None else check_integer("threads", count, 1, 2**31 - 1)


def threads() -> int:
    """The number of threads in force."""
    if _chosen is not None:
        return _chosen
    value = os.environ.get("KMQ_THREADS", "")
    if value.isdecimal() and int(value) > 0:
        return int(value)
    return os.cpu_count() or 1
