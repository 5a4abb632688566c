"""The first use of an installation, which has to compile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.jit


def run(folder: Path, *arguments: str) -> str:
    """What the command says on standard error, with kernels kept in a folder."""
    environment = {**os.environ, "KMQ_CACHE_DIR": str(folder / "kernels"), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "pillow_kmq", *arguments]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True).stderr


def test_the_command_says_once_that_it_compiles(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.linear_gradient("L").convert("RGB").save(tmp_path / name)
    arguments = ("-f", "--dither=none", "--palette=#000,#fff", "a.png", "b.png")
    assert run(tmp_path, *arguments) == "kmq: compiling kernels, once per installation ...\n"
    assert len(list((tmp_path / "kernels").iterdir())) == 2
    assert run(tmp_path, *arguments) == ""
