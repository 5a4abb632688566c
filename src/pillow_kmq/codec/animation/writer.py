"""From frames to films: which frames go together, what they leave as it is, how they are arranged.

All of this is the writer's choice; docs/FORMAT.md, section 9, says what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...checks import check_integer
from ...errors import OptionError
from ...types import IndexedImage, Pictures, Pixels
from ..container.animation_table import BELOW, BESIDE, COLUMNS, MAX_NUMBER, ROWS, Animation, Film, encode_table
from ..container.chunks import Writer
from ..container.metadata import Metadata, encode_metadata
from ..palette.chunk import encode_palette, natural_order
from ..picture import Picture
from ..pixels import encode_pixels
from .arrangement import to_image
from .frame_source import Sources
from .scene import Canvas, Mask, Scene, distinct

# A reader that jumps into the middle decodes no more than these pixels, and a film.
_KEY_ROOM = 1 << 25
# Choices are made by a part of the pictures, if they have more pixels.
_SAMPLE = 1 << 17


class CodedFilm(NamedTuple):
    """A film, the payload of its chunk D, and its palette, RGBA."""

    film: Film
    pixels: bytes
    colors: bytes


class _Choice(NamedTuple):
    """Pictures as indices uint8[m, h, w]; keep: the index of pixels that stay."""

    pictures: Pictures
    colors: bytes
    keep: int | None


class FilmMaker:
    """Makes films of frames. colors: the palette, RGBA, if frames are indices; None if they are colours."""

    def __init__(self, colors: bytes | None, compression: str) -> None:
        self._colors = colors
        self._compression = compression
        self._since_key = 0

    def films(self, frames: Iterable[Canvas]) -> Iterator[CodedFilm]:
        """The films that show the frames, all of one size."""
        scene = Scene(None, by_color=self._colors is None)
        for frame in frames:
            if scene.add(frame):
                continue
            yield from self._films_of(scene)
            key = self._since_key > _KEY_ROOM
            scene = Scene(None if key else scene.frames[-1], by_color=self._colors is None)
            scene.add(frame)
        yield from self._films_of(scene)

    def _films_of(self, scene: Scene) -> Iterator[CodedFilm]:
        for part in scene.parts():
            coded = self._film(part)
            film = coded.film
            self._since_key = self._since_key * (not film.key) + film.pictures * film.width * film.height
            yield coded

    def _film(self, scene: Scene) -> CodedFilm:
        left, top, width, height = scene.rectangle
        place = np.s_[top : top + height, left : left + width]
        pictures = np.stack([frame[place] for frame in scene.frames])
        changes = np.stack([change[place] for change in scene.changes])
        choices = (
            _of_colors(pictures, changes) if self._colors is None else _of_indices(pictures, changes, self._colors)
        )
        film = Film(len(pictures), left, top, width, height, key=scene.key, overlay=scene.overlay)
        trials = [
            film._replace(arrangement=arrangement, keep=choice.keep)
            for arrangement in ((BELOW, BESIDE, ROWS, COLUMNS) if film.pictures > 1 else (BELOW,))
            for choice in choices
        ]
        by_keep = {choice.keep is None: choice for choice in choices}
        if len(trials) > 1 and pictures.size > _SAMPLE:
            sample = _busiest_rows(changes)
            trials = [min(trials, key=lambda film: self._size(film, by_keep[film.keep is None], sample))]
        return min((self._coded(film, by_keep[film.keep is None]) for film in trials), key=_size)

    def _coded(self, film: Film, choice: _Choice, rows: slice = slice(None)) -> CodedFilm:
        image = to_image(choice.pictures[:, rows], film.arrangement)
        return CodedFilm(film, encode_pixels(Picture(choice.colors, image), self._compression), choice.colors)

    def _size(self, film: Film, choice: _Choice, rows: slice) -> int:
        return _size(self._coded(film, choice, rows))


def _size(coded: CodedFilm) -> int:
    """Bytes of pixels and palette."""
    return len(coded.pixels) + len(encode_palette(coded.colors) if coded.colors else b"")


def _busiest_rows(changes: Mask) -> slice:
    """Rows of the pictures, about _SAMPLE pixels in all, around where most changes."""
    pictures, height, width = changes.shape
    rows = max(8, min(height, _SAMPLE // (pictures * width)))
    by_row = np.concatenate([[0], np.cumsum(changes.sum(axis=(0, 2)))])
    sums = by_row[min(rows, height) :] - by_row[: len(by_row) - min(rows, height)]
    start = int(np.argmax(sums))
    return slice(start, start + rows)


def _of_indices(pictures: Pictures, changes: Mask, colors: bytes) -> list[_Choice]:
    """Frames that are indices: the palette is given."""
    choices = [_Choice(pictures, colors, None)]
    free = np.flatnonzero(np.bincount(pictures.ravel(), minlength=256) == 0)
    if len(free) and not changes.all():
        # Rather one beyond the palette, which stays as it is.
        keep = int(free[np.searchsorted(free, len(colors) // 4) % len(free)])
        choices.append(_Choice(np.where(changes, pictures, np.uint8(keep)), colors, keep))
    return choices


def _of_colors(pictures: Canvas, changes: Mask) -> list[_Choice]:
    """Frames that are colours: those that a film needs become its palette."""
    choices = []
    values = distinct(pictures)
    if len(values) <= 256:
        choices.append(_Choice(*_indexed(pictures, values), None))
    values = distinct(pictures[changes])
    if 0 < len(values) < 256 and not changes.all():
        kept, colors = _indexed(pictures, values)
        keep = len(values)
        choices.append(_Choice(np.where(changes, kept, np.uint8(keep)), colors, keep))
    return choices


def _indexed(pictures: Canvas, values: npt.NDArray[np.uint32]) -> tuple[Pictures, bytes]:
    """Indices into the sorted colours `values`, put into natural order, and these; others become any index."""
    order = np.array(natural_order(values.tobytes()), np.intp)
    ranks = np.zeros(len(values) + 1, np.uint8)
    ranks[order] = np.arange(len(order))
    return ranks[np.searchsorted(values, pictures)], values[order].tobytes()


def encode_frames(
    frames: Iterable[IndexedImage | Pixels],
    durations: int | Sequence[int],
    plays: int,
    compression: str,
    metadata: Metadata,
) -> bytes:
    """A whole file, see `codec.encode_animation`."""
    sources = Sources(frames)
    table = _durations(durations, sources.count), check_integer("plays", plays, 0, MAX_NUMBER)
    beside = encode_metadata(metadata)
    films = list(FilmMaker(sources.colors, compression).films(sources))
    colors = films[0].colors
    animation = Animation(*table, tuple(coded.film._replace(own_palette=coded.colors != colors) for coded in films))

    file = Writer(sources.width, sources.height)
    if colors:
        file.chunk("P", encode_palette(colors, sorting=compression != "deflate"), checked=False)
    file.chunk("A", encode_table(animation, sources.width, sources.height), checked=True)
    for tag, payload in beside:
        file.chunk(tag, payload, checked=True)
    file.end_head()
    for number, coded in enumerate(films):
        if number:
            file.film(number)
        if coded.colors != colors:
            file.chunk("P", encode_palette(coded.colors, sorting=compression != "deflate"), checked=False)
        file.chunk("D", coded.pixels, checked=True)
    return file.getvalue()


def _durations(durations: int | Sequence[int], count: int) -> tuple[int, ...]:
    if isinstance(durations, np.ndarray):
        durations = durations.tolist()
    each = list(durations) if isinstance(durations, Sequence) else [durations] * count
    if len(each) != count:
        raise OptionError(f"durations must be one number, or one for each of {count} frames, not {len(each)}")
    return tuple(check_integer("durations", value, 0, MAX_NUMBER) for value in each)
