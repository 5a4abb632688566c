"""Kernels shipped in a wheel, as a shared library that `hatch_build.py` builds.

The library has one C function for each variant of a kernel and each level of the instruction set.
"""

from __future__ import annotations

import ctypes
import os
import re
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).with_name("libkmq.dll" if os.name == "nt" else "libkmq.so")
BASELINE, V3 = "baseline", "x86_64_v3"
"""Levels of the instruction set."""


def address(symbol: str) -> int:
    """Return the address of a kernel in the library, or 0 if it is not there."""
    function = getattr(_library(), c_name(level(), symbol), None)
    return (function and ctypes.cast(function, ctypes.c_void_p).value) or 0


def c_name(level: str, symbol: str) -> str:
    """Return the C name of a kernel for a level of the instruction set."""
    return re.sub(r"\W", "_", f"{level}.{symbol}")


@cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(str(LIBRARY))
    except OSError:  # missing, or built for another platform
        return None


@cache
def level() -> str:
    """Return the highest level in the library that the processor supports."""
    has_v3 = getattr(_library(), f"has_{V3}", None)
    return V3 if has_v3 is not None and has_v3() else BASELINE
