"""Verbs, and files that are named like one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from command_line import kmq, names, run
from pillow_kmq.cli.verbs import VERBS
from pillow_kmq.kernels import ahead

pytestmark = pytest.mark.usefixtures("inside")


def test_warmup_compiles_and_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "prepare", lambda _, progress: progress("quant.some", 0.125))
    result = kmq("warmup")
    assert result.exit_code == 0
    assert result.stderr == " 12 % compiling quant.some\n100 %\n"
    assert kmq("warmup", "--quiet").stderr == ""


def test_an_image_named_like_a_verb_is_written_with_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "prepare", lambda _, progress: None)
    Image.new("RGB", (3, 2), "red").save("warmup", "PNG")
    assert kmq("warmup").exit_code == 0
    assert names() == {"warmup"}
    assert kmq("./warmup").exit_code == 0
    assert names() == {"warmup", "warmup-kmq.png"}


@pytest.mark.parametrize("verb", [name for name in VERBS if name != "warmup"])
def test_a_verb_wins_over_a_file_of_its_name_which_is_reached_by_a_path(verb: str) -> None:
    Image.new("RGB", (3, 2), "red").save(verb, "PNG")
    kmq(verb)
    assert names() == {verb}
    assert kmq(f"./{verb}").exit_code == 0
    assert names() == {verb, f"{verb}-kmq.png"}


@pytest.mark.parametrize(("word", "verb"), [("verfy", "verify"), ("Info", "info"), ("palettes", "palette")])
def test_a_misspelt_verb_is_wrong_usage_and_the_right_one_is_named(word: str, verb: str) -> None:
    result = kmq(word, "a.png")
    assert result.exit_code == 4
    assert f"no such file: {word}; did you mean the verb {verb}?" in result.stderr


def test_a_file_whose_name_resembles_a_verb_is_an_input() -> None:
    Image.new("RGB", (3, 2), "red").save("infos", "PNG")
    assert kmq("infos").exit_code == 0
    assert "cannot read it: no such file" in kmq("photograph").stderr


@pytest.mark.parametrize("arguments", [("info",), ("verify", "--odd"), ("decode",), ("palette", "odd"), ("palette",)])
def test_wrong_usage_of_a_verb_has_the_status_of_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert kmq(*arguments).exit_code == 4


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_a_verb_needs_neither_numpy_nor_numba(name: str) -> None:
    script = (
        f"import sys; from pillow_kmq.cli.command import main; main(['{name}', '--help'], standalone_mode=False); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'numba')))"
    )
    assert run("-c", script).returncode == 0


# --strict


def test_strict_refuses_a_pixel_that_is_not_in_the_palette() -> None:
    image = Image.new("RGB", (40, 30), "white")
    image.save("good.png")
    image.putpixel((7, 20), (1, 2, 3))
    image.save("bad.png")
    result = kmq("--palette", "#fff,#000", "--strict", "bad.png", "good.png")
    assert result.exit_code == 97
    assert "kmq: bad.png: pixel (7, 20) is #010203, which is not in the palette" in result.stderr
    assert names() == {"bad.png", "good.png", "good-kmq.png"}
    assert "good.png" not in result.stderr


def test_strict_needs_a_palette() -> None:
    Image.new("RGB", (3, 2)).save("a.png")
    result = kmq("--strict", "a.png")
    assert result.exit_code == 4
    assert "--strict needs --palette" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="such names do not exist")
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("info",),
        ("verify",),
        ("decode",),
        ("palette", "show"),
        ("palette", "convert", "--format", "gpl"),
        ("palette", "extract"),
        ("--dry-run",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("good", [True, False])
def test_control_characters_in_names_do_not_reach_the_terminal(arguments: tuple[str, ...], good: bool) -> None:
    name = "a\x1b[31m\nb.kmq"
    Image.new("P", (3, 2)).save(name, "KMQ") if good else Path(name).write_bytes(b"KM")
    result = kmq(*arguments, name)
    assert r"a\x1b[31m\nb.kmq" in result.output
    assert "\x1b" not in result.output
    assert "\nb.kmq" not in result.output
