"""`kmq compare`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from command_line import damage, kmq, names, picture
from pillow_kmq.cli.verbs import compare
from pillow_kmq.comparing import rivals

pytestmark = pytest.mark.usefixtures("inside")
QUICK = ("-k", "2,4", "--compression", "fast", "--against", "none")


def test_a_page_is_written_next_to_the_first_input() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    picture()
    result = kmq("compare", "a.png", *QUICK)
    assert (result.exit_code, result.stdout) == (0, "")
    page = Path("a-compare.html").read_bytes()
    assert page.startswith(b"<!doctype html>")
    assert result.stderr == f"a.png: 4 results\na-compare.html: {len(page):,} bytes\n"


def test_without_the_packages_of_the_page_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    picture()
    result = kmq("compare", "a.png")
    assert (result.exit_code, names()) == (1, {"a.png"})
    assert "pip install 'pillow-kmq[report]'" in result.stderr


def test_a_sheet_is_written_for_the_extension_of_an_image() -> None:
    picture()
    assert kmq("compare", "a.png", *QUICK, "-o", "sheet.png").exit_code == 0
    with Image.open("sheet.png") as sheet:
        assert sheet.width == 12 + 3 * 332


def test_json_has_the_rows_of_all_images_and_is_alone() -> None:
    picture()
    picture("b.png", "L")
    result = kmq("compare", "a.png", "b.png", *QUICK, "--json")
    rows = json.loads(result.stdout)
    assert [(row["image"], row["format"], row["colors"]) for row in rows] == [
        (name, form, k) for name in ("a.png", "b.png") for k in (2, 4) for form in ("PNG", ".kmq fast")
    ]
    assert (result.exit_code, result.stderr, names()) == (
        0,
        "a.png: 4 results\nb.png: 4 results\n",
        {"a.png", "b.png"},
    )


def test_json_and_an_output_can_be_combined() -> None:
    picture()
    result = kmq("compare", "a.png", *QUICK, "--json", "-o", "sheet.webp", "-q")
    assert (len(json.loads(result.stdout)), result.stderr) == (4, "")
    assert names() == {"a.png", "sheet.webp"}


def test_options_of_the_quantiser_are_passed_on() -> None:
    picture()
    result = kmq("compare", "a.png", *QUICK, "--dither", "none,bayer,0.5", "--space", "srgb", "--json")
    rows = json.loads(result.stdout)
    assert {(row["dither"], row["space"]) for row in rows} == {("none", "srgb"), ("bayer", "srgb"), ("0.5", "srgb")}


@pytest.mark.parametrize(
    ("name", "reason", "status"),
    [
        ("nowhere.png", "cannot read it: no such file or directory", 2),
        ("notes.txt", "not an image that Pillow can read", 25),
        ("truncated.png", "damaged image", 25),
    ],
)
def test_an_input_that_fails_is_named_and_the_others_are_compared(name: str, reason: str, status: int) -> None:
    picture()
    if name != "nowhere.png":
        damage(name)
    result = kmq("compare", name, "a.png", *QUICK, "-o", "sheet.png", "--json")
    assert result.exit_code == status
    assert f"kmq: {name}: {reason}" in result.stderr
    assert {row["image"] for row in json.loads(result.stdout)} == {"a.png"}
    assert Path("sheet.png").exists()


def test_without_any_result_nothing_is_written() -> None:
    assert kmq("compare", "nowhere.png", "-o", "sheet.png").exit_code == 2
    assert names() == set()


def test_existing_files_are_kept_without_force() -> None:
    picture()
    Path("sheet.png").write_bytes(b"old")
    result = kmq("compare", "a.png", *QUICK, "-o", "sheet.png")
    assert (result.exit_code, Path("sheet.png").read_bytes()) == (15, b"old")
    assert "--force" in result.stderr
    assert kmq("compare", "a.png", *QUICK, "-o", "sheet.png", "-f").exit_code == 0
    assert Path("sheet.png").read_bytes() != b"old"


def test_an_input_is_never_the_output() -> None:
    picture()
    before = Path("a.png").read_bytes()
    result = kmq("compare", "a.png", *QUICK, "-o", "./a.png", "-f")
    assert (result.exit_code, Path("a.png").read_bytes()) == (4, before)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "0"),
        ("-k", "4,x"),
        ("-k", "4,,8"),
        ("--dither", "lots"),
        ("--space", "cmyk"),
        ("--compression", "best"),
        ("--against", "gimp"),
        ("-o", "report.pdf"),
    ],
)
def test_odd_values_are_wrong_usage(arguments: tuple[str, ...]) -> None:
    picture()
    result = kmq("compare", "a.png", *arguments)
    assert (result.exit_code, names()) == (4, {"a.png"})
    assert arguments[1].split(",")[-1] in result.stderr


def test_notes_are_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rivals.RIVALS, "pngquant", (lambda: False, "the program pngquant"))
    frames = [Image.new("RGB", (9, 9), name) for name in ("red", "blue")]
    for name in ("a.gif", "b.gif"):
        frames[0].save(name, save_all=True, append_images=frames[1:])
    result = kmq("compare", "a.gif", "b.gif", "-k", "4", "--against", "pngquant", "-o", "s.png")
    assert result.stderr.splitlines() == [
        "a.gif: 5 results",
        "a.gif: note: first of 2 frames only",
        "note: pngquant is left out: the program pngquant is not installed",
        "b.gif: 5 results",
        "b.gif: note: first of 2 frames only",
        f"s.png: {Path('s.png').stat().st_size:,} bytes",
    ]


def test_standard_input_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    picture()
    result = kmq("compare", "-", *QUICK, "--json", stdin=Path("a.png").read_bytes())
    assert {row["image"] for row in json.loads(result.stdout)} == {"stdin"}


def test_copies_of_names_are_those_of_the_library() -> None:
    from inspect import signature

    from pillow_kmq.compare import table

    assert tuple(rivals.RIVALS) == compare.RIVALS
    assert tuple(map(int, compare.COLORS.split(","))) == signature(table).parameters["colors"].default
