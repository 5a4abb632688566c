"""Nearest-entry mapping of whole images, stripe by stripe, optionally on several threads.

Stripes are independent of each other, so that the number of threads does not change the output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..interruptible import in_threads
from ..processors import available_processors
from ..types import Palette
from .nearest import Nearest, color_table, nearest_finder, remap

LARGE = 3 << 19  # pixels from which a table of all opaque colours pays off


class Rows(Protocol):
    """An image that returns its rows as packed pixels; threads may read concurrently."""

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Return packed pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""


class Held(Protocol):
    """Finds pixels that keep their entry, see dithering/still.py."""

    def held(
        self, start: int, pixels: npt.NDArray[np.uint32], importance: npt.NDArray[np.uint8] | None
    ) -> npt.NDArray[np.bool_] | None:
        """Return which pixels of the rows from `start` on keep their entry, bool[h, w], or None for none."""


def map_stripes(
    source: Rows,
    spans: Iterable[tuple[int, int]],
    palette: Palette,
    space: str,
    out: npt.NDArray[np.uint8],
    threads: int,
    still: Held | None = None,
) -> None:
    """Write the nearest entry of every pixel.

    Args:
        source: the image.
        spans: first and last row (exclusive) of each stripe.
        palette: uint8[k, 4].
        space: space of the distance.
        out: uint8[h, w], written.
        threads: number of threads; 0 is one per core.
        still: finds pixels that keep the entry in `out`.
    """
    table = color_table() if out.size >= LARGE else None
    idle: list[Nearest] = []

    def work(start: int, stop: int) -> None:
        find = idle.pop() if idle else nearest_finder(palette, space)
        pixels, rows = source.rows(start, stop), out[start:stop]
        held = still.held(start, pixels, None) if still else None
        entries = rows if held is None else np.empty_like(rows)
        remap(find, pixels.ravel(), entries.reshape(-1), table)
        if held is not None:
            np.copyto(rows, entries, where=~held)
        idle.append(find)

    run_stripes(work, spans, threads)


def run_stripes(work: Callable[[int, int], None], spans: Iterable[tuple[int, int]], threads: int) -> None:
    """Call `work` with the first and last row (exclusive) of each stripe, on a number of threads; 0 is one per core."""
    threads = threads or available_processors()
    if threads == 1:
        for span in spans:
            work(*span)
        return
    in_threads(lambda span: work(*span), spans, threads, bytearray(1))  # stripes are short: nobody reads the stop flag
