"""The decorators through which every compiled kernel passes. Nothing else imports Numba's."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeAlias

import numba
from numba.core.options import DefaultOptions

Kernel: TypeAlias = Callable[..., Any]
"""Kernels take arrays and scalars whose types Numba infers; they are not annotated."""

# No fastmath: contraction and reassociation give other bits on other machines (docs/ARCHITECTURE.md).
# `error_model="numpy"` drops the zero-division checks, which would keep loops from being vectorised.
# No wrapper for C, which nobody calls: it takes a twentieth of the time to compile.
_OPTIONS: Any = {"nogil": True, "error_model": "numpy", "fastmath": False, "no_cfunc_wrapper": True}
if hasattr(DefaultOptions, "_nrt"):
    # Without Numba's run time, which counts references to arrays at every helper, even ones that were pasted in.
    # Kernels allocate nothing, and would not compile if they did.
    _OPTIONS["_nrt"] = False

_PASTED: Any = {**_OPTIONS, "forceinline": True, "no_cpython_wrapper": True}

_TESTED = (0, 62), (0, 68)
"""Versions of Numba, from and to, whose inside `_integer_target` knows. Raise the second when the tests pass."""

_COMPILING = threading.Lock()
_CALLING_BACK = "llvmlite.binding.executionengine"


def kernel(function: Kernel, jit: Kernel = numba.njit) -> Kernel:
    """Compile `function` lazily and keep the machine code on disk where a cache directory can be written."""
    try:
        return _hearing(jit(cache=True, **_OPTIONS)(function))
    except RuntimeError:
        # Read-only installs have no cache locator: compile once per process.
        warnings.warn(
            "pillow_kmq: Numba finds no writable cache directory, so kernels are compiled anew in each process; "
            "set NUMBA_CACHE_DIR to a writable directory",
            RuntimeWarning,
            stacklevel=2,
        )
    return _hearing(jit(**_OPTIONS)(function))


def _hearing(dispatcher: Any) -> Kernel:
    """Return a kernel changed so that no Ctrl-C is lost while it compiles."""
    if hasattr(dispatcher, "compile"):  # not under NUMBA_DISABLE_JIT=1
        compile_ = dispatcher.compile

        def heard(signature: Any) -> Any:
            with _interrupts_after_callbacks():
                return compile_(signature)

        dispatcher.compile = heard
    kernel: Kernel = dispatcher
    return kernel


@contextmanager
def _interrupts_after_callbacks() -> Iterator[None]:
    """Handle a Ctrl-C at the end if it comes where LLVM calls Python back: ctypes only prints what is raised there."""
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


def inlined(function: Kernel, jit: Kernel = numba.njit) -> Kernel:
    """Compile a helper that is pasted into each kernel that calls it, and that Python cannot call.

    A call would pass every array of a tuple.
    """
    compiled: Kernel = jit(**_PASTED)(function)
    return compiled


def integer_jit(version: str = numba.__version__) -> Kernel:
    """What kernels of whole numbers pass to the decorators above: a `numba.njit` that takes two thirds of the time.

    Places of items must not be negative. Versions of Numba that it was not tested with have `numba.njit` itself.
    """
    if _TESTED[0] <= tuple(int(part) for part in version.split(".")[:2]) <= _TESTED[1]:
        from . import _integer_target

        return _integer_target.jit
    return numba.njit


def ready(kernel: Kernel, arguments: tuple[Any, ...]) -> Kernel:
    """The kernel, compiled for arguments like these, of one type each but for bools, which become constants.

    With SLP vectorisation, which Numba leaves out unless told: it makes one operation of four that stand side by side.
    """
    config: Any = numba.config
    dispatcher: Any = kernel
    with _COMPILING:
        before = config.SLP_VECTORIZE
        config.SLP_VECTORIZE = 1
        try:
            compiled: Kernel = dispatcher.compile(tuple(_type_of(argument) for argument in arguments))
        finally:
            config.SLP_VECTORIZE = before
    return compiled


def _type_of(argument: Any) -> Any:
    numba_types: Any = numba
    return numba_types.types.literal(argument) if isinstance(argument, bool) else numba_types.typeof(argument)


def jit_enabled() -> bool:
    """Whether kernels are compiled: false under NUMBA_DISABLE_JIT=1."""
    return not getattr(numba.config, "DISABLE_JIT", False)
