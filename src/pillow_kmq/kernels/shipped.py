"""The kernels of a wheel that carries them: a shared library with one C function for each and for each level of the
instruction set, made by `hatch_build.py`.
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
    """Return where the code of a kernel is, or 0 if there is none."""
    function = getattr(_library(), c_name(level(), symbol), None)
    return (function and ctypes.cast(function, ctypes.c_void_p).value) or 0


def c_name(level: str, symbol: str) -> str:
    """Return the name of a kernel's function for a level."""
    return re.sub(r"\W", "_", f"{level}.{symbol}")


@cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(str(LIBRARY))
    except OSError:  # none, or of another kind of machine
        return None


@cache
def level() -> str:
    """Return the highest level that the processor has of those that the library has."""
    has_v3 = getattr(_library(), f"has_{V3}", None)
    return V3 if has_v3 is not None and has_v3() else BASELINE
