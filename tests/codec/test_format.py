"""The vectors of docs/FORMAT.md, as two independent decoders, the encoder and Pillow see them."""

from __future__ import annotations

import json
import re
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

import make_vectors
import pillow_kmq
import reference_decoder
from pillow_kmq import codec, errors
from pillow_kmq.types import IndexedImage
from places import ROOT, VECTORS

FORMAT = ROOT / "docs" / "FORMAT.md"
MANIFEST: list[dict[str, Any]] = json.loads((VECTORS / "vectors.json").read_text())
GOOD = [entry for entry in MANIFEST if entry["outcome"] == "good" and "frames" not in entry]
ANIMATED = [entry for entry in MANIFEST if "frames" in entry]
REJECTED = [entry for entry in MANIFEST if entry["outcome"] not in ("good",) and entry["stage"] != "frames"]
REJECTED_FRAMES = [entry for entry in MANIFEST if entry.get("stage") == "frames"]

ERRORS = {
    "not KMQ": errors.NotKmqError,
    "truncated": errors.TruncatedError,
    "corrupt": errors.CorruptError,
    "unsupported": errors.UnsupportedError,
}

TAGS_OF = {"icc_profile": "i", "exif": "e", "xmp": "x", "resolution": "r", "texts": "t"}

other_zlib = pytest.mark.skipif(
    "ng" in zlib.ZLIB_RUNTIME_VERSION, reason="the vectors were deflated by zlib, which zlib-ng does not repeat"
)


def each(entries: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("entry", entries, ids=[entry["file"].removesuffix(".kmq") for entry in entries])


def data_of(entry: dict[str, Any]) -> bytes:
    return (VECTORS / entry["file"]).read_bytes()


def image_of(entry: dict[str, Any]) -> IndexedImage:
    palette = np.frombuffer(bytes.fromhex(entry["palette"]), np.uint8).reshape(-1, 4)
    indices = np.frombuffer(bytes.fromhex(entry["indices"]), np.uint8).reshape(entry["height"], entry["width"])
    return IndexedImage(palette, indices)


@each(GOOD)
def test_good_vectors_decode_to_the_image_they_state(entry: dict[str, Any]) -> None:
    assert codec.decode(data_of(entry)) == image_of(entry)


@each([entry for entry in GOOD if entry["file"].split("-")[1] in ("fast", "mixed", "max")])
def test_vectors_of_a_level_are_of_its_coding(entry: dict[str, Any]) -> None:
    coding = {"mixed": 3, "max": 4, "fast": 5}[entry["file"].split("-")[1]]
    assert codec.read_head(BytesIO(data_of(entry))).coding_byte & 15 == coding


@each(GOOD)
def test_the_naive_decoder_agrees_on_good_vectors(entry: dict[str, Any]) -> None:
    naive, stated = reference_decoder.decode(data_of(entry)), image_of(entry)
    assert (naive.width, naive.height) == (stated.width, stated.height)
    assert naive.palette == [tuple(color) for color in stated.palette.tolist()]
    assert naive.rows == stated.indices.tolist()


@each(GOOD)
def test_good_vectors_have_the_metadata_they_state(entry: dict[str, Any]) -> None:
    head = codec.read_head(BytesIO(data_of(entry)))
    found = {name: value for name, value in head.metadata._asdict().items() if value}
    if "resolution" in found:
        found["resolution"] = list(found["resolution"])
    assert {name: value.hex() if isinstance(value, bytes) else value for name, value in found.items()} == entry[
        "metadata"
    ]
    assert bool(head.dropped) == ("damaged-metadata" in entry["file"])
    naive = reference_decoder.decode(data_of(entry)).metadata
    assert naive.keys() == {TAGS_OF[name] for name in found}
    for name, value in head.metadata._asdict().items():
        assert naive.get(TAGS_OF[name]) == (value or None)


@other_zlib
@each([entry for entry in GOOD if entry["encoded"]])
def test_the_encoder_still_writes_the_same_bytes(entry: dict[str, Any]) -> None:
    assert codec.encode(image_of(entry), compression=entry["encoded"]) == data_of(entry)


@each(REJECTED)
def test_rejected_vectors_end_with_the_error_they_state(entry: dict[str, Any]) -> None:
    with pytest.raises(errors.KmqError) as caught:
        codec.decode(data_of(entry))
    assert type(caught.value) is ERRORS[entry["outcome"]]


@each(REJECTED)
def test_the_naive_decoder_agrees_on_rejected_vectors(entry: dict[str, Any]) -> None:
    with pytest.raises(reference_decoder.Rejected) as caught:
        reference_decoder.decode(data_of(entry))
    assert caught.value.outcome == entry["outcome"]


@each(REJECTED)
def test_rejected_vectors_fail_in_the_stage_they_state(entry: dict[str, Any]) -> None:
    stream = BytesIO(data_of(entry))
    if entry["stage"] == "open":
        with pytest.raises(errors.KmqError):
            codec.read_head(stream)
        return
    head = codec.read_head(stream)
    if entry["stage"] == "load":
        with pytest.raises(errors.KmqError):
            codec.read_indices(stream, head)
        return
    codec.read_indices(stream, head)
    assert stream.read() != b""


@each(REJECTED)
def test_pillow_refuses_rejected_vectors_with_an_oserror(entry: dict[str, Any]) -> None:
    stream = BytesIO(data_of(entry))
    if entry["stage"] == "open":
        with pytest.raises(OSError, match=r"KMQ|cannot identify"):
            Image.open(stream)
        return
    image = Image.open(stream)
    if entry["stage"] == "load":
        with pytest.raises(OSError, match="KMQ"):
            image.load()
        return
    image.load()
    assert stream.read() == b"\0"


@each(ANIMATED)
def test_good_animations_decode_to_the_frames_they_state(entry: dict[str, Any]) -> None:
    reader = codec.read_animation(data_of(entry))
    assert (reader.head.width, reader.head.height) == (entry["width"], entry["height"])
    assert reader.head.palette.tobytes().hex() == entry["palette"]
    assert (reader.plays, list(reader.durations), reader.indexed) == tuple(
        entry[key] for key in ("plays", "durations", "indexed")
    )
    for number in reversed(range(len(reader))):
        assert reader.frame(number).tobytes().hex() == entry["frames"][number]
    reader.verify()


@each(ANIMATED)
def test_the_naive_decoder_agrees_on_good_animations(entry: dict[str, Any]) -> None:
    naive = reference_decoder.decode(data_of(entry)).animation
    assert naive is not None
    assert (naive.plays, naive.durations, naive.indexed) == tuple(entry[k] for k in ("plays", "durations", "indexed"))
    assert [np.array(frame, np.uint8).tobytes().hex() for frame in naive.frames] == entry["frames"]


@each(REJECTED_FRAMES)
def test_rejected_animations_open_and_end_with_the_error_they_state(entry: dict[str, Any]) -> None:
    reader = codec.read_animation(data_of(entry))
    with pytest.raises(errors.KmqError) as caught:
        reader.verify()
    assert type(caught.value) is ERRORS[entry["outcome"]]
    with pytest.raises(reference_decoder.Rejected) as rejected:
        reference_decoder.decode(data_of(entry))
    assert rejected.value.outcome == entry["outcome"]


@other_zlib
def test_the_vectors_are_what_their_script_makes() -> None:
    cases = make_vectors.cases()
    assert (VECTORS / "vectors.json").read_text() == make_vectors.manifest(cases)
    assert (VECTORS / "README.md").read_text() == make_vectors.readme(cases)
    assert {f"{case.name}.kmq": case.data for case in cases} == {
        path.name: path.read_bytes() for path in VECTORS.glob("*.kmq")
    }


def test_the_format_document_shows_the_bytes_of_the_smallest_file() -> None:
    section = FORMAT.read_text().split("\n## 12.")[1].split("\n## 13.")[0]
    for part, name in zip(section.split("### 12.1"), ("smallest", "animation-smallest"), strict=True):
        cells = re.findall(r"^\| (`[0-9A-F `]+`) \|", part, re.MULTILINE)
        shown = bytes.fromhex("".join(cells).replace("`", ""))
        assert shown == (VECTORS / f"good-{name}.kmq").read_bytes()
        assert f"{len(shown)} bytes" in part


def test_every_section_that_a_vector_names_exists() -> None:
    sections = set(re.findall(r"^#+ ([0-9.]+?)\.? ", FORMAT.read_text(), re.MULTILINE))
    assert {entry["section"] for entry in MANIFEST} <= sections


def test_messages_about_newer_files_say_what_to_do() -> None:
    for entry in REJECTED:
        if entry["outcome"] == "unsupported":
            with pytest.raises(errors.UnsupportedError, match="a newer pillow-kmq is needed"):
                pillow_kmq.decode(data_of(entry))
