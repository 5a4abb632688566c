"""Verbs, and files that are named like one."""

from __future__ import annotations

import pytest
from PIL import Image

from command_line import kmq, names
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
