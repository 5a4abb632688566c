"""Indices from one array to another, mapped."""

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
    """What a table, uint8[256], has for each pixel of some rows.

    source, target: uint8[:], whose rows begin at `first` and `start`, and `stride` and `step` further on.
    """
    for row in range(rows):
        for i in range(width):
            target[start + row * step + i] = 0 + table[source[first + row * stride + i]]
