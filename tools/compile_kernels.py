"""Compile all kernels for the processor that NUMBA_CPU_NAME names: `python tools/compile_kernels.py FOLDER`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from pillow_kmq.compiling import MODULES
from pillow_kmq.kernels import store
from pillow_kmq.kernels.compiler import object_code
from pillow_kmq.kernels.kernel import every_variant


def main(folder: Path) -> None:
    """Write a file of object code for each."""
    folder.mkdir(parents=True)
    for module in MODULES:
        import_module(f"pillow_kmq.{module}")
    for one in every_variant():
        code = object_code(one.kernel.function, one.signature, one.constants, one.symbol)
        store.put(folder / f"{one.symbol}.o", code)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
