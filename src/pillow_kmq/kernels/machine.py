"""Target processor and loader of machine code; needs llvmlite only."""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm

_LOADING = threading.RLock()


@cache
def _initialized() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@cache
def host() -> tuple[str, str]:
    """Return LLVM's name and features of this processor, unless Numba's environment variables override them."""
    name = os.environ.get("NUMBA_CPU_NAME", llvm.get_host_cpu_name())
    features = "" if name == "generic" else llvm.get_host_cpu_features().flatten()
    return name, os.environ.get("NUMBA_CPU_FEATURES", features)


def target_machine(cpu: str, features: str) -> Any:
    """Return a target machine that does not contract operations, so that all processors give the same bits."""
    _initialized()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=cpu, features=features, opt=3, reloc="pic", codemodel="small", jit=True)


@cache
def _engine() -> Any:
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine(*host()))


def load(code: bytes, symbol: str) -> int:
    """Load object code and return the address of the function `symbol`. Raises RuntimeError if it has none."""
    with _LOADING:
        _engine().add_object_file(llvm.ObjectFileRef.from_data(code))
        _engine().finalize_object()
        address = _engine().get_function_address(symbol)
    if not address:
        raise RuntimeError(f"object code has no function {symbol}")
    return int(address)


def description() -> str:
    """Describe the processor and the compiler of this process."""
    return " ".join((llvm.get_process_triple(), *host(), llvmlite.__version__))
