"""`--shared-palette`: one palette for all inputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageSequence

import pillow_kmq
from command_line import kmq, names, picture

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def images(inside: Path) -> list[Image.Image]:
    """Two pictures without common colours, saved as a.png and b.png."""
    picture("a.png", size=(50, 30))
    Image.linear_gradient("L").rotate(45).save("b.png")
    return [Image.open(name) for name in ("a.png", "b.png")]


@pytest.mark.parametrize("dither", [(), ("--nofs",), ("--dither", "bayer")])
def test_outputs_are_those_of_quantize_all(images: list[Image.Image], dither: tuple[str, ...]) -> None:
    result = kmq("20", "--shared-palette", *dither, "a.png", "b.png")
    assert result.exit_code == 0, result.stderr
    way = {(): "auto", ("--nofs",): "none"}.get(dither, "bayer")
    for name, expected in zip(["a-kmq.png", "b-kmq.png"], pillow_kmq.quantize_all(images, 20, dither=way), strict=True):
        with Image.open(name) as saved:
            assert saved.getpalette() == expected.getpalette()
            assert saved.tobytes() == expected.tobytes()


def test_options_of_the_search_apply_to_all_together(images: list[Image.Image]) -> None:
    arguments = ("--fixed", "#123456", "--order", "compression", "-Q", "40", "--effort", "fast")
    assert kmq("--shared-palette", *arguments, "a.png", "b.png").exit_code == 0
    options = {"fixed": "#123456", "order": "compression", "quality": (0, 40), "effort": "fast", "dither": "auto"}
    expected = pillow_kmq.quantize_all(images, **options)
    assert Image.open("b-kmq.png").getpalette() == expected[1].getpalette()


def test_bad_inputs_are_named_and_the_others_share_a_palette(images: list[Image.Image]) -> None:
    result = kmq("20", "--shared-palette", "missing.png", "a.png", "b.png")
    assert result.exit_code == 2
    assert result.stderr == "kmq: missing.png: cannot read it: no such file or directory\n"
    assert Image.open("a-kmq.png").getpalette() == Image.open("b-kmq.png").getpalette()
    assert kmq("--shared-palette", "missing.png").exit_code == 2


def test_all_frames_of_animations_share_it(images: list[Image.Image]) -> None:
    images[0].save("c.gif", save_all=True, append_images=[images[0].rotate(90), images[0].rotate(180)])
    result = kmq("20", "--shared-palette", "--format", "kmq", "b.png", "c.gif")
    assert result.exit_code == 0, result.stderr
    colors = [frame.convert("RGB").getcolors() for frame in ImageSequence.Iterator(Image.open("c.kmq"))]
    still = set(zip(*[iter(Image.open("b.kmq").getpalette())] * 3, strict=True))
    assert len(colors) == 3
    assert {color for frame in colors for _, color in frame} <= still
    assert len(still) == 20


def test_a_quality_that_cannot_be_reached_writes_nothing(images: list[Image.Image]) -> None:
    result = kmq("2", "-Q", "90-100", "--shared-palette", "a.png", "b.png")
    assert result.exit_code == 99
    assert result.stderr.startswith("kmq: cannot reach quality 90 with 2 colours")
    assert names() == {"a.png", "b.png"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--palette", "cga", "a.png"), "--palette and --shared-palette cannot be combined"),
        (("--max-bytes", "9k", "a.png"), "--max-bytes and --shared-palette cannot be combined"),
        (("--order", "popularity", "a.png"), "choose another order"),
        (("-",), "write standard input to a file first"),
    ],
)
def test_what_needs_one_image_is_refused(arguments: tuple[str, ...], words: str, images: list[Image.Image]) -> None:
    result = kmq("--shared-palette", *arguments)
    assert result.exit_code == 4
    assert words in " ".join(result.stderr.split())
