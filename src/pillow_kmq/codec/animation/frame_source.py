"""The frames of an animation to be encoded: indices into one palette, or colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from ...errors import OptionError, OptionTypeError
from ...types import IndexedImage, Pixels
from ..container.animation_table import MAX_FRAMES
from ..container.chunks import MAX_SIDE
from ..palette.chunk import natural_order
from ..picture import used_indices
from .scene import MOST_COLORS, Canvas, distinct, merge

_BLACK = b"\0\0\0\xff"


class FrameSource:
    """Frames as canvases; may be iterated more than once.

    Attributes:
        count: Number of frames.
        width, height: Size of each frame.
        colors: The palette, RGBA, if frames are indices; None if they are colours.
    """

    def __init__(self, frames: Iterable[IndexedImage | Pixels]) -> None:
        try:
            repeatable = iter(frames) is not frames
        except TypeError:
            raise OptionTypeError(f"frames must be an iterable of frames, not {type(frames).__name__}") from None
        self._frames = frames = frames if repeatable else list(frames)
        self.count = 0
        self.width = self.height = 0
        first: bytes | None = None
        same = True
        values: npt.NDArray[np.uint32] | None = np.empty(0, np.uint32)
        for frame in frames:
            self._check(frame)
            palette = frame.palette.tobytes() if isinstance(frame, IndexedImage) else None
            if self.count == 0:
                first = palette
            same = same and palette is not None and palette == first
            if values is not None:
                values = merge(values, _colors_of(frame))
                values = values if len(values) <= MOST_COLORS else None
            self.count += 1
        if self.count == 0:
            raise OptionError("frames must not be empty: an animation has at least one frame")
        self._values = None if same else values
        self.colors = first if same else None
        if self._values is not None:
            self._values = self._values[natural_order(self._values.tobytes())]
            self.colors = self._values.tobytes()

    def _check(self, frame: IndexedImage | Pixels) -> None:
        shape: tuple[int, ...]
        if isinstance(frame, IndexedImage):
            shape = frame.indices.shape
        elif isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 4:
            shape = frame.shape[:2]
        else:
            raise OptionTypeError(f"frames must be IndexedImages or arrays uint8[h, w, 4], not {type(frame).__name__}")
        if self.count == 0:
            self.height, self.width = shape
        if shape != (self.height, self.width):
            raise OptionError(f"frames must have one size, not {self.width}x{self.height} and {shape[1]}x{shape[0]}")
        if not 1 <= min(shape) <= max(shape) <= MAX_SIDE:
            raise OptionError(
                f"frame size {shape[1]}x{shape[0]} is not supported: each side must be 1 to {MAX_SIDE} pixels"
            )
        if self.count >= MAX_FRAMES:
            raise OptionError(f"too many frames: an animation has at most {MAX_FRAMES}")

    def __iter__(self) -> Iterator[Canvas]:
        for frame in self._frames:
            if self.colors is not None and self._values is None:
                assert isinstance(frame, IndexedImage)
                yield frame.indices
            elif self._values is not None:
                yield self._as_indices(_canvas(frame), self._values)
            else:
                yield _canvas(frame)

    def _as_indices(self, canvas: Canvas, values: npt.NDArray[np.uint32]) -> Canvas:
        order = np.argsort(values)
        return order.astype(np.uint8)[np.searchsorted(values, canvas, sorter=order)]


def _table(image: IndexedImage) -> npt.NDArray[np.uint32]:
    """Return the colour of each index 0..255, uint32[256]; beyond the palette opaque black."""
    colors = image.palette.tobytes()
    return np.frombuffer(colors + _BLACK * (256 - len(image.palette)), np.uint32)


def _canvas(frame: IndexedImage | Pixels) -> Canvas:
    if isinstance(frame, IndexedImage):
        return _table(frame)[frame.indices]
    return np.ascontiguousarray(frame).view(np.uint32)[..., 0]


def _colors_of(frame: IndexedImage | Pixels) -> npt.NDArray[np.uint32]:
    """Return the colours that pixels have."""
    if isinstance(frame, IndexedImage):
        return _table(frame)[used_indices(frame.indices)]
    return distinct(_canvas(frame))
