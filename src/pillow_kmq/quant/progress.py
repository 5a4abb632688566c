"""Progress reports to a callback, which may cancel the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..checks import check_callback
from ..errors import CancelledError

Callback = Callable[[float], object]


@dataclass(frozen=True)
class Progress:
    """A span of the whole work that reports to a callback, if there is one.

    Attributes:
        callback: called with the fraction of the whole work that is done, 0..1.
        low: start of the span, 0..1.
        high: end of the span, 0..1.
    """

    callback: Callback | None = None
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_callback("progress", self.callback)

    def __call__(self, done: float) -> None:
        """Report the fraction of this span that is done, 0..1; raise CancelledError if the callback returns False."""
        if self.callback is None:
            return
        answer = self.callback(self.low + (self.high - self.low) * min(max(done, 0.0), 1.0))
        if isinstance(answer, (bool, np.bool_)) and not answer:
            raise CancelledError("cancelled by the progress callback")

    def step(self, number: int, of: int) -> Progress:
        """Return the span of one of `of` equal steps, counted from 0."""
        return self.part(number / of, (number + 1) / of)

    def part(self, low: float, high: float) -> Progress:
        """Return the span from `low` to `high`, 0..1, of this one."""
        span = self.high - self.low
        return Progress(self.callback, self.low + span * low, self.low + span * high)


SILENT = Progress()
