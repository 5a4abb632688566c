"""Deferral of Ctrl-C while Numba compiles: ctypes prints and drops exceptions raised in LLVM's Python callbacks."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_CALLING_BACK = "llvmlite.binding.executionengine"


@contextmanager
def interrupts_after_callbacks() -> Iterator[None]:
    """Defer a Ctrl-C that arrives inside an LLVM callback to the end of the block."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    held = False

    def hold(number: int, frame: FrameType | None) -> None:
        nonlocal held
        held = held or _called_back(frame)
        if not held:
            before(number, frame)

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held:
            before(signal.SIGINT, sys._getframe())


def _called_back(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_globals.get("__name__") != _CALLING_BACK:
        frame = frame.f_back
    return frame is not None
