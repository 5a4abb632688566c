"""Telling a caller how far the work is, and letting it stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..checks import check_callback
from ..errors import CancelledError

Callback = Callable[[float], object]


@dataclass(frozen=True)
class Progress:
    """A span of the whole work, low..high within 0..1, that reports to a callback if there is one."""

    callback: Callback | None = None
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_callback("progress", self.callback)

    def __call__(self, done: float) -> None:
        """Say that the part `done`, 0..1, of this span is done; raises CancelledError if the callback returns False."""
        if self.callback is None:
            return
        answer = self.callback(self.low + (self.high - self.low) * min(max(done, 0.0), 1.0))
        if isinstance(answer, (bool, np.bool_)) and not answer:
            raise CancelledError("cancelled by the progress callback")

    def step(self, number: int, of: int) -> Progress:
        """The span of one of several equal steps, counted from 0."""
        return self.part(number / of, (number + 1) / of)

    def part(self, low: float, high: float) -> Progress:
        """The span from `low` to `high`, 0..1, of this one."""
        span = self.high - self.low
        return Progress(self.callback, self.low + span * low, self.low + span * high)


SILENT = Progress()
