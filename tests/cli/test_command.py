"""Wrong usage of the command, and its help."""

from __future__ import annotations

import re

import click
import pytest

import pillow_kmq.codec
from command_line import kmq, names, picture
from pillow_kmq.cli.command import main
from pillow_kmq.cli.options import COMPRESSIONS, DITHERS, ORDERS, SPACES
from pillow_kmq.cli.statuses import MEANINGS
from pillow_kmq.cli.values import size
from pillow_kmq.quant.dithering.options import WORDS
from pillow_kmq.quant.options import ORDER_NAMES, SPACE_NAMES
from places import ROOT

pytestmark = pytest.mark.usefixtures("inside")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-k", "0", "a.png"), "0 is not in the range"),
        (("-k", "257", "a.png"), "257 is not in the range"),
        (("-k", "few", "a.png"), "few"),
        (("300", "a.png"), "1 to 256, not 300"),
        (("16", "-k", "8", "a.png"), "number of colours given twice"),
        (("--dither", "1.5", "a.png"), "dither must be 0 to 1, not 1.5"),
        (("--dither", "fancy", "a.png"), "dither"),
        (("--effort", "great", "a.png"), "great"),
        (("-o", "b.png", "a.png", "c.png"), "single input"),
        (("-o", "b.png", "--ext", ".png", "a.png"), "cannot be combined"),
        (("-o", "b.jpg", "a.png"), "cannot tell the format from 'b.jpg'"),
        (("--ext", "", "a.png"), "must not be empty"),
        (("-", "-"), "only once"),
        (("--unknown", "a.png"), "No such option"),
        (("--dith", "none", "--orde", "a.png"), "--orde could be --order or --ordered"),
        (("--quality", "good", "a.png"), "'good' is not a quality: write MIN-MAX"),
        (("--quality", "-", "a.png"), "'-' is not a quality"),
        (("--quality", "80-60", "a.png"), "0 <= MIN <= MAX <= 100"),
        (("--quality", "101", "a.png"), "0 <= MIN <= MAX <= 100"),
        (("--max-bytes", "0", "a.png"), "'0' is too small"),
        (("--max-bytes", "many", "a.png"), "'many' is not a file size: write bytes, or such as 50k"),
        (("--max-bytes", "5i", "a.png"), "'5i' is not a file size"),
        (("--quality", "psnr:much", "a.png"), "'much' is not a positive number: write psnr:35"),
        (("--quality", "deltae:-1", "a.png"), "'-1' is not a positive number: write deltae:1.5"),
        (("--floyd=2", "a.png"), "2.0 is not in the range 0<=x<=1"),
        (("--nofs", "--dither", "auto", "a.png"), "--dither and --nofs cannot be combined: drop one of them"),
        (("--floyd", "--ordered", "a.png"), "--floyd and --ordered cannot be combined"),
        (("--floyd=0.5", "--dither", "1", "a.png"), "--dither and --floyd cannot be combined"),
        (("--dither", "none,1", "a.png"), "need --max-bytes"),
        (("--quiet", "--verbose", "a.png"), "--quiet and --verbose cannot be combined"),
        (("--transbug", "--transparent-index", "0", "a.png"), "cannot be combined"),
        (("--palette", "cga", "--quality", "80", "a.png"), "--palette and --quality cannot be combined"),
        (("--palette", "cga", "--posterize", "1", "a.png"), "--palette and --posterize cannot be combined"),
        (("--palette", "cga", "--fixed", "#fff", "a.png"), "--palette and --fixed cannot be combined"),
        (("--palette", "cga", "--order", "luminance", "a.png"), "--palette and --order cannot be combined"),
        (("--palette", "cga", "--transbug", "a.png"), "--palette and --transbug cannot be combined"),
        (("-k", "8", "--palette", "cga", "a.png"), "--palette has 16 colours, more than --colors 8 allows"),
        (("2", "--fixed", "#000,#fff,#f00", "a.png"), "--fixed has 3 colours, more than --colors 2 allows"),
        (("--importance", "missing.png", "a.png"), "--importance missing.png cannot be read: No such file"),
        (("--palette-mode", "compact", "a.png"), "applies to .kmq files only"),
        (("--posterize", "5", "a.png"), "0 to 4 bits"),
        (("--posterize", "rgb9", "a.png"), "0 to 4 bits"),
        (("--speed", "12", "a.png"), "12 is not in the range"),
        (("--speed", "1", "--effort", "best", "a.png"), "cannot be combined"),
        (("--palette", "vga", "a.png"), "'vga' is neither a file, nor colours like '#000,#fff,#f00', nor one of"),
        (
            ("--palette", "a.png", "a.png"),
            "a.png: it has more than 256 colours; reduce the image first with quantize or kmq",
        ),
        (("--palette", "#00,#fff", "a.png"), "'#00' is not a colour; write #rgb"),
    ],
)
def test_wrong_usage_is_explained_with_status_4(arguments: tuple[str, ...], words: str) -> None:
    picture()
    result = kmq(*arguments)
    assert result.exit_code == 4
    assert words in " ".join(result.stderr.split())
    assert names() == {"a.png"}


def test_a_file_with_a_number_for_a_name_is_reached_by_a_path() -> None:
    picture("16", format="PNG")
    assert kmq("./16").exit_code == 0
    assert names() == {"16", "16-kmq.png"}


def test_the_help_describes_every_option() -> None:
    words = kmq("--help").output
    for parameter in main.params:
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in words
            assert getattr(parameter, "help", None), parameter.name


def test_words_of_the_options_are_those_of_the_library() -> None:
    assert DITHERS == WORDS
    assert set(SPACES) == set(SPACE_NAMES)
    assert ORDERS == ORDER_NAMES
    assert COMPRESSIONS == pillow_kmq.codec.COMPRESSIONS


def test_every_option_has_a_section_or_is_general() -> None:
    others = main.options_by_section(click.Context(main, **main.context_settings))["Other options"]
    general = {"--iebug", "--completion", "--verbose", "--quiet", "--version", "--help"}
    assert {option.opts[-1] for option in others} <= general


def test_the_page_on_the_command_lists_its_exit_statuses() -> None:
    text = (ROOT / "docs" / "command.md").read_text(encoding="utf-8").replace("`", "")
    for status, meaning in MEANINGS.items():
        assert f"| {status} | {meaning} |" in text
    listed = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    assert list(map(int, listed)) == list(MEANINGS)


@pytest.mark.parametrize(
    ("text", "count"),
    [("1", 1), ("50000", 50000), ("50k", 50000), ("50K", 50000), ("50kB", 50000), ("50 kB", 50000), ("1.5M", 1500000),
     ("50Ki", 51200), ("50KiB", 51200), ("1MiB", 1 << 20), ("12B", 12), ("0.5k", 500)],
)  # fmt: skip
def test_sizes_have_units(text: str, count: int) -> None:
    parameter = next(each for each in main.params if each.name == "max_bytes")
    assert size(click.Context(main, **main.context_settings), parameter, text) == count
