"""What a kernel is made of: its own source, and that of every helper and constant it reaches, wherever they are."""

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
    """The plain function behind a global of a kernel, if it is one of this package's."""
    function = getattr(value, "function", value)
    if isinstance(function, FunctionType) and function.__module__.partition(".")[0] == _PACKAGE:
        return function
    return None


def names(code: CodeType) -> Iterator[str]:
    """The names that code looks up, those of code inside it too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names(constant)


def digest(function: FunctionType) -> str:
    """A hash that changes with whatever the kernel is made of."""
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
    """Its text; in a frozen or zipped program, which has no such file, its bytecode."""
    found: Any = sys.modules[module]
    try:
        return Path(found.__file__).read_bytes()
    except OSError:
        return marshal.dumps(found.__spec__.loader.get_code(module), 2)  # the newer formats differ from run to run


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
    """A constant as text that depends neither on where modules lie nor on NumPy's version."""
    if isinstance(value, ModuleType):
        return value.__name__
    if hasattr(value, "dtype"):
        return f"{value.dtype.str} {value.tolist()}"
    return repr(value)
