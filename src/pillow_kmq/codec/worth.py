"""Whether kernels run as plain Python or compiled: the same bits at another price.

To import Numba and load a kernel from disk takes half a second, to compile one for the first time several.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_ONE = 600
"""Milliseconds that one image may take in plain Python."""


class _Budget:
    """Milliseconds that a process spends on plain Python before it turns to Numba."""

    def __init__(self, milliseconds: float) -> None:
        self.left = milliseconds

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count how long something takes."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.left -= 1000 * (time.perf_counter() - begin)


IMAGES = _Budget(1600)
PALETTES = _Budget(200)  # and trees


def worth_compiling(milliseconds: float) -> bool:
    """Whether compiled kernels are to be had, and at hand or worth loading for what may take so long without."""
    if milliseconds <= _ONE and IMAGES.left > 0 and "numba" not in sys.modules:
        return False
    return _jit_enabled()


def worth_compiling_small() -> bool:
    """The same for those that take little time: they work on a palette, or map indices."""
    return "numba" in sys.modules and PALETTES.left <= 0 and _jit_enabled()


def prefer_compiled() -> None:
    """Spend nothing more on plain Python."""
    IMAGES.left = PALETTES.left = 0


@cache
def _jit_enabled() -> bool:
    from .._jit import jit_enabled

    return jit_enabled()
