"""Indices from one array to another, mapped: a kernel that is plain Python until `compiled`."""

from __future__ import annotations


def map_rows(source, first, stride, table, target, start, step, width, rows):  # type: ignore[no-untyped-def]
    """What a table, uint8[256], has for each pixel of some rows.

    source, target: uint8[:], whose rows begin at `first` and `start`, and `stride` and `step` further on.
    """
    for row in range(rows):
        given = source[first + row * stride : first + row * stride + width]
        taken = target[start + row * step : start + row * step + width]
        for i in range(width):
            taken[i] = 0 + table[given[i]]
