"""Compiled kernels of the level `fast`, and their state in NumPy arrays (docs/FORMAT.md, section 7.8).

Small images do without this module, as it imports NumPy.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from ....kernels import Kernel
from ...entropy import adaptive_rans_kernel as common
from ..level import Symbols
from .state import ADDRESS_BITS, LEVELS, RANKS, STEPS, make_stripe, rank_tokens, state_fields


def run_compiled(
    kernel: Kernel, data: Any, start: int, end: int, symbols: Symbols, codes: int, bits: tuple[int, ...]
) -> tuple[int, int]:
    """Run a kernel over a stripe; see `level`."""
    pixels, width, rows, colors, option = symbols
    try:
        tables = _IDLE[option].pop()  # which no other thread can get then
    except IndexError:
        tables = _Tables(option)
    state = tables.stripe(np.frombuffer(pixels, np.uint8), colors, codes)
    done, pos = kernel(np.frombuffer(data, np.uint8), start, end, state, width, rows, len(colors) // 4, *bits)
    _IDLE[option].append(tables)
    return done, pos


class _Tables:
    """The variables of a stripe in one piece of memory, and reused: clearing takes half as long as new arrays."""

    def __init__(self, option: int) -> None:
        fields = state_fields(option)
        sizes = [field.length * np.dtype(field.dtype).itemsize for field in fields]
        self._memory = np.zeros(sum(sizes), np.uint8)
        parts = np.split(self._memory, np.cumsum(sizes)[:-1])
        self._arrays = {field.name: part.view(field.dtype) for field, part in zip(fields, parts, strict=True)}
        self._first = [
            (self._arrays[field.name], np.array(field.first, field.dtype)) for field in fields if field.first != 0
        ]
        self._option = option

    def stripe(self, symbols: Any, colors: bytes, codes: int) -> Any:
        """Return the state of a kernel at the start of a stripe. codes: the length of the trace."""
        self._memory.fill(0)
        for array, first in self._first:
            array[:] = first
        ranked, ranks = array_colors(colors)
        levels = None if self._option else np.frombuffer(ranks.tobytes().translate(LEVELS), np.uint8)
        own = common.Colors(ranked.copy(), ranks.copy())
        trace = np.empty(codes, np.uint32)
        return make_stripe(self._option, self._arrays, symbols, own, levels, _ranks(RANKS[self._option]), trace)


_IDLE: tuple[list[_Tables], ...] = tuple([] for _ in ADDRESS_BITS)
"""Tables that are not in use, by option."""


@lru_cache(maxsize=16)
def array_colors(colors: bytes) -> common.Colors:
    """Return the result of `plain_colors` as arrays."""
    n = len(colors) // 4
    rows = common.Colors(np.zeros(256 * n + 256, np.uint8), np.zeros(256 * n + 256, np.uint8))
    given = np.frombuffer(colors, np.uint8)
    work, axes = np.empty(common.DISTANCES + n, np.int32), np.empty(4 * n, np.int32)
    common.rank_colors(given, n, _steps(), *rows, work, axes)
    return rows


@cache
def _steps() -> Any:
    return np.frombuffer(STEPS, np.uint8)


@cache
def _ranks(first: int) -> common.Ranks:
    return common.Ranks(*(np.frombuffer(table, np.uint8) for table in rank_tokens(first)))
