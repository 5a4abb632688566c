"""From a kernel's Python source to object code, by Numba: `cfunc` of a wrapper that takes pointers and numbers.

Numba's optimised LLVM IR is cleaned of what only errors need, which kernels never raise, and compiled by llvmlite.
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

# No fastmath: contraction and reassociation give other bits on other machines (docs/ARCHITECTURE.md).
# `error_model="numpy"` drops the zero-division checks, which would keep loops from being vectorised.
_OPTIONS: Any = {"error_model": "numpy", "fastmath": False}
_PASTED: Any = {**_OPTIONS, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
_ALLOWED = ("llvm.", "memcpy", "memmove", "memset", "sqrt")  # the last is rounded alike everywhere
_HELPERS: dict[Any, Any] = {as_int32: np.int32}


def compiled_helper(function: FunctionType) -> Any:
    """A dispatcher of Numba for a function whose helpers are dispatchers too."""
    if function not in _HELPERS:
        own = dict(function.__globals__)
        for name in names(function.__code__):
            found = helper(own.get(name))
            if found is not None:
                own[name] = compiled_helper(found)
        copy = FunctionType(function.__code__, own, function.__name__, function.__defaults__)
        _HELPERS[function] = numba.njit(**_PASTED)(copy)
    return _HELPERS[function]


def optimize(function: FunctionType, signature: Signature, constants: tuple[bool, ...], symbol: str) -> Any:
    """Compile a kernel to a module of LLVM with one C function.

    Args:
        function: the kernel.
        signature: its types, without `real` and `bits`.
        constants: the values of its parameters that are constants.
        symbol: the name of the C function.
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
            raise TypeError(f"{symbol} needs {one.name}: kernels must neither raise nor allocate")
    return module


def object_code(first: Any, *rest: Any) -> bytes:
    """Make one piece of object code of modules, which are used up."""
    for one in rest:
        first.link_in(one)
    return bytes(machine.target_machine(*machine.host()).emit_object(first))


def _wrapper(function: FunctionType, signature: Signature, constants: tuple[bool, ...]) -> tuple[FunctionType, Any]:
    """A function of pointers and numbers that calls the kernel, and its signature."""
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
    """What takes the kernel's arguments but for constants, and under NUMBA_BOUNDSCHECK=1 raises IndexError."""
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
    """Arrays as `checked` must have them: it compiles what writes, too, even where constants leave that out."""
    if isinstance(value, tuple):
        return type(value)(*map(writable, value))
    if isinstance(value, np.ndarray) and not value.flags.writeable:
        interface = {**value.__array_interface__, "data": (value.__array_interface__["data"][0], False)}
        return np.asarray(SimpleNamespace(__array_interface__=interface, owner=value))
    if isinstance(value, (array, bytearray, memoryview)):
        return np.frombuffer(value, memoryview(value).format)
    return value
