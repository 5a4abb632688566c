"""The arrays that the kernels of a level work on, in plain Python and compiled, from one table.

They are of the module `array`, so that images open without NumPy, which takes longer to import than most to decode.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

_LINE = 64  # bytes of a processor's cache
_UNITS = 512  # copied at once, as `array` copies so many about as fast as one


class Field(NamedTuple):
    """An array of the state of a stripe.

    Attributes:
        name: the field of the kernel's NamedTuple that holds the array.
        dtype: a type code of `array`.
        length: number of items.
        first: the initial value of every item, or initial values that are repeated to fill the array.
        aligned: whether the array must start at a cache line.
    """

    name: str
    dtype: str
    length: int
    first: Any = 0
    aligned: bool = False


def variables(fields: Iterable[Field]) -> dict[str, Any]:
    """Return new arrays by name."""
    return {field.name: _array(field) for field in fields}


def constants(fields: Iterable[Field], compiled: bool) -> dict[str, Any]:
    """Return arrays that kernels only read, by name.

    In plain Python `first` may be anything that is indexed like the array.
    """
    if not compiled:
        return {field.name: field.first for field in fields}
    return {
        field.name: field.first if isinstance(field.first, array) else array(field.dtype, field.first)
        for field in fields
    }


def _array(field: Field) -> Any:
    _, dtype, length, first, aligned = field
    unit = array(dtype, [first] if isinstance(first, int) else first)
    spare = _LINE // unit.itemsize if aligned else 0
    units = (length + spare) // len(unit)
    at_once = max(1, min(units, _UNITS))
    result = unit * at_once * (units // at_once)
    result.extend(unit * (units % at_once))
    if not aligned:
        return result
    start = -result.buffer_info()[0] % _LINE // unit.itemsize
    return memoryview(result)[start : start + length]
