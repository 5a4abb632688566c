"""What small `.kmq` files load where no kernel was compiled yet: neither Numba nor llvmlite, some not even NumPy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import pillow_kmq  # noqa: F401  registers KMQ

DRAW = """
from PIL import Image, ImageDraw
image = Image.new("P", (60, 60))
image.putpalette(range(30))
ImageDraw.Draw(image).ellipse((3, 5, 40, 50), fill=7)
"""
LARGER = """
from PIL import Image, ImageDraw
image = Image.new("P", (160, 130))
image.putpalette(range(30))
draw = ImageDraw.Draw(image)
for x in range(0, 160, 40):
    draw.rectangle((x, x // 2, x + 20, x + 30), fill=x // 40)
"""
ICON = """
from PIL import Image
waves = [(x * x // 37 + y * y // 23 + x * y // 11) // 2 + x * 31 % 7 for y in range(64) for x in range(64)]
image = Image.frombytes("P", (64, 64), bytes(wave % 256 for wave in waves))
image.putpalette(bytes(i for i in range(256) for _ in range(3)))
"""
SAVE = "import sys, pillow_kmq; image.save(sys.argv[1], compression=sys.argv[2])"
OPEN = "import sys, pillow_kmq; from PIL import Image; Image.open(sys.argv[1]).load()"
LEVELS = ["deflate", "fast", "default", "max"]


def loaded(statement: str, folder: Path, *arguments: object) -> set[str]:
    """Which of the three a process has loaded that finds no kernels in a folder."""
    code = f"{statement}\nprint(*{{'numpy', 'numba', 'llvmlite'}} & set(sys.modules))"
    environment = {**os.environ, "KMQ_CACHE_DIR": str(folder), "TMPDIR": str(folder)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(run.stdout.split())


@pytest.mark.parametrize("level", LEVELS)
def test_saving_and_opening_small_images_needs_no_kernels(tmp_path: Path, level: str) -> None:
    file = tmp_path / "small.kmq"
    assert loaded(DRAW + SAVE, tmp_path, file, level) <= {"numpy"}
    assert loaded(OPEN, tmp_path, file) <= {"numpy"}


@pytest.mark.parametrize("level", ["fast", "default"])
def test_images_of_more_pixels_and_few_bytes_open_without_kernels(tmp_path: Path, level: str) -> None:
    file = tmp_path / "larger.kmq"
    loaded(LARGER + SAVE, tmp_path, file, level)
    assert loaded(OPEN, tmp_path, file) <= {"numpy"}


@pytest.mark.parametrize("level", LEVELS)
def test_an_icon_of_64x64_pixels_opens_without_kernels_at_any_level(tmp_path: Path, level: str) -> None:
    file = tmp_path / "icon.kmq"
    loaded(ICON + SAVE, tmp_path, file, level)
    assert loaded(OPEN, tmp_path, file) <= {"numpy"}


def test_opening_small_images_needs_no_numpy(tmp_path: Path) -> None:
    file = tmp_path / "small.kmq"
    loaded(DRAW + SAVE, tmp_path, file, "default")
    assert loaded(OPEN, tmp_path, file) == set()


@pytest.mark.jit
@pytest.mark.usefixtures("kernels_on_disk")
@pytest.mark.parametrize("level", ["default", "max"])
def test_with_kernels_on_disk_larger_images_need_no_numpy(tmp_path: Path, level: str) -> None:
    file = tmp_path / "larger.kmq"
    Image.radial_gradient("L").rotate(9).quantize(40).save(file, compression=level)
    code = f"{OPEN}\nprint(*{{'numpy', 'numba', 'llvmlite'}} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) <= {"llvmlite"}
