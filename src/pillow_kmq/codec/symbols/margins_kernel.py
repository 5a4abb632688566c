"""Copying of indices through a table: kernel."""

from __future__ import annotations

from ...kernels import kernel
from ...kernels.types import i64, u8_flat


@kernel
def map_rows(
    source: u8_flat,
    first: i64,
    stride: i64,
    table: u8_flat,
    target: u8_flat,
    start: i64,
    step: i64,
    width: i64,
    rows: i64,
) -> None:
    """Copy rows of pixels, mapped by a table.

    Args:
        source: uint8[:], the pixels.
        first: the position of the first row in source.
        stride: the distance of rows in source.
        table: uint8[256], by pixel.
        target: uint8[:], may be source.
        start: the position of the first row in target.
        step: the distance of rows in target.
        width: pixels per row.
        rows: number of rows.
    """
    for row in range(rows):
        for i in range(width):
            target[start + row * step + i] = 0 + table[source[first + row * stride + i]]
