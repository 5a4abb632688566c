"""Kernels for tests, which copy them into a package `pillow_kmq`."""

from __future__ import annotations

from .kernels import kernel
from .kernels.types import (
    as_int32,
    bits_2d,
    constant,
    f32_3d,
    f64,
    f64_2d,
    flag,
    flag_1d,
    i64,
    i64_1d,
    real_1d,
    real_2d,
    u8,
    u8_flat,
    u32,
)
from .others.helpers import Line, plus, step


@kernel
def add(values: i64_1d, number: i64) -> int:
    """A number."""
    for i in range(values.shape[0]):
        number = plus(number, values[i])
    return step(number)


@kernel
def divide(total: f64, count: i64) -> float:
    """A fraction."""
    return total / count


@kernel
def numbers(start: u8, wide: u32, odd: flag) -> tuple[int, int, int]:
    """Three of them."""
    return start + 1, wide * 2, as_int32(start) + odd


@kernel
def fractions(values: f64_2d) -> tuple[float, float]:
    """Two of them, of the first row and the last."""
    return values[0, 0] / 4, values[-1, 1] / 8


@kernel
def fill(cube: f32_3d, marks: flag_1d, bytes: u8_flat) -> None:
    """Nothing but what it writes."""
    for z in range(cube.shape[0]):
        for y in range(cube.shape[1]):
            for x in range(cube.shape[2]):
                if marks[x]:
                    cube[z, y, x] = 100 * z + 10 * y + x + 0.5
                    bytes[x] += 1


@kernel
def squared(values: real_1d, out: real_2d, kinds: bits_2d) -> float:
    """Of either type."""
    total = 0.0
    for i in range(values.shape[0]):
        out[0, i] = values[i] * values[i]
        kinds[0, i] = -i
        total += float(out[0, i])
    return total


@kernel
def chosen(first: constant, x: i64, second: constant) -> int:
    """By constants, of which there are not all combinations."""
    if first:
        return x + 1 if second else x + 2
    return x - 1


chosen.combinations = ((False, True), (True, False), (True, True))


@kernel
def along(line: Line, first: i64, last: i64) -> int:
    """Of a named tuple."""
    total = 0
    for i in range(first, last):
        total += line.numbers[i] * line.bytes[i]
    return total + int(line.factor)
