"""Inputs and outputs that fail: each is named with its reason and status, and the others are processed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from PIL import Image

from command_line import damage, kmq, names, not_root, picture, posix_only

pytestmark = pytest.mark.usefixtures("inside")


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
    assert result.exit_code == 25
    assert re.fullmatch(f"kmq: {re.escape(name)}: {sentence}.+\n", result.stderr) or result.stderr == (
        f"kmq: {name}: {sentence}\n"
    )
    assert names() == {name, "good.png", "good-kmq.png"}


def test_a_missing_file_and_a_folder_are_named() -> None:
    Path("folder.png").mkdir()
    result = kmq("missing.png", "folder.png")
    assert result.exit_code == 2
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
    assert result.exit_code == 16


def test_a_decompression_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    picture(size=(100, 100))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    result = kmq("a.png")
    assert result.exit_code == 2
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
