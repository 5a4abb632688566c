"""Compilation of kernels from Python source to machine code: the only package that imports Numba and llvmlite.

`Kernel` is a decorator. On its first call, a kernel is loaded from the wheel or from the cache on disk; if it is in
neither, Numba compiles it. Later processes load it through llvmlite, without importing Numba.
"""

from .kernel import Kernel, enabled

kernel = Kernel

__all__ = ["Kernel", "enabled", "kernel"]
