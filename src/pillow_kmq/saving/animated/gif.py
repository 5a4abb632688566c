"""Writer of animated GIF files.

One palette of all frames becomes the global table, with its order and indices; otherwise frames have local tables of
the colours that they draw. A frame is cropped to its changes and may leave out unchanged pixels inside; of the ways to
write it, the smallest is taken. Pixels are transparent or opaque.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from ...errors import UnsupportedError
from ...types import Indices
from .gif_table import Table, global_tables, local_table
from .lzw import encode_lzw
from .steps import CLEAR, KEEP, RESTORE, Step, steps
from .timeline import NOTHING, Canvas, Timeline

LONGEST = 655_350
"""The largest duration of a frame in milliseconds."""

MOST_PLAYS = 65_536
MAX_SIDE = 65_535

_DISPOSAL = {KEEP: 1, CLEAR: 2, RESTORE: 3}


class TooManyColorsError(UnsupportedError):
    """A frame draws more colours than a table of a GIF file can hold."""


def encode_gif(timeline: Timeline, plays: int) -> bytes:
    """Return a GIF file.

    Args:
        timeline: The frames, each side up to MAX_SIDE, durations up to LONGEST.
        plays: How many times the animation plays, up to MOST_PLAYS; 0 for endless.

    Raises:
        TooManyColorsError: A frame draws more than 256 colours.
    """
    writers = [_Writer(timeline, table) for table in global_tables(timeline)] or [_Writer(timeline, None)]
    for step, delay in zip(steps(timeline, erasing=False), centiseconds(timeline.durations), strict=True):
        for writer in writers:
            writer.add(step, delay)
    return min((writer.file(plays) for writer in writers), key=len)


def with_comment(data: bytes, comment: bytes) -> bytes:
    """Return a GIF file with a comment at its end."""
    blocks = (comment[start : start + 255] for start in range(0, len(comment), 255))
    return data[:-1] + b"!\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0" + data[-1:]


def centiseconds(durations: Sequence[int]) -> Iterator[int]:
    """Yield durations, given in milliseconds, in 1/100 s: each ends at the 1/100 s nearest to its end."""
    time = 0
    for duration in durations:
        start, time = time, time + duration
        yield (time + 5) // 10 - (start + 5) // 10


def _looping(plays: int) -> bytes:
    """Return the extension that counts repetitions, 0 for endless ones; none for a single play."""
    return b"" if plays == 1 else b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", max(0, plays - 1), 0)


class _Writer:
    """Encoder of a file with one of the tables to try; None for that of the first frame."""

    def __init__(self, timeline: Timeline, table: Table | None) -> None:
        self._timeline = timeline
        self._global = table
        self._frames: list[bytes] = []

    def file(self, plays: int) -> bytes:
        """Return the file when all frames were added."""
        table, timeline = self._global, self._timeline
        assert table is not None
        screen = struct.pack("<HHBBB", timeline.width, timeline.height, 0xF0 | table.size_code, 0, 0)
        return b"".join([b"GIF89a", screen, table.data, _looping(plays), *self._frames, b";"])

    def add(self, step: Step, delay: int) -> None:
        """Encode a frame in the smallest way. Raises TooManyColorsError."""
        encoded = [data for drawn in step.drawings() for data in self._encoded(step, drawn, delay)]
        if not encoded:
            raise TooManyColorsError("a frame draws more than 256 colours, or more than 255 and transparency")
        self._frames.append(min(encoded, key=len))

    def _encoded(self, step: Step, drawn: Canvas, delay: int) -> Iterator[bytes]:
        """Yield the frame with each table that has all its colours."""
        # Pillow clears a rectangle only if a transparent entry is defined.
        transparency = self._timeline.transparent or bool((drawn == NOTHING).any())
        for table, data in self._tables(drawn, transparency=transparency):
            found = table.indices(drawn, transparency=transparency)
            if found is not None:
                yield _frame(step, *found, delay, table, data)

    def _tables(self, drawn: Canvas, *, transparency: bool) -> Iterator[tuple[Table, bytes]]:
        """Yield tables that may have all colours, with the bytes of local ones."""
        if self._timeline.own_palette:
            assert self._global is not None
            yield self._global, b""
            return
        table = local_table(drawn, self._timeline.palette, transparency=transparency)
        if self._global is None:
            self._global = table
        elif table is not None:
            yield table, table.data
        if self._global is not None:
            yield self._global, b""


def _frame(step: Step, indices: Indices, clear: int | None, delay: int, table: Table, local: bytes) -> bytes:
    """Return a graphic control extension and an image. local: the table, if it is not the global one."""
    flags = _DISPOSAL[step.disposal] << 2 | (clear is not None)
    control = struct.pack("<4BH2B", 0x21, 0xF9, 4, flags, delay, clear or 0, 0)
    descriptor = struct.pack("<B4HB", 0x2C, *step.rectangle, 0x80 | table.size_code if local else 0)
    return control + descriptor + local + encode_lzw(indices)
