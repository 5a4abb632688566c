"""Metadata of KMQ files: what is written, what comes back, and what damage to it can do."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

import reference_decoder
from pillow_kmq import codec
from pillow_kmq.cli.command import main
from pillow_kmq.codec import Metadata
from pillow_kmq.codec.container import chunks as container
from pillow_kmq.codec.container.metadata import MAX_BYTES, decode_metadata, encode_metadata
from pillow_kmq.codec.container.varint import varint_at
from pillow_kmq.errors import CorruptError, OptionError
from pillow_kmq.types import IndexedImage

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF/></x:xmpmeta>"
PICTURE = IndexedImage(np.array([[1, 2, 3, 255], [4, 5, 6, 255]], np.uint8), np.eye(4, dtype=np.uint8))

keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
resolutions = st.integers(1, 2**32 - 1)
metadata = st.builds(
    Metadata,
    icc_profile=st.binary(),
    exif=st.binary(),
    xmp=st.binary(),
    resolution=st.none() | st.tuples(resolutions, resolutions),
    texts=st.dictionaries(keys, values),
)


def exif_of(**tags: Any) -> Image.Exif:
    exif = Image.Exif()
    exif.update({0x010E: "a description", **{int(key[1:], 16): value for key, value in tags.items()}})
    return exif


def picture(mode: str = "P") -> Image.Image:
    image = Image.new("P", (5, 4), 1)
    image.putpalette([1, 2, 3, 200, 100, 50])
    return image.convert(mode)


def saved(image: Image.Image, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, "KMQ", **options)
    return stream.getvalue()


def info(image: Image.Image, **options: Any) -> dict[Any, Any]:
    return Image.open(BytesIO(saved(image, **options))).info


# The codec


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda head: pickle.loads(pickle.dumps(head))])
def test_what_a_file_says_can_be_copied_and_shares_nothing(copied: Any) -> None:
    head = codec.read_head(BytesIO(codec.encode(PICTURE)))
    assert copied(head) == head
    Metadata().texts["Title"] = "mine"
    assert Metadata() == head.metadata == Metadata(b"", b"", b"", None, {})


@given(metadata)
@settings(max_examples=200, deadline=None)
def test_metadata_come_back_exactly_and_leave_the_picture_alone(stored: Metadata) -> None:
    file = codec.encode(PICTURE, metadata=stored)
    head = codec.read_head(BytesIO(file))
    assert head.metadata == stored
    assert head.dropped == ()
    assert codec.decode(file) == PICTURE
    assert reference_decoder.decode(file).rows == PICTURE.indices.tolist()


def test_no_metadata_cost_no_byte() -> None:
    assert codec.encode(PICTURE, metadata=Metadata()) == codec.encode(PICTURE)


def test_profiles_and_texts_are_deflated_and_noise_is_not() -> None:
    noise = np.random.default_rng(1).bytes(500)
    sizes = {tag: len(payload) for tag, payload in encode_metadata(Metadata(b"P" * 500, noise, XMP * 9))}
    assert sizes["i"] < 20
    assert sizes["e"] == 501
    assert sizes["x"] < 100


@pytest.mark.parametrize(
    "stored",
    [
        Metadata(resolution=(0, 1)),
        Metadata(resolution=(1, 2**32)),
        Metadata(texts={"": "value"}),
        Metadata(texts={"key": "a\0b"}),
        Metadata(texts={"a\0b": "value"}),
        Metadata(texts={"key": "\ud800"}),
        Metadata(xmp=bytes(MAX_BYTES + 1)),
    ],
    ids=["zero", "large", "no key", "value", "key", "surrogate", "size"],
)
def test_what_a_file_cannot_hold_is_refused(stored: Metadata) -> None:
    with pytest.raises(OptionError):
        codec.encode(PICTURE, metadata=stored)


@pytest.mark.parametrize(
    ("tag", "payload"),
    [
        ("i", b""),
        ("i", b"\0"),
        ("i", b"\2abc"),
        ("e", b"\1\xff\xff"),
        ("x", b"\1\x03\x00"),
        ("r", b"\5"),
        ("r", b"\5\6\7"),
        ("r", b"\0\6"),
        ("r", b"\x80\x00\6"),
        ("t", b"\0key"),
        ("t", b"\0\0value"),
        ("t", b"\0key\0value\0key\0value"),
        ("t", b"\0key\0\xff"),
    ],
)
def test_wrong_metadata_are_left_out_and_said_to_be(tag: str, payload: bytes) -> None:
    with pytest.raises(CorruptError):
        decode_metadata(tag, payload)
    file = with_chunk(tag, payload)
    head = codec.read_head(BytesIO(file))
    assert head.metadata == Metadata()
    assert len(head.dropped) == 1
    assert codec.decode(file) == PICTURE
    with pytest.warns(UserWarning, match="damaged metadata of a KMQ file ignored"):
        Image.open(BytesIO(file)).load()


def with_chunk(tag: str, payload: bytes, *, times: int = 1) -> bytes:
    """PICTURE with a chunk between palette and pixels."""
    plain = codec.encode(PICTURE)
    place = pixels_of(plain)
    chunk = container.Chunk(tag, len(payload), checked=True).head() + payload
    return plain[:place] + (chunk + zlib.crc32(chunk).to_bytes(4, "little")) * times + plain[place:]


def pixels_of(file: bytes) -> int:
    """Where the chunk of the pixels of PICTURE begins."""
    stream = BytesIO(file)
    codec.read_head(stream)
    return stream.tell() - 3


def test_of_metadata_that_are_there_twice_the_first_count() -> None:
    head = codec.read_head(BytesIO(with_chunk("r", b"\5\6", times=2)))
    assert head.metadata.resolution == (5, 6)
    assert head.dropped == ("resolution: more than one chunk",)


def test_a_bomb_among_metadata_is_left_out_and_costs_little() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = b"\1" + b"".join(bomb.compress(bytes(1 << 20)) for _ in range(100)) + bomb.flush()
    file = with_chunk("i", payload)
    tracemalloc.start()
    try:
        head = codec.read_head(BytesIO(file))
        assert tracemalloc.get_traced_memory()[1] < 5 * MAX_BYTES
    finally:
        tracemalloc.stop()
    assert head.dropped[0].startswith("icc_profile: invalid KMQ file: a deflate stream")
    assert codec.decode(file) == PICTURE


def test_metadata_that_are_too_long_are_passed_over() -> None:
    file = with_chunk("x", bytes(MAX_BYTES + 1))
    tracemalloc.start()
    try:
        head = codec.read_head(BytesIO(file))
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()
    assert head.dropped == (f"xmp: longer than {MAX_BYTES} bytes",)


def test_any_byte_of_metadata_may_be_damaged_without_harm_to_the_picture() -> None:
    stored = Metadata(PROFILE[:300], b"II*\0exif", XMP, (72000, 72000), {"key": "value"})
    file = codec.encode(PICTURE, metadata=stored)
    # All but the tags and lengths, by which a reader finds the pixels.
    places = []
    place = file.index(b"\xe9")
    while place < pixels_of(file):
        length, start = varint_at(file, place + 1)
        places += range(start, start + length + 4)
        place = start + length + 4
    assert len(places) > 200
    for position in places:
        data = bytearray(file)
        data[position] ^= 0x55
        head = codec.read_head(BytesIO(data))
        assert codec.decode(bytes(data)) == PICTURE
        assert len(head.dropped) == 1
        naive = reference_decoder.decode(bytes(data))
        assert naive.rows == PICTURE.indices.tolist()
        assert len(naive.metadata) == 4


def test_metadata_can_be_taken_out_of_a_file_or_exchanged_without_touching_the_rest() -> None:
    file = codec.encode(PICTURE, metadata=Metadata(xmp=XMP, texts={"key": "value"}))
    plain = codec.encode(PICTURE)
    start, end = pixels_of(plain), pixels_of(file)
    assert file[:start] + file[end:] == plain


def test_of_metadata_that_are_there_twice_a_sound_one_counts() -> None:
    good = with_chunk("r", b"\5\6")
    place = pixels_of(codec.encode(PICTURE))
    bad = with_chunk("r", b"\5")[place : pixels_of(with_chunk("r", b"\5"))]
    file = good[:place] + bad + good[place:]
    assert codec.read_head(BytesIO(file)).metadata.resolution == (5, 6)
    assert reference_decoder.decode(file).metadata == {"r": (5, 6)}


def test_damage_to_a_palette_is_not_taken_for_damage_to_metadata() -> None:
    file = bytearray(codec.encode(PICTURE, metadata=Metadata(xmp=XMP)))
    file[10] ^= 1
    with pytest.raises(CorruptError):
        codec.decode(bytes(file))


# Through Pillow


@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_everything_comes_back_through_pillow(mode: str) -> None:
    exif = exif_of(t0112=6)
    result = info(
        picture(mode),
        icc_profile=PROFILE,
        exif=exif,
        xmp=XMP,
        dpi=(300, 72.5),
        comment="für alle",
        text={"Author": "Ä", "Empty": ""},
    )
    assert result["icc_profile"] == PROFILE
    assert result["xmp"] == XMP
    assert result["dpi"] == (300.0, 72.5)
    assert result["comment"] == "für alle".encode()
    assert result["text"] == {"Author": "Ä", "Empty": ""}
    opened = Image.open(BytesIO(saved(picture(mode), exif=exif, xmp=XMP)))
    assert dict(opened.getexif()) == dict(exif)


@pytest.mark.parametrize("form", [bytes, lambda data: data.removeprefix(b"Exif\0\0")])
def test_exif_may_be_bytes_with_or_without_their_prefix(form: Any) -> None:
    data = exif_of().tobytes()
    assert info(picture(), exif=form(data))["exif"] == data


def test_only_the_profile_is_taken_from_info() -> None:
    image = picture()
    image.info = {
        "icc_profile": PROFILE,
        "exif": exif_of().tobytes(),
        "xmp": XMP,
        "dpi": (1, 1),
        "comment": b"c",
        "text": {"a": "b"},
    }
    assert info(image) == {"icc_profile": PROFILE}


@pytest.mark.parametrize("nothing", [None, b""])
def test_none_and_empty_values_write_nothing(nothing: Any) -> None:
    image = picture()
    image.info["icc_profile"] = PROFILE
    assert info(image, icc_profile=nothing, exif=nothing, xmp=nothing, dpi=nothing, comment=nothing, text=None) == {}
    assert info(image, icc_profile=nothing, exif=Image.Exif()) == {}


def test_a_profile_of_other_colours_is_not_taken_from_info_but_written_when_asked_for() -> None:
    cmyk = PROFILE[:16] + b"CMYK" + PROFILE[20:]
    image = picture()
    image.info["icc_profile"] = cmyk
    assert info(image) == {}
    assert info(image, icc_profile=cmyk) == {"icc_profile": cmyk}


def test_a_comment_in_latin_1_is_stored_as_utf_8() -> None:
    assert info(picture(), comment=b"caf\xe9")["comment"] == "café".encode()


@pytest.mark.parametrize(
    "options",
    [
        {"exif": "text"},
        {"icc_profile": 5},
        {"xmp": 5},
        {"xmp": "\ud800"},
        {"dpi": 72},
        {"dpi": (0, 72)},
        {"dpi": (float("nan"), 72)},
        {"dpi": ("a", "b")},
        {"comment": 5},
        {"text": [("a", "b")]},
        {"text": {"a": 5}},
        {"text": {"": "b"}},
    ],
    ids=str,
)
def test_values_that_make_no_sense_raise_valueerror_and_nothing_is_written(options: dict[str, Any]) -> None:
    stream = BytesIO()
    with pytest.raises(ValueError, match=next(iter(options))):
        picture().save(stream, "KMQ", **options)
    assert stream.getvalue() == b""


@pytest.mark.parametrize("dpi", [(72, 72), (96, 300), (71.9836, 71.9836), np.array([72, 96])])
def test_resolutions_survive_the_way_to_png_and_back(dpi: tuple[float, float]) -> None:
    kmq = Image.open(BytesIO(saved(picture(), dpi=dpi)))
    png = BytesIO()
    kmq.save(png, "PNG", dpi=kmq.info["dpi"])
    assert Image.open(png).info["dpi"] == pytest.approx(dpi, abs=0.02)


# The command line


@pytest.fixture
def photo(tmp_path: Any) -> Any:
    path = tmp_path / "photo.jpg"
    picture("RGB").save(path, exif=exif_of(t0112=6), icc_profile=PROFILE, xmp=XMP, dpi=(300, 300))
    return path


def converted(*arguments: Any) -> Image.Image:
    done = CliRunner().invoke(main, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    return Image.open(arguments[-1].with_suffix(".kmq") if "-o" not in arguments else arguments[-2])


def test_the_command_line_keeps_metadata_and_resets_the_orientation(photo: Any) -> None:
    image = converted("--ext", ".kmq", photo)
    assert image.size == (4, 5)
    assert image.info["icc_profile"] == PROFILE
    assert image.info["dpi"] == (300.0, 300.0)
    assert image.info["xmp"] == XMP
    assert image.getexif().get(0x010E) == "a description"
    assert image.getexif().get(0x0112, 1) == 1


def test_strip_leaves_all_metadata_out(photo: Any) -> None:
    assert converted("--strip", "--ext", ".kmq", photo).info == {}


@pytest.mark.parametrize("dpi", [(0, 0), (1, 1), (65535, 65535)])
def test_odd_resolutions_do_no_harm(tmp_path: Any, dpi: Any) -> None:
    path = tmp_path / "a.bmp"
    picture("RGB").save(path, dpi=dpi)
    converted("--ext", ".kmq", path)
