"""Writer of animated PNG files.

All frames share one palette, or have full colours if there are more than 256. A frame is cropped to its changes. It
replaces the pixels of its rectangle, or is drawn over them with transparent pixels where nothing changes: the smaller
way is taken. Viewers that do not play animations show the first frame.
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import NamedTuple

from .apng_layout import Layout, layouts
from .steps import KEEP, RESTORE, Step, steps
from .timeline import NOTHING, Timeline

LONGEST = 65_535_000
"""The largest duration of a frame in milliseconds."""

_DISPOSAL = {KEEP: 0, RESTORE: 2}
_REPLACE, _OVER = 0, 1
_MOST = 65_535  # of 16 bits


class _Frame(NamedTuple):
    """An encoded frame: the fields of the chunk fcTL without its number and duration, and compressed pixels."""

    rectangle: tuple[int, int, int, int]
    disposal: int
    blend: int
    data: bytes


def encode_apng(timeline: Timeline, plays: int) -> bytes:
    """Return an APNG file.

    Args:
        timeline: The frames; durations up to LONGEST.
        plays: How many times the animation plays; 0 for endless.
    """
    choices: dict[Layout, list[_Frame]] = {layout: [] for layout in layouts(timeline)}
    for step in steps(timeline, erasing=True):
        for layout, frames in choices.items():
            frames.append(_smallest(step, layout))
    return min((_file(timeline, plays, *choice) for choice in choices.items()), key=len)


def _smallest(step: Step, layout: Layout) -> _Frame:
    """Return the smaller way to encode a frame."""
    whole, *partial = step.drawings()
    ways = [(_REPLACE, layout.data(whole))]
    # Pillow (11 to 13) does not restore the canvas under a frame that was drawn over it.
    if layout.clear and step.disposal == KEEP and not (step.changed & (whole == NOTHING)).any():
        ways += [(_OVER, layout.data(drawn)) for drawn in partial if layout.opaque(drawn)]
    blend, data = min(ways, key=lambda way: len(way[1]))
    return _Frame(step.rectangle, _DISPOSAL[step.disposal], blend, data)


def _file(timeline: Timeline, plays: int, layout: Layout, frames: list[_Frame]) -> bytes:
    header = struct.pack(">2I5B", timeline.width, timeline.height, layout.bits, layout.color_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"acTL", struct.pack(">2I", len(frames), plays)), *layout.chunks]
    number = 0
    for frame, duration in zip(frames, timeline.durations, strict=True):
        left, top, width, height = frame.rectangle
        place = struct.pack(">5I", number, width, height, left, top)
        chunks.append((b"fcTL", place + struct.pack(">2H2B", *delay(duration), frame.disposal, frame.blend)))
        number += 1
        if number == 1:
            chunks.append((b"IDAT", frame.data))
            continue
        chunks.append((b"fdAT", struct.pack(">I", number) + frame.data))
        number += 1
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in [*chunks, (b"IEND", b"")])


def delay(duration: int) -> tuple[int, int]:
    """Return milliseconds as a fraction of seconds, both parts of 16 bits; rounded if there is no exact one."""
    divisor = math.gcd(duration, 1000)
    if duration // divisor <= _MOST:
        return duration // divisor, 1000 // divisor
    return next((round(duration * per / 1000), per) for per in (100, 10, 1) if duration * per <= _MOST * 1000)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
