"""The interface of a level that codes stripes of symbols (docs/FORMAT.md, section 7.2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..picture import Picture


class Symbols(NamedTuple):
    """The symbols of a stripe, which an encoder reads and a decoder writes.

    Attributes:
        data: uint8[:], rows of symbols with the level's margins.
        width: symbols per row.
        rows: number of rows. An encoder may stop earlier.
        colors: the colours in use, RGBA, four bytes each.
        option: 0..3, the level's option in the first byte of chunk D.
    """

    data: Any
    width: int
    rows: int
    colors: bytes
    option: int


class Level(ABC):
    """A level that codes stripes of symbols. Stripes depend on nothing outside them."""

    coding: int
    """The coding of chunk D."""
    margins: tuple[int, int]
    """Rows above the symbols of a stripe, and columns on either side, that kernels read and write."""

    @abstractmethod
    def option(self, picture: Picture) -> int:
        """Choose the option for a picture, 0..3."""

    @abstractmethod
    def symbol_entries(self, used: list[int], colors: bytes) -> list[int]:
        """Return the palette entry of each symbol.

        Args:
            used: the entries in use, ascending.
            colors: their colours, RGBA.
        """

    @abstractmethod
    def stripe_limit(self, stripes: Sequence[tuple[int, bytes]]) -> int:
        """Return the limit for the next stripe. stripes: rows and bitstream of each stripe before it."""

    @abstractmethod
    def encode_stripe(self, symbols: Symbols, limit: int, expected: int) -> tuple[int, bytes]:
        """Encode rows until the limit is reached.

        Args:
            symbols: all rows that are left.
            limit: as returned by `stripe_limit`.
            expected: a rough estimate of the size of the bitstream of all these rows, in bytes.

        Returns:
            The number of rows encoded, and their bitstream.
        """

    @abstractmethod
    def decode_stripe(
        self, symbols: Symbols, coded: bytes, length: int, stop: bytearray, *, truncated: bool
    ) -> tuple[int, bool]:
        """Decode a stripe into `symbols.data`.

        Args:
            symbols: where to; zeros.
            coded: the bitstream, or the start of it.
            length: its full length in bytes.
            stop: one byte. Once another thread sets it to 1, the result is no longer needed.
            truncated: whether `coded` may be incomplete.

        Returns:
            The number of rows that are known to be right, and whether the bitstream is valid.
        """
