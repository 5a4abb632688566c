"""Steps of an animation: the rectangle that each frame draws, and what is left of it for the next one.

After a frame was shown, formats can keep it, clear its rectangle, or restore what was there before. GIF files need one
of the latter two where a pixel becomes transparent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ...codec.animation.scene import distinct
from ...types import MAX_COLORS
from .timeline import NOTHING, Canvas

KEEP, CLEAR, RESTORE = 0, 1, 2
"""What is left of a frame: everything, nothing in its rectangle, or what was there before."""

_UNCHANGED = 1 / 16  # estimated cost of an unchanged pixel in a rectangle, if one that is drawn costs 1

_GAPS = (1, 4, 12)  # shortest runs of unchanged pixels that are left out


class Rectangle(NamedTuple):
    """Part of a canvas, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def window(self) -> tuple[slice, slice]:
        """The index of this part in a canvas."""
        return np.s_[self.top : self.top + self.height, self.left : self.left + self.width]


class Step(NamedTuple):
    """A frame to draw.

    Attributes:
        before: The canvas on which it is drawn.
        shown: The canvas afterwards.
        rectangle: Part that is drawn; it includes all changes.
        disposal: KEEP, CLEAR or RESTORE.
    """

    before: Canvas
    shown: Canvas
    rectangle: Rectangle
    disposal: int

    @property
    def part(self) -> Canvas:
        """The part of the shown canvas in the rectangle."""
        return self.shown[self.rectangle.window]

    @property
    def changed(self) -> Canvas:
        """True for pixels of the rectangle that have to be drawn, bool[height, width]."""
        return self.before[self.rectangle.window] != self.part

    @property
    def after(self) -> Canvas:
        """The canvas that is left for the next frame."""
        if self.disposal == RESTORE:
            return self.before
        if self.disposal == KEEP:
            return self.shown
        cleared = self.shown.copy()
        cleared[self.rectangle.window] = NOTHING
        return cleared

    def drawings(self) -> Iterator[Canvas]:
        """Yield what to draw in the rectangle: all pixels, and NOTHING for unchanged ones or for long runs of them.

        A short gap between changed pixels often costs more than its pixels, as it breaks a pattern in two.
        """
        yield self.part
        before = self.part
        for gap in _GAPS:
            drawn = np.where(_filled(self.changed, gap), self.part, self.part.dtype.type(NOTHING))
            if not np.array_equal(drawn, before):
                yield drawn
            before = drawn


def _filled(changed: Canvas, gap: int) -> Canvas:
    """Return a mask, bool[h, w], with runs of fewer than `gap` false values, row after row, filled."""
    edges = np.flatnonzero(np.diff(changed.ravel(), prepend=True, append=True))
    starts, ends = edges[::2], edges[1::2]
    short = ends - starts < gap
    filled = changed.ravel().copy()
    for start, end in zip(starts[short], ends[short], strict=True):
        filled[start:end] = True
    return filled.reshape(changed.shape)


def steps(canvases: Iterable[Canvas], *, erasing: bool) -> Iterator[Step]:
    """Yield the step of each canvas; the next canvas is read for it.

    The first step draws the whole canvas.

    Args:
        canvases: Canvases of one size.
        erasing: True if a frame can make pixels transparent when it is drawn, as in APNG. CLEAR is not used then.
    """
    before: Canvas | None = None
    for shown, following in _with_next(canvases):
        first = before is None
        if before is None:
            before = np.zeros_like(shown)
        rectangle = Rectangle(0, 0, shown.shape[1], shown.shape[0]) if first else bounds(before != shown)
        step = Step(before, shown, rectangle, KEEP)
        if following is not None:
            step = _best(_choices(step, following, first=first, erasing=erasing), following, few=not erasing)
        yield step
        before = step.after


def _with_next(canvases: Iterable[Canvas]) -> Iterator[tuple[Canvas, Canvas | None]]:
    iterator = iter(canvases)
    shown = next(iterator, None)
    while shown is not None:
        following = next(iterator, None)
        yield shown, following
        shown = following


def _choices(step: Step, following: Canvas, *, first: bool, erasing: bool) -> Iterator[Step]:
    """Yield the step with each disposal after which the next canvas can be drawn."""
    clear = following == NOTHING
    erased = clear & (step.shown != NOTHING)
    if erasing or not erased.any():
        yield step
    else:
        rectangle = step.rectangle if first else bounds((step.before != step.shown) | erased)
        yield step._replace(rectangle=rectangle, disposal=CLEAR)
    if not first and (erasing or not (clear & (step.before != NOTHING)).any()):
        yield step._replace(disposal=RESTORE)


def _best(choices: Iterable[Step], following: Canvas, *, few: bool) -> Step:
    """Return the choice that leaves the least to draw; the first of equal ones.

    Args:
        choices: Choices for a step.
        following: The next canvas.
        few: True to avoid choices after which the next step has to draw more colours than a palette holds.
    """

    def cost(step: Step) -> tuple[bool, float]:
        drawn = step.after != following
        rest = bounds(drawn)
        many = few and following.itemsize > 2 and len(distinct(following[drawn])) > MAX_COLORS
        return many, float(drawn.sum()) + _UNCHANGED * (_area(rest) + _area(step.rectangle))

    found = list(choices)
    return min(found, key=cost) if len(found) > 1 else found[0]


def _area(rectangle: Rectangle) -> int:
    return rectangle.width * rectangle.height


def bounds(changed: Canvas) -> Rectangle:
    """Return the rectangle around all true values; one pixel if there are none."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return Rectangle(0, 0, 1, 1)
    left, top = int(columns[0]), int(rows[0])
    return Rectangle(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)
