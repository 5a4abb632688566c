"""The chunk A: frames, their durations, and the films that hold their pictures (docs/FORMAT.md, section 9)."""

from __future__ import annotations

from typing import NamedTuple

from ...errors import CorruptError, TruncatedError, UnsupportedError
from .chunks import MAX_SIDE
from .varint import to_varint, varint_at

MAX_FRAMES = 1 << 16
MAX_NUMBER = (1 << 32) - 1
"""Of milliseconds and of plays."""

FILM_PIXELS = 1 << 24
"""A film has no more pixels than these, or than the canvas where that is larger."""

BELOW, BESIDE, ROWS, COLUMNS = range(4)
"""Arrangements: how the pictures of a film make one image."""

_KEY, _RECTANGLE, _KEEP, _PALETTE, _OVERLAY, _RESERVED = 0x04, 0x08, 0x10, 0x20, 0x40, 0x80


class Film(NamedTuple):
    """Pictures of one size that are coded as one image.

    left, top, width, height: the rectangle of the canvas that they cover. keep: the index that leaves the canvas as it
    is, if there is one. key: the canvas is cleared first. overlay: the first picture belongs to the frame before.
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
        """Height and width of the image that is coded."""
        if self.arrangement in (BELOW, ROWS):
            return self.pictures * self.height, self.width
        return self.height, self.pictures * self.width


class Animation(NamedTuple):
    """What a chunk A says. durations: of every frame, in milliseconds. plays: how often it is shown, 0 without end."""

    durations: tuple[int, ...]
    plays: int
    films: tuple[Film, ...]


def encode_table(animation: Animation, width: int, height: int) -> bytes:
    """The payload of a chunk A. width, height: of the canvas."""
    durations = animation.durations
    table = to_varint(len(durations) - 1) + to_varint(len(animation.films) - 1) + to_varint(animation.plays)
    start = 0
    for end in range(1, len(durations) + 1):
        if end == len(durations) or durations[end] != durations[start]:
            table += to_varint(end - start - 1) + to_varint(durations[start])
            start = end
    return table + b"".join(_film(film, width, height) for film in animation.films)


def _film(film: Film, width: int, height: int) -> bytes:
    whole = (film.width, film.height) == (width, height)
    flags = film.arrangement | _KEY * film.key | _RECTANGLE * (not whole) | _KEEP * (film.keep is not None)
    data = bytes([flags | _PALETTE * film.own_palette | _OVERLAY * film.overlay]) + to_varint(film.pictures - 1)
    if not whole:
        data += b"".join(to_varint(value) for value in (film.left, film.top, film.width - 1, film.height - 1))
    return data if film.keep is None else data + bytes([film.keep])


def decode_table(payload: bytes, width: int, height: int) -> Animation:
    """What a chunk A says, checked. width, height: of the canvas. Raises CorruptError, UnsupportedError."""
    try:
        return _Table(payload, width, height).read()
    except TruncatedError:
        raise _broken("its chunk A is too short") from None


def _broken(why: str) -> CorruptError:
    return CorruptError(f"broken KMQ animation: {why}")


class _Table:
    def __init__(self, payload: bytes, width: int, height: int) -> None:
        self._payload = payload
        self._place = 0
        self._canvas = width, height

    def read(self) -> Animation:
        frames, films, plays = self._count(), self._count(), self._number()
        durations: list[int] = []
        while len(durations) < frames:
            count = self._number() + 1
            if count > frames - len(durations):
                raise _broken("more durations than frames")
            durations += [self._number()] * count
        result = tuple(self._film(first=number == 0) for number in range(films))
        if self._place != len(self._payload):
            raise _broken("bytes behind its last film")
        if sum(film.pictures - film.overlay for film in result) != frames:
            raise _broken("its films do not make its frames")
        return Animation(tuple(durations), plays, result)

    def _number(self) -> int:
        value, self._place = varint_at(self._payload, self._place)
        return value

    def _byte(self) -> int:
        if self._place >= len(self._payload):
            raise TruncatedError("truncated KMQ animation")
        self._place += 1
        return self._payload[self._place - 1]

    def _count(self) -> int:
        count = self._number() + 1
        if count > MAX_FRAMES:
            raise _broken(f"more than {MAX_FRAMES} frames or films")
        return count

    def _film(self, *, first: bool) -> Film:
        flags = self._byte()
        if flags & _RESERVED:
            raise UnsupportedError(f"a KMQ animation with films of flags {flags:#04x}: a newer pillow-kmq is needed")
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
            raise _broken("a rectangle goes beyond the canvas")
        if film.pictures * film.width * film.height > max(FILM_PIXELS, width * height):
            raise _broken("a film has too many pixels")
        if max(film.image_size) > MAX_SIDE:
            raise _broken("a film is too long")
        if film.key and film.overlay:
            raise _broken("a film that is key and an overlay")
        if first and (not film.key or film.own_palette):
            raise _broken("its first film must be key and use the palette of the head")
