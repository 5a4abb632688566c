"""Running the command, on pictures in the current folder."""

from __future__ import annotations

import os
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from pillow_kmq.cli.command import main

posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions and pipes")
not_root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read anything")


def kmq(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    """Run the command in this process, with standard error apart, which click 8.1 must be told."""
    apart: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**apart).invoke(main, [str(argument) for argument in arguments], input=stdin)


def picture(name: str = "a.png", mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: Any) -> Image.Image:
    """Save a picture of many colours under a name, and return it."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    rgb = np.dstack([x * 6, y * 8, (x * y) % 256]).astype(np.uint8)
    image = Image.fromarray(rgb).convert(mode)
    image.save(name, **{"compress_level": 0, **options})
    return image


def names() -> set[str]:
    return {path.name for path in Path().iterdir()}


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, timeout=120, check=False, **options)


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
