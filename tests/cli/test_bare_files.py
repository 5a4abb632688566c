"""Damaged metadata are left out, and never cost the picture."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import ExifTags, Image, PngImagePlugin

from pillow_kmq.cli.command import main
from pillow_kmq.cli.inputs import read
from pillow_kmq.compare import psnr


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works inside a folder of its own, so that names stay short."""
    monkeypatch.chdir(tmp_path)


def kmq(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (20, 24, 3), np.uint8))


def test_no_byte_of_exif_data_blocks_a_photo() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.XResolution] = 72.0
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSAltitude: 1.0}
    stream = BytesIO()
    Image.new("RGB", (8, 4), "red").save(stream, "JPEG", exif=exif)
    data = stream.getvalue()
    start, length = data.index(b"Exif\0\0") + 6, len(exif.tobytes()) - 6
    turned_with_a_note = 0
    for position in range(start, start + length):
        for byte in (0, 5, 10, 255):
            odd = bytearray(data)
            odd[position] = byte
            found = read(bytes(odd), all_frames=False)
            assert found.image.size in ((8, 4), (4, 8))
            turned_with_a_note += found.image.size == (4, 8) and bool(found.notes)
    assert turned_with_a_note


@pytest.mark.parametrize("format_", ["png", "kmq"])
@pytest.mark.parametrize("raised", [OverflowError, SyntaxError, struct.error, TypeError, ValueError, RecursionError])
def test_whatever_exif_data_raise_the_picture_is_done_with_a_note(
    format_: str, raised: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise(0).save("a.webp", save_all=True, append_images=[noise(1)])

    def failing(self: Any) -> None:
        raise raised("odd")

    monkeypatch.setattr(Image.Image, "getexif", failing)
    result = kmq("-o", f"b.{format_}", "a.webp")
    assert result.exit_code == 0, result.output
    assert "a.webp: note: damaged metadata are left out" in result.output


def chunk(name: bytes, data: bytes, *, crc: int | None = None) -> bytes:
    checksum = zlib.crc32(name + data) if crc is None else crc
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


BOMB = b"Comment\0\0" + zlib.compress(bytes(PngImagePlugin.MAX_TEXT_CHUNK + 1))
ODD_CHUNKS = {
    "text with a wrong checksum": chunk(b"tEXt", b"Comment\0hello", crc=1),
    "text that is too long": chunk(b"zTXt", BOMB),
    "text compressed in an unknown way": chunk(b"zTXt", b"Comment\0\x05abc"),
    "a profile compressed in an unknown way": chunk(b"iCCP", b"name\0\x05abc"),
    "Exif data with a wrong checksum": chunk(b"eXIf", b"MM\0*", crc=1),
    "a resolution with a wrong checksum": chunk(b"pHYs", bytes(9), crc=1),
}


@pytest.mark.parametrize("odd", ODD_CHUNKS.values(), ids=ODD_CHUNKS.keys())
@pytest.mark.parametrize("after", [b"IHDR", b"IDAT"])
def test_no_chunk_with_metadata_blocks_a_png(odd: bytes, after: bytes) -> None:
    image = noise(0).convert("L").convert("RGB")
    image.save("a.png")
    data = Path("a.png").read_bytes()
    position = data.index(after) - 4
    position += 12 + struct.unpack_from(">I", data, position)[0]
    Path("b.png").write_bytes(data[:position] + odd + data[position:])
    result = kmq("b.png")
    assert result.exit_code == 0, result.output
    assert psnr(image, Image.open("b-kmq.png")) == float("inf")


def test_pictures_after_the_first_that_cannot_be_found_block_nothing() -> None:
    noise(0).save("a.mpo", save_all=True, append_images=[noise(1)])
    data = Path("a.mpo").read_bytes()
    start = data.index(b"MPF\0")
    for offset in range(4, 80):
        odd = bytearray(data)
        odd[start + offset] ^= 0xFF
        assert read(bytes(odd), all_frames=True).image.size == (24, 20)


def test_a_damaged_picture_is_not_blamed_on_its_metadata() -> None:
    noise(0).save("a.png", pnginfo=None)
    data = bytearray(Path("a.png").read_bytes())
    data[data.index(b"IDAT") + 100] ^= 0xFF
    Path("a.png").write_bytes(data)
    result = kmq("a.png")
    assert result.exit_code == 25
    assert "damaged image: " in result.output
