"""Chunk A: the durations of frames, and the films that hold their pictures (docs/FORMAT.md, section 9)."""

from __future__ import annotations

from typing import NamedTuple

from ...errors import CorruptError, TruncatedError, UnsupportedError
from .chunks import MAX_SIDE
from .varint import to_varint, varint_at

MAX_FRAMES = 1 << 16
MAX_NUMBER = (1 << 32) - 1
"""The largest duration in milliseconds, and the largest number of plays."""

FILM_PIXELS = 1 << 24
"""The limit on the pixels of a film; the canvas, if it has more."""

BELOW, BESIDE, ROWS, COLUMNS = range(4)
"""Arrangements of the pictures of a film in one image."""

_KEY, _RECTANGLE, _KEEP, _PALETTE, _OVERLAY, _RESERVED = 0x04, 0x08, 0x10, 0x20, 0x40, 0x80


class Film(NamedTuple):
    """Pictures of one size that are coded as one image.

    Attributes:
        pictures: Number of pictures, at least 1.
        left, top, width, height: Rectangle of the canvas that the pictures cover.
        arrangement: BELOW, BESIDE, ROWS or COLUMNS.
        keep: The index that leaves the canvas unchanged, or None.
        key: Whether the canvas is cleared first, so that decoding can start here.
        overlay: Whether the first picture belongs to the previous frame.
        own_palette: Whether the film has a palette of its own instead of that of the head.
    """

    pictures: int
    left: int
    top: int
    width: int
    height: int
    arrangement: int = BELOW
    keep: int | None = None
    key: bool = False
    overlay: bool = False
    own_palette: bool = False

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the coded image."""
        if self.arrangement in (BELOW, ROWS):
            return self.pictures * self.height, self.width
        return self.height, self.pictures * self.width


class Animation(NamedTuple):
    """The content of chunk A.

    Attributes:
        durations: Milliseconds per frame.
        plays: Number of times that the animation is shown; 0 means endlessly.
        films: Films in the order in which they are decoded.
    """

    durations: tuple[int, ...]
    plays: int
    films: tuple[Film, ...]


def encode_table(animation: Animation, width: int, height: int) -> bytes:
    """Encode the payload of chunk A. width, height: size of the canvas."""
    durations = animation.durations
    table = to_varint(len(durations) - 1) + to_varint(len(animation.films) - 1) + to_varint(animation.plays)
    start = 0
    for end in range(1, len(durations) + 1):
        if end == len(durations) or durations[end] != durations[start]:
            table += to_varint(end - start - 1) + to_varint(durations[start])
            start = end
    return table + b"".join(_encode_film(film, width, height) for film in animation.films)


def _encode_film(film: Film, width: int, height: int) -> bytes:
    whole = (film.width, film.height) == (width, height)
    flags = film.arrangement | _KEY * film.key | _RECTANGLE * (not whole) | _KEEP * (film.keep is not None)
    data = bytes([flags | _PALETTE * film.own_palette | _OVERLAY * film.overlay]) + to_varint(film.pictures - 1)
    if not whole:
        data += b"".join(to_varint(value) for value in (film.left, film.top, film.width - 1, film.height - 1))
    return data if film.keep is None else data + bytes([film.keep])


def decode_table(payload: bytes, width: int, height: int) -> Animation:
    """Decode and check the payload of chunk A. width, height: size of the canvas.

    Raises CorruptError, UnsupportedError.
    """
    try:
        return _TableReader(payload, width, height).read()
    except TruncatedError:
        raise _invalid("chunk A is too short") from None


def _invalid(reason: str) -> CorruptError:
    return CorruptError(f"invalid KMQ file: {reason}")


class _TableReader:
    def __init__(self, payload: bytes, width: int, height: int) -> None:
        self._payload = payload
        self._index = 0
        self._canvas = width, height

    def read(self) -> Animation:
        frames, films, plays = self._count(), self._count(), self._number()
        durations: list[int] = []
        while len(durations) < frames:
            count = self._number() + 1
            if count > frames - len(durations):
                raise _invalid("chunk A has more durations than frames")
            durations += [self._number()] * count
        result = tuple(self._film(first=number == 0) for number in range(films))
        if self._index != len(self._payload):
            raise _invalid("chunk A has trailing data after its last film")
        if sum(film.pictures - film.overlay for film in result) != frames:
            raise _invalid(f"the pictures of all films do not make {frames} frames")
        return Animation(tuple(durations), plays, result)

    def _number(self) -> int:
        value, self._index = varint_at(self._payload, self._index)
        return value

    def _byte(self) -> int:
        if self._index >= len(self._payload):
            raise TruncatedError("truncated KMQ file: ends within chunk A")
        self._index += 1
        return self._payload[self._index - 1]

    def _count(self) -> int:
        count = self._number() + 1
        if count > MAX_FRAMES:
            raise _invalid(f"chunk A declares {count} frames or films, more than {MAX_FRAMES}")
        return count

    def _film(self, *, first: bool) -> Film:
        flags = self._byte()
        if flags & _RESERVED:
            raise UnsupportedError(
                f"unsupported KMQ file: unknown film flags {flags:#04x}; a newer pillow-kmq is needed"
            )
        pictures = self._number() + 1
        left, top, (width, height) = 0, 0, self._canvas
        if flags & _RECTANGLE:
            left, top, width, height = self._number(), self._number(), self._number() + 1, self._number() + 1
        film = Film(
            pictures, left, top, width, height, flags & 3,
            key=bool(flags & _KEY), overlay=bool(flags & _OVERLAY), own_palette=bool(flags & _PALETTE),
        )  # fmt: skip
        if flags & _KEEP:
            film = film._replace(keep=self._byte())
        self._check(film, first=first)
        return film

    def _check(self, film: Film, *, first: bool) -> None:
        width, height = self._canvas
        if film.left + film.width > width or film.top + film.height > height:
            raise _invalid("the rectangle of a film exceeds the canvas")
        if film.pictures * film.width * film.height > max(FILM_PIXELS, width * height):
            raise _invalid(f"a film has more than {max(FILM_PIXELS, width * height)} pixels")
        if max(film.image_size) > MAX_SIDE:
            raise _invalid(f"the image of a film has more than {MAX_SIDE} pixels on a side")
        if film.key and film.overlay:
            raise _invalid("a film is both key and overlay")
        if first and (not film.key or film.own_palette):
            raise _invalid("the first film must be key and use the palette of the head")
