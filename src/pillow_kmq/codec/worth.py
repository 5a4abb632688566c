"""Whether kernels run as plain Python or compiled: the same bits at another price.

To import Numba and load a kernel from disk takes a second, to compile one for the first time several.
"""

from __future__ import annotations

import sys

# Milliseconds in plain Python: one image that is worth Numba, and small ones that together are worth more, as nothing
# may be compiled yet; the same for palettes and their trees where Numba is loaded.
_ONE, _MANY, _MANY_COLORS = 600, 1600, 200
_PER_COLOR = 0.025

_spent = _spent_on_colors = 0.0


def worth_compiling(milliseconds: float) -> bool:
    """Whether compiled kernels are to be had, and at hand or worth loading for what would take so long without."""
    global _spent
    if milliseconds <= _ONE and _spent < _MANY and "numba" not in sys.modules:
        _spent += milliseconds
        return False
    from .._jit import jit_enabled

    return jit_enabled()


def worth_compiling_colors(count: int) -> bool:
    """The same for those that work on a palette of so many colours, where Numba is loaded."""
    global _spent_on_colors
    if "numba" not in sys.modules:
        return False
    if _spent_on_colors < _MANY_COLORS:
        _spent_on_colors += _PER_COLOR * count
        return False
    from .._jit import jit_enabled

    return jit_enabled()


def compile_all() -> None:
    """From now on they are worth it."""
    global _spent, _spent_on_colors
    _spent, _spent_on_colors = _MANY, _MANY_COLORS
