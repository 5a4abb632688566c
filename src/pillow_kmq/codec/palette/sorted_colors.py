"""Palettes as sorted colours: coding 2 of chunk P (docs/FORMAT.md, section 6.1)."""

from __future__ import annotations

from array import array

from ...errors import CorruptError
from ..entropy.probability_tables import FIRST_STATE, after, after_array
from ..entropy.range_coder import flush, start
from . import sorted_colors_kernel as kernels

_ROOM = 8192  # bytes, more than any coded palette takes

Color = tuple[int, int, int, int]


def natural_key(color: Color) -> tuple[int, int, int, int]:
    """Return the key of the natural order of colours: alpha, green, red, blue."""
    r, g, b, a = color
    return a, g, r, b


def encode_colors(palette: list[Color]) -> tuple[bool, bytes]:
    """Encode a palette; return whether its order is natural, and the payload after the first byte."""
    count = len(palette)
    ranked = sorted(palette, key=natural_key)
    if ranked == palette:
        return True, bytes([count - 1]) + _encode(ranked, b"")

    listed = count
    while palette[listed - 2] == palette[-1]:
        listed -= 1
    ranks = sorted(range(listed), key=lambda i: natural_key(palette[i]))
    rank_of = [0] * listed
    for rank, i in enumerate(ranks):
        rank_of[i] = rank
    left = list(range(listed))
    chosen = bytearray()
    for rank in rank_of:
        chosen.append(left.index(rank))
        del left[chosen[-1]]
    return False, bytes([count - 1, listed - 1]) + _encode([palette[i] for i in ranks], chosen)


def decode_colors(coded: bytes, natural: bool) -> list[Color]:
    """Decode a palette. Raises CorruptError."""
    head = 1 if natural else 2
    if len(coded) < head:
        raise CorruptError("invalid KMQ file: the palette has no counts")
    count, listed = coded[0] + 1, coded[head - 1] + 1
    if listed > count:
        raise CorruptError(f"invalid KMQ file: a palette of {count} entries cannot list {listed}")
    values, chosen = bytearray(4 * listed), bytearray(0 if natural else listed)
    _, pos = _code(True, bytearray(coded[head:]), values, chosen)
    if pos < 0:
        raise CorruptError("invalid KMQ file: a palette colour is out of range")
    if not pos - 4 <= len(coded) - head <= pos:  # the encoder drops trailing zeros
        raise CorruptError("invalid KMQ file: the coded palette is truncated or has trailing data")
    left: list[Color] = list(zip(*[iter(values)] * 4, strict=True))
    if natural:
        return left
    palette = [left.pop(number) for number in chosen]
    return palette + palette[-1:] * (count - listed)


def _encode(ranked: list[Color], chosen: bytes | bytearray) -> bytes:
    """Encode sorted colours and the numbers of their order, without trailing zeros."""
    data = bytearray(_ROOM)
    x, end = _code(False, data, bytearray(value for color in ranked for value in color), bytearray(chosen))
    return flush(data, x, end)


def _code(decoding: bool, data: bytearray, values: bytearray, chosen: bytearray) -> tuple[int, int]:
    """Run the kernel. Return the last x and the end of the bitstream, or -1. values: RGBA."""
    x, begin = start(decoding, data)
    count = len(values) // 4
    compiled = kernels.code_colors.variant(decoding).wanted()
    run = kernels.code_colors if compiled else kernels.code_colors.function
    states = array("H", [FIRST_STATE]) * (kernels.CONTEXTS * kernels.PLACES)
    found: tuple[int, int] = run(
        decoding, x, data, begin, len(data), values, count, chosen, len(chosen), states,
        after_array() if compiled else after(),
    )  # fmt: skip
    return found
