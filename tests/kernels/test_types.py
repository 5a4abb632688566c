"""The types of a kernel's parameters: how annotations are read, and which arguments are refused."""

from __future__ import annotations

import ctypes
import re
from array import array
from typing import Any, NamedTuple

import numpy as np
import pytest

from pillow_kmq.codec.symbols.margins_kernel import map_rows
from pillow_kmq.kernels.kernel import checking
from pillow_kmq.kernels.types import (
    Array,
    Group,
    Scalar,
    Signature,
    bits_2d,
    constant,
    f64,
    flag,
    i64,
    parse,
    real_1d,
    real_of,
    u16_flat,
)


class Inner(NamedTuple):
    """A type."""

    table: u16_flat
    bias: f64


class Outer(NamedTuple):
    """A type of types."""

    inner: Inner
    odd: flag


def everything(first: constant, values: real_1d, kinds: bits_2d, outer: Outer, count: i64) -> tuple[float, float]:
    """A kernel that takes all kinds."""
    return 0.0, 0.0


INNER = Group(Inner, (Array("u16", 0), Scalar("f64")))
OUTER = Group(Outer, (INNER, Scalar("flag")))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("i64", Scalar("i64")), ("flag", Scalar("flag")), ("constant", Scalar("constant")),
        ("u8_1d", Array("u8", 1)), ("f32_3d", Array("f32", 3)), ("flag_2d", Array("flag", 2)),
        ("u16_flat", Array("u16", 0)), ("real_2d", Array("real", 2)), ("Inner", INNER), ("Outer", OUTER),
    ],
)  # fmt: skip
def test_annotations_are_words_and_named_tuples(text: str, kind: object) -> None:
    assert parse(text, __name__) == kind


@pytest.mark.parametrize("text", ["int", "i128", "u8_4d", "u8_2", "u8_flat_1d", "real_", "np", "Unknown", "Any"])
def test_any_other_annotation_is_refused_with_its_name_and_module(text: str) -> None:
    with pytest.raises(TypeError, match=rf"'{text}' in \w*test_types is not a type of kernel parameter"):
        parse(text, __name__)


def test_a_signature_has_two_variants_where_it_is_real() -> None:
    signature = Signature.of(everything)
    assert signature.generic
    kinds = (Scalar("constant"), Array("real", 1), Array("bits", 2), OUTER, Scalar("i64"))
    assert signature == (kinds, "f64", 2)
    assert signature.concrete("f32").parameters[1:3] == (Array("f32", 1), Array("i32", 2))
    assert signature.concrete("f64").parameters[1:3] == (Array("f64", 1), Array("i64", 2))
    assert not signature.concrete("f64").generic


@pytest.mark.parametrize(
    ("text", "results"),
    [("int", ("i64", 0)), ("float", ("f64", 0)), ("None", ("", 0)), ("tuple[int, int, int]", ("i64", 3))],
)
def test_what_comes_back_is_nothing_a_number_or_a_tuple_of_them(text: str, results: tuple[str, int]) -> None:
    def kernel(x: i64) -> Any:
        pass

    kernel.__annotations__["return"] = text
    assert Signature.of(kernel)[1:] == results


def test_compiled_code_takes_pointers_and_sides_and_numbers() -> None:
    pointer, side = ctypes.c_void_p, ctypes.c_int64
    taken = [one for kind in Signature.of(everything).concrete("f32").parameters for one in kind.c_types]
    assert taken == [pointer, side, pointer, side, side, pointer, ctypes.c_double, ctypes.c_bool, ctypes.c_int64]


def test_arrays_become_addresses_and_sides_and_numbers_stay() -> None:
    values, kinds, table = np.zeros(3, np.float32), np.zeros((2, 5), np.int32), np.zeros(7, np.uint16)
    flat: list[object] = []
    arguments = True, values, kinds, Outer(Inner(table, 0.5), np.True_), np.int32(9)
    for kind, value in zip(Signature.of(everything).concrete("f32").parameters, arguments, strict=True):
        kind.flatten(value, flat)
    assert flat == [values.ctypes.data, 3, kinds.ctypes.data, 2, 5, table.ctypes.data, 0.5, 1, 9]
    assert real_of(Signature.of(everything).parameters, arguments) == "f32"


BAD = {
    "another number": np.zeros((4, 6), np.float64),
    "the other bytes first": np.zeros((4, 6), np.float32).astype(">f4" if np.little_endian else "<f4"),
    "one side": np.zeros(24, np.float32),
    "three sides": np.zeros((1, 4, 6), np.float32),
    "rows in other order": np.zeros((4, 6), np.float32)[::-1],
    "columns first": np.zeros((6, 4), np.float32).T,
    "a part": np.zeros((4, 7), np.float32)[:, :6],
}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
def test_arrays_of_another_kind_are_refused(value: Any) -> None:
    wanted = "kernel argument must be a C-contiguous float32 array of 2 dimensions"
    given = f"not {value.dtype} of shape {value.shape} and strides {value.strides}"
    with pytest.raises(TypeError, match=re.escape(f"{wanted}, {given}")):
        Array("f32", 2).flatten(value, [])


def test_a_flat_array_has_one_dimension() -> None:
    with pytest.raises(TypeError, match="a C-contiguous uint16 array of 1 dimensions, not uint16 of shape"):
        Array("u16", 0).flatten(np.zeros((2, 2), np.uint16), [])


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("u8", bytearray(b"abc")), ("u8", array("B", b"abc")), ("u16", array("H", [1, 2, 3])),
        ("i32", array("i", [-1, 2, 3])), ("i64", array("q", [-1, 2, 3])),
        ("u32", memoryview(array("I", [7, 8, 9, 1]))[1:3]), ("u8", bytearray()), ("i16", array("h")),
    ],
)  # fmt: skip
def test_flat_arrays_may_be_pythons_own(word: str, value: Any) -> None:
    flat: list[Any] = []
    Array(word, 0).flatten(value, flat)
    view = memoryview(value)
    assert len(flat) == 1
    assert not len(view) or ctypes.string_at(flat[0], view.nbytes) == view.tobytes()


@pytest.mark.parametrize(
    "value",
    [
        array("h", [1]), array("B", b"ab"), bytearray(b"ab"), memoryview(bytearray(b"ab")),
        memoryview(array("H", [1]).tobytes()).cast("H"), memoryview(array("H", [1, 2, 3]))[::2],
    ],
    ids=["int16", "uint8", "bytes", "view of bytes", "read-only", "gaps"],
)  # fmt: skip
def test_other_types_read_only_memory_and_gaps_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="kernel argument must be a flat array of uint16, not "):
        Array("u16", 0).flatten(value, [])


@pytest.mark.jit
@pytest.mark.skipif(checking(), reason="Numba says it then")
def test_a_kernel_refuses_what_it_does_not_take() -> None:
    source, table = np.zeros(4, np.uint8), np.arange(256, dtype=np.uint8)
    with pytest.raises(TypeError, match="a C-contiguous uint8 array of 1 dimensions, not int64 of shape"):
        map_rows(source, 0, 4, table.astype(np.int64), source, 0, 4, 4, 1)
    with pytest.raises(TypeError, match=r"9 arguments \(8 given\)"):
        map_rows(source, 0, 4, table, source, 0, 4, 4)
    with pytest.raises(TypeError, match="takes 9 arguments, not 10"):
        map_rows(source, 0, 4, table, source, 0, 4, 4, 1, 1)
    assert not source.any()
