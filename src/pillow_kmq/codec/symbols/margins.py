"""From indices to symbols with a margin around them, which kernels need, and back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from . import margins_kernel as kernels

if TYPE_CHECKING:
    from ...types import Indices

SAME = bytes(range(256))
"""The table of what stays as it is."""


def with_margins(indices: Indices, table: bytes, margins: tuple[int, int]) -> Indices:
    """What a table of 256 bytes has for each index, uint8[rows + h, columns + w + columns], and zeros around it.

    margins: rows above, columns on either side.
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
        _move(source, 0, width, table, symbols.reshape(-1), rows * stride + columns, stride, width, height)
    else:
        inner[:] = np.frombuffer(indices.tobytes().translate(table), np.uint8).reshape(height, width)
    return symbols


def map_symbols(symbols: bytearray, table: bytes) -> bytes | bytearray:
    """What a table of 256 bytes has for each symbol, perhaps in their place."""
    if table == SAME:
        return symbols
    if kernels.map_rows.variant().wanted():
        import numpy as np

        array, length = np.frombuffer(symbols, np.uint8), len(symbols)
        _move(array, 0, length, table, array, 0, length, length, 1)
        return symbols
    return symbols.translate(table)


def without_margins(
    symbols: bytes | bytearray, margins: tuple[int, int], pixels: bytearray, row: int, rows: int, width: int
) -> None:
    """Put `rows` rows of symbols into those of `pixels` from `row` on."""
    above, beside = margins
    stride = width + 2 * beside
    if "numpy" in sys.modules:
        import numpy as np

        inner = np.frombuffer(symbols, np.uint8).reshape(-1, stride)[above : above + rows, beside : beside + width]
        np.frombuffer(pixels, np.uint8).reshape(-1, width)[row : row + rows] = inner
        return
    for y in range(rows):
        start = (y + above) * stride + beside
        pixels[(row + y) * width : (row + y + 1) * width] = symbols[start : start + width]


def _move(source: Any, first: int, stride: int, table: bytes, target: Any, *numbers: int) -> None:
    import numpy as np

    kernels.map_rows(source, first, stride, np.frombuffer(table, np.uint8), target, *numbers)
