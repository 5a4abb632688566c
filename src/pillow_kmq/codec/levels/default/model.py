"""The state of the level `default` at the start of a stripe (docs/FORMAT.md, section 7.6)."""

from __future__ import annotations

from array import array
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from ...entropy.probability_tables import FIRST_STATE, after, after_array, squash, stretch
from ...symbols.color_tree import Tree
from ..model import Model
from . import stripe_kernel as kernels
from .mixer_kernel import REACH

if TYPE_CHECKING:
    from ...picture import Picture

_FIRST_WEIGHTS = ((25600, 25600, 25600, 30720), (23552, 23552, 25600, 18432), (36864, 20480, 20480, 18432))
"""Of nodes, of nodes where `placed`, and of flags."""
_UNLIKE = 0.1, 0.2
"""Of images of more than 8192 pixels, and of large ones, what part is unlike where they are taken for photos."""
_REPEATS = (0.3, 0.5), (0.4, 0.75)
"""Where they are not for all that: of images that are not large, and are, of more than 16 colours, and of fewer."""
# How likely W (and, once it is not W, N) is: in 1/256 of ln(p / (1 - p)), added up over the bits of `shape`; by `kind`.
_SHAPES = ((64, 112, 32, 64, 0, -16, 0, 144, 48, 144, 48, 160), (16, 224, 144, 32, 96, 128, 112, 0, 320, -16, 0, 176))
_KINDS = ((-240, -496, -464, -480, -448), (-384, -192, -528, -512, -560))


def _option(picture: Picture) -> int:
    """Photos and small images are placed, unless they repeat, as tiles do and frames of a film.

    Noise of many colours is as if it were small, since it gains little by more tables. Sure flags spare graphics and
    small images time.
    """
    n = len(picture.used)
    small, large = picture.source.size <= 8192, picture.large
    photo = small or picture.unlike > _UNLIKE[large]
    if not photo or picture.repeats > _REPEATS[large][n <= 16]:
        return 3
    if small:
        return 0 if picture.source.size < 1024 else 2
    return 0 if large and n > 100 and picture.unlike > 0.5 else 1


def _constants(option: int) -> tuple[bool, bool]:
    return kernels.is_placed(option), kernels.has_sure_flags(option)


def _milliseconds(pixels: int, n: int, coded: int) -> float:
    """By bits where these cost, but patterns take many that do not: at least a quarter of what every bit would."""
    most = (0.005 + 0.012 * (n - 1).bit_length()) * pixels
    return min(most, max(0.012 * pixels + 0.12 * coded, most / 4))


def _plain_stripe(symbols: Any, forest: Tree, option: int) -> kernels.Stripe:
    n = len(forest.order)
    weights = list(_weights(kernels.is_placed(option)))
    counters = array("H", [FIRST_STATE]) * kernels.counter_count(n, option)  # faster than a list, which fills the cache
    counters[kernels.RUNS : kernels.RUNS + kernels.SHAPES] = _first_shapes()
    return kernels.Stripe(
        symbols, counters, weights, bytearray(1 << (kernels.address_bits(n, option) - 2)),
        forest.leaf, forest.middle, forest.levels, forest.distances_on_demand(),
        _parts(n, option), stretch(), _squash(), after(), *_sights(forest, kernels.is_placed(option)),
    )  # fmt: skip


def _array_stripe(symbols: Any, forest: Tree, option: int) -> kernels.Stripe:
    import numpy as np

    n = len(forest.order)
    constants = _arrays(kernels.is_placed(option))
    tables = *constants[2:], *_sight_arrays(forest, kernels.is_placed(option))
    counters = np.full(kernels.counter_count(n, option), FIRST_STATE, np.uint16)
    counters[kernels.RUNS : kernels.RUNS + kernels.SHAPES] = constants[0]
    return kernels.Stripe(
        symbols, counters, constants[1].copy(),
        np.zeros(1 << (kernels.address_bits(n, option) - 2), np.uint8), np.array(forest.leaf, np.int16),
        *(
            np.frombuffer(table, np.uint8)
            for table in (forest.middle, forest.levels, forest.distances, _parts(n, option))
        ),
        *tables,
    )  # fmt: skip


@cache
def _arrays(placed: bool) -> tuple[Any, ...]:
    import numpy as np

    return (
        np.array(_first_shapes(), np.uint16), np.array(_weights(placed), np.int32),
        np.array(stretch(), np.int16), np.array(_squash(), np.uint16), after_array(),
    )  # fmt: skip


def _parts(n: int, option: int) -> bytes:
    """In which part of the tree a symbol is."""
    count = kernels.parts(n, option)
    return bytes(symbol * count // n for symbol in range(n)).ljust(256, b"\0")


@lru_cache(maxsize=64)
def _sight_arrays(forest: Tree, placed: bool) -> tuple[Any, Any]:
    """What `_sights` gives, as arrays."""
    import numpy as np

    points, views = _sights(forest, placed)
    return np.array(points, np.int64), np.array(views, np.int32)


def _sights(forest: Tree, placed: bool) -> tuple[list[int], list[int]]:
    """Where colours lie, and how nodes see them, if these are asked for."""
    if not placed:
        return [], []
    origin = kernels.ORIGIN
    points = [
        sum((origin + 2 * place) << kernels.FIELD * axis for axis, place in enumerate(color))
        for color in zip(*forest.axes, strict=True)
    ]
    views = forest.views()
    views[::4] = [kernels.FIELD * axis for axis in views[::4]]
    views[1::4] = [origin + bound for bound in views[1::4]]
    return points, views


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
def _weights(placed: bool) -> tuple[int, ...]:
    nodes, placed_nodes, flags = _FIRST_WEIGHTS
    return (placed_nodes if placed else nodes) * kernels.NODES + flags * (2 * kernels.FLAGS)


DEFAULT = Model(kernels, 2, 3, 1, _option, _milliseconds, _plain_stripe, _array_stripe, _constants)
