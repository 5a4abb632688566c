"""Transparent pixels that the output cannot hold."""

from __future__ import annotations

import pytest
from PIL import Image

from command_line import kmq

pytestmark = pytest.mark.usefixtures("inside")

NOTE = "a.png: note: the palette has no transparent colour: composited onto white; --background chooses another colour"


def image(alpha: int) -> None:
    """Write a red image with a pixel of another alpha."""
    picture = Image.new("RGBA", (4, 4), (255, 0, 0, 255))
    picture.putpixel((0, 0), (255, 0, 0, alpha))
    picture.save("a.png")


def first_pixel(name: str) -> tuple[int, ...]:
    with Image.open(name) as saved:
        return saved.convert("RGBA").getpixel((0, 0))


@pytest.mark.parametrize("format_", ["png", "kmq", "gif", "webp", "tif"])
def test_an_opaque_palette_composites_onto_white_with_one_note(format_: str) -> None:
    image(0)
    result = kmq("a.png", "--palette", "#f00,#fff,#00f", "-o", f"b.{format_}")
    assert result.exit_code == 0, result.stderr
    assert [line for line in result.stdout.splitlines() if "transparen" in line] == [NOTE]
    assert first_pixel(f"b.{format_}") == (255, 255, 255, 255)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--palette", "#f00,#fff,#0000"],
        ["--palette", "#f00,#fff,#00f", "--background", "blue"],
        ["4"],
    ],
)
def test_there_is_no_note_where_nothing_is_assumed(arguments: list[str]) -> None:
    image(0)
    result = kmq(*arguments, "a.png", "-o", "b.png")
    assert result.exit_code == 0
    assert "composited" not in result.stdout
    assert "opaque or invisible" not in result.stdout


@pytest.mark.parametrize("format_", ["png", "bmp"])
def test_there_is_no_note_where_all_pixels_are_opaque(format_: str) -> None:
    image(255)
    assert "composited" not in kmq("a.png", "--palette", "#f00,#fff", "-o", f"b.{format_}").stdout


def test_strict_accepts_no_background_that_was_not_asked_for() -> None:
    image(0)
    assert kmq("a.png", "--palette", "#f00,#fff", "--strict", "-o", "b.png").exit_code == 97


def test_a_gif_composites_translucent_pixels_onto_the_background() -> None:
    image(100)
    result = kmq("a.png", "--background", "blue", "-o", "b.gif")
    assert "composited" not in result.stdout
    assert "opaque or invisible" not in result.stdout
    assert first_pixel("b.gif") == (100, 0, 155, 255)
