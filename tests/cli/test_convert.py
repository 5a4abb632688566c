"""What the command writes: pixels, palettes and metadata."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from command_line import kmq, names, picture
from pillow_kmq import PSNR, DeltaE

pytestmark = pytest.mark.usefixtures("inside")


def test_the_output_lies_beside_the_input_and_is_a_palette_png(inside: Path) -> None:
    (inside / "sub").mkdir()
    picture("sub/photo.jpg")
    result = kmq("sub/photo.jpg")
    assert result.exit_code == 0, result.output
    with Image.open("sub/photo-kmq.png") as image:
        assert (image.format, image.mode, image.size) == ("PNG", "P", (40, 30))
    assert {path.name for path in (inside / "sub").iterdir()} == {"photo.jpg", "photo-kmq.png"}


@pytest.mark.parametrize("arguments", [("-k", "7", "a.png"), ("--colors=7", "a.png"), ("7", "a.png")])
def test_the_number_of_colours_is_an_option_or_the_first_argument(arguments: tuple[str, ...]) -> None:
    picture()
    assert kmq(*arguments).exit_code == 0
    assert len(Image.open("a-kmq.png").getpalette() or []) == 21


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif", "tif"])
def test_any_format_that_pillow_opens_is_an_input(suffix: str) -> None:
    picture(f"a.{suffix}")
    assert kmq(f"a.{suffix}").exit_code == 0
    assert Image.open("a-kmq.png").size == (40, 30)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB"])
def test_any_8_bit_mode_is_an_input(mode: str) -> None:
    name = "a.tif" if mode in ("CMYK", "LAB") else "a.png"
    picture(name, mode)
    result = kmq(name)
    assert result.exit_code == 0, result.output
    assert Image.open("a-kmq.png").mode == "P"


@pytest.mark.parametrize(
    ("arguments", "name", "format_"),
    [
        (("--format", "kmq"), "a.kmq", "KMQ"),
        (("-o", "b.kmq"), "b.kmq", "KMQ"),
        (("-o", "b.PNG"), "b.PNG", "PNG"),
        (("--ext", ".small.kmq"), "a.small.kmq", "KMQ"),
        (("--ext", "-fs8.png"), "a-fs8.png", "PNG"),
        (("-o", "b.bin", "--format", "kmq"), "b.bin", "KMQ"),
    ],
)
def test_the_format_is_named_or_follows_from_the_output(arguments: tuple[str, ...], name: str, format_: str) -> None:
    picture()
    result = kmq("a.png", *arguments)
    assert result.exit_code == 0, result.output
    assert names() == {"a.png", name}
    assert Image.open(name).format == format_


def test_a_kmq_file_is_an_input_and_loses_nothing() -> None:
    picture()
    assert kmq("16", "a.png", "--format", "kmq").exit_code == 0
    result = kmq("a.kmq", "-o", "back.png")
    assert result.exit_code == 0, result.output
    assert "exact" in result.output
    assert Image.open("back.png").convert("RGB").tobytes() == Image.open("a.kmq").convert("RGB").tobytes()


def test_the_quantiser_gets_the_options() -> None:
    image = picture()
    assert kmq("a.png", "-k", "9", "--dither", "0.5", "--effort", "fast", "--max-iter", "2").exit_code == 0
    expected = pillow_kmq.quantize(image, 9, dither=0.5, effort="fast", max_iter=2)
    assert Image.open("a-kmq.png").convert("RGB").tobytes() == expected.convert("RGB").tobytes()


def left_half() -> Image.Image:
    """Return a map in which the left half of `picture` is important."""
    importance = Image.new("L", (40, 30))
    importance.paste(255, (0, 0, 20, 30))
    return importance


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--quality", "10-60"), {"quality": (10, 60)}),
        (("-Q", "60"), {"quality": 60}),
        (("--lossy", "3"), {"lossy": 3, "lossy_for": "png"}),
        (("--quality=-60",), {"quality": (0, 60)}),
        (("-k", "250", "--quality", "10-"), {"colors": 250, "quality": (10, 100)}),
        (("--posterize", "4"), {"posterize": (4, 4, 4, 4)}),
        (("--posterize", "rgb565"), {"posterize": "rgb565"}),
        (("--speed", "1"), {"effort": "best"}),
        (("--speed", "3"), {"effort": "default"}),
        (("-s", "11"), {"effort": "fast"}),
        (("--nofs",), {"dither": "none"}),
        (("--ordered", "--nofs", "--dither", "none"), {"dither": "none"}),
        (("--floyd",), {"dither": 1.0}),
        (("--floyd=0.25",), {"dither": 0.25}),
        (("--floyd=0",), {"dither": "none"}),
        (("--iebug",), {}),
        (("--quality", "psnr:30"), {"quality": PSNR(30)}),
        (("--quality", "DeltaE:2.5"), {"quality": DeltaE(2.5)}),
        (("-k", "16", "--fixed", "#010203,#c86432"), {"colors": 16, "fixed": [[1, 2, 3], [200, 100, 50]]}),
        (("-k", "16", "--space", "srgb"), {"colors": 16, "space": "srgb"}),
        (("-k", "16", "--order", "popularity"), {"colors": 16, "order": "popularity"}),
        (("-k", "16", "--seed", "7"), {"colors": 16, "seed": 7}),
        (("-k", "16", "--importance", "map.png"), {"colors": 16, "importance": left_half()}),
        (("--palette", "cga", "--space", "oklab"), {"palette": "cga", "space": "oklab"}),
        (("--dither", "floyd-steinberg"), {"dither": 1.0}),
        (("--palette", "cga"), {"palette": "cga"}),
        (("--palette", "#010203,#C86432"), {"palette": [[1, 2, 3], [200, 100, 50]]}),
        (("--palette", "few.hex", "--dither", "atkinson"), {"palette": ["010203", "c86432"], "dither": "atkinson"}),
        (("--map", "few.png"), {"palette": [[1, 2, 3], [200, 100, 50]]}),
        (("--palette", "few-p.png"), {"palette": [[1, 2, 3], [200, 100, 50]]}),
    ],
)
def test_options_mean_what_they_mean_to_quantize(arguments: tuple[str, ...], options: dict[str, Any]) -> None:
    image = picture()
    left_half().convert("RGB").save("map.png")
    few = Image.new("RGB", (2, 1), (1, 2, 3))
    few.putpixel((1, 0), (200, 100, 50))
    few.save("few.png")
    few.quantize(2).save("few-p.png")
    Path("few.hex").write_text("010203\nc86432\n")
    result = kmq("a.png", *arguments)
    assert result.exit_code == 0, result.output
    expected = pillow_kmq.quantize(image, **{"dither": "auto", **options})
    assert Image.open("a-kmq.png").convert("RGB").tobytes() == expected.convert("RGB").tobytes()


def test_too_low_a_quality_writes_nothing_with_status_99() -> None:
    picture()
    result = kmq("4", "a.png", "--quality", "90-95")
    assert result.exit_code == 99
    assert "a.png: cannot reach quality 90 with 4 colours (best: " in result.stderr
    assert names() == {"a.png"}
    data = Path("a.png").read_bytes()
    result = kmq("4", "-", "--quality", "90-95", stdin=data)
    assert (result.exit_code, result.stdout_bytes) == (99, data)


def test_other_inputs_are_done_and_failures_weigh_more() -> None:
    picture()
    Image.new("RGB", (9, 9)).save("b.png")
    assert kmq("4", "a.png", "b.png", "--quality", "90-95").exit_code == 99
    assert names() == {"a.png", "b.png", "b-kmq.png"}
    assert kmq("4", "a.png", "missing.png", "--quality", "90-95").exit_code == 2


@pytest.mark.parametrize("format_", ["png", "kmq"])
def test_max_bytes_is_kept_or_nothing_is_written(format_: str) -> None:
    picture()
    assert kmq("a.png", "--max-bytes", "600", "-o", f"b.{format_}", "--format", format_).exit_code == 0
    assert 300 < Path(f"b.{format_}").stat().st_size <= 600
    result = kmq("a.png", "--max-bytes", "10", "-o", f"c.{format_}", "--format", format_)
    assert result.exit_code == 98
    assert re.search(r"max_bytes=10 is too small: the smallest file found has \d+ bytes", result.stderr)
    assert names() == {"a.png", f"b.{format_}"}


def test_strip_drops_the_colour_profile_and_the_resolution() -> None:
    picture(icc_profile=bytes(16) + b"RGB " + bytes(108), dpi=(72, 72))
    assert kmq("8", "a.png").exit_code == 0
    assert {"icc_profile", "dpi"} <= set(Image.open("a-kmq.png").info)
    assert kmq("8", "a.png", "--strip", "-o", "b.png").exit_code == 0
    assert Image.open("b.png").info == {}


def test_transbug_puts_the_transparent_colour_last() -> None:
    image = picture(mode="RGBA", size=(8, 8))
    image.putpixel((3, 3), (1, 2, 3, 0))
    image.save("a.png")
    assert kmq("5", "a.png", "--transbug").exit_code == 0
    assert Image.open("a-kmq.png").info["transparency"] == 4


def test_transparency_survives() -> None:
    image = picture(mode="RGBA", size=(8, 8))
    image.putpixel((3, 3), (1, 2, 3, 0))
    image.save("a.png")
    assert kmq("a.png").exit_code == 0
    shown = Image.open("a-kmq.png").convert("RGBA")
    assert [position for position in np.ndindex(8, 8) if shown.getpixel(position)[3] == 0] == [(3, 3)]


@pytest.mark.parametrize(
    ("mode", "key"), [("1", 0), ("L", 0), ("RGB", (0, 0, 0)), ("I;16", 0), ("P", 0), ("P", b"\0\x80")]
)
def test_a_colour_key_becomes_a_transparent_entry(mode: str, key: Any) -> None:
    levels = np.array([[0, 60, 129, 255]], np.uint8)
    if mode == "I;16":
        image = Image.fromarray(levels.astype(np.uint16))
    else:
        image = Image.fromarray(levels).convert(mode)
        image = image.quantize(4) if mode == "P" else image
    image.save("a.png", transparency=key)
    result = kmq("a.png")
    assert result.exit_code == 0, result.output
    expected = Image.open("a.png")
    alphas = [0, 255, 255, 255] if mode == "I;16" else list(expected.convert("RGBA").getchannel("A").tobytes())
    assert 0 in alphas
    assert list(Image.open("a-kmq.png").convert("RGBA").getchannel("A").tobytes()) == alphas


def test_the_orientation_of_a_photo_is_applied_and_not_left_behind() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.new("RGB", (16, 8), "red").save("a.jpg", exif=exif)
    assert kmq("a.jpg").exit_code == 0
    image = Image.open("a-kmq.png")
    assert image.size == (8, 16)
    assert 0x0112 not in image.getexif()


def test_an_rgb_profile_and_the_resolution_are_kept_and_a_cmyk_profile_is_dropped() -> None:
    profile = bytes(16) + b"RGB " + bytes(108)
    picture("a.png", icc_profile=profile, dpi=(144, 144))
    picture("b.tif", "CMYK", icc_profile=bytes(16) + b"CMYK" + bytes(108))
    assert kmq("a.png", "b.tif").exit_code == 0
    info = Image.open("a-kmq.png").info
    assert info["icc_profile"] == profile
    assert info["dpi"] == pytest.approx((144, 144), abs=0.01)
    assert "icc_profile" not in Image.open("b-kmq.png").info


def test_of_an_animation_the_first_frame_is_taken_with_a_note() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    result = kmq("a.gif")
    assert result.exit_code == 0
    assert "a.gif: note: first of 3 frames only" in result.output
    assert Image.open("a-kmq.png").convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_16_bit_grey_is_reduced_to_8_with_a_note() -> None:
    Image.fromarray(np.array([[0, 128 * 257, 65535]], np.uint16)).save("a.png")
    result = kmq("a.png")
    assert result.exit_code == 0, result.output
    assert "note: 16 bits reduced to 8" in result.output
    shown = Image.open("a-kmq.png").convert("RGB")
    assert [shown.getpixel((x, 0)) for x in range(3)] == [(0,) * 3, (128,) * 3, (255,) * 3]


def test_the_level_of_kmq_files_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    picture()
    assert kmq("a.png", "-o", "a.kmq", "--compression", "deflate").exit_code == 0
    assert kmq("a.png", "-o", "b.kmq").exit_code == 0
    Image.open("a.kmq").save("c.kmq", compression="deflate")
    assert Path("c.kmq").read_bytes() == Path("a.kmq").read_bytes() != Path("b.kmq").read_bytes()
    refused = kmq("a.png", "--compression", "deflate")
    assert refused.exit_code == 4
    assert "--format kmq" in refused.stderr


def test_the_palette_of_a_kmq_file_can_be_compact() -> None:
    picture().quantize(16).save("a.png")
    assert kmq("a.png", "-o", "a.kmq", "--palette-mode", "compact").exit_code == 0
    Image.open("a.png").save("b.kmq", palette_mode="compact")
    assert Image.open("a.kmq").getpalette() == Image.open("b.kmq").getpalette() != Image.open("a.png").getpalette()


def test_the_transparent_colour_is_put_where_it_is_asked_for() -> None:
    image = picture(mode="RGBA", size=(8, 8))
    image.putpixel((3, 3), (1, 2, 3, 0))
    image.save("a.png")
    assert kmq("5", "a.png", "--transparent-index", "2").exit_code == 0
    assert Image.open("a-kmq.png").info["transparency"] == 2


def test_the_best_of_several_ways_of_dithering_is_taken_for_a_size() -> None:
    image = picture(size=(100, 80))
    assert kmq("a.png", "--max-bytes", "2k", "--dither", "none,1").exit_code == 0
    image.save("b.png", "PNG8", max_bytes=2000, dither=["none", 1.0], optimize=True)
    assert Path("a-kmq.png").read_bytes() == Path("b.png").read_bytes()


def test_threads_change_no_byte() -> None:
    picture(size=(100, 80))
    assert kmq("9", "a.png", "--nofs").exit_code == 0
    assert kmq("9", "a.png", "--nofs", "--threads", "3", "-o", "b.png").exit_code == 0
    assert Path("a-kmq.png").read_bytes() == Path("b.png").read_bytes()
