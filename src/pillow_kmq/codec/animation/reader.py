"""The frames of an animation, in any order (docs/FORMAT.md, section 9)."""

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

_TRAILER = 4  # bytes of the checksum behind a chunk D


@dataclass
class _Drawn:
    """The film that the canvas shows pictures of, and how many."""

    film: int
    pictures: Pictures
    colors: bytes
    before: Indices
    """The canvas without this film."""
    count: int = 0


class FrameReader:
    """Frames of a file, read when they are asked for.

    stream: seekable, where `read_head` left it. head: of an animation, or of a still image, which has one frame.
    partial: films that are damaged or missing change nothing, in place of an error; of the first one the intact part
    is shown. Memory: twice the canvas, and a film.
    """

    def __init__(self, stream: IO[bytes], head: Head, *, partial: bool = False) -> None:
        self.head = head
        whole = Film(1, 0, 0, head.width, head.height, key=True)
        self._animation = head.animation or Animation((0,), 1, (whole,))
        self.durations = self._animation.durations
        self.plays = self._animation.plays
        self.indexed = not any(film.own_palette for film in self._animation.films)
        """Whether frames are indices into the palette of the head; otherwise they are colours."""
        self._stream = stream
        self._partial = partial
        self._starts = [stream.tell()]
        self._ends = _last_pictures(self._animation)
        # Empty until a frame is asked for: Pillow checks the size of an image after opening it.
        self._canvas = np.zeros((0, 0), np.uint8 if self.indexed else np.uint32)
        self._drawn: _Drawn | None = None

    def __len__(self) -> int:
        return len(self.durations)

    @property
    def partial(self) -> bool:
        """Whether films may be damaged or missing."""
        return self._partial

    @partial.setter
    def partial(self, value: bool) -> None:
        if value != self._partial:
            self._partial = value
            self._drawn = None  # it may be damaged

    def frame(self, number: int) -> Indices | Pixels:
        """Frame 0..n-1 as indices uint8[h, w] if `indexed`, otherwise as colours, RGBA uint8[h, w, 4].

        Raises FrameError if there is none, TruncatedError, CorruptError, UnsupportedError.
        """
        number = to_integer("the number of a frame", number)
        if not 0 <= number < len(self):
            raise FrameError(f"no frame {shown(number)}: the animation has {len(self)}")
        if self._canvas.size == 0:
            self._canvas = np.zeros((self.head.height, self.head.width), self._canvas.dtype)
        try:
            self._show(*self._ends[number])
        except BaseException:  # KeyboardInterrupt as well: nobody knows what was drawn
            self._drawn = None
            raise
        return (
            self._canvas.copy() if self.indexed else self._canvas.view(np.uint8).reshape(*self._canvas.shape, 4).copy()
        )

    def _show(self, film: int, count: int) -> None:
        """Draw what the canvas lacks until `count` pictures of a film are on it."""
        drawn = self._drawn
        if drawn is None or (film, count) < (drawn.film, drawn.count):
            start = self._restart(film)
        else:
            start = max(drawn.film + 1, self._last_key(film))
        for passed in range(start, film + 1):
            self._begin(passed)
        self._draw(count)

    def verify(self) -> None:
        """Decode all films, and see that nothing follows them. Raises what `frame` raises."""
        films = len(self._animation.films)
        for film in range(films):
            self._load(film)
        self._stream.seek(self._start_of(films))
        if self._stream.read(1):
            raise CorruptError("broken KMQ file: something follows the end of the image")

    def _last_key(self, film: int) -> int:
        while not self._animation.films[film].key:
            film -= 1
        return film

    def _restart(self, film: int) -> int:
        """Go back to where the way to a film begins: the film that is to be begun first."""
        drawn = self._drawn
        if drawn is not None and drawn.film == film:
            self._canvas = drawn.before.copy()
            drawn.count = 0
            return film + 1
        self._drawn = None
        return self._last_key(film)

    def _begin(self, number: int) -> None:
        """Load a film; what is left of the one before comes onto the canvas, unless it is cleared."""
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
        """What each index puts on the canvas."""
        if self.indexed:
            return np.arange(256, dtype=np.uint8)
        return np.frombuffer(colors + b"\0\0\0\xff" * (256 - len(colors) // 4), np.uint32)

    def _load(self, number: int) -> tuple[Pictures, bytes]:
        """The pictures of a film, and its palette."""
        film = self._animation.films[number]
        try:
            pixels, colors = self._read(number)
        except (CorruptError, UnsupportedError):
            if not self.partial:
                raise
            return np.zeros((0, film.height, film.width), np.uint8), self.head.colors
        return to_pictures(pixels.indices(), film), colors

    def _read(self, number: int) -> tuple[Raster, bytes]:
        """The image of a film, and its palette."""
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
                raise unexpected(chunk)
            colors = read_palette(reader, chunk, seen=False)
            chunk = reader.chunk()
        if chunk.tag != "D":
            raise unexpected(chunk)
        size = film.image_size
        coding_byte = read_coding_byte(reader, chunk, *size)
        return read_coded(reader, coding_byte, chunk.length - 1, size, colors, partial=False), colors

    def _start_of(self, number: int) -> int:
        """Where the chunks of a film begin (of the first one, its pixels), found without reading pixels."""
        starts = self._starts
        while len(starts) <= number:
            if len(starts) == 1:
                starts.append(starts[0] + self.head.coded_length + _TRAILER)
            else:
                starts.append(self._behind(starts[-1]))
        return starts[number]

    def _behind(self, place: int) -> int:
        """Where the film ends that begins there."""
        while True:
            self._stream.seek(place)
            chunk = Reader(self._stream).chunk()
            if chunk.tag not in "PD":
                raise unexpected(chunk)
            place = self._stream.tell() + chunk.length + _TRAILER * chunk.checked
            if chunk.tag == "D":
                return place


def _last_pictures(animation: Animation) -> list[tuple[int, int]]:
    """For each frame, the film with which it is complete, and how many of its pictures are drawn then."""
    ends: list[tuple[int, int]] = []
    for number, film in enumerate(animation.films):
        if film.overlay:
            ends[-1] = number, 1
        ends += [(number, count) for count in range(1 + film.overlay, film.pictures + 1)]
    return ends


def unexpected(chunk: Chunk) -> KmqError:
    """What is wrong with a chunk that stands where none of its type may."""
    if chunk.tag in "PDA" or chunk.ancillary:
        return CorruptError(f"broken KMQ file: a chunk {chunk.tag!r} where none may be")
    return UnsupportedError(f"a KMQ file with a chunk {chunk.tag!r}: a newer pillow-kmq is needed")
