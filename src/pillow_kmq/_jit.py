"""The one decorator through which every compiled kernel passes. Nothing else imports Numba's decorators."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numba
from numba.core.options import DefaultOptions

Kernel: TypeAlias = Callable[..., Any]
"""Kernels take arrays and scalars whose types Numba infers; they are not annotated."""

# No fastmath: contraction and reassociation give other bits on other machines (docs/ARCHITECTURE.md).
# `error_model="numpy"` drops the zero-division checks, which would keep loops from being vectorised.
_OPTIONS: Any = {"nogil": True, "error_model": "numpy", "fastmath": False}

# Without Numba's run time, which counts references to arrays at every helper, even ones that were pasted in. Kernels
# that allocate need it.
_UNCOUNTED: Any = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}


def kernel(function: Kernel, *, allocating: bool = True) -> Kernel:
    """Compile `function` lazily and keep the machine code on disk where a cache directory can be written."""
    options = _OPTIONS if allocating else _OPTIONS | _UNCOUNTED
    try:
        compiled: Kernel = numba.njit(cache=True, **options)(function)
        return compiled
    except RuntimeError:
        # Read-only installs and zipped packages have no cache locator: compile once per process.
        warnings.warn(
            "pillow_kmq: Numba finds no writable cache directory, so kernels are compiled anew in each process; "
            "set NUMBA_CACHE_DIR to a writable directory",
            RuntimeWarning,
            stacklevel=2,
        )
        compiled = numba.njit(**options)(function)
    return compiled


def inlined(function: Kernel, *, allocating: bool = True) -> Kernel:
    """Compile a helper that is pasted into each kernel that calls it.

    A call would pass, and count references to, every array of a tuple.
    """
    options = _OPTIONS if allocating else _OPTIONS | _UNCOUNTED
    compiled: Kernel = numba.njit(forceinline=True, **options)(function)
    return compiled


def jit_enabled() -> bool:
    """Whether kernels are compiled: false under NUMBA_DISABLE_JIT=1."""
    return not getattr(numba.config, "DISABLE_JIT", False)
