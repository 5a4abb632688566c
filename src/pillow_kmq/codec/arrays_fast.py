"""Compiled kernels of the level `fast`, and what they start a stripe from (docs/FORMAT.md, section 7.8).

A module of its own, as it imports NumPy and Numba, which small images do without; and at the top, as each import
inside a function takes a microsecond or two of every call.
"""

from __future__ import annotations

from functools import cache, lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from . import fast_contexts as common
from . import level_fast_graphics as graphics
from . import level_fast_photo as photo
from .compiled import run
from .state_fast import GUESS_BITS, LEVELS, STEPS, first_flags, first_uses, guesses, rank_tokens


def run_compiled(
    kernels: ModuleType, name: str, data: Any, end: int, symbols: Any, colors: bytes,
    option: int, noted: int, numbers: tuple[int, ...],
) -> tuple[int, int]:  # fmt: skip
    """Run a kernel over one stripe: rows done, and its place in data. colors, noted: as of `plain_stripe`."""
    state = _stripe(np.frombuffer(symbols, np.uint8), colors, option, noted)
    arguments = (np.frombuffer(data, np.uint8), 0, end, state, *numbers)
    done, place = run(kernels, name, arguments)
    return int(done), int(place)


def _stripe(symbols: Any, colors: bytes, option: int, noted: int) -> Any:
    ranked, ranks = array_colors(colors)
    own = common.Colors(ranked.copy(), ranks.copy())
    trace = np.empty(noted, np.uint32)
    if GUESS_BITS[option] == 0:
        levels = np.frombuffer(bytearray(ranks.tobytes().translate(LEVELS)), np.uint8)
        return photo.Stripe(
            symbols, own, levels, _contexts(photo), _ranks(photo.RANKS),
            np.array(first_uses(), np.uint16), np.zeros(photo.PARTS, np.uint16), trace,
        )  # fmt: skip
    return graphics.Stripe(
        symbols, own, _contexts(graphics), _ranks(graphics.RANKS),
        _flags().copy(), np.zeros(guesses(option), np.uint16), np.zeros(256, np.uint8), trace,
    )  # fmt: skip


def _contexts(model: Any) -> common.Contexts:
    size, slotted = model.CONTEXTS, model is photo
    return common.Contexts(
        np.zeros(size * common.TOKENS + 1, np.uint16), np.zeros(size * common.TOKENS + 1, np.uint16),
        np.zeros(size * slotted << common.SPANS, np.uint8), np.zeros(size, np.uint16), np.zeros(size, np.uint16),
    )  # fmt: skip


@lru_cache(maxsize=16)
def array_colors(colors: bytes) -> common.Colors:
    """What `plain_colors` makes, as arrays."""
    n = len(colors) // 4
    rows = common.Colors(np.zeros(256 * n + 256, np.uint8), np.zeros(256 * n + 256, np.uint8))
    given = np.frombuffer(bytearray(colors), np.uint8)
    places, axes = np.empty(common.DISTANCES + n, np.int32), np.empty(4 * n, np.int32)
    run(common, "rank_colors", (given, n, _steps(), *rows, places, axes))
    return rows


@cache
def _steps() -> Any:
    return np.frombuffer(bytearray(STEPS), np.uint8)


@cache
def _ranks(first: int) -> common.Ranks:
    return common.Ranks(*(np.array(list(table), np.uint8) for table in rank_tokens(first)))


@cache
def _flags() -> Any:
    return np.array(first_flags(), np.uint16)
