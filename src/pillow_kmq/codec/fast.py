"""Pixels by adaptive rANS, the level `fast` (docs/FORMAT.md, section 7.8): stripes, and who runs the kernels."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from math import log2
from typing import TYPE_CHECKING, Any, NamedTuple

from . import level_fast as model
from .mixed import colors_of, worth_compiling
from .stripes import LISTED, Stripe, decode_stripes, encode_list, joined, read_stripes

if TYPE_CHECKING:
    from ..types import Indices

FAST = 5
"""The coding of the level `fast`."""

STRIPE_BYTES = 1 << 18
"""A stripe ends with the row that passes about so many bytes."""

_NOTED = 1 << 21  # entries of the trace for a stripe, the last row left out
_GUESS_BITS = (0, 12, 14, 16)

_EXTENTS = tuple(sum(rank >= bound for bound in (1, 4, 8, 16, 32, 64)) for rank in range(256))
"""By the rank of N among the colours near to W: how far apart they are."""


class _Ranking(NamedTuple):
    ranked: Any
    ranks: Any


def encode_fast(indices: Indices, colors: bytes) -> bytes:
    """The payload of a chunk D. colors: the palette, RGBA."""
    import numpy as np

    height, width = indices.shape
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256)).tolist()
    first = FAST
    listing = b""
    numbers = indices
    if used != list(range(len(colors) // 4)):
        first |= LISTED
        listing = encode_list(used)
        table = np.zeros(256, np.uint8)
        table[used] = np.arange(len(used))
        numbers = table[indices]
    if len(used) == 1:
        return bytes([first]) + listing
    option = _guessing(numbers)
    symbols = np.zeros((height + 2, width + 4), np.uint8)
    symbols[2:, 2:-2] = numbers
    stripes = []
    row = 0
    while row < height:
        symbols[row : row + 2] = 0
        rows, coded = _encode(symbols[row:].reshape(-1), colors_of(used, colors), width, height - row, option)
        stripes.append((rows, coded))
        row += rows
    return joined(first | option << 4, listing, stripes)


def decode_fast(
    first: int, payload: bytes, height: int, width: int, colors: bytes, *, partial: bool = False
) -> bytes | bytearray:
    """The indices of a chunk D, row by row; payload: what follows its first byte.

    partial: the payload may end early, and what did not arrive is zero. Raises CorruptError.
    """
    pixels = bytearray(width * height)
    found = read_stripes(first, payload, height, len(colors) // 4, partial=partial)
    if found is None:
        return pixels
    used, stripes = found
    if len(used) == 1:
        return bytes(used) * (width * height)
    chosen = colors_of(used, colors)
    table = None if used == list(range(len(used))) else bytes(used).ljust(256, b"\0")

    def decode(stripe: Stripe) -> bool:
        symbols = bytearray((stripe.rows + 2) * (width + 4))
        done, intact = _decode(stripe, symbols, chosen, width, first >> 4 & 3)
        stride = width + 4
        seen = symbols if table is None else symbols.translate(table)
        for y in range(done):
            start = (stripe.row + y) * width
            pixels[start : start + width] = seen[(y + 2) * stride + 2 : (y + 3) * stride - 2]
        return intact

    decode_stripes(stripes, decode, partial=partial)
    return pixels


def _guessing(indices: Indices) -> int:
    """The option: the size of the table of guesses. Photos gain nothing by these, and lose speed."""
    inner = indices[1:, 1:]
    alike = (inner == indices[1:, :-1]) | (inner == indices[:-1, 1:])
    if 10 * int(alike.sum()) < 7 * alike.size:
        return 0
    option = 1
    while option < 3 and 2 << _GUESS_BITS[option] < indices.size:
        option += 1
    return option


def _encode(symbols: Any, colors: bytes, width: int, rows: int, option: int) -> tuple[int, bytes]:
    """Rows done, and their code."""
    import numpy as np

    n = len(colors) // 4
    noted = min(_NOTED, 3 * width * rows) + 3 * width + 64
    data = np.empty(4 * noted + 16, np.uint8)
    kernel, stripe = _kernel("encode_stripe", symbols, colors, option, width * rows, noted)
    done, start = kernel(data, 0, 8 * STRIPE_BYTES * _COST, stripe, width, rows, n, _GUESS_BITS[option])
    return int(done), data[int(start) :].tobytes()


def _decode(stripe: Stripe, symbols: bytearray, colors: bytes, width: int, option: int) -> tuple[int, bool]:
    """Rows done, and whether the code is in order."""
    length = len(stripe.coded) // 2 * 2
    data: Any = bytearray(stripe.coded[:length] + b"\0\0")
    kernel, state = _kernel("decode_stripe", symbols, colors, option, width * stripe.rows, 1)
    if not isinstance(state.ranked, (bytearray, list)):
        import numpy as np

        data = np.frombuffer(data, np.uint8)
    done, end = kernel(data, 0, length, state, width, stripe.rows, len(colors) // 4, _GUESS_BITS[option])
    return int(done), int(done) == stripe.rows and int(end) == stripe.length


# Kernels


def _kernel(
    name: str, symbols: Any, colors: bytes, option: int, pixels: int, noted: int
) -> tuple[Callable[..., tuple[int, int]], model.Stripe]:
    """A kernel, and what it works on."""
    bits = _GUESS_BITS[option]
    if not worth_compiling(pixels):
        ranking = _plain_ranking(colors)
        state = model.Stripe(
            memoryview(symbols), bytearray(ranking.ranked), bytearray(ranking.ranks), _EXTENTS,
            [0] * (model.CONTEXTS * model.TOKENS), [0] * (model.CONTEXTS * model.TOKENS),
            bytearray(256 * model.CONTEXTS), [0] * model.CONTEXTS, [0] * model.CONTEXTS, [0] * model.CONTEXTS,
            [0] * (model.SHAPES * model.PARTS), bytearray(1 << bits), [0] * noted, *_plain_constants(),
        )  # fmt: skip
        return getattr(model, name), state
    import numpy as np

    from .compiled import compiled

    ranking = _array_ranking(colors)
    tables = [np.zeros(model.CONTEXTS, np.uint16) for _ in range(3)]
    state = model.Stripe(
        np.frombuffer(symbols, np.uint8), ranking.ranked.copy(), ranking.ranks.copy(), np.array(_EXTENTS, np.uint8),
        np.zeros(model.CONTEXTS * model.TOKENS, np.uint16), np.zeros(model.CONTEXTS * model.TOKENS, np.uint16),
        np.zeros(256 * model.CONTEXTS, np.uint8), tables[0], tables[1], tables[2],
        np.zeros(model.SHAPES * model.PARTS, np.uint16), np.zeros(1 << bits, np.uint8), np.zeros(noted, np.uint32),
        *_array_constants(),
    )  # fmt: skip
    return getattr(compiled(model), name), state


def _axes(colors: bytes) -> list[int]:
    """Brightness, two differences of colour, and alpha, of premultiplied components."""
    axes = []
    for i in range(0, len(colors), 4):
        a = colors[i + 3]
        r, g, b = ((c * a + 127) // 255 for c in colors[i : i + 3])
        axes += [r + g + b, r - b, 2 * g - r - b, a]
    return axes


@lru_cache(maxsize=64)
def _plain_ranking(colors: bytes) -> _Ranking:
    ranking = _Ranking(bytearray(1 << 16), bytearray(1 << 16))
    rank_colors: Any = model.rank_colors
    rank_colors(_axes(colors), len(colors) // 4, *ranking, [0] * model.DISTANCES)
    return ranking


@lru_cache(maxsize=16)
def _array_ranking(colors: bytes) -> _Ranking:
    import numpy as np

    from .compiled import compiled

    ranking = _Ranking(np.zeros(1 << 16, np.uint8), np.zeros(1 << 16, np.uint8))
    places = np.zeros(model.DISTANCES, np.int32)
    compiled(model).rank_colors(np.array(_axes(colors), np.int32), len(colors) // 4, *ranking, places)
    return ranking


_COST = 64  # what a bit costs


@cache
def _plain_constants() -> tuple[Any, Any, Any]:
    """What a token costs by its frequency, for the length of a stripe alone; width and first rank of the tokens."""
    costs = (0, *(int(_COST * (12 - log2(size))) for size in range(1, model.ONE + 1)))
    widths, bases = [0] * 8, [0] * 4 + [1, 2, 3, 4]
    for k in range(1, 13):
        widths += [k, k]
        bases += [(2 << k) + 1, (3 << k) + 1]
    return costs, tuple(widths), tuple(bases)


@cache
def _array_constants() -> tuple[Any, Any, Any]:
    import numpy as np

    costs, widths, bases = _plain_constants()
    return np.array(costs, np.uint16), np.array(widths, np.uint8), np.array(bases, np.uint16)
