"""The state of the level `default` at the start of a stripe (docs/FORMAT.md, section 7.6)."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cache
from typing import Any

from . import level_default as kernels
from .mixing import REACH
from .model import Model
from .tables import FIRST_STATE, after, after_array, squash, stretch
from .tree import Tree

_FIRST_WEIGHTS = ((25600, 25600, 30720, 25600), (36864, 20480, 20480, 18432))
# How likely W (and, once it is not W, N) is: in 1/256 of ln(p / (1 - p)), added up over the bits of `shape`; by `kind`.
_SHAPES = ((64, 112, 32, 64, 0, -16, 0, 144, 48, 144, 48, 160), (16, 224, 144, 32, 96, 128, 112, 0, 320, -16, 0, 176))
_KINDS = ((-240, -496, -464, -480, -448), (-384, -192, -528, -512, -560))


def _option(pixels: int, n: int, unlike: float) -> int:
    """Small tables for small images, and for photos, which gain little by more. Odd options have sure flags."""
    if pixels <= 8192:
        return int(pixels >= 1024)
    if pixels <= 65536:
        return 3
    if n > 100 and unlike > 0.5:
        return 0
    return 2 if unlike > 0.2 else 3


def _sure_flags(option: int) -> tuple[bool]:
    return (option % 2 == 1,)


def _milliseconds(pixels: int, n: int, coded: int) -> float:
    """By bits where these cost, but patterns take many that do not: at least a quarter of what every bit would."""
    most = (0.005 + 0.012 * (n - 1).bit_length()) * pixels
    return min(most, max(0.012 * pixels + 0.12 * coded, most / 4))


def _plain_stripe(symbols: Any, forest: Tree, option: int) -> kernels.Stripe:
    n = len(forest.order)
    counters = array("H", [FIRST_STATE]) * kernels.counter_count(n, option)  # faster than a list, which fills the cache
    counters[kernels.RUNS : kernels.RUNS + kernels.SHAPES] = _first_shapes()
    return kernels.Stripe(
        symbols, counters, list(_weights()), bytearray(1 << (kernels.address_bits(n, option) - 2)),
        forest.leaf, forest.middle, forest.levels, forest.distances_on_demand(),
        _parts(n, option), stretch(), _squash(), after(),
    )  # fmt: skip


def _array_stripe(symbols: Any, forest: Tree, option: int) -> kernels.Stripe:
    import numpy as np

    n = len(forest.order)
    constants = _arrays()
    counters = np.full(kernels.counter_count(n, option), FIRST_STATE, np.uint16)
    counters[kernels.RUNS : kernels.RUNS + kernels.SHAPES] = constants[0]
    return kernels.Stripe(
        symbols, counters, constants[1].copy(),
        np.zeros(1 << (kernels.address_bits(n, option) - 2), np.uint8), np.array(forest.leaf, np.int16),
        *(
            np.frombuffer(table, np.uint8)
            for table in (forest.middle, forest.levels, forest.distances, _parts(n, option))
        ),
        *constants[2:],
    )  # fmt: skip


@cache
def _arrays() -> tuple[Any, ...]:
    import numpy as np

    return (
        np.array(_first_shapes(), np.uint16), np.array(_weights(), np.int32),
        np.array(stretch(), np.int16), np.array(_squash(), np.uint16), after_array(),
    )  # fmt: skip


def _parts(n: int, option: int) -> bytes:
    """In which part of the tree a symbol is."""
    count = kernels.parts(n, option)
    return bytes(symbol * count // n for symbol in range(n)).ljust(256, b"\0")


@cache
def _first_shapes() -> array[int]:
    """The first states of the counters by shape: a count of two, and what was learned from many images."""
    known = [2 << 12 | p >> 4 for p in squash()[::16]]  # all that is added up is a multiple of 16
    zero, least = 192, -16
    states = bytearray(array("H", [FIRST_STATE]).tobytes() * kernels.SHAPES)
    for flag, (shapes, kinds) in enumerate(zip(_SHAPES, _KINDS, strict=True)):
        places = bytes([-least])
        for value in shapes:
            places += places.translate(bytes((x + value // 16) & 255 for x in range(256)))
        for number, kind in enumerate(kinds):
            table = array("H", known[zero + least + kind // 16 :]).tobytes()
            for half in (0, 1):  # of a state
                start = 4 * number + 2 * flag + half
                states[start :: 2 * kernels.LINE] = places.translate(table[half::2].ljust(256)[:256])
    return array("H", bytes(states))


@cache
def _squash() -> array[int]:
    """The probability, at x + REACH, of x limited to -2900..2900, so that kernels need not compare."""
    zero, limit = 3072, 2900
    table = array("H", squash())[zero - limit : zero + limit + 1]
    ends = REACH - limit
    return table[:1] * ends + table + table[-1:] * ends


@cache
def _weights() -> tuple[int, ...]:
    nodes, flags = _FIRST_WEIGHTS
    return nodes * kernels.NODES + flags * (2 * kernels.FLAGS)


def _plain_kernel(decoding: bool) -> Callable[..., tuple[int, int, int]]:
    if decoding:
        from .level_default_plain import mixed_stripe

        return mixed_stripe
    return kernels.mixed_stripe


DEFAULT = Model(kernels, 2, 3, 1, _option, _milliseconds, _plain_stripe, _array_stripe, _plain_kernel, _sure_flags)
