"""Palette images in formats other than PNG and .kmq."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

import pillow_kmq
from command_line import kmq, names, picture
from pillow_kmq.cli.outputs import FORMATS

pytestmark = pytest.mark.usefixtures("inside")

OTHERS = [format_ for format_ in FORMATS if format_ not in ("png", "kmq")]


@pytest.mark.parametrize("format_", OTHERS)
def test_the_extension_names_the_format_and_pixels_are_those_of_quantize(format_: str) -> None:
    image = picture()
    result = kmq("12", "a.png", "-o", f"b.{format_}")
    assert result.exit_code == 0, result.stderr
    expected = pillow_kmq.quantize(image, 12, dither="auto")
    with Image.open(f"b.{format_}") as saved:
        assert saved.format == {"tif": "TIFF", "apng": "PNG"}.get(format_, format_.upper())
        assert saved.convert("RGB").tobytes() == expected.convert("RGB").tobytes()
    size = Path(f"b.{format_}").stat().st_size
    assert re.search(rf"a\.png -> b\.{format_}: [\d,]+ -> {size:,} bytes", result.stdout)


@pytest.mark.parametrize("format_", ["gif", "webp"])
def test_lossy_saves_bytes_of_the_format(format_: str) -> None:
    image = picture()
    assert kmq("64", "--lossy", "3", "a.png", "-o", f"b.{format_}").exit_code == 0
    expected = pillow_kmq.quantize(image, 64, dither="auto", lossy=3, lossy_for="gif" if format_ == "gif" else "kmq")
    with Image.open(f"b.{format_}") as saved:
        assert saved.convert("RGB").tobytes() == expected.convert("RGB").tobytes()


@pytest.mark.parametrize("format_", OTHERS)
def test_default_names_end_in_the_format(format_: str) -> None:
    picture()
    assert kmq("a.png", "--format", format_).exit_code == 0
    assert names() == {"a.png", f"a-kmq.{format_}"}


@pytest.mark.parametrize("format_", ["gif", "webp", "tif"])
def test_transparency_survives_where_the_format_has_it(format_: str) -> None:
    image = picture(mode="RGBA")
    image.paste((9, 9, 9, 0), (0, 0, 20, 10))
    image.paste((9, 99, 199, 128), (20, 0, 40, 10))
    image.save("a.png")
    result = kmq("a.png", "-o", f"b.{format_}")
    assert result.exit_code == 0, result.stderr
    alpha = Image.open(f"b.{format_}").convert("RGBA").getchannel("A")
    translucent = 255 if format_ == "gif" else 128
    assert [alpha.getpixel(position) for position in [(0, 0), (30, 5), (30, 20)]] == [0, translucent, 255]
    assert ("note: GIF files have no partial transparency" in result.stdout) == (format_ == "gif")


@pytest.mark.parametrize("format_", ["bmp", "pcx", "tga"])
def test_elsewhere_pixels_are_composited_onto_white_with_a_note_or_onto_the_background(format_: str) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save("a.png")
    result = kmq("a.png", "-o", f"b.{format_}")
    assert f"a.png: note: {format_.upper()} files have no transparency: composited onto white" in result.stdout
    assert Image.open(f"b.{format_}").convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    result = kmq("a.png", "-f", "--background", "red", "-o", f"b.{format_}")
    assert "note" not in result.stdout
    assert Image.open(f"b.{format_}").convert("RGB").getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("format_", OTHERS)
def test_an_indexed_image_keeps_its_palette_and_its_alphas(format_: str) -> None:
    image = Image.new("P", (4, 1))
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([3, 2, 1, 0])
    image.save("a.png")
    assert kmq("a.png", "-o", f"b.{format_}").exit_code == 0
    assert Image.open(f"b.{format_}").convert("RGB").tobytes() == image.convert("RGB").tobytes()
    if format_ in ("bmp", "pcx", "tga"):
        assert Image.open(f"b.{format_}").getpalette()[:12] == image.getpalette()
        assert Image.open(f"b.{format_}").tobytes() == image.tobytes()


def test_a_size_is_kept_in_every_format() -> None:
    picture(size=(100, 80))
    assert kmq("a.png", "--max-bytes", "3k", "-o", "b.gif").exit_code == 0
    assert 1500 < Path("b.gif").stat().st_size <= 3000
    assert kmq("a.png", "--max-bytes", "30", "-o", "c.gif").exit_code == 98
    assert not Path("c.gif").exists()


def test_an_unknown_extension_is_refused_with_the_known_ones() -> None:
    picture()
    result = kmq("a.png", "-o", "b.jpg")
    assert result.exit_code == 4
    assert "end it in .png, .kmq, .gif," in " ".join(result.stderr.split())
