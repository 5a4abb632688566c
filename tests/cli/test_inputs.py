"""What the command makes of animations, pages, layers, damaged files, and more than 8 bits per channel."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import ExifTags, GifImagePlugin, Image, ImageSequence

from pillow_kmq.cli.command import main
from pillow_kmq.cli.inputs import read_source
from pillow_kmq.cli.statuses import DAMAGED, FAILED, UNREADABLE, Refused
from pillow_kmq.compare import psnr, visible_distance
from places import CASES

FORMATS = ["png", "kmq"]
COLORS = ["red", "lime", "blue"]


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works inside a folder of its own, so that names stay short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kmq(*arguments: str) -> Result:
    apart: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**apart).invoke(main, list(arguments))


def case(name: str) -> str:
    """Copy the case whose name begins so here, and return its name."""
    (found,) = CASES.glob(f"{name}*")
    return shutil.copy(found, f"a{found.suffix}")


def noise(seed: int, size: tuple[int, int] = (24, 20)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8))


def save_animation(name: str, frames: list[Image.Image] | None = None, **options: Any) -> None:
    first, *rest = frames or [Image.new("RGB", (8, 8), color) for color in COLORS]
    first.save(name, save_all=True, append_images=rest, **options)


def assert_only_the_bad_one_fails(
    result: Result, name: str, words: str, format_: str, statuses: tuple[int, ...] = (DAMAGED,)
) -> None:
    assert result.exit_code in statuses, result.output
    assert re.fullmatch(rf"kmq: {re.escape(name)}: .*(?:{words}).*\n", result.stderr)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    suffix = {"png": "-kmq.png", "kmq": ".kmq"}[format_]
    assert Image.open(f"good{suffix}").size == (3, 2)
    assert not Path(Path(name).stem + suffix).exists()


# Which pictures are taken


def test_durations_of_a_webp_are_kept() -> None:
    result = kmq("--format", "kmq", case("02-"))
    assert "4 frames, " in result.output
    frames = ImageSequence.Iterator(Image.open("a.kmq"))
    assert [frame.info["duration"] for frame in frames] == [500, 250, 100, 70]


@pytest.mark.parametrize("format_", FORMATS)
def test_of_a_phones_two_pictures_the_first_is_taken_upright(format_: str) -> None:
    result = kmq("-o", f"b.{format_}", case("04-"))
    assert "note: first of 2 pictures only" in result.output
    image = Image.open(f"b.{format_}")
    assert (getattr(image, "n_frames", 1), image.size) == (1, (30, 40))
    assert image.getexif().get(ExifTags.Base.Orientation, 1) == 1


@pytest.mark.parametrize("format_", FORMATS)
def test_of_a_layered_picture_the_layers_are_merged_and_the_others_are_done(format_: str) -> None:
    Image.new("RGB", (3, 2), "red").save("good.png")
    result = kmq("--format", format_, case("03-layers"), "good.png")
    assert result.exit_code == 0, result.output
    assert "a.psd: note: merged picture only, without its 2 layers" in result.output
    with Image.open("a.psd") as original:
        expected = original.convert("RGB").tobytes()
    assert Image.open({"png": "a-kmq.png", "kmq": "a.kmq"}[format_]).convert("RGB").tobytes() == expected


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("levels", [np.uint8, np.uint16])
def test_of_a_document_the_first_page_is_taken(format_: str, levels: Any) -> None:
    page = Image.fromarray(np.full((2, 3), np.iinfo(levels).max, levels))
    save_animation("a.tif", [page, Image.new("L", (9, 9))])
    result = kmq("-o", f"b.{format_}", "a.tif")
    assert "note: first of 2 pictures only" in result.output
    assert ("16 bits reduced to 8" in result.output) == (levels == np.uint16)
    image = Image.open(f"b.{format_}")
    assert (image.size, image.convert("RGB").getpixel((0, 0))) == ((3, 2), (255, 255, 255))


def test_the_default_image_is_the_still_picture_and_no_frame_of_the_animation() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ["black", *COLORS]]
    save_animation("a.png", frames, default_image=True, duration=[30, 20, 10])
    result = kmq("-o", "b.png", "a.png")
    assert "note: default image only, without the animation of 3 frames" in result.output
    assert Image.open("b.png").convert("RGB").getpixel((0, 0)) == (0, 0, 0)
    assert "3 frames, 3 colours, exact" in kmq("-o", "b.kmq", "a.png").output
    assert [frame.info["duration"] for frame in ImageSequence.Iterator(Image.open("b.kmq"))] == [30, 20, 10]


def test_a_turned_animation_is_turned_upright_and_keeps_its_durations() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    frames = [noise(seed) for seed in range(3)]
    save_animation("a.webp", frames, exif=exif, lossless=True, duration=[30, 20, 10], loop=2)
    result = kmq("-o", "b.kmq", "a.webp")
    assert result.exit_code == 0, result.output
    image = Image.open("b.kmq")
    assert (image.size, image.n_frames, image.info["loop"]) == ((20, 24), 3, 1)
    assert image.getexif().get(ExifTags.Base.Orientation, 1) == 1
    for number, (frame, original) in enumerate(zip(ImageSequence.Iterator(image), frames, strict=True)):
        assert frame.info["duration"] == [30, 20, 10][number]
        assert psnr(original.transpose(Image.Transpose.ROTATE_270), frame) > 20


def test_frames_of_16_bits_are_reduced() -> None:
    frames = [Image.fromarray(np.full((4, 5), level, np.uint16)) for level in (0, 128 * 257)]
    save_animation("a.png", frames, duration=20)
    assert Image.open("a.png").mode == "I;16"
    result = kmq("--format", "kmq", "a.png")
    assert result.exit_code == 0, result.output
    assert result.output.count("16 bits reduced to 8") == 1
    shown = [frame.convert("L").getpixel((0, 0)) for frame in ImageSequence.Iterator(Image.open("a.kmq"))]
    assert shown == [0, 128]


# Damaged pictures


@pytest.mark.parametrize("format_", FORMATS)
def test_a_truncated_gif_is_named_and_the_others_are_done(format_: str) -> None:
    Image.new("RGB", (3, 2), "red").save("good.png")
    result = kmq("--format", format_, case("03-truncated"), "good.png")
    assert_only_the_bad_one_fails(result, "a.gif", "the data are damaged or truncated", format_)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
@pytest.mark.parametrize("part", [0.5, 0.8, 0.97])
def test_a_truncated_animation_costs_itself_alone(suffix: str, part: float) -> None:
    Image.new("RGB", (3, 2), "red").save("good.png")
    save_animation(f"a.{suffix}", [noise(seed) for seed in range(4)])
    data = Path(f"a.{suffix}").read_bytes()
    Path(f"a.{suffix}").write_bytes(data[: int(part * len(data))])
    result = kmq("--format", "kmq", f"a.{suffix}", "good.png")
    assert_only_the_bad_one_fails(result, f"a.{suffix}", "", "kmq")


@pytest.mark.parametrize("format_", FORMATS)
def test_a_damaged_second_page_costs_nothing(format_: str) -> None:
    save_animation("a.tif", [noise(0), noise(1)])
    data = Path("a.tif").read_bytes()
    Path("a.tif").write_bytes(data[: len(data) // 2 + 30])
    result = kmq("--format", format_, "a.tif")
    assert result.exit_code == 0, result.output
    assert "a.tif: note: first " in result.output


ERRORS = [
    SyntaxError("odd"),
    struct.error("odd"),
    EOFError("odd"),
    OverflowError("odd"),
    Image.DecompressionBombError("odd"),
    AttributeError("odd"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("loads", [2, 5, 9, 14, 23], ids=lambda n: f"after {n} frames")
def test_whatever_a_frame_raises_whenever_costs_its_file_alone(
    error: Exception, loads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frames are read several times: surveyed, stored, measured."""
    Image.new("RGB", (3, 2), "red").save("good.png")
    save_animation("a.gif")
    seek, count = GifImagePlugin.GifImageFile._seek, 0

    def failing(self: Any, *arguments: Any) -> None:
        nonlocal count
        count += 1
        if count > loads:
            raise error
        seek(self, *arguments)

    monkeypatch.setattr(GifImagePlugin.GifImageFile, "_seek", failing)
    result = kmq("--format", "kmq", "a.gif", "good.png")
    assert count > loads
    assert_only_the_bad_one_fails(
        result, "a.gif", "odd|memory|no more images|not an image", "kmq", (DAMAGED, FAILED, UNREADABLE)
    )


@pytest.mark.parametrize("error", [RuntimeError("odd"), AssertionError("odd")], ids=repr)
def test_a_fault_of_ours_costs_one_input_alone(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (3, 2), "red").save("good.png")
    noise(0).save("a.png")
    save = Image.Image.save

    def failing(self: Any, *arguments: Any, **options: Any) -> None:
        if self.size == (24, 20):
            raise error
        save(self, *arguments, **options)

    monkeypatch.setattr(Image.Image, "save", failing)
    assert_only_the_bad_one_fails(kmq("a.png", "good.png"), "a.png", "cannot convert it: .*odd", "png", (FAILED,))


@pytest.mark.parametrize("data", [b"", b"P6 2 2 255 x", b"GIF89a", b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_palette_that_cannot_be_read_is_wrong_usage(data: bytes) -> None:
    noise(0).save("a.png")
    Path("palette").write_bytes(data)
    result = kmq("--palette", "palette", "a.png")
    assert result.exit_code == 4
    assert re.search(
        "--palette palette: (.* is not a colour|it contains no colours|it is neither an image nor|cannot be read)",
        " ".join(result.stderr.split()),
    )


def test_a_palette_that_is_too_large_or_of_floats_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    noise(0).save("a.png")
    Image.new("F", (4, 4), 0.5).save("floats.tif")
    assert kmq("--palette", "floats.tif", "a.png").exit_code == 4
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    result = kmq("--palette", "a.png", "b.png")
    assert result.exit_code == 4
    assert "--palette a.png: cannot be read" in " ".join(result.stderr.split())


# More than 8 bits


@pytest.mark.parametrize("suffix", ["pgm", "tif"])
def test_levels_of_16_bits_in_an_image_of_32_are_reduced(suffix: str) -> None:
    levels = np.array([[0, 128 * 257, 65535]])
    if suffix == "pgm":
        Path("a.pgm").write_bytes(b"P5 3 1 65535 " + levels.astype(">u2").tobytes())
    else:
        Image.fromarray(levels.astype(np.int32)).save("a.tif")
    assert Image.open(f"a.{suffix}").mode == "I"
    result = kmq(f"a.{suffix}")
    assert "note: 16 bits reduced to 8" in result.output
    assert list(Image.open("a-kmq.png").convert("L").tobytes()) == [0, 128, 255]


@pytest.mark.parametrize("levels", [[-5, 300], [0, 255], [0, 70000]], ids=str)
def test_32_bits_that_do_not_say_what_is_white_are_refused_in_words_of_the_command(levels: list[int]) -> None:
    Image.fromarray(np.array([levels], np.int32)).save("a.tif")
    for format_ in FORMATS:
        result = kmq("--format", format_, "a.tif")
        assert result.exit_code == 1
        assert result.stderr == (
            "kmq: a.tif: mode I does not define which values are black and white: convert it to 8 bits per channel "
            "first\n"
        )


# What is said


def test_an_input_whose_plugin_closes_its_stream_is_passed_on_where_it_is_held_back() -> None:
    """Pillow's FTEX plugin closes it as soon as the image is opened."""
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8).tobytes()
    header = struct.pack("<4s7i", b"FTEX", 0, 4, 4, 1, 1, 1, 32) + struct.pack("<i", len(pixels))
    Path("a.ftu").write_bytes(header + pixels)
    assert Image.open("a.ftu").size == (4, 4)
    result = kmq("--skip-if-larger", "-o", "-", "a.ftu")
    assert (result.exit_code, result.stdout_bytes) == (98, header + pixels)


def test_the_sentence_on_an_animation_counts_the_colours_of_all_frames() -> None:
    save_animation("a.gif")
    assert "a.gif -> a.kmq: " in (output := kmq("--format", "kmq", "a.gif").output)
    assert ", 3 frames, 3 colours, exact" in output


def test_the_error_of_an_animation_is_that_of_all_frames() -> None:
    frames = [Image.new("RGB", (24, 20)), noise(0), noise(1)]
    save_animation("a.webp", frames, lossless=True)
    output = kmq("5", "--format", "kmq", "a.webp").output
    assert ", 3 frames, 5 colours, error " in output
    stated = float(re.search(r"error (\d+\.\d+)", output)[1])  # type: ignore[index]
    results = [frame.convert("RGB") for frame in ImageSequence.Iterator(Image.open("a.kmq"))]
    errors = [visible_distance(a, b) for a, b in zip(frames, results, strict=True)]
    assert stated == pytest.approx(np.mean(errors), abs=0.006)


@pytest.mark.parametrize("target", FORMATS)
def test_a_closed_standard_output_is_an_error_with_a_sentence(target: str) -> None:
    noise(0).save("a.png")
    code = f"import sys; from pillow_kmq.cli.command import main; main(['a.png', '-o', '-', '--format', {target!r}])"
    run = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" >&-', sys.executable, code], capture_output=True, text=True, timeout=60, check=False
    )
    sentence = "cannot write to standard output: it is closed; use --output to name a file"
    assert (run.returncode, run.stderr) == (16, f"kmq: a.png: {sentence}\n")


def test_a_closed_standard_input_is_an_error_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillow_kmq.cli.inputs.sys.stdin", None)
    with pytest.raises(Refused, match="cannot read it: standard input is closed"):
        read_source("-")


# Whether it is worth it


@pytest.mark.parametrize("quality", ["65-80", "-40", "-95"])
def test_a_second_run_with_skip_if_larger_leaves_the_file_alone(samples: Path, quality: str) -> None:
    with Image.open(samples / "photo.png") as photo:
        photo.resize((160, 160)).save("p.png")
    statuses, contents = [], []
    for _ in range(3):
        statuses.append(kmq(f"--quality={quality}", "--skip-if-larger", "-f", "--ext", ".png", "p.png").exit_code)
        contents.append(Path("p.png").read_bytes())
    assert statuses == [0, 98, 98]
    assert contents[0] == contents[1] == contents[2]


def test_what_saves_less_than_it_loses_is_held_back_and_what_is_exact_need_only_be_smaller() -> None:
    picture = noise(0).quantize(200).convert("RGB")
    picture.save("a.png")
    picture.save("b.png", compress_level=0)
    result = kmq("4", "--skip-if-larger", "a.png")
    assert result.exit_code == 98
    assert "; saves less than it loses in quality, so not written" in result.output
    assert kmq("--skip-if-larger", "b.png").exit_code == 0
    assert not Path("a-kmq.png").exists()
