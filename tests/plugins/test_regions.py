"""Parts of images: which stripes they need, and that no other one matters."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import pillow_kmq
from pillow_kmq import codec
from pillow_kmq.codec import region, writer
from pillow_kmq.codec.levels import mixing
from pillow_kmq.codec.levels.striped import encode_striped
from pillow_kmq.codec.symbols import stripes
from pillow_kmq.errors import CorruptError, KmqError, LimitError, OptionError, TruncatedError
from pillow_kmq.types import IndexedImage

RNG = np.random.default_rng(1)
Y, X = np.indices((96, 60))
SHADES = (X * X // 90 + Y // 2 + RNG.integers(0, 3, (96, 60))) % 64
PICTURE = IndexedImage(np.repeat(np.arange(64, dtype=np.uint8)[:, None] * 4, 4, axis=1), SHADES.astype(np.uint8))


@pytest.fixture
def striped(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(mixing, "STRIPE_BYTES", 300)
    monkeypatch.setattr(writer, "encode_pixels", lambda picture, _: encode_striped(picture, 3))
    return codec.encode(PICTURE)


def part(data: bytes, box: tuple[int, int, int, int], **options: Any) -> Any:
    stream = BytesIO(data)
    left, top, right, bottom = box
    return codec.read_region(
        stream, codec.read_head(stream), left, top, right - left, bottom - top, **{"max_pixels": None, **options}
    )


def stripes_of(data: bytes) -> list[tuple[int, int, int]]:
    """Of each stripe the first row, the row behind it, and where its code begins."""
    stream = BytesIO(data)
    head = codec.read_head(stream)
    start = stream.tell()
    index, place = region._stripe_table(head, stream.read())
    found, row = [], 0
    for rows, length, _ in index:
        found.append((row, row + rows, start + place))
        row += rows
        place += length
    return found


boxes = st.tuples(st.integers(0, 59), st.integers(0, 95), st.integers(1, 60), st.integers(1, 96))


@given(boxes, st.sampled_from(codec.COMPRESSIONS), st.sampled_from([300, 1000, 1 << 17]))
@settings(max_examples=60, deadline=None)
def test_a_region_is_what_a_crop_of_the_whole_is(box: Any, compression: str, stripe: int) -> None:
    left, top, width, height = box
    right, bottom = min(60, left + width), min(96, top + height)
    before = mixing.STRIPE_BYTES
    mixing.STRIPE_BYTES = stripe
    try:
        data = codec.encode(PICTURE, compression=compression)
    finally:
        mixing.STRIPE_BYTES = before
    assert np.array_equal(part(data, (left, top, right, bottom)), PICTURE.indices[top:bottom, left:right])


def test_only_the_stripes_that_are_needed_are_decoded(striped: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    decode = region.decode_pixels

    def recorded(*args: Any) -> Any:
        decoded.append(args[2])
        return decode(*args)

    monkeypatch.setattr(region, "decode_pixels", recorded)
    stripes = stripes_of(striped)
    assert len(stripes) > 3
    for first, behind, _ in stripes:
        part(striped, (0, first, 9, behind))
    assert decoded == [behind - first for first, behind, _ in stripes]
    part(striped, (0, stripes[1][1] - 1, 9, stripes[1][1] + 1))
    assert decoded[-1] == stripes[2][1] - stripes[1][0]


def test_many_short_stripes_are_no_obstacle_where_the_whole_is_allowed_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "STRIPE_BYTES", 1)
    monkeypatch.setattr(writer, "encode_pixels", lambda picture, _: encode_striped(picture, 3))
    indices = np.where((Y < 40) & (X != Y * 7 % 59), 0, SHADES).astype(np.uint8)[:60]
    data = codec.encode(IndexedImage(PICTURE.palette, indices))
    monkeypatch.setattr(stripes, "STRIPE_PRICE", 1)
    found = stripes_of(data)
    assert len(found) == 60
    monkeypatch.setattr(stripes, "STRIPE_PRICE", (len(data) - 4 - found[0][2]) // (60 - stripes.FREE_STRIPES))
    assert np.array_equal(codec.decode(data).indices, indices)
    for top, bottom in ((0, 60), (2, 38), (17, 18), (30, 45)):
        assert np.array_equal(part(data, (3, top, 50, bottom)), indices[top:bottom, 3:50])


def test_damage_to_other_stripes_does_no_harm_and_to_its_own_is_noticed(striped: bytes) -> None:
    stripes = stripes_of(striped)
    for number, (_, _, place) in enumerate(stripes):
        data = bytearray(striped)
        data[place + 1] ^= 0x10
        with pytest.raises(CorruptError):
            codec.decode(bytes(data))
        for other, (first, behind, _) in enumerate(stripes):
            if other == number:
                with pytest.raises(CorruptError, match=f"rows {first} to {behind - 1}"):
                    part(bytes(data), (3, first, 8, behind))
            else:
                assert np.array_equal(part(bytes(data), (3, first, 8, behind)), PICTURE.indices[first:behind, 3:8])


def test_damage_before_the_stripes_is_noticed_or_does_no_harm(striped: bytes) -> None:
    stream = BytesIO(striped)
    head = codec.read_head(stream)
    start, ((_, _, code), (first, behind, _)) = stream.tell(), stripes_of(striped)[:2]
    assert head.coding_byte & stripes.STRIPED
    for place in range(start, code):
        for change in range(1, 256):
            data = bytearray(striped)
            data[place] ^= change
            try:
                found = part(bytes(data), (0, first, 60, behind))
            except KmqError:
                continue
            assert np.array_equal(found, PICTURE.indices[first:behind])
    with pytest.raises(CorruptError):  # all stripes are right, so it is what stands before them
        part(striped[:-1] + bytes([striped[-1] ^ 1]), (0, first, 60, behind))


def test_a_truncated_file_has_the_regions_that_arrived(striped: bytes) -> None:
    stripes = stripes_of(striped)
    assert np.array_equal(part(striped[:-1], (0, 0, 60, 96)), PICTURE.indices)
    cut = striped[: stripes[-1][2] + 3]
    assert np.array_equal(part(cut, (0, 0, 60, stripes[-1][0])), PICTURE.indices[: stripes[-1][0]])
    with pytest.raises(TruncatedError):
        part(cut, (0, 0, 60, 96))


@pytest.mark.parametrize("box", [(0, 0, 0, 1), (5, 5, 4, 9), (-1, 0, 4, 4), (0, 0, 61, 1), (0, 90, 3, 97)])
def test_boxes_that_are_empty_or_beyond_the_image_are_refused(box: Any, striped: bytes) -> None:
    with pytest.raises(OptionError):
        part(striped, box)


@pytest.mark.parametrize("box", [None, 5, (0, 0, 5), (0, 0, 5, 4, 3), (0, 0, 5.0, 4.0), ("0", 0, 5, 4)])
def test_boxes_that_are_not_four_whole_numbers_are_refused(box: Any, striped: bytes) -> None:
    with pytest.raises(OptionError, match="box must be four integers, not"):
        pillow_kmq.read_region(BytesIO(striped), box)


def test_the_limit_holds_for_the_rows_that_are_decoded(striped: bytes) -> None:
    first, behind, _ = stripes_of(striped)[0]
    pixels = (behind - first) * 60
    assert part(striped, (0, first, 1, first + 1), max_pixels=pixels).size == 1
    with pytest.raises(LimitError):
        part(striped, (0, first, 1, first + 1), max_pixels=pixels - 1)


def test_damaged_files_give_a_region_or_an_error_of_this_package(striped: bytes) -> None:
    rng = np.random.default_rng(1)
    outcomes = {True: 0, False: 0}
    for _ in range(600):
        data = bytearray(striped)
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(0, 256)
        top = int(rng.integers(0, 90))
        try:
            part(bytes(data), (0, top, 60, top + 5), max_pixels=1 << 20)
        except KmqError:
            outcomes[False] += 1
        else:
            outcomes[True] += 1
    assert min(outcomes.values()) > 50


# Through Pillow


def test_pillow_images_of_regions_look_like_crops(striped: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.kmq").write_bytes(striped)
    box = (5, 40, 33, 61)
    for source in (tmp_path / "a.kmq", str(tmp_path / "a.kmq"), BytesIO(striped)):
        image = pillow_kmq.read_region(source, box)
        expected = Image.open(BytesIO(striped)).crop(box)
        assert (image.mode, image.size) == ("P", expected.size)
        assert image.convert("RGBA").tobytes() == expected.convert("RGBA").tobytes()
        assert image.info == expected.info


def test_regions_of_animations_and_of_other_files_are_refused() -> None:
    frame = Image.new("P", (4, 4))
    stream = BytesIO()
    frame.save(stream, "KMQ", save_all=True, append_images=[Image.new("P", (4, 4), 1)])
    with pytest.raises(OptionError, match="frames"):
        pillow_kmq.read_region(BytesIO(stream.getvalue()), (0, 0, 1, 1))
    with pytest.raises(SyntaxError):
        pillow_kmq.read_region(BytesIO(b"GIF89a and so on"), (0, 0, 1, 1))


def test_pillows_limit_holds_for_regions(striped: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(OSError, match="region"):
        pillow_kmq.read_region(BytesIO(striped), (0, 0, 1, 1))
