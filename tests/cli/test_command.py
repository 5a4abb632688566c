"""Wrong usage of the command, and its help."""

from __future__ import annotations

import pytest

from command_line import kmq, names, picture
from pillow_kmq.cli.command import main

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
        (("--importance", "missing.png", "a.png"), "--importance missing.png cannot be read"),
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
