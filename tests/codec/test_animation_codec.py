"""Animations as bytes: films, what they leave as it is, random access, and what must be refused."""

from __future__ import annotations

import time
import tracemalloc
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference_decoder
from pillow_kmq import codec
from pillow_kmq.codec.animation import arrangement as films
from pillow_kmq.codec.animation import scene
from pillow_kmq.codec.animation import writer as animating
from pillow_kmq.codec.animation.reader import FrameReader
from pillow_kmq.codec.container import animation_table as animation
from pillow_kmq.codec.container.animation_table import Animation, Film, decode_table, encode_table
from pillow_kmq.codec.container.chunks import Writer
from pillow_kmq.errors import CorruptError, FrameError, LimitError, OptionError, OptionTypeError, TruncatedError
from pillow_kmq.types import IndexedImage

PALETTE = np.array([[0, 0, 0, 0], [255, 0, 0, 255], [0, 0, 255, 255]], np.uint8)


def shown(data: bytes) -> list[Any]:
    """All frames as colours."""
    reader = codec.read_animation(data)
    frames = [reader.frame(number) for number in range(len(reader))]
    if not reader.indexed:
        return frames
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    table[: len(reader.head.palette)] = reader.head.palette
    return [table[frame] for frame in frames]


def naively(data: bytes) -> list[Any]:
    decoded = reference_decoder.decode(data)
    assert decoded.animation is not None
    frames = decoded.animation.frames
    if decoded.animation.indexed:
        black = (0, 0, 0, 255)
        colors = [*decoded.palette, *[black] * 256]
        frames = [[[colors[i] for i in row] for row in frame] for frame in frames]
    return [np.array(frame, np.uint8) for frame in frames]


def same(some: list[Any], others: list[Any]) -> bool:
    return len(some) == len(others) and all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def moving_dot(count: int = 6, size: int = 12) -> list[IndexedImage]:
    frames = []
    for number in range(count):
        indices = np.zeros((size, size), np.uint8)
        indices[3:6, number : number + 3] = 1 + number % 2
        frames.append(IndexedImage(PALETTE, indices))
    return frames


def noise(count: int, size: int, colors: int, seed: int = 1) -> list[Any]:
    """Frames of colours that are many even in parts."""
    rng = np.random.default_rng(seed)
    frames = [rng.integers(0, colors, (size, size), np.uint32)]
    for _ in range(count - 1):
        frame = frames[-1].copy()
        top, left = rng.integers(0, size // 2, 2)
        frame[top : top + size // 2, left : left + size // 2] += rng.integers(0, 2, (size // 2, size // 2), np.uint32)
        frames.append(frame)
    return [(frame * np.uint32(2654435761)).view(np.uint8).reshape(size, size, 4) for frame in frames]


@st.composite
def animations(draw: st.DrawFn) -> list[Any]:
    """Frames that have something in common."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    count = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    entries = draw(st.sampled_from([1, 2, 5, 256]))
    palette = rng.integers(0, 256, (entries, 4), np.uint8)
    one_palette, indexed = draw(st.booleans()), draw(st.booleans())
    frames = []
    indices = rng.integers(0, draw(st.sampled_from([1, 3, 256])), (height, width), np.uint8)
    for _ in range(count):
        indices = indices.copy()
        top, left = rng.integers(0, height), rng.integers(0, width)
        part = indices[top : top + int(rng.integers(0, 9)), left : left + int(rng.integers(0, 9))]
        part[...] = rng.integers(0, 256, part.shape)
        if not one_palette:
            palette = rng.integers(0, 256, (entries, 4), np.uint8)
        image = IndexedImage(palette, indices)
        frames.append(image if indexed else colors_of(image))
    return frames


def colors_of(frame: Any) -> Any:
    if not isinstance(frame, IndexedImage):
        return frame
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    table[: len(frame.palette)] = frame.palette
    return table[frame.indices]


@given(animations(), st.sampled_from(codec.COMPRESSIONS), st.integers(1, 200))
@settings(max_examples=80, deadline=None)
def test_frames_come_back_exactly_from_two_decoders(frames: list[Any], compression: str, room: int) -> None:
    before = scene._ROOM
    scene._ROOM = room
    try:
        data = codec.encode_animation(frames, 40, compression=compression)
    finally:
        scene._ROOM = before
    expected = [colors_of(frame) for frame in frames]
    assert same(shown(data), expected)
    assert same(naively(data), expected)


@given(animations())
@settings(max_examples=30, deadline=None)
def test_frames_of_one_palette_keep_indices_and_palette(frames: list[Any]) -> None:
    frames = [frame if isinstance(frame, IndexedImage) else IndexedImage(PALETTE, frame[..., 0]) for frame in frames]
    frames = [IndexedImage(frames[0].palette, frame.indices) for frame in frames]
    reader = codec.read_animation(codec.encode_animation(frames, 1))
    assert reader.indexed
    assert np.array_equal(reader.head.palette, frames[0].palette)
    assert same([reader.frame(i) for i in range(len(reader))], [frame.indices for frame in frames])


@pytest.mark.parametrize("colors", [200, 400, 5000])
def test_frames_of_any_number_of_colours_come_back_exactly(colors: int) -> None:
    frames = noise(5, 40, colors)
    data = codec.encode_animation(frames, 10)
    assert codec.read_animation(data).indexed == (colors == 200)
    assert same(shown(data), frames)
    assert same(naively(data), frames)


def test_frames_may_be_read_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "_ROOM", 300)
    monkeypatch.setattr(animating, "_KEY_ROOM", 2000)
    for frames in (moving_dot(30, 40), noise(12, 30, 3000)):
        reader = codec.read_animation(codec.encode_animation(frames, 10))
        expected = [colors_of(frame) for frame in frames]
        assert reader.head.animation is not None
        assert len(reader.head.animation.films) > 3
        assert sum(film.key for film in reader.head.animation.films) > 1
        for number in np.random.default_rng(3).integers(0, len(frames), 60):
            frame = reader.frame(int(number))
            frame = reader.head.palette[frame] if reader.indexed else frame
            assert np.array_equal(frame, expected[number])


def test_a_reader_begins_at_a_key_film_and_reads_nothing_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "_ROOM", 300)
    monkeypatch.setattr(animating, "_KEY_ROOM", 2000)
    frames = moving_dot(30, 40)
    data = bytearray(codec.encode_animation(frames, 10))
    reader = codec.read_animation(bytes(data))
    assert reader.head.animation is not None
    keys = [number for number, film in enumerate(reader.head.animation.films) if film.key]
    reader._start_of(len(reader.head.animation.films))
    for film in range(1, keys[-1]):
        data[reader._starts[film + 1] - 1] ^= 1  # its checksum
    damaged = codec.read_animation(bytes(data))
    assert np.array_equal(damaged.frame(29), frames[29].indices)
    with pytest.raises(CorruptError):
        damaged.frame(5)
    assert np.array_equal(damaged.frame(29), frames[29].indices)


def test_unchanged_frames_cost_next_to_nothing() -> None:
    rng = np.random.default_rng(1)
    still = IndexedImage(rng.integers(0, 256, (200, 4), np.uint8), rng.integers(0, 200, (60, 60), np.uint8))
    one, many = (len(codec.encode_animation([still] * count, 10)) for count in (1, 50))
    assert many - one < 60


def test_a_small_change_costs_little_whatever_is_around_it() -> None:
    rng = np.random.default_rng(1)
    first = IndexedImage(rng.integers(0, 256, (200, 4), np.uint8), rng.integers(0, 200, (99, 99), np.uint8))
    indices = first.indices.copy()
    indices[3, 4], indices[90, 70] = 1, 2  # far apart: the rectangle is nearly everything
    second = IndexedImage(first.palette, indices)
    one, two = (len(codec.encode_animation(frames, 10)) for frames in ([first], [first, second]))
    assert two - one < 100


def test_durations_and_plays_come_back() -> None:
    durations = [10, 10, 0, 2**32 - 1, 40, 40]
    reader = codec.read_animation(codec.encode_animation(moving_dot(), durations, plays=7))
    assert reader.durations == tuple(durations)
    assert reader.plays == 7
    naive = reference_decoder.decode(codec.encode_animation(moving_dot(), durations, plays=7)).animation
    assert naive is not None
    assert (naive.plays, naive.durations) == (7, durations)


@pytest.mark.parametrize("number", [-1, 6, 10**9])
def test_a_frame_that_is_not_there_is_an_eoferror(number: int) -> None:
    with pytest.raises(FrameError):
        codec.read_animation(codec.encode_animation(moving_dot(), 10)).frame(number)


def test_a_still_image_has_one_frame() -> None:
    still = moving_dot()[0]
    reader = codec.read_animation(codec.encode(still))
    assert len(reader) == 1
    assert np.array_equal(reader.frame(0), still.indices)
    reader.verify()


def test_metadata_go_with_an_animation() -> None:
    stored = codec.Metadata(texts={"a": "b"})
    assert codec.read_animation(codec.encode_animation(moving_dot(), 10, metadata=stored)).head.metadata == stored


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"durations": -1}, "durations"),
        ({"durations": 2**32}, "durations"),
        ({"durations": [1, 2]}, "durations"),
        ({"plays": -1}, "plays"),
        ({"compression": "best"}, "compression"),
        ({"frames": []}, "frame"),
        ({"frames": [moving_dot(1, 5)[0], moving_dot(1, 6)[0]]}, "one size"),
        ({"frames": [np.zeros((0, 3, 4), np.uint8)]}, "each side must be"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], what: str) -> None:
    with pytest.raises(OptionError, match=what):
        codec.encode_animation(**{"frames": moving_dot(), "durations": 10, **options})


def test_durations_of_another_type_are_refused() -> None:
    with pytest.raises(OptionTypeError, match="durations must be an integer, not float"):
        codec.encode_animation(moving_dot(), 1.5)  # type: ignore[arg-type]


def test_frames_of_another_type_are_refused() -> None:
    with pytest.raises(OptionTypeError):
        codec.encode_animation([np.zeros((3, 3), np.uint8)], 10)


def test_the_limit_on_pixels_holds_for_the_canvas() -> None:
    data = codec.encode_animation(moving_dot(), 10)
    with pytest.raises(LimitError):
        codec.read_animation(data, max_pixels=143)
    assert len(codec.read_animation(data, max_pixels=144)) == 6


def test_a_still_decoder_says_what_reads_an_animation() -> None:
    with pytest.raises(OptionError, match="read_animation"):
        codec.decode(codec.encode_animation(moving_dot(), 10))


@pytest.mark.parametrize("arrangement", range(4))
def test_pictures_come_back_from_their_arrangement(arrangement: int) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (3, 4, 5), np.uint8)
    film = Film(3, 0, 0, 5, 4, arrangement)
    image = films.to_image(pictures, arrangement)
    assert image.shape == film.image_size
    assert np.array_equal(films.to_pictures(image, film), pictures)


def test_tables_come_back() -> None:
    stored = Animation(
        (5, 5, 6, 0, 300),
        3,
        (
            Film(2, 0, 0, 700, 300, key=True),
            Film(1, 1, 2, 500, 200, animation.COLUMNS, keep=255, own_palette=True),
            Film(3, 699, 0, 1, 300, animation.ROWS, overlay=True),
        ),
    )
    assert decode_table(encode_table(stored, 700, 300), 700, 300) == stored


def test_truncated_animations_raise_or_show_the_frames_that_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "_ROOM", 300)
    frames = moving_dot(30, 40)
    data = codec.encode_animation(frames, 10)
    reader = codec.read_animation(data)
    start = reader._start_of(3)
    cut = codec.read_animation(data[: start + 5])
    number = reader._ends.index(next(end for end in reader._ends if end[0] == 3))
    assert np.array_equal(cut.frame(number - 1), frames[number - 1].indices)
    with pytest.raises(TruncatedError):
        cut.frame(number)
    stream = BytesIO(data[: start + 5])
    partial = FrameReader(stream, codec.read_head(stream), partial=True)
    assert np.array_equal(partial.frame(29), frames[number - 1].indices)


def test_nothing_is_allocated_before_a_frame_is_asked_for() -> None:
    table = encode_table(Animation((1,), 0, (Film(1, 0, 0, 1, 1, key=True),)), 2**24, 2**24)
    writer = Writer(2**24, 2**24)
    writer.chunk("A", table, checked=True)
    writer.end_head()
    writer.chunk("D", b"\x30\0", checked=True)
    tracemalloc.start()
    try:
        reader = codec.read_animation(writer.getvalue(), max_pixels=None)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert len(reader) == 1


def test_a_hundred_bytes_cannot_cost_much() -> None:
    frame = IndexedImage(PALETTE, np.zeros((4096, 4096), np.uint8))
    table = Animation((1,) * 3, 0, tuple(Film(1, 0, 0, 4096, 4096, key=True) for _ in range(3)))
    writer = Writer(4096, 4096)
    writer.chunk("P", b"\0abc", checked=False)
    writer.chunk("A", encode_table(table, 4096, 4096), checked=True)
    writer.end_head()
    for number in range(3):
        if number:
            writer.film(number)
        writer.chunk("D", b"\x03", checked=True)
    data = writer.getvalue()
    assert len(data) < 100
    begin = time.process_time()
    reader = codec.read_animation(data)
    assert np.array_equal(reader.frame(2), frame.indices)
    assert time.process_time() - begin < 2
