"""What the kernels of the level `fast` start a stripe from, in plain Python (docs/FORMAT.md, section 7.8)."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache, lru_cache
from typing import Any

from ...entropy import adaptive_rans_kernel as common
from ...symbols.color_tree import axes_of
from . import graphics_kernel as graphics
from . import photo_kernel as photo

GUESS_BITS = (0, 12, 14, 16)
"""By the option of a chunk D: the bits of a hashed address; 0 are for photos."""

# How likely a guess is: by how sure it is, then by whether it is W, N, NE, NW or another; of 64.
_GUESSES = ((32, 29, 17, 9, 6), (44, 38, 30, 28, 15), (52, 47, 42, 38, 25), (56, 53, 47, 45, 36), (58, 56, 53, 50, 42))

_BLOCK = 16  # ranks of a token, from this rank on


def plain_stripe(symbols: Any, colors: bytes, option: int, noted: int) -> Any:
    """The state of a kernel in plain Python. colors: those of the symbols, RGBA; noted: the length of the trace."""
    ranked, ranks = plain_colors(colors)
    own = common.Colors(bytearray(ranked), bytearray(ranks))
    trace = [0] * noted
    if GUESS_BITS[option] == 0:
        return photo.Stripe(
            symbols, own, ranks.translate(LEVELS), _plain_contexts(photo), common.Ranks(*rank_tokens(photo.RANKS)),
            list(first_uses()), [0] * photo.PARTS, trace,
        )  # fmt: skip
    return graphics.Stripe(
        symbols, own, _plain_contexts(graphics), common.Ranks(*rank_tokens(graphics.RANKS)),
        list(first_flags()), [0] * guesses(option), bytearray(256), trace,
    )  # fmt: skip


def guesses(option: int) -> int:
    """The length of `recent`: W, below 256, is added to a hash."""
    return (1 << GUESS_BITS[option]) + 256


def first_uses() -> tuple[int, ...]:
    """How many contexts of a photo there are, and how often those of shapes were used."""
    return (photo.FREE, *[0] * photo.SHAPES)


def _plain_contexts(model: Any) -> common.Contexts:
    size, slotted = model.CONTEXTS, model is photo
    tokens = size * common.TOKENS + 1
    return common.Contexts(
        [0] * tokens, [0] * tokens, bytearray(size * slotted << common.SPANS), [0] * size, [0] * size
    )


# Colours

STEPS = bytes(d >> 2 for d in range(256)) + bytes(56 + (d >> 5) for d in range(256, 4336))
"""How far apart colours are, by the sum of differences on their axes."""

LEVELS = bytes(bisect_right((1, 4, 8, 16, 32, 64), place) for place in range(256))
"""How far apart two colours are for contexts of photos, by the first place of one in the list of the other."""


@lru_cache(maxsize=64)
def plain_colors(colors: bytes) -> common.Colors:
    """What `rank_colors` makes, which takes three times as long where it is not compiled."""
    n = len(colors) // 4
    symbols = bytes(range(n))
    points = list(zip(*axes_of(colors), strict=True))
    earlier: list[list[int]] = [[] for _ in points]  # how far away the colours before each are
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
    """By rank, from 0 on, the token; by token, its bits and its first rank, from 1 on. first: the first token."""
    tokens = [0, 1, 2, 3, 4, 4, 5, 5] + [6] * 4 + [7] * 4 + [8 + i // _BLOCK for i in range(256 - _BLOCK)]
    bits, ranks = bytearray(common.TOKENS), bytearray(common.TOKENS)
    for token in range(tokens[-1] + 1):
        bits[first + token] = (tokens.count(token) - 1).bit_length()
        ranks[first + token] = 1 + tokens.index(token)
    return bytes(tokens), bytes(bits), bytes(ranks)


@cache
def first_flags() -> tuple[int, ...]:
    """The probability, of 65536, that a guess is right, by how sure it is and shape."""
    return tuple(p << 10 for kinds in _GUESSES for p in kinds for _ in range(16))
