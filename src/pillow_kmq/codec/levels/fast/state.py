"""The state of the level `fast` at the start of a stripe (docs/FORMAT.md, section 7.8)."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache, lru_cache
from typing import Any

from ...entropy import adaptive_rans_kernel as common
from ...symbols.color_tree import axes_of
from ..level import Symbols
from ..state import Field, variables
from . import graphics_kernel as graphics
from . import photo_kernel as photo

ADDRESS_BITS = (0, 12, 14, 16)
"""By option: the bits of a hashed address in the table of guesses. Photos, of option 0, have none."""
RANKS = (photo.RANKS, *[graphics.RANKS] * 3)
"""By option: the first token of ranks."""

# The probability that a guess is right, in 1/64: by its confidence, then by whether it is W, N, NE, NW or another.
_GUESSES = ((32, 29, 17, 9, 6), (44, 38, 30, 28, 15), (52, 47, 42, 38, 25), (56, 53, 47, 45, 36), (58, 56, 53, 50, 42))

_BLOCK = 16  # ranks of a token, from this rank on


@cache
def state_fields(option: int) -> list[Field]:
    """Return the variables of a stripe; those of 16 bits come first."""
    size = graphics.CONTEXTS if option else photo.CONTEXTS
    fields = [
        Field("counts", "H", size * common.TOKENS + 1),
        Field("starts", "H", size * common.TOKENS + 1),
        Field("wait", "H", size),
        Field("period", "H", size),
    ]
    if option:
        return [
            *fields,
            Field("flags", "H", graphics.FLAGS, _first_flags()),
            Field("recent", "H", (1 << ADDRESS_BITS[option]) + 256),  # W, below 256, is added to a hash
            Field("last", "B", 256),
            Field("slots", "B", 0),
        ]
    return [
        *fields,
        Field("uses", "H", 1 + photo.SHAPES, (photo.FREE, *[0] * photo.SHAPES)),
        Field("split", "H", photo.SPLIT_KEYS),
        Field("slots", "B", size << common.SPANS),
    ]


def make_stripe(
    option: int, arrays: dict[str, Any], symbols: Any, colors: common.Colors, levels: Any, ranks: Any, trace: Any
) -> Any:
    """Return the NamedTuple of the kernels for an option. arrays: the variables by name."""
    contexts = common.Contexts(*[arrays[name] for name in common.Contexts._fields])
    if option:
        return graphics.Stripe(
            symbols, colors, contexts, ranks,
            flags=arrays["flags"], recent=arrays["recent"], last=arrays["last"], trace=trace,
        )  # fmt: skip
    return photo.Stripe(
        symbols, colors, levels, contexts, ranks, uses=arrays["uses"], split=arrays["split"], trace=trace
    )


def plain_stripe(symbols: Symbols, codes: int) -> Any:
    """Return the state of a kernel in plain Python. codes: the length of the trace."""
    option = symbols.option
    ranked, ranks = plain_colors(symbols.colors)
    colors = common.Colors(bytearray(ranked), bytearray(ranks))
    arrays = variables([*state_fields(option), Field("trace", "I", codes)])
    tokens = common.Ranks(*rank_tokens(RANKS[option]))
    levels = ranks.translate(LEVELS)
    return make_stripe(option, arrays, memoryview(symbols.data), colors, levels, tokens, arrays["trace"])


# Colours

STEPS = bytes(d >> 2 for d in range(256)) + bytes(56 + (d >> 5) for d in range(256, 4336))
"""The step of a distance between colours, which is the sum of differences on their axes."""

LEVELS = bytes(bisect_right((1, 4, 8, 16, 32, 64), rank) for rank in range(256))
"""Distance of two colours for contexts of photos, 0..6, by the initial rank of one in the list of the other."""


@lru_cache(maxsize=64)
def plain_colors(colors: bytes) -> common.Colors:
    """Return the result of `rank_colors`, which takes three times as long in plain Python."""
    n = len(colors) // 4
    symbols = bytes(range(n))
    points = list(zip(*axes_of(colors), strict=True))
    earlier: list[list[int]] = [[] for _ in points]  # steps to the colours before each
    ranked, ranks = rows = common.Colors(bytearray(256 * n + 256), bytearray(256 * n + 256))
    for s, (a, b, c, d) in enumerate(points):
        later = [STEPS[abs(a - p) + 2 * (abs(b - q) + abs(c - r) + abs(d - t))] for p, q, r, t in points[s + 1 :]]
        for other, step in zip(earlier[s + 1 :], later, strict=True):
            other.append(step)
        far = [*earlier[s], -1, *later]
        order = bytes(sorted(symbols, key=far.__getitem__))
        row = slice(256 * s, 256 * s + n)
        ranked[row], ranks[row] = order, bytes.maketrans(order, symbols)[:n]
    return rows


# Constants


@cache
def rank_tokens(first: int) -> tuple[bytes, bytes, bytes]:
    """Return the token of each rank, from 0 on, then bits and first rank of each token. first: the first token."""
    tokens = [0, 1, 2, 3, 4, 4, 5, 5] + [6] * 4 + [7] * 4 + [8 + i // _BLOCK for i in range(256 - _BLOCK)]
    bits, ranks = bytearray(common.TOKENS), bytearray(common.TOKENS)
    for token in range(tokens[-1] + 1):
        bits[first + token] = (tokens.count(token) - 1).bit_length()
        ranks[first + token] = 1 + tokens.index(token)
    return bytes(tokens), bytes(bits), bytes(ranks)


def _first_flags() -> tuple[int, ...]:
    """Return the initial probabilities that a guess is right, in 1/65536, by confidence and shape."""
    return tuple(p << 10 for kinds in _GUESSES for p in kinds for _ in range(16))
