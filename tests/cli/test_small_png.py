"""`kmq --optimize`, and PNG inputs that are smaller than their palette PNG."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from command_line import kmq, picture

pytestmark = pytest.mark.usefixtures("inside")


def gradient(name: str = "a.png", **options: object) -> bytes:
    """Save a picture that PNG stores in few bytes, but not with a palette; return the file."""
    y, x = np.mgrid[0:64, 0:96]
    image = Image.fromarray(np.dstack([x * 2, y * 4, x + y]).astype(np.uint8))
    image.save(name, optimize=True, **options)
    return Path(name).read_bytes()


@pytest.fixture
def few(inside: Path) -> bytes:
    """An RGB picture of 2 colours, as small as it gets."""
    image = Image.new("RGB", (3, 1), "red")
    image.putpixel((1, 0), (0, 255, 0))
    image.save("a.png", optimize=True)
    return Path("a.png").read_bytes()


@pytest.mark.parametrize("level", ["0", "3", "6", "max"])
def test_levels_change_the_size_and_not_the_picture(level: str) -> None:
    picture(size=(120, 90))
    assert kmq("a.png", "-k", "64", "-O", level).exit_code == 0
    assert kmq("a.png", "-k", "64", "--optimize", "4", "-o", "b.png").exit_code == 0
    a, b = Image.open("a-kmq.png"), Image.open("b.png")
    assert a.convert("RGBA").tobytes() == b.convert("RGBA").tobytes()
    if level == "0":
        assert os.path.getsize("b.png") < os.path.getsize("a-kmq.png")


def test_the_default_level_is_2() -> None:
    picture()
    kmq("a.png", "-k", "64")
    kmq("a.png", "-k", "64", "-O2", "-o", "b.png")
    assert Path("a-kmq.png").read_bytes() == Path("b.png").read_bytes()


@pytest.mark.parametrize("arguments", [("-O", "7"), ("-O", "best"), ("-O", "2", "--format", "kmq")])
def test_levels_that_mean_nothing_are_wrong_usage(arguments: tuple[str, ...]) -> None:
    picture()
    result = kmq("a.png", *arguments)
    assert result.exit_code == 4
    assert "--optimize" in result.stderr


def test_an_input_that_is_smaller_is_kept_byte_by_byte_with_a_note(few: bytes) -> None:
    result = kmq("a.png")
    assert result.exit_code == 0
    assert Path("a-kmq.png").read_bytes() == few
    assert f"{len(few)} -> {len(few)} bytes, 0.0 % saved, 2 colours, exact" in result.stdout
    assert "a.png: note: the input was kept, as its palette PNG has " in result.stdout
    assert kmq("-", stdin=few).stdout_bytes == few


def test_a_picture_that_a_palette_makes_larger_and_worse_is_kept_unless_colours_are_limited() -> None:
    data = gradient()
    assert kmq("a.png").exit_code == 0
    assert Path("a-kmq.png").read_bytes() == data
    assert kmq("a.png", "-k", "200", "-f").exit_code == 0
    assert Image.open("a-kmq.png").mode == "P"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--allow-larger",),
        ("--palette", "web-safe"),
        ("--posterize", "rgb565"),
        ("--background", "red"),
        ("--transbug",),
        ("--quality", "90"),
    ],
)
def test_an_input_is_not_kept_if_a_palette_was_asked_for(arguments: tuple[str, ...]) -> None:
    gradient()
    result = kmq("a.png", *arguments)
    assert result.exit_code == 0, result.output
    assert Image.open("a-kmq.png").mode == "P"
    assert "kept" not in result.stdout


def test_a_kept_input_loses_metadata_as_a_palette_png_does() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Secret", "text" * 100)
    gradient(pnginfo=info, dpi=(300, 300))
    kmq("a.png")
    kept = Image.open("a-kmq.png")
    kept.load()
    assert kept.mode == "RGB"
    assert "Secret" not in kept.info
    assert kept.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    kmq("a.png", "--strip", "-f")
    assert "dpi" not in Image.open("a-kmq.png").info


def test_a_picture_that_exif_data_rotate_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    gradient(exif=exif)
    kmq("a.png")
    assert Image.open("a-kmq.png").size == (64, 96)


def test_a_second_run_keeps_the_file_of_the_first() -> None:
    picture(size=(120, 90))
    kmq("a.png", "-k", "30")
    first = Path("a-kmq.png").read_bytes()
    assert kmq("a-kmq.png", "-o", "b.png").exit_code == 0
    assert Path("b.png").read_bytes() == first


def test_a_jpeg_that_gets_larger_is_written_with_a_note() -> None:
    noise = Image.fromarray(np.random.RandomState(0).randint(0, 256, (60, 60, 3)).astype(np.uint8))
    noise.save("a.jpg", quality=5)
    result = kmq("a.jpg")
    assert result.exit_code == 0
    assert "% larger" in result.stdout
    assert "a.jpg: note: the output is larger than the input" in result.stdout
    assert Image.open(BytesIO(Path("a-kmq.png").read_bytes())).mode == "P"
    assert kmq("-q", "-f", "a.jpg").stdout == ""
