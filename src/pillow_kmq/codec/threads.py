"""How many threads decode the stripes of an image."""

from __future__ import annotations

import os

from ..errors import OptionError

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
