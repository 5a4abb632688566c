"""The writer of animations: it groups frames into films and chooses their arrangement, kept pixels and palettes.

All of this is the writer's choice. docs/FORMAT.md, section 9, defines the meaning.
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
from .frame_source import FrameSource
from .scene import Canvas, Mask, Scene, distinct

# Maximum number of pixels between two key films, without the last film, which a seek into the middle has to decode.
_KEY_ROOM = 1 << 25
# Number of pixels of a film above which choices are based on a sample of its rows.
_SAMPLE = 1 << 17


class CodedFilm(NamedTuple):
    """A film, the payload of its chunk D, and its palette, RGBA."""

    film: Film
    pixels: bytes
    colors: bytes


class _Choice(NamedTuple):
    """Pictures as indices uint8[m, h, w]. keep: the index of unchanged pixels, or None."""

    pictures: Pictures
    colors: bytes
    keep: int | None


class FilmEncoder:
    """An encoder of frames as films. colors: the palette, RGBA, if frames are indices; None if they are colours."""

    def __init__(self, colors: bytes | None, compression: str) -> None:
        self._colors = colors
        self._compression = compression
        self._since_key = 0

    def films(self, frames: Iterable[Canvas]) -> Iterator[CodedFilm]:
        """Encode frames of one size as films."""
        scene = Scene(None, by_color=self._colors is None)
        for frame in frames:
            if scene.add(frame):
                continue
            yield from self._encode_scene(scene)
            key = self._since_key > _KEY_ROOM
            scene = Scene(None if key else scene.frames[-1], by_color=self._colors is None)
            scene.add(frame)
        yield from self._encode_scene(scene)

    def _encode_scene(self, scene: Scene) -> Iterator[CodedFilm]:
        for part in scene.parts():
            coded = self._encode_film(part)
            film = coded.film
            self._since_key = self._since_key * (not film.key) + film.pictures * film.width * film.height
            yield coded

    def _encode_film(self, scene: Scene) -> CodedFilm:
        left, top, width, height = scene.rectangle
        window = np.s_[top : top + height, left : left + width]
        pictures = np.stack([frame[window] for frame in scene.frames])
        changes = np.stack([change[window] for change in scene.changes])
        choices = (
            _color_choices(pictures, changes)
            if self._colors is None
            else _index_choices(pictures, changes, self._colors)
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
        return min((self._encode(film, by_keep[film.keep is None]) for film in trials), key=_size)

    def _encode(self, film: Film, choice: _Choice, rows: slice = slice(None)) -> CodedFilm:
        image = to_image(choice.pictures[:, rows], film.arrangement)
        return CodedFilm(film, encode_pixels(Picture(choice.colors, image), self._compression), choice.colors)

    def _size(self, film: Film, choice: _Choice, rows: slice) -> int:
        return _size(self._encode(film, choice, rows))


def _size(coded: CodedFilm) -> int:
    """Return the bytes of pixels and palette."""
    return len(coded.pixels) + len(encode_palette(coded.colors) if coded.colors else b"")


def _busiest_rows(changes: Mask) -> slice:
    """Return the rows of the pictures with the most changes, about _SAMPLE pixels in all."""
    pictures, height, width = changes.shape
    rows = max(8, min(height, _SAMPLE // (pictures * width)))
    by_row = np.concatenate([[0], np.cumsum(changes.sum(axis=(0, 2)))])
    sums = by_row[min(rows, height) :] - by_row[: len(by_row) - min(rows, height)]
    start = int(np.argmax(sums))
    return slice(start, start + rows)


def _index_choices(pictures: Pictures, changes: Mask, colors: bytes) -> list[_Choice]:
    """Return the choices for frames that are indices: with and without an index of unchanged pixels."""
    choices = [_Choice(pictures, colors, None)]
    free = np.flatnonzero(np.bincount(pictures.ravel(), minlength=256) == 0)
    if len(free) and not changes.all():
        # Prefer an index beyond the palette: no entry changes its meaning.
        keep = int(free[np.searchsorted(free, len(colors) // 4) % len(free)])
        choices.append(_Choice(np.where(changes, pictures, np.uint8(keep)), colors, keep))
    return choices


def _color_choices(pictures: Canvas, changes: Mask) -> list[_Choice]:
    """Return the choices for frames that are colours: the colours that the film needs become its palette."""
    choices = []
    values = distinct(pictures)
    if len(values) <= 256:
        choices.append(_Choice(*_to_indices(pictures, values), None))
    values = distinct(pictures[changes])
    if 0 < len(values) < 256 and not changes.all():
        kept, colors = _to_indices(pictures, values)
        keep = len(values)
        choices.append(_Choice(np.where(changes, kept, np.uint8(keep)), colors, keep))
    return choices


def _to_indices(pictures: Canvas, values: npt.NDArray[np.uint32]) -> tuple[Pictures, bytes]:
    """Return indices into the sorted colours `values` in natural order, and these; other colours get any index."""
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
    """Encode an animation, see `codec.encode_animation`."""
    source = FrameSource(frames)
    table = _duration_list(durations, source.count), check_integer("plays", plays, 0, MAX_NUMBER)
    metadata_chunks = encode_metadata(metadata)
    films = list(FilmEncoder(source.colors, compression).films(source))
    colors = films[0].colors
    animation = Animation(*table, tuple(coded.film._replace(own_palette=coded.colors != colors) for coded in films))

    file = Writer(source.width, source.height)
    if colors:
        file.chunk("P", encode_palette(colors, sorting=compression != "deflate"), checked=False)
    file.chunk("A", encode_table(animation, source.width, source.height), checked=True)
    for tag, payload in metadata_chunks:
        file.chunk(tag, payload, checked=True)
    file.end_head()
    for number, coded in enumerate(films):
        if number:
            file.film(number)
        if coded.colors != colors:
            file.chunk("P", encode_palette(coded.colors, sorting=compression != "deflate"), checked=False)
        file.chunk("D", coded.pixels, checked=True)
    return file.getvalue()


def _duration_list(durations: int | Sequence[int], count: int) -> tuple[int, ...]:
    if isinstance(durations, np.ndarray):
        durations = durations.tolist()
    each = list(durations) if isinstance(durations, Sequence) else [durations] * count
    if len(each) != count:
        raise OptionError(f"durations must be one number, or one for each of {count} frames, not {len(each)} numbers")
    return tuple(check_integer("durations", value, 0, MAX_NUMBER) for value in each)
