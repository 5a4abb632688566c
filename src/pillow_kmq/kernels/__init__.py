"""From a kernel's Python source to machine code: the only place that knows Numba and llvmlite.

`Kernel` is a decorator. On its first call a kernel is looked for among those that a wheel has and those that were
compiled before; if it is not there, Numba compiles it. Later processes load it by llvmlite, without Numba.
"""

from .kernel import Kernel, enabled

kernel = Kernel

__all__ = ["Kernel", "enabled", "kernel"]
