"""`verify` of an opened `.kmq` file: whether all of it is as it was written, without decoding pixels."""

from __future__ import annotations

import json
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, UnidentifiedImageError

import pillow_kmq  # noqa: F401 - registers the format
from pillow_kmq.errors import CorruptError, TruncatedError
from places import VECTORS

MANIFEST: list[dict[str, Any]] = json.loads((VECTORS / "vectors.json").read_text())


def picture(angle: int = 0) -> Image.Image:
    return Image.linear_gradient("L").resize((12, 9)).rotate(angle)


def still(**options: Any) -> bytes:
    picture().save(stream := BytesIO(), "KMQ", comment="a comment", dpi=(72, 72), **options)
    return stream.getvalue()


def animation() -> bytes:
    frames = [picture(angle).convert("P") for angle in (0, 90, 180)]
    frames[1].putpalette(bytes(range(255, -1, -1)) * 3)
    frames[0].save(stream := BytesIO(), "KMQ", save_all=True, append_images=frames[1:], duration=[40, 50, 60])
    return stream.getvalue()


def verify(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # opening warns of damaged metadata
        Image.open(BytesIO(data)).verify()


@pytest.mark.parametrize("name", [entry["file"] for entry in MANIFEST if entry["outcome"] == "good"])
def test_good_vectors_verify_unless_their_metadata_are_damaged(name: str) -> None:
    data = (VECTORS / name).read_bytes()
    if name.startswith("good-damaged-metadata"):
        with pytest.raises(CorruptError, match="metadata"):
            verify(data)
    else:
        verify(data)


@pytest.mark.parametrize("data", [still(), still(compression="deflate"), animation()], ids=["still", "rows", "frames"])
def test_no_byte_can_be_damaged_unnoticed(data: bytes) -> None:
    verify(data)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x40
        with pytest.raises((OSError, UnidentifiedImageError)):
            verify(bytes(damaged))


@pytest.mark.parametrize("data", [still(), animation()], ids=["still", "frames"])
def test_a_file_that_is_cut_short_or_too_long_does_not_verify(data: bytes) -> None:
    for length in range(len(data) - 8, len(data)):
        with pytest.raises(TruncatedError):
            verify(data[:length])
    with pytest.raises(CorruptError, match="trailing data"):
        verify(data + b"\0")


def test_verify_decodes_no_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("pillow_kmq.codec.reader.decode_pixels", decode)
    for data in (still(), animation()):
        verify(data)


@pytest.mark.parametrize("data", [still(), animation()], ids=["still", "frames"])
def test_an_image_is_opened_again_after_verify_as_with_pillows_own_plugins(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.kmq").write_bytes(data)
    opened = Image.open(tmp_path / "a.kmq")
    file = opened.fp
    assert file is not None
    opened.verify()
    assert file.closed
    with pytest.raises(OSError, match="cannot load this image"):
        opened.load()
    loaded = Image.open(tmp_path / "a.kmq")
    loaded.load()
    with pytest.raises(RuntimeError, match="directly after open"):
        loaded.verify()
