"""Hash of a kernel's source, and of every helper and constant that it uses, in whatever module they are."""

from __future__ import annotations

import hashlib
import marshal
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .types import Group, Signature, Type

_PACKAGE = __name__.partition(".")[0]


def helper(value: Any) -> FunctionType | None:
    """Return the plain function of a global of a kernel, or None if it is not a function of this package."""
    function = getattr(value, "function", value)
    if isinstance(function, FunctionType) and function.__module__.partition(".")[0] == _PACKAGE:
        return function
    return None


def names(code: CodeType) -> Iterator[str]:
    """Yield the names that a code object and those nested in it look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names(constant)


def digest(function: FunctionType) -> str:
    """Return a hash of the kernel's source, helpers and constants, 32 hexadecimal digits."""
    result = hashlib.sha256(function.__qualname__.encode())
    functions, constants = _reached(function)
    classes = _classes(Signature.of(function).parameters)
    for module in sorted({one.__module__ for one in (*functions, *classes)}):
        result.update(_source(module))
    for line in sorted(constants):
        result.update(line.encode())
    return result.hexdigest()[:32]


@cache
def _source(module: str) -> bytes:
    """Return the text of a module, or its bytecode in a frozen or zipped program, which has no source file."""
    found: Any = sys.modules[module]
    try:
        return Path(found.__file__).read_bytes()
    except OSError:
        return marshal.dumps(found.__spec__.loader.get_code(module), 2)  # newer formats differ between runs


def _classes(kinds: tuple[Type, ...]) -> Iterator[type]:
    for kind in kinds:
        if isinstance(kind, Group):
            yield kind.cls
            yield from _classes(kind.fields)


def _reached(function: FunctionType) -> tuple[list[FunctionType], set[str]]:
    functions, constants = [function], set()
    for one in functions:
        own = one.__globals__
        for name in own.keys() & set(names(one.__code__)):
            found = helper(own[name])
            if found is None:
                constants.add(f"{one.__module__}.{name}={_text(own[name])}")
            elif found not in functions:
                functions.append(found)
    return functions, constants


def _text(value: Any) -> str:
    """Return a constant as text that depends neither on the paths of modules nor on the version of NumPy."""
    if isinstance(value, ModuleType):
        return value.__name__
    if hasattr(value, "dtype"):
        return f"{value.dtype.str} {value.tolist()}"
    return repr(value)
