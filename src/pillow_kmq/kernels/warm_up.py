"""Compilation of all kernels ahead of time, as in container images; the machine code is cached on disk."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ..checks import check_callback

MODULES = (
    "codec.levels.default.model",
    "codec.levels.fast.arrays",
    "codec.levels.max.model",
    "codec.palette.sorted_colors",
    "codec.symbols.margins",
    "quant.kmeans",
    "quant.pipeline",
)
"""Modules that together import every module with kernels."""


def warmup(progress: Callable[[str, float], object] | None = None) -> None:
    """Compile every kernel that is not cached on disk yet, which takes half a minute in a new environment.

    Kernels are cached in the user's cache directory, or in the directory that `KMQ_CACHE_DIR` names.

    Args:
        progress: Function called before each kernel with its name and the fraction done, 0..1, and with "" and 1 at
            the end; None (default) for none.

    Raises:
        OptionTypeError: `progress` is not callable.
        ImportError: A kernel has to be compiled and Numba is not installed.
    """
    from .ahead import prepare
    from .kernel import every_variant

    check_callback("progress", progress)
    for module in MODULES:
        import_module(f"pillow_kmq.{module}")
    prepare(every_variant(), progress)
    if progress is not None:
        progress("", 1.0)
