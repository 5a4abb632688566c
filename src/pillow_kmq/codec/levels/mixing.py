"""The common part of the levels `default` and `max`, context mixing (docs/FORMAT.md, section 7.5)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...interruptible import wait_for
from ..entropy.range_coder import flush, start
from ..symbols.color_tree import Tree, tree
from ..symbols.color_tree_kernel import whole_tree
from .level import Level, Symbols

if TYPE_CHECKING:
    from ...kernels import Kernel

STRIPE_BYTES = 1 << 18
"""The size of a stripe's bitstream at which it ends with the current row, at the level `default`.

The second to the fourth stripe end at three quarters of that, so that two threads share few stripes evenly; the fifth
and all later ones have the full size again.
"""

_LONG = 60_000
"""Estimated milliseconds in plain Python (some tenths of a second compiled) above which Ctrl-C must end a stripe."""


class MixingLevel(Level):
    """A level whose symbols are the leaves of a colour tree."""

    kernel: Kernel
    """The kernel for a stripe, of which `decoding` is the first parameter."""
    stripe_scale = 1
    """Factor of the size of stripes, relative to `default`."""

    @abstractmethod
    def milliseconds(self, pixels: int, n: int, expected: int) -> float:
        """Estimate how long plain Python takes for a number of pixels, n symbols and a number of bytes."""

    def kernel_constants(self, option: int) -> tuple[bool, ...]:
        """Return the arguments of the kernel after `decoding` that are constants."""
        return ()

    @abstractmethod
    def state(self, symbols: Any, forest: Tree, option: int, *, compiled: bool) -> Any:
        """Return the kernel's NamedTuple at the start of a stripe. compiled: whether for compiled code."""

    def symbol_entries(self, used: list[int], colors: bytes) -> list[int]:
        """Return the palette entry of each symbol."""
        return [used[i] for i in tree(colors).order]

    def stripe_limit(self, stripes: Sequence[tuple[int, bytes]]) -> int:
        """Return the number of bytes at which the next stripe ends."""
        quarters = 3 if 1 <= len(stripes) < 4 else 4
        return STRIPE_BYTES * self.stripe_scale * quarters // 4

    def encode_stripe(self, symbols: Symbols, limit: int, expected: int) -> tuple[int, bytes]:
        """Encode rows until their bitstream has `limit` bytes."""
        data = bytearray(limit + 24 * symbols.width + 64)
        rows, x, end = self.run(False, data, limit, symbols, expected, bytearray(1))
        return rows, flush(data, x, end)

    def decode_stripe(
        self, symbols: Symbols, coded: bytes, length: int, stop: bytearray, *, truncated: bool
    ) -> tuple[int, bool]:
        """Decode a stripe into `symbols.data`."""
        data = bytearray(coded)
        if not truncated:
            data += bytes(4)  # a decoder reads ahead; rows that need more than that are unknown
        rows, _, end = self.run(True, data, len(data), symbols, len(data), stop)
        return rows, rows == symbols.rows and end >= length

    def run(
        self, decoding: bool, data: Any, end: int, symbols: Symbols, expected: int, stop: bytearray
    ) -> tuple[int, int, int]:
        """Run the kernel over a stripe.

        Args:
            decoding: whether to decode rather than to encode.
            data: the bitstream, or room for it.
            end: its length, or the limit of it.
            symbols: the stripe.
            expected: about how long the bitstream is.
            stop: one byte that becomes 1 to end the kernel early.

        Returns:
            The number of rows done, the last x, and the position in data after it.
        """
        pixels, width, rows, colors, option = symbols
        forest = tree(colors)
        n = len(forest.order)
        x, pos = start(decoding, data)
        chosen = (decoding, *self.kernel_constants(option))
        milliseconds = self.milliseconds(width * rows, n, expected)
        done: tuple[int, int, int]
        variant = self.kernel.variant(*chosen)
        if not variant.wanted(milliseconds):
            stripe = self.state(memoryview(pixels), forest, option, compiled=False)
            done = self.kernel.function(
                *chosen, x, memoryview(data), pos, end, stop, stripe, width, rows, n, option
            )  # fmt: skip
            return done
        if not variant.available():
            from .needed import prepare_with

            prepare_with(variant, decoding, whole_tree)
        stripe = self.state(pixels, forest, option, compiled=True)
        call = self.kernel.bind(*chosen, x, data, pos, end, stop, stripe, width, rows, n, option)
        done = wait_for(call, stop) if milliseconds > _LONG else call()
        return done
