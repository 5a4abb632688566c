"""The work of `kmq palette learn`: one palette for files, folders, patterns and tile pyramids."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..collection.engine import Engine, choose_engine
from ..collection.learning import LearnedPalette
from ..collection.storage import is_remote
from ..errors import KmqError
from .batch import processes_for
from .folders import Folders
from .learning import Items, Reader, learn
from .outputs import STREAM
from .progress import Bar
from .statuses import DAMAGED, UNREADABLE, Refused, status_of
from .terminal import failure_line, say
from .values import colors as colors_of


def learn_from_inputs(
    inputs: tuple[str, ...],
    folders: Folders,
    *,
    min_share: float,
    dask: str | None,
    processes: int | None,
    quiet: bool,
    **search: Any,
) -> tuple[LearnedPalette, int]:
    """Return the palette, and the exit status: 0, or that of the last file that cannot be read, all of which are named.

    Args:
        inputs: Files, folders, patterns and URLs.
        folders: What is taken in folders.
        min_share: Minimum share of all pixels, 0..1, of rare colours that are protected.
        dask: Address of a Dask scheduler whose workers count; None for this machine.
        processes: Number of processes of this machine; None for one per processor if there is enough work.
        quiet: True for no progress bar.
        search: Keywords of `quantize`; None counts as not given.

    Raises:
        KmqError: No file can be read, no palette can be found, or there is no such cluster.
    """
    search = {name: value for name, value in search.items() if value is not None}
    if "fixed" in search:
        search["fixed"] = colors_of("--fixed", search["fixed"])
    if STREAM in inputs:
        raise Refused("standard input holds one image: use kmq palette extract", UNREADABLE)
    found = [each for path in inputs for each in folders.files(path)]
    failures: list[tuple[str, KmqError]] = [
        (each.path, Refused(each.problem, UNREADABLE)) for each in found if each.problem
    ]
    paths = [each.path for each in found if not each.problem]
    with _engine(dask, lambda: processes_for(paths, processes)) as engine:
        items = Items(paths if dask is None else [_absolute(path) for path in paths])
        bar = Bar(len(items), not quiet)
        progress = bar.advance if bar.enabled else None
        with bar:
            learned = learn(
                items, Reader(all_frames=True, srgb=False), engine, search, share=min_share, progress=progress
            )
    failures += items.failures
    failures += [(path, Refused(reason, _status(path))) for path, reason in learned.skipped]
    status = 0
    for path, error in failures:
        say(failure_line(path, str(error)), err=True)
        status = status_of(error)
    if not len(learned.colors):
        raise Refused("there are no pixels to find a palette for", status or UNREADABLE)
    return learned, status


@contextmanager
def _engine(cluster: str | None, processes: Any) -> Iterator[Engine]:
    """Yield processes of this machine, or a connection to a cluster, which is closed afterwards. Raises KmqError."""
    if cluster is None:
        yield choose_engine(None, processes())
        return
    from ..collection.dask_engine import connect

    with connect(cluster) as client:
        yield choose_engine(client, None)


def _absolute(path: str) -> str:
    """Return a path that means the same in other processes."""
    return path if is_remote(path) else os.path.abspath(path)


def _status(path: str) -> int:
    return DAMAGED if os.access(path, os.R_OK) or path.endswith(")") else UNREADABLE  # a tile in a pyramid
