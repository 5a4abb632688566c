"""Whether kernels run as plain Python or compiled: the same bits at another price.

Numba takes 0.4 s to import, a kernel some hundredths of a second to load from disk, and seconds to compile for the
first time.
"""

from __future__ import annotations

import sys

# Larger images are worth the import of Numba; a pixel takes up to 40 microseconds without it. So are many small ones:
# some thousand pixels more, as nothing may be compiled yet.
_SMALL, _MANY = 6000, 40000
_MANY_COLORS = 8192  # a colour takes 25 microseconds

_plain_pixels = _plain_colors = 0


def worth_compiling(pixels: int) -> bool:
    """Whether compiled kernels are to be had, and at hand or worth loading, for so many pixels."""
    global _plain_pixels
    if pixels <= _SMALL and _plain_pixels < _MANY and "numba" not in sys.modules:
        _plain_pixels += pixels
        return False
    from .._jit import jit_enabled

    return jit_enabled()


def worth_compiling_colors(count: int) -> bool:
    """The same for those that work on a palette of so many colours, where Numba is loaded."""
    global _plain_colors
    if "numba" not in sys.modules:
        return False
    if _plain_colors < _MANY_COLORS:
        _plain_colors += count
        return False
    from .._jit import jit_enabled

    return jit_enabled()


def compile_all() -> None:
    """From now on they are worth it."""
    global _plain_pixels, _plain_colors
    _plain_pixels, _plain_colors = _MANY, _MANY_COLORS
