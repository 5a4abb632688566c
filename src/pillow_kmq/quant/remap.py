"""The nearest entries of whole images, stripe by stripe, on several threads if asked.

What is done for one stripe hangs on no other one, so that the number of threads changes no index.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..interruptible import in_threads
from ..types import Palette
from .nearest import Nearest, color_table, nearest_finder, remap

LARGE = 3 << 19  # pixels from which a table of all opaque colours pays


class Rows(Protocol):
    """What gives its rows as packed pixels; several threads may ask at once."""

    def rows(self, start: int, stop: int) -> npt.NDArray[np.uint32]:
        """Pixels 0xAABBGGRR of the rows start <= y < stop, uint32[stop - start, width]."""


def map_stripes(
    source: Rows,
    spans: Iterable[tuple[int, int]],
    palette: Palette,
    space: str,
    out: npt.NDArray[np.uint8],
    threads: int,
) -> None:
    """Write the nearest entry of every pixel to out, uint8[h, w].

    spans: first and last row (exclusive) of each stripe. threads: how many at once, 0 for one per core.
    """
    table = color_table() if out.size >= LARGE else None
    idle: list[Nearest] = []

    def work(start: int, stop: int) -> None:
        find = idle.pop() if idle else nearest_finder(palette, space)
        remap(find, source.rows(start, stop).ravel(), out[start:stop].reshape(-1), table)
        idle.append(find)

    in_stripes(work, spans, threads)


def in_stripes(work: Callable[[int, int], None], spans: Iterable[tuple[int, int]], threads: int) -> None:
    """Call `work` with the first and last row (exclusive) of each stripe, so many at once; 0 is one per core."""
    threads = threads or _cores()
    if threads == 1:
        for span in spans:
            work(*span)
        return
    in_threads(lambda span: work(*span), spans, threads, bytearray(1))  # a stripe is done soon: nothing looks at it


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
