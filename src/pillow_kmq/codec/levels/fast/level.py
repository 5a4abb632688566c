"""The level `fast`, adaptive rANS (docs/FORMAT.md, section 7.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ...entropy.adaptive_rans_kernel import rank_colors
from ...symbols.stripes import CODINGS
from ..level import Level, Symbols
from . import graphics_kernel, photo_kernel
from .state import ADDRESS_BITS, plain_stripe

if TYPE_CHECKING:
    from ....kernels import Kernel
    from ...picture import Picture

STRIPE_CODES = 1 << 19
"""The number of codes at which a stripe ends with the current row."""

_SHORT = 1 << 14
"""After each stripe with fewer bytes, the number of codes doubles, up to _MOST_CODES: a trace of 32 MB."""
_MOST_CODES = 1 << 23


class FastLevel(Level):
    """The level `fast`."""

    coding = CODINGS["fast"]
    margins = 1, 2

    def option(self, picture: Picture) -> int:
        """Choose the size of the table of guesses by the number of pixels.

        It is 0 for photos, which have another model, and for a single colour, which needs none.
        """
        if picture.unlike > 0.3 or len(picture.used) == 1:
            return 0
        option = 1
        while option < 3 and 2 << ADDRESS_BITS[option] < picture.source.size:
            option += 1
        return option

    def symbol_entries(self, used: list[int], colors: bytes) -> list[int]:
        """Return the palette entry of each symbol: symbols are in the order of the palette."""
        return used

    def stripe_limit(self, stripes: Sequence[tuple[int, bytes]]) -> int:
        """Return the number of codes at which the next stripe ends."""
        codes = STRIPE_CODES
        for _, coded in stripes:
            if len(coded) < _SHORT and codes < _MOST_CODES:
                codes *= 2
        return codes

    def encode_stripe(self, symbols: Symbols, limit: int, expected: int) -> tuple[int, bytes]:
        """Encode rows until they have `limit` codes."""
        import numpy as np

        pixels = symbols.width * symbols.rows
        codes = min(limit, 4 * pixels) + 4 * symbols.width + 64
        data = np.empty(2 * codes + 64, np.uint8)
        rows, start = _run("encode_stripe", data, len(data), limit, symbols, 0.02 * pixels, codes)
        return rows, data[start:].tobytes()

    def decode_stripe(
        self, symbols: Symbols, coded: bytes, length: int, stop: bytearray, *, truncated: bool
    ) -> tuple[int, bool]:
        """Decode a stripe into `symbols.data`."""
        end = len(coded) // 2 * 2
        data = bytearray(coded[:end] + b"\0\0")
        milliseconds = 0.004 * symbols.width * symbols.rows + 0.02 * end
        rows, pos = _run("decode_stripe", data, 0, end, symbols, milliseconds, 0)
        return rows, rows == symbols.rows and pos == length


FAST = FastLevel()


def _run(
    name: str, data: Any, start: int, end: int, symbols: Symbols, milliseconds: float, codes: int
) -> tuple[int, int]:
    """Run a kernel over a stripe.

    Args:
        name: the function in the kernels' modules.
        data: the bitstream, or room for it.
        start: where in data to start. Encoders write backwards.
        end: the length of the bitstream, or the limit of codes.
        symbols: the stripe.
        milliseconds: an estimate of the time in plain Python.
        codes: the length of the trace that an encoder needs.

    Returns:
        The number of rows done, and the last position in data.
    """
    option = symbols.option
    kernel: Kernel = getattr(graphics_kernel if option else photo_kernel, name)
    bits = (ADDRESS_BITS[option],) if option else ()
    variant = kernel.variant()
    if variant.wanted(milliseconds):
        if not variant.available():
            from ..needed import prepare_with

            prepare_with(variant, name == "decode_stripe", rank_colors)
        return _run_compiled()(kernel, data, start, end, symbols, codes, bits)
    stripe = plain_stripe(symbols, codes)
    _, width, rows, colors, _ = symbols
    done: tuple[int, int] = kernel.function(data, start, end, stripe, width, rows, len(colors) // 4, *bits)
    return done


@cache
def _run_compiled() -> Callable[..., tuple[int, int]]:
    """Import NumPy's part once: an import inside a function takes a microsecond for each image."""
    from .arrays import run_compiled

    return run_compiled
