"""The arrays that the kernels of a level work on, for plain Python and for compiled code, from one table."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple


class Field(NamedTuple):
    """An array of the state of a stripe.

    Attributes:
        name: the field of the kernel's NamedTuple that holds the array.
        dtype: a type code that has the same meaning in `array` and in NumPy.
        length: number of items.
        first: the initial value of every item, or initial values that are repeated to fill the array.
        aligned: whether the array must start at a cache line.
    """

    name: str
    dtype: str
    length: int
    first: Any = 0
    aligned: bool = False


def variables(fields: Iterable[Field], compiled: bool) -> dict[str, Any]:
    """Return new arrays by name: of NumPy for compiled kernels, of the module `array` otherwise."""
    make = _numpy_array if compiled else _plain_array
    return {field.name: make(field) for field in fields}


def constants(fields: Iterable[Field], compiled: bool) -> dict[str, Any]:
    """Return arrays that kernels only read, by name, without copying `first`.

    In plain Python `first` may be anything that is indexed like the array.
    """
    if not compiled:
        return {field.name: field.first for field in fields}
    import numpy as np

    return {field.name: np.frombuffer(field.first, field.dtype) for field in fields}


def _plain_array(field: Field) -> array[int]:
    first = [field.first] if isinstance(field.first, int) else field.first
    return array(field.dtype, first) * (field.length // len(first))


def _numpy_array(field: Field) -> Any:
    import numpy as np

    _, dtype, length, first, aligned = field
    if aligned:
        size = np.dtype(dtype).itemsize
        memory = np.empty(length * size + 64, np.uint8)
        start = -memory.ctypes.data % 64
        result = memory[start : start + length * size].view(dtype)
        result[:] = first
        return result
    if isinstance(first, int):
        return np.full(length, first, dtype) if first else np.zeros(length, dtype)
    values = np.array(first, dtype)
    return values if len(values) == length else np.tile(values, length // len(values))
