"""Compiling all kernels ahead of time, for containers and first users; the machine code stays on disk."""

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
"""Those that import all that have kernels."""


def warmup(progress: Callable[[str, float], object] | None = None) -> None:
    """Compile every kernel that is not kept on disk yet: half a minute in a new environment.

    progress: called before each with its name and the part that is done, 0..1, and with "" and 1 at the end. Kernels
    are kept in the user's cache directory, or in `KMQ_CACHE_DIR`.
    """
    from .ahead import prepare
    from .kernel import every_variant

    check_callback("progress", progress)
    for module in MODULES:
        import_module(f"pillow_kmq.{module}")
    prepare(every_variant(), progress)
    if progress is not None:
        progress("", 1.0)
