"""Types of kernel parameters, written as annotations: `pixels: u32_2d`, `row: i64`, `find: Nearest`.

| annotation | type |
|---|---|
| u8 ... f64, `flag` | a number, a bool |
| with _1d, _2d or _3d | a C-contiguous NumPy array of these |
| with _flat | the same of one dimension, or an `array`, passed as a pointer without its length |
| `real`, `bits` | f32 or f64, like the arrays of a call, and the integer of the same width: two variants |
| `constant` | a bool that is fixed at compile time: two variants |
| a NamedTuple class | a group of these |
"""

from __future__ import annotations

import ctypes
import re
import sys
from array import array
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple, TypeAlias

# Kernels mix NumPy's scalars with Python's, so mypy does not check their types.
constant: TypeAlias = Any
flag: TypeAlias = Any
u8: TypeAlias = Any
u32: TypeAlias = Any
i64: TypeAlias = Any
f32: TypeAlias = Any
f64: TypeAlias = Any
flag_1d: TypeAlias = Any
flag_2d: TypeAlias = Any
u8_1d: TypeAlias = Any
u8_2d: TypeAlias = Any
u8_flat: TypeAlias = Any
i16_1d: TypeAlias = Any
i16_2d: TypeAlias = Any
i16_flat: TypeAlias = Any
u16_flat: TypeAlias = Any
i32_1d: TypeAlias = Any
i32_2d: TypeAlias = Any
i32_flat: TypeAlias = Any
u32_1d: TypeAlias = Any
u32_2d: TypeAlias = Any
u32_flat: TypeAlias = Any
i64_1d: TypeAlias = Any
i64_2d: TypeAlias = Any
i64_flat: TypeAlias = Any
u64_1d: TypeAlias = Any
f32_1d: TypeAlias = Any
f32_2d: TypeAlias = Any
f32_3d: TypeAlias = Any
f64_1d: TypeAlias = Any
f64_2d: TypeAlias = Any
real_1d: TypeAlias = Any
real_2d: TypeAlias = Any
bits_2d: TypeAlias = Any

_NAMES = {
    "flag": "bool", "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
    "i16": "int16", "i32": "int32", "i64": "int64", "f32": "float32", "f64": "float64",
}  # fmt: skip
_CTYPES = {
    "flag": ctypes.c_bool, "u8": ctypes.c_uint8, "u32": ctypes.c_uint32, "u64": ctypes.c_uint64,
    "i64": ctypes.c_int64, "f32": ctypes.c_float, "f64": ctypes.c_double,
}  # fmt: skip
_LONG = "l" if ctypes.sizeof(ctypes.c_long) == 8 else ""
_INT = "i" if _LONG else "il"
_CODES = {
    "flag": "?", "u8": "B", "u16": "H", "u32": _INT.upper(), "u64": "Q" + _LONG.upper(),
    "i16": "h", "i32": _INT, "i64": "q" + _LONG, "f32": "f", "f64": "d",
}  # fmt: skip
"""NumPy's one-letter codes of a type, which are faster to query than its name, number or item size."""
_BITS = {"f32": "i32", "f64": "i64"}
_WORD = re.compile(r"(\w+?)(?:_([123])d|_(flat))?")


@dataclass(frozen=True)
class Scalar:
    """A number or a constant. word: its annotation."""

    word: str

    @property
    def c_types(self) -> list[Any]:
        """C types of the number; none for a constant."""
        return [] if self.word == "constant" else [_CTYPES[self.word]]

    def flatten(self, value: Any, flat: list[Any]) -> None:
        """Append the C argument for a value to `flat`."""
        if self.word in ("f32", "f64"):
            flat.append(float(value))
        elif self.word != "constant":
            flat.append(int(value))


@dataclass(frozen=True)
class Array:
    """An array. word: the type of its items. dimensions: 1..3, or 0 if it is flat."""

    word: str
    dimensions: int

    @property
    def c_types(self) -> list[Any]:
        """C types of the pointer and, unless the array is flat, of its shape."""
        return [ctypes.c_void_p, *[ctypes.c_int64] * self.dimensions]

    def flatten(self, value: Any, flat: list[Any]) -> None:
        """Append the C arguments for an array to `flat`. Raises TypeError for another type or layout of arrays."""
        if not self.dimensions and isinstance(value, _FLAT):
            flat.append(_address_of(value, self.word))
            return
        if (
            value.dtype.char not in _CODES[self.word]
            or not value.dtype.isnative
            or value.ndim != (self.dimensions or 1)
            or not value.flags.c_contiguous
        ):
            wanted = f"a C-contiguous {_NAMES[self.word]} array of {self.dimensions or 1} dimensions"
            found = f"{value.dtype} of shape {value.shape} and strides {value.strides}"
            raise TypeError(f"kernel argument must be {wanted}, not {found}")
        flat.append(_pointer_at(id(value) + _HEAD).value)
        if self.dimensions:
            flat += value.shape


@dataclass(frozen=True)
class Group:
    """A NamedTuple. cls: its class. fields: the types of its fields."""

    cls: type
    fields: tuple[Type, ...]

    @property
    def c_types(self) -> list[Any]:
        """C types of all fields."""
        return [one for field in self.fields for one in field.c_types]

    def flatten(self, value: Any, flat: list[Any]) -> None:
        """Append the C arguments for all fields to `flat`."""
        for field, one in zip(self.fields, value, strict=True):
            field.flatten(one, flat)


Type: TypeAlias = "Scalar | Array | Group"

_HEAD = object.__basicsize__
_pointer_at = ctypes.c_void_p.from_address
"""Read the address of an array's data from NumPy's C structure, its first field: ten times faster than asking NumPy."""

_FLAT = array, bytearray, memoryview
_first_byte = ctypes.c_char.from_buffer


def _address_of(value: Any, word: str) -> int:
    """Return the address of the items of a flat array that is not one of NumPy's. Raises TypeError for another type."""
    if type(value) is array:
        if value.typecode in _CODES[word]:
            return value.buffer_info()[0]
    elif type(value) is bytearray:
        if word == "u8":
            return ctypes.addressof(_first_byte(value)) if value else 0
    elif value.format in _CODES[word] and value.ndim == 1 and value.c_contiguous and not value.readonly:
        return ctypes.addressof(_first_byte(value)) if value else 0
    raise TypeError(f"a kernel takes a flat array of {_NAMES[word]}, not {value!r:.50}")


def parse(annotation: str, module: str) -> Type:
    """Return the type that an annotation in a module stands for. Raises TypeError if there is none."""
    found = _WORD.fullmatch(annotation)
    if found and found[1] in {*_NAMES, "real", "bits", "constant"}:
        if found[3] or found[2]:
            return Array(found[1], int(found[2] or 0))
        return Scalar(found[1])
    cls = vars(sys.modules[module]).get(annotation)
    if not (isinstance(cls, type) and issubclass(cls, tuple)):
        raise TypeError(
            f"{annotation!r} in {module} is not a type of kernel parameter: use one listed in kernels.types, or a "
            "NamedTuple class"
        )
    return _group(cls)


@cache
def _group(cls: type) -> Group:
    return Group(cls, tuple(parse(text, cls.__module__) for text in _annotations(cls).values()))


def _annotations(thing: Any) -> dict[str, str]:
    """Return the annotations of a class or function as they are written; a future import keeps them as strings."""
    return {name: getattr(value, "__forward_arg__", value) for name, value in thing.__annotations__.items()}


class Signature(NamedTuple):
    """Types of a kernel's parameters and results.

    Attributes:
        parameters: Types of the parameters.
        results: Type of the returned numbers, "i64" or "f64"; "" if nothing is returned.
        number: Length of the returned tuple; 0 if a single number or nothing is returned.
    """

    parameters: tuple[Type, ...]
    results: str
    number: int

    @classmethod
    def of(cls, function: Any) -> Signature:
        """Read the annotations of a kernel."""
        annotations = _annotations(function)
        result = annotations.pop("return")
        words = re.findall(r"\b(?:int|float|bool)\b", result)
        return cls(
            tuple(parse(text, function.__module__) for text in annotations.values()),
            "" if not words else "f64" if "float" in words else "i64",
            len(words) if result.startswith("tuple") else 0,
        )

    @property
    def generic(self) -> bool:
        """True if there are variants for f32 and f64."""
        return any(kind.word == "real" for kind in self.parameters if not isinstance(kind, Group))

    def concrete(self, real: str) -> Signature:
        """Return the signature with `real` and `bits` replaced. real: "f32" or "f64"; "" if it is not generic."""
        return self._replace(parameters=tuple(_concrete(kind, real) for kind in self.parameters))


def _concrete(kind: Type, real: str) -> Type:
    if isinstance(kind, Group) or kind.word not in ("real", "bits"):
        return kind
    return replace(kind, word=real if kind.word == "real" else _BITS[real])


def numpy_name(word: str) -> str:
    """Return the name that NumPy and Numba give to a type of numbers."""
    return _NAMES[word]


def real_of(kinds: tuple[Type, ...], values: tuple[Any, ...]) -> str:
    """Return "f32" or "f64", the type of the first argument that is a `real` array."""
    for kind, value in zip(kinds, values, strict=False):
        if isinstance(kind, Array) and kind.word == "real":
            return f"f{8 * value.dtype.itemsize}"
    return "f64"


def as_int32(x: Any) -> Any:
    """Return a number that fits into a signed integer of 32 bits; compiled code converts it to one, for SIMD."""
    return x
