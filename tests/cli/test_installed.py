"""The command as a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import pillow_kmq
from command_line import picture, run

pytestmark = pytest.mark.usefixtures("inside")


def test_the_module_runs_as_a_command() -> None:
    picture()
    result = run("-m", "pillow_kmq", "12", "a.png")
    assert result.returncode == 0, result.stderr
    assert b"a.png -> a-kmq.png: " in result.stdout
    assert len(Image.open("a-kmq.png").getpalette() or []) == 36
    result = run("-m", "pillow_kmq", "12", "-", input=Path("a.png").read_bytes())
    assert result.stdout == Path("a-kmq.png").read_bytes()
    assert run("-m", "pillow_kmq", "missing.png").returncode == 2


def test_help_and_version_need_neither_numpy_nor_numba() -> None:
    script = (
        "import sys; from pillow_kmq.cli.command import main; main(['{0}'], standalone_mode=False); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'numba')))"
    )
    assert run("-c", script.format("--help")).returncode == 0
    result = run("-c", script.format("--version"))
    assert result.returncode == 0
    assert pillow_kmq.__version__.encode() in result.stdout
