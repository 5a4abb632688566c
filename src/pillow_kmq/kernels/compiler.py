"""Compilation of a kernel to object code, as a Numba `cfunc` of a wrapper that takes pointers and numbers.

LLVM removes the error handling from Numba's optimised IR, since kernels never raise, and llvmlite emits object code.
"""

from __future__ import annotations

from array import array
from functools import cache
from types import FunctionType, SimpleNamespace
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np

from . import machine
from .interrupts import interrupts_after_callbacks
from .sources import helper, names
from .types import Group, Scalar, Signature, Type, as_int32, numpy_name

# No fastmath: with contraction and reassociation, results depend on the machine (docs/ARCHITECTURE.md).
# `error_model="numpy"` drops the checks for division by zero, which prevent vectorisation.
_OPTIONS: Any = {"error_model": "numpy", "fastmath": False}
_INLINED: Any = {**_OPTIONS, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
_ALLOWED = ("llvm.", "memcpy", "memmove", "memset", "sqrt")  # sqrt is correctly rounded on every platform
_HELPERS: dict[Any, Any] = {as_int32: np.int32}


def compiled_helper(function: FunctionType) -> Any:
    """Return a Numba dispatcher of a function, in which helpers are replaced by their dispatchers."""
    if function not in _HELPERS:
        own = dict(function.__globals__)
        for name in names(function.__code__):
            found = helper(own.get(name))
            if found is not None:
                own[name] = compiled_helper(found)
        copy = FunctionType(function.__code__, own, function.__name__, function.__defaults__)
        _HELPERS[function] = numba.njit(**_INLINED)(copy)
    return _HELPERS[function]


def optimize(function: FunctionType, signature: Signature, constants: tuple[bool, ...], symbol: str) -> Any:
    """Compile a kernel to an LLVM module with one external function.

    Args:
        function: The Python function of the kernel.
        signature: Its concrete types, without `real` and `bits`.
        constants: Values of its `constant` parameters, in order.
        symbol: Name of the external function.

    Returns:
        An optimised llvmlite module.

    Raises:
        TypeError: The kernel calls a function of the runtime, as code that raises or allocates does.
    """
    wrapper, types = _wrapper(function, signature, constants)
    with interrupts_after_callbacks():
        compiled = numba.cfunc(types, **_OPTIONS)(wrapper)
    module = llvm.parse_assembly(compiled.inspect_llvm())
    for one in (*module.functions, *module.global_variables):
        if one.name == compiled.native_name:
            one.name = symbol
        elif not one.is_declaration:
            one.linkage = "internal"
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    passes = llvm.create_pass_builder(machine.target_machine(*machine.host()), options)
    passes.getModulePassManager().run(module, passes)
    for one in module.functions:
        if one.is_declaration and not one.name.startswith(_ALLOWED):
            raise TypeError(f"kernel {symbol} calls {one.name}: rewrite it so that it neither raises nor allocates")
    return module


def object_code(first: Any, *rest: Any) -> bytes:
    """Link modules, which cannot be used afterwards, and return their object code."""
    for one in rest:
        first.link_in(one)
    return bytes(machine.target_machine(*machine.host()).emit_object(first))


def _wrapper(function: FunctionType, signature: Signature, constants: tuple[bool, ...]) -> tuple[FunctionType, Any]:
    """Return a function of pointers and numbers that calls the kernel, and its Numba signature."""
    numba_module: Any = numba
    types = numba_module.types
    own: dict[str, Any] = {"carray": numba_module.carray, "kernel": compiled_helper(function)}
    taken: list[str] = []
    numbers: list[Any] = []
    values = iter(constants)

    def take(numba_type: Any) -> str:
        taken.append(f"p{len(taken)}")
        numbers.append(numba_type)
        return taken[-1]

    def argument(kind: Type) -> str:
        if isinstance(kind, Group):
            own[kind.cls.__name__] = kind.cls
            return f"{kind.cls.__name__}({', '.join(map(argument, kind.fields))})"
        if isinstance(kind, Scalar):
            return str(next(values)) if kind.word == "constant" else take(_number(kind.word))
        pointer = take(types.CPointer(_number(kind.word)))
        sides = [take(types.int64) for _ in range(kind.dimensions)]
        return f"carray({pointer}, ({', '.join(sides)},))" if sides else pointer

    call = f"kernel({', '.join(map(argument, signature.parameters))})"
    result = types.void
    if signature.number:
        out = take(types.CPointer(_number(signature.results)))
        body = f"found = {call}\n" + "".join(f"    {out}[{i}] = found[{i}]\n" for i in range(signature.number))
    elif signature.results:
        body, result = f"return {call}", _number(signature.results)
    else:
        body = call
    exec(f"def wrapper({', '.join(taken)}):\n    {body}", own)
    return own["wrapper"], result(*numbers)


def _number(word: str) -> Any:
    types: Any = numba.types
    return types.boolean if word == "flag" else getattr(types, numpy_name(word))


@cache
def checked(function: FunctionType, signature: Signature, constants: tuple[bool, ...]) -> Any:
    """Return a dispatcher of the kernel without its constants, which raises IndexError under NUMBA_BOUNDSCHECK=1."""
    numba_module: Any = numba
    own: dict[str, Any] = {"kernel": compiled_helper(function)}
    values = iter(constants)
    taken, passed = [], []
    for number, kind in enumerate(signature.parameters):
        name = f"p{number}"
        if isinstance(kind, Scalar) and kind.word == "constant":
            passed.append(str(next(values)))
            continue
        taken.append(name)
        if isinstance(kind, Scalar):
            own[kind.word] = _number(kind.word)
            name = f"{kind.word}({name})"
        passed.append(name)
    exec(f"def wrapper({', '.join(taken)}):\n    return kernel({', '.join(passed)})", own)
    return numba_module.njit(**_OPTIONS)(own["wrapper"])


def writable(value: Any) -> Any:
    """Return writable views of arrays: `checked` also compiles writes in branches that constants rule out."""
    if isinstance(value, tuple):
        return type(value)(*map(writable, value))
    if isinstance(value, np.ndarray) and not value.flags.writeable:
        interface = {**value.__array_interface__, "data": (value.__array_interface__["data"][0], False)}
        return np.asarray(SimpleNamespace(__array_interface__=interface, owner=value))
    if isinstance(value, (array, bytearray, memoryview)):
        return np.frombuffer(value, memoryview(value).format)
    return value
