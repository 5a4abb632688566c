"""The reader of animations, which decodes frames in any order (docs/FORMAT.md, section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np

from ...checks import shown, to_integer
from ...errors import CorruptError, FrameError, KmqError, UnsupportedError
from ..container.animation_table import Animation, Film
from ..container.chunks import Chunk, Reader, film_crc
from ..reader import Head, read_coded, read_coding_byte, read_palette, read_pixels
from .arrangement import to_pictures

if TYPE_CHECKING:
    from ...types import Indices, Pictures, Pixels
    from ..symbols.raster import Raster

_TRAILER = 4  # bytes of the checksum after chunk D


@dataclass
class _Drawn:
    """The film drawn last, and the number of its pictures on the canvas."""

    film: int
    pictures: Pictures
    colors: bytes
    before: Indices
    """The canvas without the film."""
    count: int = 0


class FrameReader:
    """The frames of a file, decoded on demand. Takes memory for two canvases and a film.

    Args:
        stream: A seekable stream as `read_head` left it.
        head: The head of an animation, or of a still image, which has one frame.
        partial: Skip damaged or missing films instead of raising an error; decode what can be decoded of the first.

    Attributes:
        head: The head of the file.
        durations: Milliseconds per frame.
        plays: Number of times that the animation is shown; 0 means endlessly.
        indexed: Whether frames are indices into the palette of the head; otherwise they are colours.
    """

    def __init__(self, stream: IO[bytes], head: Head, *, partial: bool = False) -> None:
        self.head = head
        whole = Film(1, 0, 0, head.width, head.height, key=True)
        self._animation = head.animation or Animation((0,), 1, (whole,))
        self.durations = self._animation.durations
        self.plays = self._animation.plays
        self.indexed = not any(film.own_palette for film in self._animation.films)
        self._stream = stream
        self._partial = partial
        self._starts = [stream.tell()]
        self._ends = _last_pictures(self._animation)
        # Empty until a frame is read: Pillow checks the size of an image after opening it.
        self._canvas = np.zeros((0, 0), np.uint8 if self.indexed else np.uint32)
        self._drawn: _Drawn | None = None

    def __len__(self) -> int:
        return len(self.durations)

    @property
    def partial(self) -> bool:
        """True if damaged or missing films are skipped."""
        return self._partial

    @partial.setter
    def partial(self, value: bool) -> None:
        if value != self._partial:
            self._partial = value
            self._drawn = None  # it may be damaged

    def frame(self, number: int) -> Indices | Pixels:
        """Decode a frame.

        Args:
            number: 0 to len(self) - 1.

        Returns:
            Indices, uint8[h, w], if `indexed`; otherwise colours, uint8[h, w, 4], RGBA.

        Raises:
            FrameError: There is no such frame.
            TruncatedError: The file ends too early.
            CorruptError: A film is damaged or breaks a rule of the format.
            UnsupportedError: A film needs a newer decoder.
            OptionTypeError: `number` is not an integer.
        """
        number = to_integer("the number of a frame", number)
        if not 0 <= number < len(self):
            raise FrameError(f"no frame {shown(number)}: frames of this animation are 0 to {len(self) - 1}")
        if self._canvas.size == 0:
            self._canvas = np.zeros((self.head.height, self.head.width), self._canvas.dtype)
        try:
            self._show(*self._ends[number])
        except BaseException:  # KeyboardInterrupt, too: the canvas may be half drawn
            self._drawn = None
            raise
        return (
            self._canvas.copy() if self.indexed else self._canvas.view(np.uint8).reshape(*self._canvas.shape, 4).copy()
        )

    def _show(self, film: int, count: int) -> None:
        """Draw everything missing until `count` pictures of a film are on the canvas."""
        drawn = self._drawn
        if drawn is None or (film, count) < (drawn.film, drawn.count):
            start = self._restart(film)
        else:
            start = max(drawn.film + 1, self._last_key(film))
        for number in range(start, film + 1):
            self._start(number)
        self._draw(count)

    def verify(self) -> None:
        """Decode all films and check that nothing follows them. Raises the same errors as `frame`."""
        films = len(self._animation.films)
        for film in range(films):
            self._load(film)
        self._stream.seek(self._start_of(films))
        if self._stream.read(1):
            raise CorruptError("invalid KMQ file: trailing data after the image")

    def _last_key(self, film: int) -> int:
        while not self._animation.films[film].key:
            film -= 1
        return film

    def _restart(self, film: int) -> int:
        """Go back to where drawing a film can start; return the number of the film to start with."""
        drawn = self._drawn
        if drawn is not None and drawn.film == film:
            self._canvas = drawn.before.copy()
            drawn.count = 0
            return film + 1
        self._drawn = None
        return self._last_key(film)

    def _start(self, number: int) -> None:
        """Load a film. Finish the previous one first, unless this one clears the canvas."""
        film = self._animation.films[number]
        pictures, colors = self._load(number)
        if film.key:
            self._canvas[...] = self._values(colors)[0]
        elif self._drawn is not None:
            self._draw(len(self._drawn.pictures))
        self._drawn = _Drawn(number, pictures, colors, self._canvas.copy())

    def _draw(self, count: int) -> None:
        """Draw pictures of the current film until `count` are on the canvas."""
        drawn = self._drawn
        assert drawn is not None
        film = self._animation.films[drawn.film]
        values = self._values(drawn.colors)
        rectangle = self._canvas[film.top : film.top + film.height, film.left : film.left + film.width]
        count = min(count, len(drawn.pictures))
        first = drawn.count if film.keep is not None else max(drawn.count, count - 1)
        for picture in drawn.pictures[first:count]:
            if film.keep is None:
                rectangle[...] = values[picture]
            else:
                np.copyto(rectangle, values[picture], where=picture != film.keep)
        drawn.count = max(drawn.count, count)

    def _values(self, colors: bytes) -> Indices:
        """Return the value on the canvas of each index 0..255."""
        if self.indexed:
            return np.arange(256, dtype=np.uint8)
        return np.frombuffer(colors + b"\0\0\0\xff" * (256 - len(colors) // 4), np.uint32)

    def _load(self, number: int) -> tuple[Pictures, bytes]:
        """Return the pictures of a film, and its palette."""
        film = self._animation.films[number]
        try:
            pixels, colors = self._read(number)
        except (CorruptError, UnsupportedError):
            if not self.partial:
                raise
            return np.zeros((0, film.height, film.width), np.uint8), self.head.colors
        return to_pictures(pixels.indices(), film), colors

    def _read(self, number: int) -> tuple[Raster, bytes]:
        """Read the image of a film, and its palette."""
        head = self.head
        self._stream.seek(self._start_of(number))
        if number == 0:
            return read_pixels(self._stream, head, partial=self.partial), head.colors
        film = self._animation.films[number]
        reader = Reader(self._stream, film_crc(head.head_crc, number))
        chunk = reader.chunk()
        colors = head.colors
        if film.own_palette:
            if chunk.tag != "P":
                raise unexpected_chunk(chunk)
            colors = read_palette(reader, chunk, seen=False)
            chunk = reader.chunk()
        if chunk.tag != "D":
            raise unexpected_chunk(chunk)
        size = film.image_size
        coding_byte = read_coding_byte(reader, chunk, *size)
        return read_coded(reader, coding_byte, chunk.length - 1, size, colors, partial=False), colors

    def _start_of(self, number: int) -> int:
        """Return the offset of a film's chunks (first film: of its pixels), found without reading pixels."""
        starts = self._starts
        while len(starts) <= number:
            if len(starts) == 1:
                starts.append(starts[0] + self.head.coded_length + _TRAILER)
            else:
                starts.append(self._end_of_film(starts[-1]))
        return starts[number]

    def _end_of_film(self, offset: int) -> int:
        """Return the offset after the film that starts at `offset`."""
        while True:
            self._stream.seek(offset)
            chunk = Reader(self._stream).chunk()
            if chunk.tag not in "PD":
                raise unexpected_chunk(chunk)
            offset = self._stream.tell() + chunk.length + _TRAILER * chunk.checked
            if chunk.tag == "D":
                return offset


def _last_pictures(animation: Animation) -> list[tuple[int, int]]:
    """Return, for each frame, the film that completes it, and the number of pictures of that film drawn by then."""
    ends: list[tuple[int, int]] = []
    for number, film in enumerate(animation.films):
        if film.overlay:
            ends[-1] = number, 1
        ends += [(number, count) for count in range(1 + film.overlay, film.pictures + 1)]
    return ends


def unexpected_chunk(chunk: Chunk) -> KmqError:
    """Return the error for a chunk where none of its type is allowed."""
    if chunk.tag in "PDA" or chunk.ancillary:
        return CorruptError(f"invalid KMQ file: chunk {chunk.tag!r} is not allowed here")
    return UnsupportedError(f"unsupported KMQ file: unknown chunk {chunk.tag!r}; a newer pillow-kmq is needed")
