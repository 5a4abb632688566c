"""The command `kmq`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import logging
import os
import re
import stat
import subprocess
import sys
from inspect import signature
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageFilter

import pillow_kmq
from pillow_kmq.cli import command
from pillow_kmq.cli.command import convert, main
from pillow_kmq.cli.outputs import Job, plan
from pillow_kmq.compare import oklab_distance
from pillow_kmq.kernels import ahead, store
from pillow_kmq.kernels.kernel import _announce

posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions and pipes")
not_root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read anything")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernels_on_disk: None) -> Path:
    """Every test works inside a folder of its own, so that names stay short, and has nothing to compile."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kmq(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    """Run the command in this process, with standard error apart, which click 8.1 must be told."""
    apart: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**apart).invoke(main, [str(argument) for argument in arguments], input=stdin)


def picture(name: str = "a.png", mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: Any) -> Image.Image:
    """Save a picture of many colours under a name, without compression so that it can get smaller, and return it."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    rgb = np.dstack([x * 6, y * 8, (x * y) % 256]).astype(np.uint8)
    image = Image.fromarray(rgb).convert(mode)
    image.save(name, **{"compress_level": 0, **options})
    return image


def names() -> set[str]:
    return {path.name for path in Path().iterdir()}


# What is written


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


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--quality", "10-60"), {"quality": (10, 60)}),
        (("-Q", "60"), {"quality": 60}),
        (("--quality=-60",), {"quality": (0, 60)}),
        (("-k", "250", "--quality", "10-"), {"colors": 250, "quality": (10, 100)}),
        (("--posterize", "4"), {"posterize": (4, 4, 4, 4)}),
        (("--posterize", "rgb565"), {"posterize": "rgb565"}),
        (("--speed", "1"), {"effort": "best"}),
        (("--speed", "3"), {"effort": "default"}),
        (("-s", "11"), {"effort": "fast"}),
        (("--dither", "1", "--nofs"), {"dither": "none"}),
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
    assert kmq("4", "a.png", "missing.png", "--quality", "90-95").exit_code == 1


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


# What is said


def test_the_report_states_sizes_saving_colours_and_error() -> None:
    picture("a.bmp", size=(100, 80))
    result = kmq("16", "a.bmp")
    before, after = Path("a.bmp").stat().st_size, Path("a-kmq.png").stat().st_size
    saved = 100 * (1 - after / before)
    assert result.stdout.startswith(
        f"a.bmp -> a-kmq.png: {before:,} -> {after:,} bytes, {saved:.1f} % saved, 16 colours, error "
    )
    stated = float(re.search(r"error (\d+\.\d+)", result.stdout)[1])  # type: ignore[index]
    blurred = [Image.open(name).convert("RGB").filter(ImageFilter.GaussianBlur(1)) for name in ("a.bmp", "a-kmq.png")]
    assert stated == pytest.approx(oklab_distance(*blurred), abs=0.006)
    assert result.stderr == ""


def test_a_larger_result_and_an_exact_one_are_called_so() -> None:
    Image.new("RGB", (1, 1), "red").save("a.png", optimize=True)
    result = kmq("a.png", "--allow-larger")
    assert "% larger, 1 colour, exact" in result.stdout
    assert "a.png: note: the output is larger than the input" in result.stdout


def test_quiet_says_nothing_but_errors_and_verbose_says_more() -> None:
    picture()
    result = kmq("-q", "a.png", "missing.png")
    assert result.stdout == ""
    assert "missing.png" in result.stderr
    assert "a-kmq.png" in names()
    assert "40x30 RGB" in kmq("-v", "-f", "a.png").stdout


# What is compiled


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Converting says what it would say if it compiled two kernels, and could not keep them."""

    def compile_and_convert(*arguments: Any) -> Any:
        _announce.__wrapped__()
        for number, name in enumerate(("quant.some", "quant.other"), 1):
            ahead.LOG.debug(ahead.COMPILING, number, 2, name)
        store._warn.__wrapped__()
        return convert(*arguments)

    monkeypatch.setattr(command, "convert", compile_and_convert)


class Terminal(StringIO):
    """A stream that is taken for a terminal."""

    def isatty(self) -> bool:
        return True


ANNOUNCED = "kmq: compiling kernels, once per installation ...\n"
WARNED = (
    "kmq: cannot cache compiled kernels on disk, so each process compiles them again; "
    "set KMQ_CACHE_DIR to a writable directory\n"
)


@pytest.mark.usefixtures("compiling")
def test_it_says_once_that_it_compiles_and_warns_in_one_line() -> None:
    picture()
    result = kmq("a.png")
    assert result.exit_code == 0
    assert result.stderr == ANNOUNCED + WARNED
    assert result.stdout.startswith("a.png -> a-kmq.png: ")


@pytest.mark.usefixtures("compiling")
def test_quiet_says_nothing_of_compiling() -> None:
    picture()
    result = kmq("-q", "a.png")
    assert (result.exit_code, result.output, result.stderr) == (0, "", "")


@pytest.mark.usefixtures("compiling")
def test_a_terminal_shows_how_many_kernels_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    picture()
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(SystemExit):
        main(["a.png"])
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    start = "[1/1] a.png   0 %"
    first, second = (f"[1/1] a.png: compiling kernel {number} of 2" for number in (1, 2))
    lines = ["", start, " " * len(start), ANNOUNCED, first, second, " " * len(second), WARNED]
    assert shown.startswith("\r".join(lines))
    assert re.fullmatch(r"\r +\r", shown[shown.rindex("100 %") + 5 :])


def test_records_are_for_the_command_alone() -> None:
    log = logging.getLogger("pillow_kmq")
    before = log.level, list(log.handlers)
    picture()
    assert kmq("a.png").exit_code == 0
    assert (log.level, log.handlers) == before


LOADED = (
    "import atexit, sys; atexit.register(lambda: print({'numba', 'llvmlite'} & set(sys.modules), file=sys.stderr)); "
    "from pillow_kmq.cli.command import main; main()"
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("a.png",),
        ("--verbose", "a.png", "-o", "b.png"),
        ("a.kmq", "-o", "b.png"),
        ("a.png", "-o", "b.kmq", "--compression", "deflate"),
    ],
)
def test_indexed_images_that_are_only_converted_need_no_kernel(arguments: tuple[str, ...]) -> None:
    picture().convert("P", palette=Image.Palette.ADAPTIVE).save("a.png")
    Image.open("a.png").save("a.kmq", compression="deflate")
    result = run("-c", LOADED, *arguments)
    assert (result.returncode, result.stderr) == (0, b"set()\n")
    assert len(names()) == 3


# Streams


def test_a_dash_reads_standard_input_and_writes_standard_output() -> None:
    picture()
    result = kmq("5", "-", stdin=Path("a.png").read_bytes())
    assert result.exit_code == 0, result.stderr
    assert Image.open(BytesIO(result.stdout_bytes)).mode == "P"
    assert "stdin -> stdout" in result.stderr
    assert names() == {"a.png"}


def test_standard_input_may_go_to_a_file_and_a_file_to_standard_output() -> None:
    picture()
    assert kmq("-", "-o", "b.kmq", stdin=Path("a.png").read_bytes()).exit_code == 0
    assert Image.open("b.kmq").size == (40, 30)
    result = kmq("a.png", "-o", "-", "--format", "kmq")
    assert Image.open(BytesIO(result.stdout_bytes)).format == "KMQ"


def test_empty_standard_input_is_an_error_with_a_sentence() -> None:
    result = kmq("-", stdin=b"")
    assert result.exit_code == 1
    assert result.stderr == "kmq: -: not an image that Pillow can read\n"
    assert result.stdout == ""


@posix_only
def test_a_named_pipe_is_an_input(inside: Path) -> None:
    picture()
    os.mkfifo("pipe")
    with subprocess.Popen("cat a.png > pipe", shell=True):
        result = kmq("pipe", "-o", "b.png")
    assert result.exit_code == 0, result.stderr
    assert Image.open("b.png").size == (40, 30)


# Overwriting


@pytest.mark.parametrize("arguments", [("a.png", "-o", "out.png"), ("a.png", "--ext", "-kmq.png")])
def test_an_existing_file_is_kept_unless_forced(arguments: tuple[str, ...]) -> None:
    picture()
    target = "out.png" if "-o" in arguments else "a-kmq.png"
    Path(target).write_bytes(b"precious")
    result = kmq(*arguments)
    assert result.exit_code == 1
    assert result.stderr == f"kmq: a.png: the output {target} already exists; use --force to overwrite it\n"
    assert Path(target).read_bytes() == b"precious"
    assert kmq(*arguments, "--force").exit_code == 0
    assert Image.open(target).mode == "P"


def test_an_input_is_replaced_by_its_output_only_if_forced() -> None:
    picture()
    before = Path("a.png").read_bytes()
    for arguments in (("-o", "a.png"), ("--ext", ".png")):
        assert kmq("a.png", *arguments).exit_code == 1
        assert Path("a.png").read_bytes() == before
    assert kmq("a.png", "--ext", ".png", "-f").exit_code == 0
    assert Image.open("a.png").mode == "P"
    assert names() == {"a.png"}


def test_no_two_inputs_are_written_to_one_output() -> None:
    picture("a.png")
    picture("a.jpg")
    result = kmq("a.png", "a.jpg")
    assert result.exit_code == 1
    assert result.stderr.startswith("kmq: a.jpg: the output a-kmq.png is also that of a.png")
    assert names() == {"a.png", "a.jpg", "a-kmq.png"}


def test_no_input_is_destroyed_before_it_is_read() -> None:
    picture("a.jpg")
    picture("a.png")
    before = Path("a.png").read_bytes()
    result = kmq("--ext", ".png", "-f", "a.jpg", "a.png")
    assert result.exit_code == 1
    assert "kmq: a.jpg: the output a.png is another input" in result.stderr
    assert Path("a.jpg").exists()
    assert Image.open("a.png").mode == "P", "a.png itself was converted"
    assert Path("a.png").read_bytes() != before


@posix_only
def test_one_file_under_two_names_counts_as_one() -> None:
    picture()
    os.symlink("a.png", "b.png")
    problems = [job.problem is not None for job in plan(["a.png", "./a.png"], None, None, None)]
    assert problems == [False, True]
    assert plan(["b.png"], "a.png", None, None)[0].problem is None
    assert all(job.problem for job in plan(["a.png", "b.png"], None, ".png", None)[1:])


@posix_only
def test_permissions_are_those_of_the_replaced_file_or_of_a_new_one() -> None:
    picture()
    previous = os.umask(0o027)
    try:
        assert kmq("a.png").exit_code == 0
    finally:
        os.umask(previous)
    assert stat.S_IMODE(os.stat("a-kmq.png").st_mode) == 0o640
    os.chmod("a-kmq.png", 0o604)
    assert kmq("-f", "a.png").exit_code == 0
    assert stat.S_IMODE(os.stat("a-kmq.png").st_mode) == 0o604


@posix_only
def test_a_symbolic_link_stays_and_its_file_is_replaced() -> None:
    picture()
    Path("real.png").write_bytes(b"old")
    os.symlink("real.png", "link.png")
    assert kmq("a.png", "-o", "link.png", "-f").exit_code == 0
    assert os.path.islink("link.png")
    assert Image.open("real.png").mode == "P"


@posix_only
def test_a_device_is_never_replaced() -> None:
    picture()
    result = kmq("a.png", "-f", "-o", "/dev/null", "--format", "png")
    assert result.exit_code == 1
    assert "/dev/null is not a regular file" in result.stderr


def test_a_failing_write_leaves_the_old_file_and_no_temporary_one(monkeypatch: pytest.MonkeyPatch) -> None:
    picture()
    Path("a-kmq.png").write_bytes(b"precious")

    replace = os.replace

    def full(source: str, target: str) -> None:
        if os.path.basename(target) == "a-kmq.png":  # compiled kernels are put into place by the same function
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    result = kmq("-f", "a.png")
    assert result.stderr == "kmq: a.png: cannot write a-kmq.png: no space left on device\n"
    assert Path("a-kmq.png").read_bytes() == b"precious"
    assert names() == {"a.png", "a-kmq.png"}


def test_skip_if_larger_writes_nothing_and_exits_with_98() -> None:
    Image.new("RGB", (1, 1), "red").save("a.png", optimize=True)
    Image.linear_gradient("L").convert("RGB").rotate(30).save("b.bmp")
    result = kmq("--skip-if-larger", "a.png", "b.bmp")
    assert result.exit_code == 98
    assert "; not smaller, so not written" in result.stdout.splitlines()[0]
    assert names() == {"a.png", "b.bmp", "b-kmq.png"}


def test_skip_if_larger_passes_the_input_on_in_a_pipeline() -> None:
    Image.new("RGB", (1, 1), "red").save("a.png", optimize=True)
    data = Path("a.png").read_bytes()
    result = kmq("--skip-if-larger", "-", stdin=data)
    assert (result.exit_code, result.stdout_bytes) == (98, data)


# Bad inputs


def damage(name: str) -> None:
    picture("whole.png", size=(200, 200))
    picture("whole.kmq", size=(200, 200), colors=16)
    data = Path("whole.kmq" if name.endswith("kmq") else "whole.png").read_bytes()
    Path("whole.png").unlink()
    Path("whole.kmq").unlink()
    Path(name).write_bytes({
        "truncated.png": data[: len(data) // 2],
        "truncated.kmq": data[: len(data) // 2],
        "corrupt.png": data[:60] + bytes(byte ^ 0x55 for byte in data[60:]),
        "empty.png": b"",
        "notes.txt": b"these are words",
    }[name])  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("truncated.png", "damaged image: "),
        ("truncated.kmq", ""),
        ("corrupt.png", "damaged image: "),
        ("empty.png", "not an image that Pillow can read"),
        ("notes.txt", "not an image that Pillow can read"),
    ],
)
def test_a_bad_file_is_named_and_the_rest_goes_on(name: str, sentence: str) -> None:
    damage(name)
    picture("good.png")
    result = kmq(name, "good.png")
    assert result.exit_code == 1
    assert re.fullmatch(f"kmq: {re.escape(name)}: {sentence}.+\n", result.stderr) or result.stderr == (
        f"kmq: {name}: {sentence}\n"
    )
    assert names() == {name, "good.png", "good-kmq.png"}


def test_a_missing_file_and_a_folder_are_named() -> None:
    Path("folder.png").mkdir()
    result = kmq("missing.png", "folder.png")
    assert result.exit_code == 1
    first, second = result.stderr.splitlines()
    assert first == "kmq: missing.png: cannot read it: no such file or directory"
    assert second.startswith("kmq: folder.png: cannot read it: ")


@posix_only
@not_root
def test_an_unreadable_file_and_a_protected_folder_are_named() -> None:
    picture()
    picture("b.png")
    os.chmod("b.png", 0)
    Path("closed").mkdir(mode=0o500)
    assert kmq("b.png").stderr == "kmq: b.png: cannot read it: permission denied\n"
    result = kmq("a.png", "-o", "closed/a.png")
    assert result.stderr == "kmq: a.png: cannot write closed/a.png: permission denied\n"


def test_an_output_in_a_missing_folder_or_in_place_of_one_is_refused() -> None:
    picture()
    Path("folder").mkdir()
    assert "cannot write nowhere/b.png: no such file" in kmq("a.png", "-o", "nowhere/b.png").stderr
    result = kmq("a.png", "-f", "-o", "folder", "--format", "png")
    assert "the output folder is a directory" in result.stderr
    assert result.exit_code == 1


def test_a_decompression_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    picture(size=(100, 100))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    result = kmq("a.png")
    assert result.exit_code == 1
    assert result.stderr.startswith("kmq: a.png: too large: ")


def test_a_float_image_is_refused_with_a_way_out() -> None:
    Image.new("F", (4, 4), 0.5).save("a.tif")
    result = kmq("a.tif")
    assert result.exit_code == 1
    assert re.match(r"kmq: a\.tif: .*mode F.*convert", result.stderr)


def test_too_little_memory_is_one_files_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    picture()

    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("pillow_kmq.quant.quantize", exhausted)
    assert kmq("a.png").stderr == "kmq: a.png: not enough memory for an image of this size\n"


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing argument"),
        (("-k", "0", "a.png"), "0 is not in the range"),
        (("-k", "257", "a.png"), "257 is not in the range"),
        (("-k", "few", "a.png"), "few"),
        (("300", "a.png"), "1 to 256, not 300"),
        (("16",), "no input after"),
        (("16", "-k", "8", "a.png"), "number of colours given twice"),
        (("--dither", "1.5", "a.png"), "dither must be 0 to 1, not 1.5"),
        (("--dither", "fancy", "a.png"), "dither"),
        (("--effort", "great", "a.png"), "great"),
        (("-o", "b.png", "a.png", "c.png"), "single input"),
        (("-o", "b.png", "--ext", ".png", "a.png"), "cannot be combined"),
        (("-o", "b.jpg", "a.png"), "cannot tell the format from 'b.jpg'"),
        (("--ext", "", "a.png"), "must not be empty"),
        (("-", "-"), "only once"),
        (("--iebug", "a.png"), "No such option"),
        (("--quality", "good", "a.png"), "'good' is not a quality: write MIN-MAX"),
        (("--quality", "-", "a.png"), "'-' is not a quality"),
        (("--quality", "80-60", "a.png"), "0 <= MIN <= MAX <= 100"),
        (("--quality", "101", "a.png"), "0 <= MIN <= MAX <= 100"),
        (("--max-bytes", "0", "a.png"), "0 is not in the range"),
        (("--posterize", "5", "a.png"), "0 to 4 bits"),
        (("--posterize", "rgb9", "a.png"), "0 to 4 bits"),
        (("--speed", "12", "a.png"), "12 is not in the range"),
        (("--speed", "1", "--effort", "best", "a.png"), "cannot be combined"),
        (("--palette", "vga", "a.png"), "'vga' is neither a file, nor colours like '#000,#fff,#f00', nor one of"),
        (
            ("--palette", "a.png", "a.png"),
            "a.png has more than 256 colours; reduce the image first with quantize or kmq",
        ),
        (("--palette", "#00,#fff", "a.png"), "'#00' is not a colour; write #rgb"),
    ],
)
def test_wrong_usage_is_explained_with_status_2(arguments: tuple[str, ...], words: str) -> None:
    picture()
    result = kmq(*arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert names() == {"a.png"}


def test_a_file_with_a_number_for_a_name_is_reached_by_a_path() -> None:
    picture("16", format="PNG")
    assert kmq("./16").exit_code == 0
    assert names() == {"16", "16-kmq.png"}


def test_the_plan_names_each_output() -> None:
    assert plan(["a/b.c.png", "-"], None, None, None) == [
        Job("a/b.c.png", "a/b.c-kmq.png", "png"),
        Job("-", "-", "png"),
    ]
    assert plan(["a"], None, None, "kmq") == [Job("a", "a.kmq", "kmq")]


# As a real process


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, timeout=120, check=False, **options)


def test_the_module_runs_as_a_command() -> None:
    picture()
    result = run("-m", "pillow_kmq", "12", "a.png")
    assert result.returncode == 0, result.stderr
    assert b"a.png -> a-kmq.png: " in result.stdout
    assert len(Image.open("a-kmq.png").getpalette() or []) == 36
    result = run("-m", "pillow_kmq", "12", "-", input=Path("a.png").read_bytes())
    assert result.stdout == Path("a-kmq.png").read_bytes()
    assert run("-m", "pillow_kmq", "missing.png").returncode == 1


def test_help_and_version_need_neither_numpy_nor_numba() -> None:
    script = (
        "import sys; from pillow_kmq.cli.command import main; main(['{0}'], standalone_mode=False); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'numba')))"
    )
    assert run("-c", script.format("--help")).returncode == 0
    result = run("-c", script.format("--version"))
    assert result.returncode == 0
    assert pillow_kmq.__version__.encode() in result.stdout


def test_the_help_describes_every_option() -> None:
    words = kmq("--help").output
    for parameter in main.params:
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in words
            assert getattr(parameter, "help", None), parameter.name


def test_the_level_of_kmq_files_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    picture()
    assert kmq("a.png", "-o", "a.kmq", "--compression", "deflate").exit_code == 0
    assert kmq("a.png", "-o", "b.kmq").exit_code == 0
    Image.open("a.kmq").save("c.kmq", compression="deflate")
    assert Path("c.kmq").read_bytes() == Path("a.kmq").read_bytes() != Path("b.kmq").read_bytes()
    refused = kmq("a.png", "--compression", "deflate")
    assert refused.exit_code == 2
    assert "--format kmq" in refused.stderr


def test_warmup_compiles_and_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "prepare", lambda _, progress: progress("quant.some", 0.125))
    result = kmq("warmup")
    assert result.exit_code == 0
    assert result.stderr == " 12 % compiling quant.some\n100 %\n"
    assert kmq("warmup", "--quiet").stderr == ""


def test_an_image_named_warmup_is_an_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (3, 2), "red").save("warmup", "PNG")
    assert kmq("warmup").exit_code == 0
    assert Path("warmup-kmq.png").exists()
