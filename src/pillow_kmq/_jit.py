"""The one decorator through which every compiled kernel passes. Nothing else imports Numba's decorators."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

# No fastmath: contraction and reassociation give other bits on other machines (docs/ARCHITECTURE.md).
# `error_model="numpy"` drops the zero-division checks, which would keep loops from being vectorised.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": False}


def kernel(function: Function) -> Function:
    """Compile `function` lazily and keep the machine code on disk where a cache directory can be written."""
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # Read-only installs and zipped packages have no cache locator: compile once per process.
        warnings.warn(
            "pillow_kmq: Numba finds no writable cache directory, so kernels are compiled anew in each process; "
            "set NUMBA_CACHE_DIR to a writable directory",
            RuntimeWarning,
            stacklevel=2,
        )
        return numba.njit(**_OPTIONS)(function)  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """Compile a helper that is pasted into each kernel that calls it: a call would pass, and count references to,
    every array of a tuple."""
    return numba.njit(forceinline=True, **_OPTIONS)(function)  # type: ignore[no-any-return]


def jit_enabled() -> bool:
    """Whether kernels are compiled: false under NUMBA_DISABLE_JIT=1."""
    return not numba.config.DISABLE_JIT
