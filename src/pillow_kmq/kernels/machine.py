"""Machine code in memory, by llvmlite alone: for which processor it is, and how it gets there."""

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
    """Return LLVM's name of this processor, and its features, unless Numba's variables override them."""
    name = os.environ.get("NUMBA_CPU_NAME", llvm.get_host_cpu_name())
    features = "" if name == "generic" else llvm.get_host_cpu_features().flatten()
    return name, os.environ.get("NUMBA_CPU_FEATURES", features)


def target_machine(cpu: str, features: str) -> Any:
    """What makes code for a processor. Without contraction of operations, so that all give the same bits."""
    _initialized()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=cpu, features=features, opt=3, reloc="pic", codemodel="small", jit=True)


@cache
def _engine() -> Any:
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine(*host()))


def load(code: bytes, symbol: str) -> int:
    """The address of a function in object code; raises RuntimeError if it is not there."""
    with _LOADING:
        _engine().add_object_file(llvm.ObjectFileRef.from_data(code))
        _engine().finalize_object()
        address = _engine().get_function_address(symbol)
    if not address:
        raise RuntimeError(f"no function {symbol} in compiled code")
    return int(address)


def description() -> str:
    """The processor and the compiler of this process."""
    return " ".join((llvm.get_process_triple(), *host(), llvmlite.__version__))
