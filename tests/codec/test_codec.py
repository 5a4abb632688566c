"""The codec: round trips, sizes, and files made to break it."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

import reference_decoder
from pillow_kmq import codec
from pillow_kmq.codec.container import chunks as container
from pillow_kmq.codec.levels import deflate as rows
from pillow_kmq.codec.pixels import decode_pixels
from pillow_kmq.errors import (
    CorruptError,
    KmqError,
    LimitError,
    NotKmqError,
    OptionError,
    OptionTypeError,
    TruncatedError,
)
from pillow_kmq.saving.options import indexed_image
from pillow_kmq.types import IndexedImage
from places import VECTORS
from test_runs import payload_of

GOOD_VECTORS = sorted((VECTORS).glob("good-*.kmq"))

ENTRIES = st.one_of(st.sampled_from([0, 1, 2, 3, 4, 16, 17, 255, 256]), st.integers(0, 256))


@st.composite
def palettes(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    entries = draw(ENTRIES)
    palette = np.full((entries, 4), 255, np.uint8)
    random_colors = draw(st.booleans())
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    palette[:, :3] = seed.integers(0, 256, (entries, 3)) if random_colors else draw(st.integers(0, 255))
    alphas = draw(st.lists(st.sampled_from([0, 1, 128, 254, 255]), max_size=entries))
    palette[: len(alphas), 3] = alphas
    return palette


@st.composite
def indices(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    highest = draw(st.one_of(st.sampled_from([0, 1, 2, 3, 4, 15, 16, 255]), st.integers(0, 255)))
    shape = draw(npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40))
    y, x = np.indices(shape)
    kind = draw(st.sampled_from(["noise", "flat", "stripes", "ramp", "any"]))
    if kind == "noise":
        values = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).integers(0, highest + 1, shape)
    elif kind == "flat":
        values = np.full(shape, highest)
    elif kind == "stripes":
        values = (x // 3 + y // 2) % (highest + 1)
    elif kind == "ramp":
        values = (x * draw(st.integers(0, 9)) + y * draw(st.integers(0, 9))) % (highest + 1)
    else:
        return draw(npst.arrays(np.uint8, shape))
    return values.astype(np.uint8)


def images() -> st.SearchStrategy[IndexedImage]:
    return st.builds(IndexedImage, palettes(), indices())


@given(images())
@settings(max_examples=300, deadline=None)
def test_an_image_comes_back_exactly(image: IndexedImage) -> None:
    for compression in codec.COMPRESSIONS:
        assert codec.decode(codec.encode(image, compression=compression)) == image


@given(images())
@settings(max_examples=100, deadline=None)
def test_the_naive_decoder_reads_what_the_encoder_writes(image: IndexedImage) -> None:
    for compression in codec.COMPRESSIONS:
        if compression == "max":  # a pixel takes a millisecond
            image = IndexedImage(image.palette, image.indices[:12, :12])
        naive = reference_decoder.decode(codec.encode(image, compression=compression))
        assert naive.rows == image.indices.tolist()
        assert naive.palette == [tuple(color) for color in image.palette.tolist()]


@given(images(), st.sampled_from(range(5)), st.booleans())
@settings(max_examples=200, deadline=None)
def test_every_layout_that_can_hold_an_image_gives_it_back(image: IndexedImage, layout: int, deflated: bool) -> None:
    bits = (1, 2, 4, 8, 8)[layout]
    shape = height, width = image.indices.shape
    values = image.indices & ((1 << bits) - 1)
    coded = rows._filter(values) if layout == 4 else rows._pack(values, bits).tobytes()
    coding_byte = layout << 4 | deflated
    if deflated:
        coded = rows.deflate(coded)
    rows.check_rows(coding_byte, len(coded), *shape)
    assert np.array_equal(rows.decode_rows(coding_byte, coded, height, width), values)


@given(images(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_truncated_file_shows_the_rows_that_arrived(image: IndexedImage, data: st.DataObject) -> None:
    file = codec.encode(image, compression="deflate")
    stream = BytesIO(file)
    head = codec.read_head(stream)
    cut = data.draw(st.integers(stream.tell(), len(file) - 1))
    stream = BytesIO(file[:cut])
    head = codec.read_head(stream)
    with pytest.raises(TruncatedError):
        codec.read_indices(stream, head)
    stream = BytesIO(file[:cut])
    shown = codec.read_indices(stream, codec.read_head(stream), partial=True)
    arrived = [np.array_equal(*pair) for pair in zip(shown, image.indices, strict=True)]
    complete = arrived.index(False) if False in arrived else len(arrived)
    assert not shown[complete:].any()
    if cut >= len(file) - 4:
        assert complete == len(arrived)


@pytest.mark.parametrize("level", ["fast", "default", "max"])
@pytest.mark.parametrize("height", [6, pytest.param(90, marks=pytest.mark.jit)])
def test_of_a_code_that_breaks_off_no_row_is_shown_that_it_does_not_tell(level: str, height: int) -> None:
    # Blocks of two colours: a byte of code tells of many rows.
    blocks = np.random.default_rng(1).integers(0, 2, (15, 4)).astype(np.uint8)
    image = IndexedImage(np.array([[0] * 4, [255] * 4], np.uint8), blocks.repeat(height, 0).repeat(10, 1)[:900])
    payload = payload_of(image.indices, image.palette.tobytes(), level)
    shape = image.indices.shape
    known = []
    for length in range(1, len(payload)):
        shown = decode_pixels(payload[0], payload[1:length], *shape, image.palette.tobytes(), partial=True).indices()
        right = (shown == image.indices).all(axis=1)
        missing = ~shown.any(axis=1)
        assert (right | missing).all()
        known.append(int(right.sum()))
    assert known[-1] >= known[len(known) // 2] > known[0]


def test_encoding_twice_gives_the_same_bytes() -> None:
    image = IndexedImage(np.zeros((3, 4), np.uint8), np.arange(60, dtype=np.uint8).reshape(6, 10))
    assert codec.encode(image) == codec.encode(IndexedImage(image.palette.copy(), image.indices.copy(order="F")))


def overhead(image: IndexedImage) -> int:
    """Bytes of a file that are neither colours and alphas nor coded pixels; of colours that do not deflate."""
    file = codec.encode(image)
    alphas = image.palette[:, 3].tobytes().rstrip(b"\xff")
    return len(file) - 3 * len(image.palette) - len(alphas) - codec.read_head(BytesIO(file)).coded_length


@pytest.mark.parametrize(
    ("side", "entries", "alphas", "expected"),
    [(1, 1, 0, 17), (1, 1, 1, 18), (16, 16, 0, 18), (16, 16, 16, 19), (16, 256, 256, 20), (64, 256, 256, 24)],
)
def test_small_files_have_at_most_20_bytes_besides_palette_and_pixels(
    side: int, entries: int, alphas: int, expected: int
) -> None:
    noise = np.random.default_rng(5)
    palette = noise.integers(0, 255, (entries, 4)).astype(np.uint8)
    palette[alphas:, 3] = 255
    indices = noise.integers(0, entries, (side, side)).astype(np.uint8)
    extra = overhead(IndexedImage(palette, indices))
    print(f"{side}x{side}, {entries} entries, {alphas} of them not opaque: {extra} bytes")
    assert extra == expected


def test_the_bits_per_pixel_follow_the_highest_index_and_not_the_palette() -> None:
    palette = np.zeros((256, 4), np.uint8)
    noise = np.random.default_rng(1).integers(0, 2, (64, 64)).astype(np.uint8)
    few = codec.read_head(BytesIO(codec.encode(IndexedImage(palette, noise), compression="deflate")))
    assert few.coded_length == 64 * 64 // 8
    noise[0, 0] = 200
    many = codec.read_head(BytesIO(codec.encode(IndexedImage(palette[:2], noise), compression="deflate")))
    assert many.coded_length > few.coded_length


def test_noise_costs_no_more_than_its_bits() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (50, 50)).astype(np.uint8)
    assert len(codec.encode(IndexedImage(np.empty((0, 4), np.uint8), noise))) <= 50 * 50 + 20


def test_a_grey_ramp_is_filtered_and_a_texture_is_not() -> None:
    y, x = np.indices((64, 64))
    palette = np.zeros((256, 4), np.uint8)
    smooth = codec.read_head(
        BytesIO(codec.encode(IndexedImage(palette, (x * x // 32 + y).astype(np.uint8)), compression="deflate"))
    )
    tile = np.random.default_rng(3).integers(0, 256, (7, 9)).astype(np.uint8)
    texture = codec.read_head(
        BytesIO(codec.encode(IndexedImage(palette, np.tile(tile, (9, 7))), compression="deflate"))
    )
    assert smooth.coding_byte >> 4 == 4
    assert texture.coding_byte >> 4 == 3


@pytest.mark.jit
@pytest.mark.parametrize("entries", ["k16", "k64", "k256", "k16d", "k64d", "k256d"])
def test_files_are_smaller_than_optimised_pngs(corpora: Path, entries: str) -> None:
    for folder in sorted((corpora / "indexed").iterdir()):
        path = sorted((folder / entries).glob("*.png"))[0]
        with Image.open(path) as png:
            image = indexed_image(png, {})
            reference = BytesIO()
            png.save(reference, "PNG", optimize=True)
        assert len(codec.encode(image)) < len(reference.getvalue()), path


# Arguments


@pytest.mark.parametrize(
    ("compression", "error", "words"),
    [
        ("zip", OptionError, "one of 'deflate', 'fast'"),
        ("", OptionError, "one of 'deflate', 'fast'"),
        ("Deflate", OptionError, "one of 'deflate', 'fast'"),
        (None, OptionTypeError, "a string, not NoneType"),
        (3, OptionTypeError, "a string, not int"),
    ],
)
def test_an_unknown_compression_is_refused(compression: Any, error: type[Exception], words: str) -> None:
    image = IndexedImage(np.zeros((1, 4), np.uint8), np.zeros((1, 1), np.uint8))
    with pytest.raises(error, match=f"compression must be {words}"):
        codec.encode(image, compression=compression)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, (1 << 24) + 1)])
def test_sizes_that_the_format_cannot_express_are_refused(shape: tuple[int, int]) -> None:
    image = IndexedImage(np.zeros((1, 4), np.uint8), np.zeros(shape, np.uint8))
    with pytest.raises(OptionError, match=f"image size {shape[1]}x{shape[0]} is not supported"):
        codec.encode(image)


def test_the_longest_side_comes_back() -> None:
    image = IndexedImage(np.zeros((1, 4), np.uint8), np.zeros((1, 1 << 24), np.uint8))
    assert codec.decode(codec.encode(image)) == image


@pytest.mark.parametrize("data", [b"", b"\x8bKM", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_other_data_are_not_kmq(data: bytes) -> None:
    with pytest.raises(NotKmqError, match="not a KMQ file"):
        codec.decode(data)


def test_bytearrays_and_memoryviews_decode_too() -> None:
    image = IndexedImage(np.zeros((1, 4), np.uint8), np.ones((2, 3), np.uint8))
    data = codec.encode(image)
    assert codec.decode(bytearray(data)) == image  # type: ignore[arg-type]
    assert codec.decode(memoryview(data)) == image  # type: ignore[arg-type]


def test_the_result_can_be_written_to() -> None:
    image = IndexedImage(np.zeros((1, 4), np.uint8), np.ones((2, 3), np.uint8))
    decoded = codec.decode(codec.encode(image))
    decoded.palette[0] = 7
    decoded.indices[0, 0] = 9
    assert codec.decode(codec.encode(decoded)) == decoded


# Hostile files


def test_larger_images_than_allowed_are_refused_before_anything_is_allocated() -> None:
    flat = IndexedImage(np.zeros((1, 4), np.uint8), np.zeros((4000, 4000), np.uint8))
    data = codec.encode(flat)
    tracemalloc.start()
    try:
        with pytest.raises(LimitError, match="image size 4000x4000 exceeds the limit"):
            codec.decode(data, max_pixels=4000 * 4000 - 1)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
    assert codec.decode(data, max_pixels=4000 * 4000) == flat
    assert codec.decode(data, max_pixels=None) == flat


def test_a_default_limit_is_in_force() -> None:
    writer = container.Writer(1 << 15, 1 << 15)
    writer.chunk("D", b"\x01" + bytes(1 << 20), checked=True)
    with pytest.raises(LimitError, match="32768x32768"):
        codec.decode(writer.getvalue())


@pytest.mark.parametrize("tag", ["z", "P", "D"])
def test_an_announced_length_allocates_nothing(tag: str) -> None:
    file = container.Writer(2, 2).getvalue() + bytes([ord(tag) | 0x80]) + b"\xff\xff\xff\xff\x0f" + b"\x01\x02"
    tracemalloc.start()
    try:
        with pytest.raises((TruncatedError, CorruptError)):
            codec.decode(file)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_a_bomb_is_inflated_no_further_than_the_image_needs() -> None:
    writer = container.Writer(8, 8)
    writer.chunk("D", b"\x01" + rows.deflate(bytes(50_000_000)), checked=True)
    tracemalloc.start()
    try:
        with pytest.raises(CorruptError, match="deflate stream"):
            codec.decode(writer.getvalue())
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def mutations(seed: int, count: int, vectors: list[Path] = GOOD_VECTORS) -> Iterator[bytes]:
    """Files a few steps away from good ones: bytes changed, cut, repeated, moved."""
    chance = random.Random(seed)
    originals = [path.read_bytes() for path in vectors]
    for _ in range(count):
        data = bytearray(chance.choice(originals))
        for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
            place = chance.randrange(len(data) + 1)
            other = chance.randrange(len(data) + 1)
            match chance.randrange(6):
                case 0 if place < len(data):
                    data[place] ^= 1 << chance.randrange(8)
                case 1 if place < len(data):
                    data[place] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
                case 2:
                    del data[place:]
                case 3:
                    del data[place : place + chance.randrange(1, 5)]
                case 4:
                    data[place:place] = data[other : other + chance.randrange(1, 20)]
                case _:
                    data[place:place] = chance.randbytes(chance.randrange(1, 5))
        yield bytes(data)


def all_frames(data: bytes, max_pixels: int = codec.MAX_PIXELS) -> list[Any]:
    """The indices of a still image, or the frames of an animation as they come; the file must end with them."""
    reader = codec.read_animation(data, max_pixels=max_pixels)
    if reader.head.animation is None:
        return [codec.decode(data, max_pixels=max_pixels).indices]
    frames = [reader.frame(number) for number in range(min(len(reader), 99))]
    reader.verify()
    return frames


@pytest.mark.parametrize("checksums", ["kept", "ignored"])
def test_damaged_files_decode_or_end_with_an_error_of_this_package(
    checksums: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if checksums == "ignored":  # so that damage reaches what lies behind them
        monkeypatch.setattr(container.Reader, "checksum", lambda self: self._exactly(4))
    outcomes = {"image": 0, "error": 0}
    for data in mutations(seed=20, count=6000):
        try:
            frames = all_frames(data, max_pixels=1 << 22)
        except KmqError:
            outcomes["error"] += 1
        else:
            assert all(frame.size <= 4 << 22 for frame in frames)
            outcomes["image"] += 1
    assert min(outcomes.values()) > 10


def test_both_decoders_accept_the_same_damaged_files() -> None:
    for data in mutations(seed=21, count=3000):
        try:
            naive = reference_decoder.decode(data)
        except reference_decoder.Rejected:
            with pytest.raises(KmqError):
                all_frames(data)
        else:
            stated = naive.animation.frames if naive.animation is not None else [naive.rows]
            assert [frame.tolist() for frame in all_frames(data)] == [np.array(frame).tolist() for frame in stated]
            palette = codec.read_animation(data).head.palette
            assert [tuple(color) for color in palette.tolist()] == naive.palette


def test_every_single_bit_flip_of_a_small_file_is_noticed() -> None:
    good = codec.encode(IndexedImage(np.array([[1, 2, 3, 4], [5, 6, 7, 255]], np.uint8), np.eye(5, dtype=np.uint8)))
    for place in range(len(good)):
        for bit in range(8):
            data = bytearray(good)
            data[place] ^= 1 << bit
            with pytest.raises(KmqError):
                codec.decode(data)  # type: ignore[arg-type]


def test_every_truncation_of_a_small_file_is_noticed() -> None:
    good = codec.encode(IndexedImage(np.array([[1, 2, 3, 4], [5, 6, 7, 255]], np.uint8), np.eye(5, dtype=np.uint8)))
    for length in range(4, len(good)):
        with pytest.raises(TruncatedError):
            codec.decode(good[:length])
