"""The level `default`: choice of the model and initial state (docs/FORMAT.md, section 7.6)."""

from __future__ import annotations

from array import array
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from ...entropy.probability_tables import FIRST_STATE, after, after_array, squash, stretch
from ...symbols.color_tree import Tree
from ...symbols.stripes import CODINGS
from ..mixing import MixingLevel
from ..state import Field, constants, variables
from . import layout as layouts
from . import stripe_kernel as kernels
from .mixer_kernel import REACH

if TYPE_CHECKING:
    from ...picture import Picture

_FIRST_WEIGHTS = ((25600, 25600, 25600, 30720), (23552, 23552, 25600, 18432), (36864, 20480, 20480, 18432))
"""The weights of nodes, of nodes with `use_gradient`, and of flags."""
_BUSY = 0.1, 0.2
"""The proportion of pixels unlike their neighbours above which an image is a photo: up to 65536 pixels, and beyond."""
_REPEATS = (0.3, 0.5), (0.4, 0.75)
"""The proportion of repeated pixels above which it is not: by size as above, for more than 16 colours and for fewer."""
# The probability of W (and of N, if it is not W) in 1/256 of ln(p / (1 - p)): a sum over the bits of `shape`, and a
# term by `kind`.
_SHAPES = ((64, 112, 32, 64, 0, -16, 0, 144, 48, 144, 48, 160), (16, 224, 144, 32, 96, 128, 112, 0, 320, -16, 0, 176))
_KINDS = ((-240, -496, -464, -480, -448), (-384, -192, -528, -512, -560))


class DefaultLevel(MixingLevel):
    """The level `default`."""

    coding = CODINGS["default"]
    margins = 2, 3
    kernel = kernels.mixed_stripe

    def option(self, picture: Picture) -> int:
        """Choose the model for a picture.

        Photos and small images predict colours from their gradient, unless they repeat, as tiles and the frames of an
        animation do. Noise of many colours is treated like a small image, as it gains little from more tables. Flags
        that are almost certain save time in graphics and small images.
        """
        n = len(picture.used)
        small, large = picture.source.size <= 8192, picture.large
        photo = small or picture.unlike > _BUSY[large]
        if not photo or picture.repeats > _REPEATS[large][n <= 16]:
            return 3
        if small:
            return 0 if picture.source.size < 1024 else 2
        return 0 if large and n > 100 and picture.unlike > 0.5 else 1

    def kernel_constants(self, option: int) -> tuple[bool, bool]:
        """Return `use_gradient` and `sure_flags`."""
        return layouts.has_gradient(option), layouts.has_sure_flags(option)

    def milliseconds(self, pixels: int, n: int, expected: int) -> float:
        """Estimate by the size of the bitstream, but as at least a quarter of the worst case."""
        most = (0.005 + 0.012 * (n - 1).bit_length()) * pixels
        return min(most, max(0.012 * pixels + 0.12 * expected, most / 4))

    def state(self, symbols: Any, forest: Tree, option: int, *, compiled: bool) -> layouts.Stripe:
        """Return the kernel's NamedTuple at the start of a stripe."""
        arrays = variables(_variables(len(forest.order), option))
        arrays["counters"][layouts.RUNS : layouts.RUNS + layouts.SHAPES] = _first_shapes()
        return layouts.Stripe(symbols=symbols, **arrays, **_constants(forest, option, compiled))


@lru_cache(maxsize=64)
def _variables(n: int, option: int) -> list[Field]:
    weights = _first_weights(layouts.has_gradient(option))
    return [
        Field("counters", "H", layouts.layout(n, option).end, FIRST_STATE),
        Field("weights", "i", len(weights), weights),
        Field("recent", "B", 1 << layouts.recent_bits(n, option)),
    ]


@lru_cache(maxsize=64)
def _constants(forest: Tree, option: int, compiled: bool) -> dict[str, Any]:
    n = len(forest.order)
    gradient = layouts.has_gradient(option)
    points, views = _gradient_tables(forest) if gradient else (b"", b"")
    fields = [
        Field("leaf", "h", 512, forest.leaf),
        Field("middle", "B", 256, forest.middle),
        Field("levels", "B", 256 * n, forest.levels),
        Field("distances", "B", n * n, forest.distances if compiled else forest.distances_on_demand()),
        Field("subtree_ids", "B", 256, _subtree_ids(n, option)),
        Field("stretch", "h", 4096, stretch()),
        Field("squash", "H", 2 * REACH + 1, _squash()),
        Field("after", "H", 1 << 17, after_array() if compiled else after()),
        Field("points", "q", n * gradient, points),
        Field("views", "i", 1024 * gradient, views),
    ]
    return constants(fields, compiled)


def _subtree_ids(n: int, option: int) -> bytes:
    """Return the part of the tree that each symbol is in, uint8[256]."""
    count = layouts.subtrees(n, option)
    return bytes(symbol * count // n for symbol in range(n)).ljust(256, b"\0")


def _gradient_tables(forest: Tree) -> tuple[array[int], array[int]]:
    """Return `points` and `views` of the kernel's NamedTuple."""
    origin = layouts.ORIGIN
    points = [
        sum((origin + 2 * value) << layouts.FIELD * axis for axis, value in enumerate(color))
        for color in zip(*forest.axes, strict=True)
    ]
    views = forest.views()
    views[::4] = [layouts.FIELD * axis for axis in views[::4]]
    views[1::4] = [origin + bound for bound in views[1::4]]
    return array("q", points), array("i", views)


@cache
def _first_shapes() -> array[int]:
    """Return the initial states of the counters by shape: a count of two, and probabilities measured on many images."""
    known = [2 << 12 | p >> 4 for p in squash()[::16]]  # all terms are multiples of 16
    zero, least = 192, -16
    states = bytearray(array("H", [FIRST_STATE]).tobytes() * layouts.SHAPES)
    for flag, (shapes, kinds) in enumerate(zip(_SHAPES, _KINDS, strict=True)):
        places = bytes([-least])
        for value in shapes:
            places += places.translate(bytes((x + value // 16) & 255 for x in range(256)))
        for number, kind in enumerate(kinds):
            table = array("H", known[zero + least + kind // 16 :]).tobytes()
            for half in (0, 1):  # of a state
                start = 4 * number + 2 * flag + half
                states[start :: 2 * layouts.LINE] = places.translate(table[half::2].ljust(256)[:256])
    return array("H", bytes(states))


@cache
def _squash() -> array[int]:
    """Return the probability of x at x + REACH. It is constant beyond -2900 and 2900, so kernels need not compare."""
    zero, limit = 3072, 2900
    table = array("H", squash())[zero - limit : zero + limit + 1]
    ends = REACH - limit
    return table[:1] * ends + table + table[-1:] * ends


@cache
def _first_weights(gradient: bool) -> array[int]:
    nodes, gradient_nodes, flags = _FIRST_WEIGHTS
    return array("i", (gradient_nodes if gradient else nodes) * layouts.NODES + flags * (2 * layouts.FLAGS))


DEFAULT = DefaultLevel()
