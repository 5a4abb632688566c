"""Pixels by context mixing (docs/FORMAT.md, section 7.2): symbols, stripes, and who runs the kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...interruptible import wait_for
from ..entropy.range_coder import begun, finished
from ..palette.chunk import colors_of
from ..symbols.color_tree import Tree, tree
from ..symbols.color_tree_kernel import whole_tree
from ..symbols.raster import Raster, decode_raster
from ..symbols.stripes import CODINGS, Stripe, encode_list, joined, read_stripes
from .model import Model

if TYPE_CHECKING:
    from ...kernels import Kernel
    from ..picture import Picture

STRIPE_BYTES = 1 << 18
"""The first stripe of the level `default` ends with the row that passes so many bytes, the next three behind three
quarters of that, so that few stripes do for two threads alike; those of `max` are larger."""

_LONG = 60_000
"""Milliseconds in plain Python, or some tenths of a second compiled, from which on Ctrl-C must end a stripe."""


def encode_mixed(picture: Picture, coding: int) -> bytes:
    """The payload of a chunk D. coding: of the levels default or max."""
    import numpy as np

    height, width = picture.source.shape
    used = picture.used
    forest = tree(colors_of(used, picture.colors))
    model = model_of(coding)
    option = model.option(picture)
    first = coding | option << 4
    listing = encode_list(used, picture.entries)
    if len(used) == 1:
        return joined(first, listing, [(height, b"")])

    ranks = bytearray(256)
    for rank, number in enumerate(forest.order):
        ranks[used[number]] = rank
    symbols = picture.symbols(bytes(ranks), (model.rows, model.columns))
    limit = STRIPE_BYTES * model.work
    stripes = []
    stop = bytearray(1)
    row = 0
    while row < height:
        data = np.empty(limit + 24 * width + 64, np.uint8)
        symbols[row : row + model.rows] = 0
        rest = symbols[row:].reshape(-1)
        expected = int(picture.unlike * width * (height - row))
        rows, x, end = _run(model, False, data, limit, stop, expected, rest, forest, width, height - row, option)
        stripes.append((rows, finished(data, x, end)))
        row += rows
        limit = STRIPE_BYTES * model.work * (3 if len(stripes) < 4 else 4) // 4
    return joined(first, listing, stripes)


def decode_mixed(
    first: int, payload: bytes, height: int, width: int, colors: bytes, *, partial: bool = False
) -> Raster:
    """The indices of a chunk D; payload: what follows its first byte.

    partial: the payload may end early, and rows that what arrived does not tell are zero. Raises CorruptError.
    """
    used, stripes = read_stripes(first, payload, (height, width), len(colors) // 4, partial=partial)
    if len(used) == 1:
        return Raster.dense(bytes(used) * (height * width), height, width)
    forest = tree(colors_of(used, colors))
    table = bytes(used[i] for i in forest.order).ljust(256, b"\0")
    model = model_of(first & 0x0F)
    margins = model.rows, model.columns
    stop = bytearray(1)

    def decode(stripe: Stripe) -> tuple[bytearray, int, bool]:
        symbols = bytearray((stripe.rows + model.rows) * (width + 2 * model.columns))
        coded = stripe.coded
        if not partial or (stripe.crc is not None and len(coded) == stripe.length):
            coded += bytes(4)  # a decoder is so far ahead; where more is missing, the row is not known
        end = len(coded)
        done, _, end = _run(model, True, coded, end, stop, end, symbols, forest, width, stripe.rows, first >> 4 & 3)
        return symbols, done, done == stripe.rows and end >= stripe.length

    return decode_raster(stripes, decode, table, margins, height, width, stop, partial=partial)


def model_of(coding: int) -> Model:
    """The model of a coding, loaded when it is needed: small images open in little more time than that takes."""
    if coding == CODINGS["max"]:
        from .max.model import MAX

        return MAX
    from .default.model import DEFAULT

    return DEFAULT


# Kernels


def _run(
    model: Model, decoding: bool, data: Any, end: int, stop: bytearray, expected: int,
    symbols: Any, forest: Tree, width: int, rows: int, option: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Run a kernel over one stripe: rows done, the last x, end of the code. expected: about how many bytes it has."""
    n = len(forest.order)
    x, pos = begun(decoding, data)
    constants = (decoding, *model.constants(option))
    milliseconds = model.milliseconds(width * rows, n, expected)
    kernel: Kernel = model.kernels.mixed_stripe
    variant = kernel.variant(*constants)
    if not variant.wanted(milliseconds):
        stripe = model.plain(memoryview(symbols), forest, option)
        done: tuple[int, int, int] = kernel.function(
            *constants, x, memoryview(data), pos, end, stop, stripe, width, rows, n, option
        )
        return done
    if not variant.at_hand():
        from .needed import prepare_with

        prepare_with(variant, decoding, whole_tree)
    import numpy as np

    stripe = model.arrays(np.frombuffer(symbols, np.uint8), forest, option)
    code, stopped = np.frombuffer(data, np.uint8), np.frombuffer(stop, np.uint8)
    call = kernel.bind(*constants, x, code, pos, end, stopped, stripe, width, rows, n, option)
    rows, x, pos = wait_for(call, stop) if milliseconds > _LONG else call()
    return rows, x, pos
