"""Indices to symbols with the margins that kernels need, and back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from . import margins_kernel as kernels

if TYPE_CHECKING:
    from ...types import Indices

SAME = bytes(range(256))
"""The table that changes nothing."""


def with_margins(indices: Indices, table: bytes, margins: tuple[int, int]) -> Indices:
    """Map indices by a table and put zeros around them.

    Args:
        indices: uint8[height, width].
        table: 256 bytes, the symbol of each index.
        margins: rows above, and columns on either side.

    Returns:
        uint8[rows + height, columns + width + columns].
    """
    import numpy as np

    height, width = indices.shape
    rows, columns = margins
    stride = width + 2 * columns
    symbols = np.zeros((rows + height, stride), np.uint8)
    inner = symbols[rows:, columns : columns + width]
    if table == SAME:
        inner[:] = indices
    elif kernels.map_rows.variant().wanted():
        source = np.require(np.asarray(indices), requirements=("C", "W")).reshape(-1)  # a matrix would stay 2-D
        _map_rows(source, 0, width, table, symbols.reshape(-1), rows * stride + columns, stride, width, height)
    else:
        inner[:] = np.frombuffer(indices.tobytes().translate(table), np.uint8).reshape(height, width)
    return symbols


def map_symbols(symbols: bytearray, table: bytes) -> bytes | bytearray:
    """Return the symbols mapped by a table of 256 bytes; may change them in place."""
    if table == SAME:
        return symbols
    if kernels.map_rows.variant().wanted():
        length = len(symbols)
        _map_rows(symbols, 0, length, table, symbols, 0, length, length, 1)
        return symbols
    return symbols.translate(table)


def put_rows(
    symbols: bytes | bytearray, margins: tuple[int, int], pixels: bytearray, row: int, rows: int, width: int
) -> None:
    """Copy rows of symbols, without their margins, into an image.

    Args:
        symbols: the symbols with margins.
        margins: rows above, and columns on either side.
        pixels: the image, height * width bytes.
        row: the row of the image to start at.
        rows: number of rows to copy.
        width: pixels per row.
    """
    above, side = margins
    stride = width + 2 * side
    if "numpy" in sys.modules:
        import numpy as np

        inner = np.frombuffer(symbols, np.uint8).reshape(-1, stride)[above : above + rows, side : side + width]
        np.frombuffer(pixels, np.uint8).reshape(-1, width)[row : row + rows] = inner
        return
    for y in range(rows):
        start = (y + above) * stride + side
        pixels[(row + y) * width : (row + y + 1) * width] = symbols[start : start + width]


def _map_rows(source: Any, first: int, stride: int, table: bytes, target: Any, *numbers: int) -> None:
    kernels.map_rows(source, first, stride, bytearray(table), target, *numbers)
