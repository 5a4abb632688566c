"""The types of a kernel's parameters, written as annotations: `pixels: u32_2d`, `row: i64`, `find: Nearest`.

Scalars are u8 ... f64 and `flag`, a bool. With _1d, _2d or _3d they are C-contiguous NumPy arrays; with _flat they are
arrays of one dimension, of NumPy or of the module `array`, that the kernel indexes from the start on, unchecked.
`real` is f32 or f64, whatever the arrays of a call are, and `bits` the integer as wide: such a kernel has two variants.
Each value of a `constant`, true or false, has a variant too. A NamedTuple of these is a type as well.
"""

from __future__ import annotations

import ctypes
import re
import sys
from array import array
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple, TypeAlias

# mypy does not follow kernels, which mix NumPy's scalars with Python's.
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
"""NumPy's one-letter codes of a type: its name, its number and its length take longer to ask for."""
_BITS = {"f32": "i32", "f64": "i64"}
_WORD = re.compile(r"(\w+?)(?:_([123])d|_(flat))?")


@dataclass(frozen=True)
class Scalar:
    """A number, or a constant. word: its type, as above."""

    word: str

    @property
    def c_types(self) -> list[Any]:
        """What compiled code takes for it."""
        return [] if self.word == "constant" else [_CTYPES[self.word]]

    def flatten(self, value: Any, flat: list[Any]) -> None:
        """Append that to a list."""
        if self.word in ("f32", "f64"):
            flat.append(float(value))
        elif self.word != "constant":
            flat.append(int(value))


@dataclass(frozen=True)
class Array:
    """An array. word: the type of its items. dimensions: 1..3, or 0 where it is flat."""

    word: str
    dimensions: int

    @property
    def c_types(self) -> list[Any]:
        """What compiled code takes for it: where it is and, unless it is flat, its shape."""
        return [ctypes.c_void_p, *[ctypes.c_int64] * self.dimensions]

    def flatten(self, value: Any, flat: list[Any]) -> None:
        """Append that to a list; raises TypeError for any other array."""
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
            raise TypeError(f"a kernel takes {wanted}, not {value.dtype} of shape {value.shape}, {value.strides}")
        flat.append(_pointer_at(id(value) + _HEAD).value)
        if self.dimensions:
            flat += value.shape


@dataclass(frozen=True)
class Group:
    """A NamedTuple: the class and the types of its fields."""

    cls: type
    fields: tuple[Type, ...]

    @property
    def c_types(self) -> list[Any]:
        """What compiled code takes for its fields."""
        return [one for field in self.fields for one in field.c_types]

    def flatten(self, value: Any, flat: list[Any]) -> None:
        """Append that to a list."""
        for field, one in zip(self.fields, value, strict=True):
            field.flatten(one, flat)


Type: TypeAlias = "Scalar | Array | Group"

_HEAD = object.__basicsize__
_pointer_at = ctypes.c_void_p.from_address
"""Where the items of an array are is the first field of NumPy's C structure: to ask NumPy takes ten times as long."""

_FLAT = array, bytearray, memoryview
_first_byte = ctypes.c_char.from_buffer


def _address_of(value: Any, word: str) -> int:
    """Where the items are of what is one of _FLAT."""
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
    """The type that an annotation in a module stands for; raises TypeError for any other."""
    found = _WORD.fullmatch(annotation)
    if found and found[1] in {*_NAMES, "real", "bits", "constant"}:
        if found[3] or found[2]:
            return Array(found[1], int(found[2] or 0))
        return Scalar(found[1])
    cls = vars(sys.modules[module]).get(annotation)
    if not (isinstance(cls, type) and issubclass(cls, tuple)):
        raise TypeError(f"{annotation!r} in {module} is no type of a kernel's parameter")
    return _group(cls)


@cache
def _group(cls: type) -> Group:
    return Group(cls, tuple(parse(text, cls.__module__) for text in _annotations(cls).values()))


def _annotations(thing: Any) -> dict[str, str]:
    """The annotations of a class or a function as they are written, which a future import keeps as strings."""
    return {name: getattr(value, "__forward_arg__", value) for name, value in thing.__annotations__.items()}


class Signature(NamedTuple):
    """What a kernel takes and gives.

    parameters: their types. results: the type of numbers that it gives, "" for none. number: how many are a tuple.
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
        """Whether it has variants of f32 and f64."""
        return any(kind.word == "real" for kind in self.parameters if not isinstance(kind, Group))

    def concrete(self, real: str) -> Signature:
        """The same for one of these."""
        return self._replace(parameters=tuple(_concrete(kind, real) for kind in self.parameters))


def _concrete(kind: Type, real: str) -> Type:
    if isinstance(kind, Group) or kind.word not in ("real", "bits"):
        return kind
    return replace(kind, word=real if kind.word == "real" else _BITS[real])


def numpy_name(word: str) -> str:
    """NumPy's and Numba's name of a number's type."""
    return _NAMES[word]


def real_of(kinds: tuple[Type, ...], values: tuple[Any, ...]) -> str:
    """The variant that arguments ask for: the type of the first array of `real`."""
    for kind, value in zip(kinds, values, strict=False):
        if isinstance(kind, Array) and kind.word == "real":
            return f"f{8 * value.dtype.itemsize}"
    return "f64"


def as_int32(x: Any) -> Any:
    """A number that fits 32 bits, signed; compiled, its type too, so that several can be computed at once."""
    return x
