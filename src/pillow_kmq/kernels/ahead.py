"""Compilation of several kernels before their first use, by two processes: Numba holds the GIL while it compiles."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from .kernel import Variant, enabled, find
from .store import LOG

if TYPE_CHECKING:
    import subprocess

_CODE = "import sys; sys.path[:] = {!r}; from pillow_kmq.kernels.ahead import compile_named; compile_named({!r})"
_LOCK = threading.Lock()

COMPILING = "compiling kernel %d of %d: %s"
"""The log record of each kernel, at level DEBUG."""


def prepare(variants: Iterable[Variant], progress: Callable[[str, float], object] | None = None) -> None:
    """Compile the variants that are not compiled yet; takes microseconds if all are.

    Args:
        variants: The variants that are about to run.
        progress: Called before each compilation with the name of the variant and the fraction done, 0..1.
    """
    if not enabled():
        return
    missing = [variant for variant in variants if not variant.available()]
    if missing:
        with _LOCK:
            _compile([variant for variant in missing if not variant.available()], progress)


def _compile(missing: list[Variant], progress: Callable[[str, float], object] | None) -> None:
    helper = _helper(missing) if len(missing) > 1 else None
    try:
        for number, variant in enumerate(missing):
            LOG.debug(COMPILING, number + 1, len(missing), variant.name)
            if progress is not None:
                progress(variant.name, number / len(missing))
            variant.compile()
    finally:
        if helper is not None:
            helper.kill()
            helper.wait()


def compile_named(names: list[tuple[str, str, tuple[bool, ...], str]]) -> None:
    """Compile kernels in a helper process. names: (module, function, constants, real) of each variant."""
    for module, name, constants, real in names:
        find(module, name).variant(*constants, real=real).compile()


def _helper(missing: list[Variant]) -> subprocess.Popen[bytes] | None:
    """Start a process that compiles from the end of the list; each process loads what the other has compiled.

    Return None if no such process can be started, or if there is only one processor.
    """
    python = "python" in os.path.basename(sys.executable or "").lower()  # not a program that embeds Python
    if not python or getattr(sys, "frozen", False) or (os.cpu_count() or 1) < 2:
        return None
    import subprocess

    names = [
        (variant.kernel.function.__module__, variant.kernel.function.__name__, variant.constants, variant.real)
        for variant in reversed(missing)
    ]
    command, null = [sys.executable, "-c", _CODE.format(sys.path, names)], subprocess.DEVNULL
    with suppress(OSError):
        return subprocess.Popen(command, stdin=null, stdout=null, stderr=null)
    return None
