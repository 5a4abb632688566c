"""Compiled twins of the kernel modules.

The kernels of `arithmetic` and of the levels are plain Python, so that small images decode without Numba, whose import
alone takes longer. Here the same source is loaded once more, its functions compiled.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from types import FunctionType, ModuleType
from typing import Any

from .._jit import inlined, kernel

ENTRIES = ("encode_stripe", "decode_stripe", "rank_colors")
_SELDOM = ("prepare",)  # called, so that they are compiled once


@cache
def compiled(module: ModuleType) -> ModuleType:
    """A copy of a kernel module whose functions are compiled: those named above as such, the others inlined."""
    name = f"{module.__name__}_compiled"
    spec = spec_from_file_location(name, module.__file__)
    assert spec is not None
    assert spec.loader is not None
    twin = module_from_spec(spec)
    sys.modules[name] = twin  # where Numba's cache looks for the globals of a function
    spec.loader.exec_module(twin)
    for key, function in vars(twin).items():
        if not isinstance(function, FunctionType):
            continue
        if function.__module__ != name:  # imported from another kernel module
            setattr(twin, key, getattr(compiled(sys.modules[function.__module__]), key))
        else:
            decorate = kernel if key in ENTRIES + _SELDOM else inlined
            setattr(twin, key, decorate(_typed(key, function), allocating=False))
    return twin


def _typed(key: str, function: FunctionType) -> Callable[..., Any]:
    """The function; `narrow`, which does nothing to a number in Python, says here what type it has."""
    if key != "narrow":
        return function
    import numpy as np

    def narrow(x: Any) -> Any:
        return np.int32(x)

    return narrow
