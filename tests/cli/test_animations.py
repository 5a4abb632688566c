"""Animations through the command: GIF, APNG, WebP and .kmq in and out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animated import merged, same, shown
from command_line import kmq, names
from pillow_kmq.cli import options
from pillow_kmq.saving import stored_frames

pytestmark = pytest.mark.usefixtures("inside")

SAVED = {"gif": "GIF", "apng": "PNG", "webp": "WEBP", "kmq": "KMQ"}
RANDOM = np.random.default_rng(8)


def animation(name: str, *, colors: int = 20, frames: int = 4) -> None:
    """Write an animation whose right half changes; the last two frames are the same."""
    palette = RANDOM.integers(0, 256, (colors, 3), np.uint8)
    picture = palette[RANDOM.integers(0, colors, (20, 30))]
    images = []
    for _ in range(frames):
        picture = picture.copy()
        picture[:, 15:] = palette[RANDOM.integers(0, colors, (20, 15))]
        images.append(Image.fromarray(picture))
    images.append(images[-1])
    keywords = {"lossless": True, "method": 0} if name.endswith("webp") else {}
    images[0].save(name, save_all=True, append_images=images[1:], duration=[40, 50, 60, 70, 80], loop=0, **keywords)


@pytest.mark.parametrize("source", ["gif", "apng", "webp", "kmq"])
@pytest.mark.parametrize("target", ["gif", "apng", "webp", "kmq"])
def test_every_format_becomes_every_other_exactly(source: str, target: str) -> None:
    animation(f"a.{source}")
    expected = shown(Path(f"a.{source}").read_bytes())
    result = kmq(f"a.{source}", "-o", f"b.{target}", "--palettes", "exact")
    assert result.exit_code == 0, result.stderr
    assert "frames, " in result.stdout
    assert ", exact" in result.stdout
    with Image.open(f"b.{target}") as image:
        assert (image.format, image.info["loop"]) == (SAVED[target], 0)
    found = shown(Path(f"b.{target}").read_bytes())
    assert [duration for _, duration in merged(found)] == [40, 50, 60, 150]
    assert same(found, expected)


@pytest.mark.parametrize("format_", ["gif", "apng", "webp"])
def test_default_names_end_in_the_format(format_: str) -> None:
    animation("a.gif")
    assert kmq("a.gif", "--format", format_).exit_code == 0
    assert names() == {"a.gif", f"a-kmq.{format_}"}


def test_a_png_gets_the_first_frame_with_a_note() -> None:
    animation("a.gif")
    result = kmq("a.gif", "-o", "b.png")
    assert "a.gif: note: first of 4 frames only" in result.stdout
    assert getattr(Image.open("b.png"), "n_frames", 1) == 1


@pytest.mark.parametrize(("palettes", "most", "least"), [("one", 8, 2), ("per-frame", 32, 12)])
def test_palettes_are_one_or_one_for_each_frame(palettes: str, most: int, least: int) -> None:
    animation("a.apng", colors=256)
    assert kmq("8", "a.apng", "-o", "b.gif", "--palettes", palettes, "--nofs").exit_code == 0
    colors = {color.tobytes() for pixels, _ in shown(Path("b.gif").read_bytes()) for color in pixels.reshape(-1, 4)}
    assert least <= len(colors) <= most


def test_colours_that_have_to_change_are_not_called_exact() -> None:
    animation("a.apng", colors=200)
    result = kmq("a.apng", "-o", "b.gif", "-k", "16")
    assert "error" in result.stdout
    assert "exact" not in result.stdout
    assert kmq("a.apng", "-f", "-o", "b.gif", "-k", "16", "--palettes", "exact").exit_code == 4


def test_still_images_become_still_files() -> None:
    Image.fromarray(RANDOM.integers(0, 9, (9, 9), np.uint8)).save("a.png")
    for format_ in ("gif", "apng", "webp"):
        result = kmq("a.png", "-o", f"b.{format_}")
        assert result.exit_code == 0, result.stderr
        assert "frame" not in result.stdout
        assert np.array_equal(Image.open(f"b.{format_}").convert("RGB"), Image.open("a.png").convert("RGB"))


def test_the_command_has_the_palettes_of_the_library() -> None:
    assert options.PALETTES == stored_frames.PALETTES


def pages(name: str) -> None:
    """Write a TIFF with two pages."""
    page = Image.new("L", (4, 4))
    page.save(name, save_all=True, append_images=[page])


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("how", [("--ext", None), ("-o", None), ("-o", "link")])
def test_a_file_is_not_replaced_by_its_first_picture(name: str, how: tuple[str, str | None]) -> None:
    animation(name) if name == "a.png" else pages(name)
    option, output = how
    if output:
        output += Path(name).suffix
        Path(output).symlink_to(name)
    before = Path(name).read_bytes()
    result = kmq("-f", name, option, output or (Path(name).suffix if option == "--ext" else name))
    assert result.exit_code == 15
    assert "would lose pictures (first of" in result.stderr
    assert "--format apng keeps all frames" in result.stderr
    assert Path(name).read_bytes() == before


def test_a_file_is_replaced_by_all_of_its_frames() -> None:
    animation("a.png")
    expected = shown(Path("a.png").read_bytes())
    assert kmq("-f", "a.png", "--ext", ".png", "--format", "apng").exit_code == 0
    assert same(merged(shown(Path("a.png").read_bytes())), merged(expected))


def test_palettes_without_effect_are_refused_or_noted() -> None:
    animation("a.gif")
    Image.new("RGB", (4, 4)).save("b.png")
    result = kmq("a.gif", "b.png", "--palettes", "one")
    assert result.exit_code == 4
    assert "--palettes applies to animations: add --format" in " ".join(result.stderr.split())
    result = kmq("a.gif", "b.png", "--palettes", "one", "--format", "webp")
    assert result.exit_code == 0
    assert "b.png: note: not an animation, so --palettes has no effect" in result.stdout
    assert "a.gif: note" not in result.stdout
