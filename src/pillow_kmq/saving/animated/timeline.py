"""Frames as the writers of animations take them: canvases of one kind, identical neighbours merged.

A canvas is an array [h, w]. Its values are 1 + palette index, uint16, if all frames have one palette, and colours
otherwise, uint32 with the bytes R, G, B, A. In both, NOTHING (0) stands for all fully transparent pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ...codec.animation.scene import distinct, merge
from ...types import MAX_COLORS, IndexedImage, Palette, Pixels

Canvas: TypeAlias = npt.NDArray[Any]

NOTHING = 0


class Timeline:
    """The canvases of an animation; may be iterated more than once, with one frame in memory at a time.

    Attributes:
        width, height: Size of each canvas.
        palette: RGBA entries, uint8[k, 4], k = 1..256, or None if canvases hold colours.
        own_palette: True if the palette and the indices are those of the frames. Otherwise it is in ascending order of
            alpha, and uses has the number of canvases that change pixels to each of its entries.
        durations: Milliseconds of each canvas.
        transparent: True if any pixel of any canvas is fully transparent.
        opaque: True if no pixel of any frame is translucent or transparent; only known without a palette.
    """

    def __init__(self, frames: Iterable[IndexedImage | Pixels], durations: Sequence[int], longest: int) -> None:
        """Read all frames once.

        Args:
            frames: Frames of one size, all of one palette or all colours; iterated again for each iteration.
            durations: Milliseconds of each frame.
            longest: Largest duration that the format can hold; frames are merged up to this one.
        """
        self._frames = frames
        self._repeats: list[bool] = []
        self.durations: list[int] = []
        self.palette: Palette | None = None
        self.uses: list[int] = []
        self.own_palette = self.transparent = False
        self.opaque = True
        self._survey(durations, longest)

    def _survey(self, durations: Sequence[int], longest: int) -> None:
        before: Canvas | None = None
        values: Canvas | None = np.empty(0, np.uint16)
        palette: Palette | None = None
        uses: Counter[int] = Counter()
        for frame, duration in zip(self._frames, durations, strict=True):
            canvas = _canvas(frame)
            self.height, self.width = canvas.shape
            palette = frame.palette if isinstance(frame, IndexedImage) else None
            same = before is not None and np.array_equal(canvas, before)
            self._repeats.append(same and self.durations[-1] + duration <= longest)
            if self._repeats[-1]:
                self.durations[-1] += duration
                continue
            self.durations.append(duration)
            if values is not None and not isinstance(frame, IndexedImage):
                uses.update(distinct(canvas if before is None else canvas[canvas != before]).tolist())
            before = canvas
            if values is not None:
                values = merge(values, canvas)
                values = values if len(values) <= MAX_COLORS + 1 else None
            self.transparent |= bool((canvas == NOTHING).any())
            if not isinstance(frame, IndexedImage):
                self.opaque &= bool((frame[..., 3] == 255).all())
        self._set_palette(palette, values, uses)

    def _set_palette(self, own: Palette | None, values: Canvas | None, uses: Counter[int]) -> None:
        """Keep the palette of the frames, or make one of their colours if they are few enough."""
        if own is not None:
            assert values is not None
            self.own_palette = True
            self.palette = _extended(own, max(1, int(values.max())))
        elif values is not None and len(values) <= MAX_COLORS:
            self._values = np.setdiff1d(values, [NOTHING]).astype("<u4")
            if self.transparent:
                self._values = np.concatenate([np.zeros(1, "<u4"), self._values])
            self.palette = self._values.view(np.uint8).reshape(-1, 4)
            self.uses = [uses[value] for value in self._values.tolist()]

    def __iter__(self) -> Iterator[Canvas]:
        for frame, repeats in zip(self._frames, self._repeats, strict=True):
            if not repeats:
                canvas = _canvas(frame)
                yield canvas if self.palette is None or self.own_palette else self._as_entries(canvas)

    def _as_entries(self, canvas: Canvas) -> Canvas:
        entries = np.searchsorted(self._values, canvas).astype(np.uint16) + np.uint16(1)
        entries[canvas == NOTHING] = NOTHING
        return entries

    @property
    def clear_entry(self) -> int | None:
        """The first fully transparent entry of the palette, or None."""
        if self.palette is None:
            return None
        clear = np.flatnonzero(self.palette[:, 3] == 0)
        return int(clear[0]) if len(clear) else None

    def pixels(self, canvas: Canvas) -> Pixels:
        """Return the colours of a canvas, uint8[h, w, 4]."""
        if self.palette is None:
            return np.ascontiguousarray(canvas).view(np.uint8).reshape(*canvas.shape, 4)
        table = np.zeros((len(self.palette) + 1, 4), np.uint8)
        table[1:] = self.palette
        return table[canvas]


def _canvas(frame: IndexedImage | Pixels) -> Canvas:
    if not isinstance(frame, IndexedImage):
        canvas = np.array(frame).view("<u4")[..., 0]
        canvas[frame[..., 3] == 0] = NOTHING
        return canvas
    values = np.arange(1, 257, dtype=np.uint16)
    values[: len(frame.palette)][frame.palette[:, 3] == 0] = NOTHING
    return values[frame.indices]


def _extended(palette: Palette, entries: int) -> Palette:
    """Return a palette of at least `entries` entries; those beyond its end are black, as Pillow shows them."""
    missing = np.tile(np.array([0, 0, 0, 255], np.uint8), (max(0, entries - len(palette)), 1))
    return np.concatenate([palette, missing])
