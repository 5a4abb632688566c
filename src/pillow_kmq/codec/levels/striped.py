"""Encoding and decoding of chunk D in stripes (docs/FORMAT.md, section 7.2), at the levels fast, default and max."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ...errors import CorruptError
from ...interruptible import in_threads
from ..palette.chunk import colors_of
from ..symbols.margins import SAME, map_symbols, put_rows
from ..symbols.raster import Raster
from ..symbols.stripes import CODINGS, Stripe, encode_list, join, read_stripes, verify
from ..threads import threads
from .level import Level, Symbols

if TYPE_CHECKING:
    from ..picture import Picture


@cache
def level_of(coding: int) -> Level:
    """Return the level of a coding. It is imported on first use, which takes as long as opening a small image."""
    if coding == CODINGS["fast"]:
        from .fast.level import FAST

        return FAST
    if coding == CODINGS["max"]:
        from .max.model import MAX

        return MAX
    from .default.model import DEFAULT

    return DEFAULT


def encode_striped(picture: Picture, coding: int) -> bytes:
    """Encode a picture as the payload of a chunk D. coding: one of CODINGS."""
    height, width = picture.source.shape
    used = picture.used
    listing = encode_list(used, picture.entries)
    level = level_of(coding)
    option = level.option(picture)
    first = coding | option << 4
    if len(used) == 1:
        return join(first, listing, [(height, b"")])
    colors = colors_of(used, picture.colors)

    table = bytearray(SAME)
    for symbol, entry in enumerate(level.symbol_entries(used, colors)):
        table[entry] = symbol
    symbols = picture.symbols(bytes(table), level.margins)
    above = level.margins[0]
    stripes: list[tuple[int, bytes]] = []
    row = 0
    while row < height:
        symbols[row : row + above] = 0
        left = Symbols(symbols[row:].reshape(-1), width, height - row, colors, option)
        expected = int(picture.unlike * width * (height - row))
        rows, coded = level.encode_stripe(left, level.stripe_limit(stripes), expected)
        stripes.append((rows, coded))
        row += rows
    return join(first, listing, stripes)


def decode_striped(
    coding_byte: int, coded: bytes, height: int, width: int, colors: bytes, *, partial: bool = False
) -> Raster:
    """Decode a chunk D.

    Args:
        coding_byte: the first byte of its payload.
        coded: what follows that byte.
        height: rows of the image.
        width: pixels per row.
        colors: the palette, RGBA, four bytes an entry.
        partial: accept a payload that is truncated, or whose stripes are damaged; rows that are not known are zero.

    Raises:
        CorruptError: the payload is invalid.
        LimitError: it has more stripes than its size justifies.
    """
    used, stripes = read_stripes(coding_byte, coded, (height, width), len(colors) // 4, partial=partial)
    if len(used) == 1:
        return Raster.dense(bytes(used) * (height * width), height, width)
    level = level_of(coding_byte & 0x0F)
    own = colors_of(used, colors)
    table = bytes(level.symbol_entries(used, own)) + SAME[len(used) :]
    above, side = level.margins
    stride = width + 2 * side
    stop = bytearray(1)

    def decode(stripe: Stripe) -> tuple[bytes | bytearray, int]:
        """Return the palette entries of a stripe, with margins, and the number of rows that are known."""
        data = bytearray((stripe.rows + above) * stride)
        symbols = Symbols(data, width, stripe.rows, own, coding_byte >> 4 & 3)
        truncated = partial and (stripe.crc is None or len(stripe.coded) < stripe.length)
        rows, valid = level.decode_stripe(symbols, stripe.coded, stripe.length, stop, truncated=truncated)
        if not valid and not partial:
            raise CorruptError("invalid KMQ file: a stripe is too long or too short")
        return map_symbols(data, table), rows

    intact = [stripe for stripe in stripes if verify(stripe, partial=partial)]
    if len(stripes) == 1 and not partial:  # margins may stay, which saves a copy of the image
        return Raster(decode(intact[0])[0], height, width, above * stride + side, stride)

    pixels = bytearray(height * width)

    def decode_into_pixels(stripe: Stripe) -> None:
        entries, rows = decode(stripe)
        put_rows(entries, level.margins, pixels, stripe.row, rows, width)

    if len(intact) > 1 and threads() > 1:
        in_threads(decode_into_pixels, intact, threads(), stop)
    else:
        for stripe in intact:
            decode_into_pixels(stripe)
    return Raster.dense(pixels, height, width)
