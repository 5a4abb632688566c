"""`--shared-palette`: one palette for all inputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageSequence

import pillow_kmq
from command_line import kmq, names, picture
from tile_images import write_tiles

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


def test_gifs_share_the_palette_of_all_their_frames(images: list[Image.Image]) -> None:
    images[0].save("c.gif", save_all=True, append_images=[images[1].convert("RGB").resize(images[0].size)])
    assert kmq("9", "--nofs", "--shared-palette", "--ext", "-9.gif", "c.gif").exit_code == 0
    expected = pillow_kmq.quantize_all(Image.open("c.gif"), 9, dither="none")
    colors = {color for frame in ImageSequence.Iterator(Image.open("c-9.gif")) for color in colors_of(frame)}
    assert colors <= set(colors_of(expected[0])) | set(colors_of(expected[1]))


def colors_of(image: Image.Image) -> list[tuple[int, ...]]:
    return [color for _, color in image.convert("RGB").getcolors(1 << 16) or ()]


def test_lossy_applies_to_each_input(images: list[Image.Image]) -> None:
    for strength in ("0", "10"):
        assert kmq("64", "--shared-palette", "--lossy", strength, "a.png", "--ext", f"-{strength}.png").exit_code == 0
    assert Path("a-10.png").stat().st_size < Path("a-0.png").stat().st_size


def test_the_number_of_processes_changes_nothing(images: list[Image.Image]) -> None:
    write_tiles(Path("tiles"), 40)
    for count in ("1", "2"):
        assert kmq("16", "--shared-palette", "-j", count, "-r", "tiles", "--out-dir", count).exit_code == 0
    assert len(list(Path("1").rglob("*.png"))) == 40
    for path in Path("1").rglob("*.png"):
        assert path.read_bytes() == ("2" / path.relative_to("1")).read_bytes()


def test_a_given_palette_counts_as_found_for_the_inputs(images: list[Image.Image]) -> None:
    assert kmq("palette", "learn", "a.png", "b.png", "-k", "20", "-o", "c.gpl").exit_code == 0
    assert kmq("--palette", "c.gpl", "--shared-palette", "a.png", "--ext", "-given.png").exit_code == 0
    learned = pillow_kmq.SharedPalette(pillow_kmq.read_palette("c.gpl").colors, "perceptual")
    images[0].save("expected.png", format="PNG8", palette=learned, optimize=True)
    assert pixels("a-given.png") == pixels("expected.png")
    assert kmq("--palette", "c.gpl", "a.png", "--ext", "-foreign.png").exit_code == 0
    assert pixels("a-foreign.png") != pixels("expected.png")


def pixels(name: str) -> bytes:
    with Image.open(name) as image:
        return image.convert("RGBA").tobytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--max-bytes", "9k", "a.png"), "--max-bytes and --shared-palette cannot be combined"),
        (("--order", "popularity", "a.png"), "choose another order"),
        (("-",), "write standard input to a file first"),
    ],
)
def test_what_needs_one_image_is_refused(arguments: tuple[str, ...], words: str, images: list[Image.Image]) -> None:
    result = kmq("--shared-palette", *arguments)
    assert result.exit_code == 4
    assert words in " ".join(result.stderr.split())


@pytest.mark.parametrize("format_", ["gif", "apng", "webp"])
def test_all_frames_of_animations_count(format_: str) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime", "blue")]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:], duration=90)
    assert (
        kmq("a.gif", "--shared-palette", "--palettes", "one", "--format", format_, "--ext", f"-s.{format_}").exit_code
        == 0
    )
    with Image.open(f"a-s.{format_}") as saved:
        for number, frame in enumerate(frames):
            saved.seek(number)
            assert saved.convert("RGB").tobytes() == frame.tobytes()


@pytest.mark.parametrize("palettes", ["per-frame", "exact"])
def test_palettes_of_frames_contradict_a_shared_one(palettes: str) -> None:
    Image.new("RGB", (8, 8)).save("a.gif")
    result = kmq("a.gif", "--shared-palette", "--palettes", palettes, "--format", "gif")
    assert result.exit_code == 4
    assert "leave it or --palettes out" in " ".join(result.stderr.split())
