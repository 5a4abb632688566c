"""Pixels by adaptive rANS, the level `fast` (docs/FORMAT.md, section 7.8): stripes, and who runs the kernels."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from ...entropy.adaptive_rans_kernel import rank_colors
from ...palette.chunk import colors_of
from ...symbols.margins import SAME
from ...symbols.raster import Raster, decode_raster
from ...symbols.stripes import CODINGS, Stripe, encode_list, joined, read_stripes
from . import graphics_kernel as level_fast_graphics
from . import photo_kernel as level_fast_photo
from .state import GUESS_BITS, plain_stripe

if TYPE_CHECKING:
    from ....kernels import Kernel
    from ...picture import Picture

STRIPE_CODES = 1 << 19
"""A stripe ends with the row that passes so many codes."""

_MARGINS = 1, 2  # of symbols: rows above, columns on either side
_SHORT = 1 << 14  # bytes; behind stripes that are shorter, they may have twice as many codes
_MOST_CODES = 1 << 23  # a trace of 32 MB, and what the last row has


def encode_fast(picture: Picture) -> bytes:
    """The payload of a chunk D."""
    height, width = picture.source.shape
    used = picture.used
    first = CODINGS["fast"]
    listing = encode_list(used, picture.entries)
    if len(used) == 1:
        return joined(first, listing, [(height, b"")])
    option = _guessing(picture.source.size, picture.unlike)
    ranks = bytearray(range(256))
    for rank, entry in enumerate(used):
        ranks[entry] = rank
    symbols = picture.symbols(bytes(ranks), _MARGINS)
    colors = colors_of(used, picture.colors)
    stripes: list[tuple[int, bytes]] = []
    row = 0
    codes = STRIPE_CODES
    while row < height:
        symbols[row] = 0
        rows, coded = _encode(symbols[row:].reshape(-1), colors, width, height - row, option, codes)
        stripes.append((rows, coded))
        row += rows
        if len(coded) < _SHORT and codes < _MOST_CODES:
            codes *= 2
    return joined(first | option << 4, listing, stripes)


def decode_fast(first: int, payload: bytes, height: int, width: int, colors: bytes, *, partial: bool = False) -> Raster:
    """The indices of a chunk D; payload: what follows its first byte.

    partial: the payload may end early, and what did not arrive is zero. Raises CorruptError.
    """
    used, stripes = read_stripes(first, payload, (height, width), len(colors) // 4, partial=partial)
    if len(used) == 1:
        return Raster.dense(bytes(used) * (height * width), height, width)
    chosen = colors_of(used, colors)

    def decode(stripe: Stripe) -> tuple[bytearray, int, bool]:
        symbols = bytearray((stripe.rows + 1) * (width + 4))
        return symbols, *_decode(stripe, symbols, chosen, width, first >> 4 & 3)

    table = bytes(used) + SAME[len(used) :]
    return decode_raster(stripes, decode, table, _MARGINS, height, width, bytearray(1), partial=partial)


def _guessing(pixels: int, unlike: float) -> int:
    """The option: the size of the table of guesses; 0 for photos, which have another model."""
    if unlike > 0.3:
        return 0
    option = 1
    while option < 3 and 2 << GUESS_BITS[option] < pixels:
        option += 1
    return option


# Kernels


def _encode(symbols: Any, colors: bytes, width: int, rows: int, option: int, codes: int) -> tuple[int, bytes]:
    """Rows done, and their code."""
    import numpy as np

    noted = min(codes, 4 * width * rows) + 4 * width + 64
    data = np.empty(2 * noted + 64, np.uint8)
    milliseconds = 0.02 * width * rows
    done, start = _run("encode_stripe", data, codes, symbols, colors, width, rows, option, milliseconds, noted)
    return done, data[start:].tobytes()


def _decode(stripe: Stripe, symbols: bytearray, colors: bytes, width: int, option: int) -> tuple[int, bool]:
    """Rows done, and whether the code is in order."""
    length = len(stripe.coded) // 2 * 2
    data = bytearray(stripe.coded[:length] + b"\0\0")
    milliseconds = 0.004 * width * stripe.rows + 0.02 * length
    done, end = _run("decode_stripe", data, length, symbols, colors, width, stripe.rows, option, milliseconds, 0)
    return done, done == stripe.rows and end == stripe.length


def _run(
    name: str, data: Any, end: int, symbols: Any, colors: bytes,
    width: int, rows: int, option: int, milliseconds: float, noted: int,
) -> tuple[int, int]:  # fmt: skip
    """Run a kernel over one stripe: rows done, and its place in data.

    milliseconds: about what it takes in plain Python. noted: the length of the trace.
    """
    kernels = level_fast_graphics if option else level_fast_photo
    numbers = width, rows, len(colors) // 4, *((GUESS_BITS[option],) if option else ())
    kernel: Kernel = getattr(kernels, name)
    start = len(data) if noted else 0
    variant = kernel.variant()
    if variant.wanted(milliseconds):
        if not variant.at_hand():
            from ..needed import prepare_with

            prepare_with(variant, name == "decode_stripe", rank_colors)
        return _runner()(kernels, kernel, data, start, end, symbols, colors, option, noted, numbers)
    stripe = plain_stripe(memoryview(symbols), colors, option, noted)
    done: tuple[int, int] = kernel.function(data, start, end, stripe, *numbers)
    return done


@cache
def _runner() -> Callable[..., tuple[int, int]]:
    """What runs compiled kernels. Kept, as an import takes a microsecond for each image."""
    from .arrays import run_compiled

    return run_compiled
