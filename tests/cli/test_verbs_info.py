"""`kmq info`: facts about files, for people and as JSON."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from command_line import damage, kmq, picture
from pillow_kmq.cli.details import details_of
from pillow_kmq.cli.swatches import has_true_color, swatch_lines
from places import SAMPLES, VECTORS

pytestmark = pytest.mark.usefixtures("inside")


def info(*names: str) -> list[dict[str, Any]]:
    result = kmq("info", "--json", *names)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def save_animation(name: str, **options: Any) -> None:
    frames = [Image.new("RGB", (8, 4), color) for color in ("red", "lime", "blue")]
    frames[0].save(name, save_all=True, append_images=frames[1:], duration=[20, 40, 60], **options)


@pytest.mark.parametrize("compression", ["deflate", "fast", "default", "max"])
def test_a_kmq_file_is_described_without_decoding_it(compression: str) -> None:
    with Image.open(SAMPLES / "photo.png") as photo:
        photo.resize((200, 150)).save("a.kmq", colors=12, compression=compression, icc_profile=None)
    (found,) = info("a.kmq")
    assert (found["format"], found["width"], found["height"], found["frames"]) == ("KMQ", 200, 150, 1)
    assert (found["mode"], found["bit_depth"], found["animated"]) == ("P", 8, False)
    assert found["level"] == compression
    assert found["colors"] == len(found["palette"]) == 12
    assert found["bits_per_pixel"] == round(8 * os.path.getsize("a.kmq") / 200 / 150, 4)
    data = bytearray(Path("a.kmq").read_bytes())
    data[-5] ^= 1  # in the pixels, which verify notices
    Path("b.kmq").write_bytes(data)
    assert kmq("info", "b.kmq").exit_code == 0
    assert kmq("verify", "b.kmq").exit_code == 25


@pytest.mark.parametrize("path", sorted(VECTORS.glob("good-*.kmq")), ids=lambda path: path.stem)
def test_chunks_add_up_to_the_file(path: Path) -> None:
    found = details_of(path.read_bytes())
    assert found.header + sum(size for *_, size in found.chunks) == found.bytes == path.stat().st_size
    with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
        assert (found.width, found.height, found.frames) == (*image.size, image.n_frames)  # type: ignore[attr-defined]


def test_metadata_are_listed_with_their_sizes() -> None:
    exif = Image.Exif()
    exif[0x010E] = "description"
    picture("a.kmq", colors=4, exif=exif, dpi=(72, 96), comment="hello", text={"Title": "Sunset"})
    (found,) = info("a.kmq")
    assert found["metadata"]["exif"] > 10
    assert found["metadata"]["dpi"] == [72.0, 96.0]
    assert found["metadata"]["comment"] == 5
    assert found["metadata"]["text"] == {"Title": "Sunset"}
    assert {chunk["meaning"] for chunk in found["chunks"]} == {"exif", "resolution", "texts", "palette", "pixels"}
    text = kmq("info", "a.kmq").stdout
    assert "\n  resolution: 72 x 96 dpi\n" in text
    assert "\n  comment: 5 bytes\n" in text


@pytest.mark.parametrize(("loop", "plays", "words"), [(0, 0, "endlessly"), (None, 1, "once"), (2, 3, "3 times")])
@pytest.mark.parametrize("suffix", ["kmq", "gif", "png", "webp"])
def test_animations_have_frames_a_duration_and_plays(suffix: str, loop: int | None, plays: int, words: str) -> None:
    if suffix in ("png", "webp"):
        save_animation(f"a.{suffix}", loop=plays)
    else:
        save_animation(f"a.{suffix}", **({} if loop is None else {"loop": loop}))
    (found,) = info(f"a.{suffix}")
    assert (found["frames"], found["animated"], found["milliseconds"]) == (3, True, 120)
    assert found["plays"] == plays
    assert f"\n  animation: 3 frames, 0.12 s, played {words}\n" in kmq("info", f"a.{suffix}").stdout


def test_scenes_of_a_kmq_animation_may_have_palettes_of_their_own() -> None:
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (12, 20, 3), np.uint8)) for _ in range(3)]
    frames[0].save("a.kmq", save_all=True, append_images=frames[1:], duration=40)
    (found,) = info("a.kmq")
    assert found["colors"] is found["palette"] is None
    text = kmq("info", "a.kmq").stdout
    assert "a palette per scene" in text
    assert "D (pixels) x " in text


def test_other_images_have_mode_bits_and_colours() -> None:
    picture("a.png")
    picture("b.jpg")
    Image.new("I;16", (4, 4)).save("c.png")
    picture("d.png", "P", bits=8)
    Image.new("1", (9, 9)).save("e.png")
    found = info("a.png", "b.jpg", "c.png", "d.png", "e.png", str(SAMPLES / "sixteen.png"))
    assert [(each["mode"], each["bit_depth"]) for each in found] == [
        ("RGB", 8),
        ("RGB", 8),
        ("I;16", 16),
        ("P", 8),
        ("1", 1),
        ("P", 4),
    ]
    assert found[0]["colors"] == len(Image.open("a.png").convert("RGB").getcolors(1200))
    assert found[2]["colors"] is None
    assert found[5]["colors"] == 16
    assert found[5]["palette"][0] == "#0a0820"
    assert [chunk["name"] for chunk in found[5]["chunks"]] == ["IHDR", "PLTE", "IDAT", "IEND"]
    for each in found[:1] + found[2:]:
        assert each["header"] + sum(chunk["bytes"] for chunk in each["chunks"]) == each["bytes"]


def test_pages_and_layers_are_pictures() -> None:
    pages = [Image.new("RGB", (8, 4), color) for color in ("red", "lime")]
    pages[0].save("a.tif", save_all=True, append_images=pages[1:])
    assert "\n  pictures: 2\n" in kmq("info", "a.tif").stdout


def test_standard_input_is_a_file() -> None:
    picture()
    result = kmq("info", "-", stdin=Path("a.png").read_bytes())
    assert result.stdout.startswith("stdin: PNG, 40x30, mode RGB, 8 bits, ")


@pytest.mark.parametrize(
    ("name", "status"), [("truncated.kmq", 25), ("truncated.png", 25), ("empty.png", 25), ("notes.txt", 25), ("no", 2)]
)
def test_a_file_without_answer_is_named_and_the_others_are_described(name: str, status: int) -> None:
    if name != "no":
        damage(name)
    picture()
    result = kmq("info", name, "a.png")
    assert result.exit_code == status
    assert result.stderr.startswith(f"kmq: {name}: ")
    assert result.stdout.startswith("a.png: PNG")


def test_texts_cannot_control_the_terminal() -> None:
    picture("a.kmq", colors=4, text={"a\x1b[31m": "b"})
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "\x1b[2J")
    picture("b.png", pnginfo=texts)
    assert "\x1b" not in kmq("info", "a.kmq", "b.png").stdout


# Swatches

COLORS = [(255, 0, 0, 255), (0, 0, 0, 0), (1, 2, 3, 128)]


def test_swatches_are_shown_on_terminals_of_24_bit_colour() -> None:
    (line,) = swatch_lines(COLORS, colored=True)
    assert line == "\x1b[48;2;255;0;0m  \x1b[0m #ff0000 ·· #00000000 \x1b[48;2;1;2;3m  \x1b[0m #01020380"
    (line,) = swatch_lines(COLORS, colored=False)
    assert line == "#ff0000 #00000000 #01020380"
    assert list(swatch_lines(COLORS[:2], ["red", ""], colored=False)) == ["#ff0000    red", "#00000000"]
    assert len(list(swatch_lines(COLORS * 6, colored=False))) == 3


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"COLORTERM": "truecolor"}, True),
        ({"COLORTERM": "24bit", "TERM": "xterm"}, True),
        ({"TERM": "xterm-direct"}, True),
        ({"WT_SESSION": "1"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({}, False),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, False),
        ({"COLORTERM": "truecolor", "NO_COLOR": ""}, True),
        ({"COLORTERM": "truecolor", "TERM": "dumb"}, False),
    ],
)
def test_the_environment_tells_whether_a_terminal_has_24_bit_colour(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert has_true_color(environment) is expected
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert not has_true_color(environment)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("no_color", "colored"), [(None, True), ("1", False)])
def test_a_terminal_gets_swatches_unless_no_color_is_set(no_color: str | None, colored: bool) -> None:
    import pty
    import subprocess

    picture("a.kmq", colors=4)
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLORTERM": "truecolor", "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    if no_color:
        environment["NO_COLOR"] = no_color
    done = subprocess.run(
        [sys.executable, "-m", "pillow_kmq", "info", "a.kmq"], stdout=follower, env=environment, check=False
    )
    shown = os.read(leader, 100_000)
    os.close(leader)
    os.close(follower)
    assert done.returncode == 0
    assert b"KMQ, 40x30" in shown
    assert (b"\x1b[48;2;" in shown) is colored
