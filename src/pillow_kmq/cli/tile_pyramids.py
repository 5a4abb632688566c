"""Tile pyramids in MBTiles files: one palette for all tiles of a file, equal tiles kept once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from ..collection.engine import Processes
from ..collection.mbtiles import TilesSummary, convert_mbtiles
from ..quant.progress import Progress
from .batch import WRITTEN, Result, processes_for
from .convert import Settings
from .learning import tiles_in
from .outputs import Job, check, reason, times_of
from .shared_palette import with_shared_palette
from .statuses import DAMAGED, UNWRITABLE, Refused
from .terminal import shown, sizes

_FINDING = 0.3  # share of the progress


def convert_pyramid(job: Job, settings: Settings, progress: Callable[[float], object] | None) -> Result:
    """Find a palette for all tiles, unless one is given, and convert them. Raises KmqError."""
    check(job, settings.force)
    started = time.perf_counter()
    times = times_of(job.source) if settings.preserve else None
    tiles_in(job.source)
    whole = Progress(progress)
    processes = processes_for([job.source], settings.processes)
    save = settings.save
    if "palette" not in save:
        save = with_shared_palette(
            save, [job], srgb=False, engine=Processes(processes), progress=whole.part(0.0, _FINDING)
        )
    if "palette" not in save:
        raise Refused("no tile can be read", DAMAGED)
    try:
        if settings.out_dir:
            os.makedirs(os.path.dirname(job.target) or ".", exist_ok=True)
        summary = convert_mbtiles(
            job.source,
            save["palette"],
            job.target,
            processes=processes,
            progress=whole.part(_FINDING, 1.0),
            **{name: save[name] for name in ("dither", "space", "background") if name in save},
        )
        if times is not None:
            os.utime(job.target, ns=times)
    except OSError as error:
        raise Refused(f"cannot write {job.target}: {reason(error)}", UNWRITABLE) from None
    colors = len(getattr(save["palette"], "colors", save["palette"]))
    notes = []
    if summary.kept:
        notes.append(
            f"{summary.kept:,} tile{'s' * (summary.kept > 1)} cannot be read and {_stay(summary)} as in the input"
        )
    return Result(
        WRITTEN,
        0,
        "" if settings.quiet else _lines(job, summary, colors, notes),
        summary.input_bytes,
        summary.output_bytes,
        "; ".join(notes),
        colors,
        seconds=time.perf_counter() - started,
    )


def _stay(summary: TilesSummary) -> str:
    return "stay" if summary.kept > 1 else "stays"


def _lines(job: Job, summary: TilesSummary, colors: int, notes: list[str]) -> str:
    line = (
        f"{job.source} -> {job.target}: {sizes(summary.input_bytes, summary.output_bytes)}, "
        f"{summary.tiles:,} tile{'s' * (summary.tiles != 1)}, "
        f"{summary.distinct:,} distinct, {colors:,} colour{'s' * (colors != 1)}"
    )
    return "\n".join(map(shown, [line, *(f"{job.source}: note: {note}" for note in notes)]))
