"""Scenes: frames that may become one film, and their differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..container.animation_table import FILM_PIXELS

Canvas: TypeAlias = npt.NDArray[Any]
"""Frames [h, w] or [m, h, w]: indices into one palette, uint8, or colours, uint32 with the bytes R, G, B, A."""

Mask: TypeAlias = npt.NDArray[np.bool_]
"""True for pixels that differ from the previous frame; same shape as the frame."""

# Pixels of a film. Longer films are a little smaller, but must be decoded as a whole.
_ROOM = 1 << 22

MOST_COLORS = 256


class Scene:
    """Consecutive frames. before: the canvas under the first; None makes it key. by_color: frames are colours."""

    def __init__(self, before: Canvas | None, *, by_color: bool) -> None:
        self.frames: list[Canvas] = []
        self.changes: list[Mask] = []
        self.key = before is None
        self.overlay = False
        self._before = before
        self._by_color = by_color
        self._colors = np.empty(0, np.uint32)
        self._changed: Mask | None = None

    def add(self, frame: Canvas) -> bool:
        """Add a frame, or return False if there is no room for it. There is always room for the first."""
        change = np.ones(frame.shape, bool) if self._before is None else frame != self._before
        if self.frames and not self._has_room(frame, change):
            return False
        if self._by_color:
            self._colors = merge(self._colors, frame[change])
        if self.frames or not self.key:
            self._changed = change if self._changed is None else self._changed | change
        self.frames.append(frame)
        self.changes.append(change)
        self._before = frame
        return True

    def _has_room(self, frame: Canvas, change: Mask) -> bool:
        changed = change if self._changed is None else self._changed | change
        _, _, width, height = bounds(changed)
        if (len(self.frames) + 1) * width * height > _ROOM:
            return False
        return not self._by_color or len(merge(self._colors, frame[change])) < MOST_COLORS

    @property
    def rectangle(self) -> tuple[int, int, int, int]:
        """The rectangle that the film must cover: left, top, width, height."""
        if self.key or self._changed is None:
            height, width = self.frames[0].shape
            return 0, 0, width, height
        return bounds(self._changed)

    def parts(self) -> Iterator[Scene]:
        """Yield the scenes that become films: the whole, or the first frame and the rest, or layers of a frame."""
        if self._by_color and len(self.frames) == 1 and len(self._colors) >= MOST_COLORS and self._full_of_colors():
            yield from self._layers()
        elif self.key and len(self.frames) > 1 and self._small_changes():
            yield self._of(self.frames[:1], self.changes[:1], key=True)
            yield self._of(self.frames[1:], self.changes[1:])
        else:
            yield self

    def _small_changes(self) -> bool:
        """Return whether the frames after the first change only a part of the canvas."""
        assert self._changed is not None
        _, _, width, height = bounds(self._changed)
        area = self.frames[0].size
        return 2 * width * height <= area or len(self.frames) * area > FILM_PIXELS

    def _full_of_colors(self) -> bool:
        """Return whether the only frame has more colours than a palette can hold."""
        left, top, width, height = self.rectangle
        return len(distinct(self.frames[0][top : top + height, left : left + width])) > MOST_COLORS

    def _layers(self) -> Iterator[Scene]:
        frame, change = self.frames[0], self.changes[0]
        step = MOST_COLORS - 1
        for start in range(0, len(self._colors), step):
            part = change & np.isin(frame, self._colors[start : start + step])
            layer = self._of([frame], [part], key=self.key and start == 0)
            layer.overlay = start > 0
            yield layer

    def _of(self, frames: list[Canvas], changes: list[Mask], *, key: bool = False) -> Scene:
        scene = Scene(None if key else frames[0], by_color=self._by_color)
        scene.frames, scene.changes = frames, changes
        scene._changed = np.logical_or.reduce(changes)
        return scene


def distinct(values: Canvas) -> Canvas:
    """Return the distinct values, sorted.

    For millions of values, `np.unique` of NumPy 2.3 and later takes many times as long.
    """
    ordered = np.sort(values, axis=None)
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def merge(known: Canvas, values: Canvas) -> Canvas:
    """Return the distinct values of two arrays, sorted."""
    return distinct(np.concatenate([known, distinct(values)]))


def bounds(changed: Mask) -> tuple[int, int, int, int]:
    """Return the rectangle around all changes: left, top, width, height; one pixel if there are none."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
