"""Pixels by context mixing (docs/FORMAT.md, section 7.2): symbols, stripes, and who runs the kernels."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from . import level_default as model
from .stripes import LISTED, Stripe, decode_stripes, encode_list, joined, read_stripes
from .tables import RATES, STEPS, squash, stretch
from .tree import Tree, tree

if TYPE_CHECKING:
    from ..types import Indices

MIXED = 3
"""The coding of the level `default`."""

STRIPE_BYTES = 1 << 17
"""A stripe ends with the row that passes so many bytes."""

# Larger images are worth the import of Numba, which takes 0.4 s; a pixel takes up to 40 microseconds without it.
_SMALL = 6000

_LEAST_BITS = 12

_FIRST_WEIGHTS = ((25600, 25600, 30720, 25600), (36864, 20480, 20480, 18432))
# How likely W (and, once it is not W, N) is: in 1/256 of ln(p / (1 - p)), added up over the bits of `shape`; by `kind`.
_SHAPES = ((144, 48, 32, 112, 144, -16, 64, 64, 48, 0, 0, 160), (0, 320, 144, 224, -16, 128, 32, 16, 0, 112, 96, 176))
_KINDS = ((-240, -496, -464, -480, -448), (-384, -192, -528, -512, -560))


def encode_mixed(indices: Indices, colors: bytes) -> bytes:
    """The payload of a chunk D. colors: the palette, RGBA."""
    import numpy as np

    height, width = indices.shape
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256)).tolist()
    forest = tree(colors_of(used, colors))
    bits = _table_bits(indices, len(used))
    first = MIXED | (bits - _LEAST_BITS) // 2 << 4
    listing = b""
    if used != list(range(len(colors) // 4)):
        first |= LISTED
        listing = encode_list(used)
    if len(used) == 1:
        return bytes([first]) + listing

    ranks = np.zeros(256, np.uint8)
    ranks[[used[i] for i in forest.order]] = np.arange(len(used))
    symbols = np.zeros((height + 2, width + 6), np.uint8)
    symbols[2:, 3:-3] = ranks[indices]
    stripes = []
    row = 0
    while row < height:
        data = np.empty(STRIPE_BYTES + 24 * width + 64, np.uint8)
        symbols[row : row + 2] = 0
        rest = symbols[row:].reshape(-1)
        rows, end = _run("encode_stripe", data, STRIPE_BYTES, rest, forest, width, height - row, bits)
        coded = data[:end].tobytes()
        stripes.append((rows, coded[:-4] + coded[-4:].rstrip(b"\0")))
        row += rows
    return joined(first, listing, stripes)


def decode_mixed(
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
    forest = tree(colors_of(used, colors))
    table = bytes(used[i] for i in forest.order).ljust(256, b"\0")
    bits = _LEAST_BITS + 2 * (first >> 4 & 3)

    def decode(stripe: Stripe) -> bool:
        symbols = bytearray((stripe.rows + 2) * (width + 6))
        coded = stripe.coded
        done, end = _run("decode_stripe", coded, len(coded), symbols, forest, width, stripe.rows, bits)
        _copy_rows(symbols, table, pixels, stripe.row, done, width)
        return done == stripe.rows and end >= stripe.length

    decode_stripes(stripes, decode, partial=partial)
    return pixels


def _copy_rows(symbols: bytearray, table: bytes, pixels: bytearray, row: int, rows: int, width: int) -> None:
    """Symbols without their margins, as indices, into the image."""
    for y in range(rows):
        start = (y + 2) * (width + 6) + 3
        pixels[(row + y) * width : (row + y + 1) * width] = symbols[start : start + width].translate(table)


def colors_of(used: list[int], colors: bytes) -> bytes:
    """Entries beyond the palette are opaque black."""
    return b"".join(colors[4 * i : 4 * i + 4] or b"\0\0\0\xff" for i in used)


def _table_bits(indices: Indices, n: int) -> int:
    """Small tables for small images and for photos of many colours, which gain nothing by more and lose speed."""
    bits = 12
    while bits < 18 and (1 << bits) < (4 if bits < 16 else 8) * indices.size:
        bits += 2
    if n > 100 and bits > 14:
        inner = indices[1:, 1:]
        alike = (inner == indices[1:, :-1]) | (inner == indices[:-1, 1:])
        if 2 * int(alike.sum()) < alike.size:
            bits = 14
    return bits


# Kernels


def _run(
    name: str, data: Any, end: int, symbols: Any, forest: Tree, width: int, rows: int, bits: int
) -> tuple[int, int]:
    """Run a kernel over one stripe: rows done, end of the code."""
    n = len(forest.order)
    if not worth_compiling(width * rows):
        stripe = _plain_stripe(memoryview(symbols), forest, n, bits)
        data = memoryview(data)
        kernel: Callable[..., tuple[int, int]] = getattr(model, name)
    else:
        import numpy as np

        from .compiled import compiled

        stripe = _array_stripe(np.frombuffer(symbols, np.uint8), forest, n, bits)
        kernel = getattr(compiled(model), name)
        if isinstance(data, bytes):
            data = np.frombuffer(bytearray(data), np.uint8)  # of the type that an encoder has, which can be written to
    rows, end = kernel(data, 0, end, stripe, width, rows, n, bits)
    return int(rows), int(end)


def worth_compiling(pixels: int) -> bool:
    """Whether compiled kernels are to be had, and at hand or worth loading."""
    if pixels <= _SMALL and "numba" not in sys.modules:
        return False
    from .._jit import jit_enabled

    return jit_enabled()


def _plain_stripe(symbols: Any, forest: Tree, n: int, bits: int) -> model.Stripe:
    counters = [1 << 15] * model.counter_count(n, bits)
    counters[model.RUNS : model.RUNS + 2 * model.SHAPES] = _first_shapes()
    return model.Stripe(
        symbols, counters, list(_weights()), list(_final()), bytearray(1 << (bits - 2)),
        forest.leaf, forest.middle, forest.levels, forest.distances, stretch(), squash(), RATES, STEPS,
    )  # fmt: skip


def _array_stripe(symbols: Any, forest: Tree, n: int, bits: int) -> model.Stripe:
    import numpy as np

    constants = _arrays()
    counters = np.full(model.counter_count(n, bits), 1 << 15, np.uint16)
    counters[model.RUNS : model.RUNS + 2 * model.SHAPES] = constants[0]
    return model.Stripe(
        symbols, counters, constants[1].copy(), constants[2].copy(), np.zeros(1 << (bits - 2), np.uint8),
        np.array(forest.leaf, np.int16), np.array(forest.middle, np.uint8),
        np.frombuffer(forest.levels, np.uint8), np.frombuffer(forest.distances, np.uint8), *constants[3:],
    )  # fmt: skip


@cache
def _arrays() -> tuple[Any, ...]:
    import numpy as np

    return (
        np.array(_first_shapes(), np.uint16), np.array(_weights(), np.int32), np.array(_final(), np.uint16),
        np.array(stretch(), np.int16), np.array(squash(), np.uint16), np.array(RATES, np.uint16),
        np.array(STEPS, np.uint8),
    )  # fmt: skip


@cache
def _first_shapes() -> tuple[int, ...]:
    """The first states of the counters by shape: a count of two, and what was learned from many images."""
    states: list[int] = []
    for shapes, kinds in zip(_SHAPES, _KINDS, strict=True):
        logits = [0]
        for value in shapes:
            logits += [x + value for x in logits]
        table = squash()
        for kind in kinds:
            states += [table[x + kind + 3072] >> 4 << 4 | 2 for x in logits]
        states += [1 << 15] * (model.SHAPES - len(kinds) * len(logits))
    return tuple(states)


@cache
def _weights() -> tuple[int, ...]:
    nodes, flags = ((*weights, 0, 0, 0, 0) for weights in _FIRST_WEIGHTS)
    return nodes * model.NODES + flags * (2 * model.FLAGS)


@cache
def _final() -> tuple[int, ...]:
    """The first cells: what they are given."""
    return tuple(squash()[min(6143, 128 * i + 64)] for i in range(model.CELLS)) * (model.NODES + 512)
