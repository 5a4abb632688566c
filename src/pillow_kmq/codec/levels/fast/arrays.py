"""Compiled kernels of the level `fast`, and what they start a stripe from (docs/FORMAT.md, section 7.8).

A module of its own, as it imports NumPy, which small images do without; and at the top, as each import inside a
function takes a microsecond or two of every call.
"""

from __future__ import annotations

from functools import cache, lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from ....kernels import Kernel
from ...entropy import adaptive_rans_kernel as common
from . import graphics_kernel as graphics
from . import photo_kernel as photo
from .state import GUESS_BITS, LEVELS, STEPS, first_flags, first_uses, guesses, rank_tokens


def run_compiled(
    kernels: ModuleType, kernel: Kernel, data: Any, start: int, end: int, symbols: Any, colors: bytes,
    option: int, noted: int, numbers: tuple[int, ...],
) -> tuple[int, int]:  # fmt: skip
    """Run a kernel over one stripe: rows done, and its place in data. colors, noted: as of `plain_stripe`."""
    try:
        tables = _IDLE[option].pop()  # which no other thread can get then
    except IndexError:
        tables = _Tables(kernels, option)
    state = tables.stripe(np.frombuffer(symbols, np.uint8), colors, noted)
    done, place = kernel(np.frombuffer(data, np.uint8), start, end, state, *numbers)
    _IDLE[option].append(tables)
    return done, place


class _Tables:
    """What a stripe learns, in one piece, and used again: to clear it takes half as long as to make new arrays.

    model: the kernels that they are for. option: of the chunk D.
    """

    def __init__(self, model: ModuleType, option: int) -> None:
        size = model.CONTEXTS
        tokens = size * common.TOKENS + 1
        if model is graphics:
            first, others, slots = first_flags(), guesses(option), 0
        else:
            first, others, slots = first_uses(), photo.PARTS, size << common.SPANS
        words = tokens, tokens, size, size, len(first), others
        self._all = np.zeros(sum(words) + (slots + 256) // 2, np.uint16)
        counts, starts, wait, period, self._known, self._others, rest = np.split(self._all, np.cumsum(words))
        octets = rest.view(np.uint8)
        self._first = np.array(first, np.uint16)
        self._contexts = common.Contexts(counts, starts, octets[:slots], wait, period)
        self._last = octets[slots:]
        self._ranks = _ranks(model.RANKS)
        self._model = model

    def stripe(self, symbols: Any, colors: bytes, noted: int) -> Any:
        """The state of a kernel. colors, noted: as of `plain_stripe`."""
        self._all.fill(0)
        self._known[:] = self._first
        ranked, ranks = array_colors(colors)
        own = common.Colors(ranked.copy(), ranks.copy())
        trace = np.empty(noted, np.uint32)
        if self._model is graphics:
            return graphics.Stripe(
                symbols, own, self._contexts, self._ranks, self._known, self._others, self._last, trace
            )
        levels = np.frombuffer(ranks.tobytes().translate(LEVELS), np.uint8)
        return photo.Stripe(symbols, own, levels, self._contexts, self._ranks, self._known, self._others, trace)


_IDLE: tuple[list[_Tables], ...] = tuple([] for _ in GUESS_BITS)
"""Tables that nobody uses at the moment, by option."""


@lru_cache(maxsize=16)
def array_colors(colors: bytes) -> common.Colors:
    """What `plain_colors` makes, as arrays."""
    n = len(colors) // 4
    rows = common.Colors(np.zeros(256 * n + 256, np.uint8), np.zeros(256 * n + 256, np.uint8))
    given = np.frombuffer(colors, np.uint8)
    places, axes = np.empty(common.DISTANCES + n, np.int32), np.empty(4 * n, np.int32)
    common.rank_colors(given, n, _steps(), *rows, places, axes)
    return rows


@cache
def _steps() -> Any:
    return np.frombuffer(STEPS, np.uint8)


@cache
def _ranks(first: int) -> common.Ranks:
    return common.Ranks(*(np.array(list(table), np.uint8) for table in rank_tokens(first)))
