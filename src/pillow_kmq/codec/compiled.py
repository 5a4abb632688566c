"""Compiled twins of the kernel modules.

Kernels are plain Python, so that small images decode without Numba, whose import alone takes longer. Here the same
source is loaded once more, its functions compiled.
"""

from __future__ import annotations

import re
import sys
import threading
import zlib
from collections.abc import Callable
from functools import cache, partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from .._jit import Kernel, inlined, integer_jit, kernel, ready

ENTRIES = ("mixed_stripe", "encode_stripe", "decode_stripe", "rank_colors", "whole_tree", "code_colors", "map_rows")
_MAKING = threading.RLock()
_READY: dict[tuple[ModuleType, str, tuple[bool, ...]], Kernel] = {}


def compiled(module: ModuleType) -> ModuleType:
    """A copy of a kernel module whose functions are compiled: those named above as such, the others inlined."""
    with _MAKING:
        return _compiled(module)


def run(module: ModuleType, name: str, arguments: tuple[Any, ...], constants: tuple[bool, ...] = ()) -> Any:
    """What a kernel gives. constants: its first arguments; the types of the others are those of the first call."""
    return prepare(module, name, arguments, constants)()


def prepare(
    module: ModuleType, name: str, arguments: tuple[Any, ...], constants: tuple[bool, ...] = ()
) -> Callable[[], Any]:
    """Compile a kernel if need be, and return the call that `run` makes."""
    key = module, name, constants
    if key not in _READY:
        _READY[key] = ready(getattr(compiled(module), name), (*constants, *arguments))
    return partial(_READY[key], *constants, *arguments)


@cache
def _compiled(module: ModuleType) -> ModuleType:
    name = f"{module.__name__}_compiled"
    spec = spec_from_file_location(name, module.__file__)
    assert spec is not None
    assert spec.loader is not None
    twin = module_from_spec(spec)
    sys.modules[name] = twin  # where Numba's cache looks for the globals of a function
    spec.loader.exec_module(twin)
    jit = integer_jit()
    vars(twin).update({"min": inlined(_lesser, jit), "max": inlined(_greater, jit)})
    for key, function in vars(twin).items():
        if not _is_kernel(function):
            continue
        if key == "narrow":
            setattr(twin, key, np.int32)
        elif function.__module__ != name:  # imported from another kernel module
            setattr(twin, key, getattr(compiled(sys.modules[function.__module__]), key))
        elif key in ENTRIES:
            # Numba's files bear this name, and Numba looks for changes in the entry's own module alone.
            function.__qualname__ += f"_{zlib.crc32(_sources(Path(str(module.__file__))) + _compilers()):08x}"
            setattr(twin, key, kernel(function, jit))
        else:
            setattr(twin, key, inlined(function, jit))
    return twin


def _lesser(a, b):  # type: ignore[no-untyped-def]
    """Python's `min` for two: Numba's own is compiled anew for each number of arguments, and takes twice as long."""
    return a if a < b else b


def _greater(a, b):  # type: ignore[no-untyped-def]
    return a if a > b else b


def _is_kernel(value: object) -> bool:
    """Whether it is a function of this package, and not one of Python's."""
    return isinstance(value, FunctionType) and value.__module__.startswith(str(__package__))


@cache
def _compilers() -> bytes:
    """The text of what says how kernels are compiled."""
    return b"".join((Path(__file__).parents[1] / name).read_bytes() for name in ("_jit.py", "_integer_target.py"))


def _sources(path: Path) -> bytes:
    """The text of a kernel module and of those that it imports from."""
    text = path.read_bytes()
    names = re.findall(rb"^from \.(\w+) import", text, re.MULTILINE)
    return text + b"".join(_sources(path.with_name(f"{name.decode()}.py")) for name in names)
