"""Compiling ahead of time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
from io import BytesIO
import pillow_kmq
from PIL import Image
small = BytesIO()
Image.new("P", (60, 60)).save(small, "KMQ", compression="default")
{}
print("numba" in sys.modules, "numpy" in sys.modules)
"""


def modules_after(statement: str) -> str:
    run = subprocess.run([sys.executable, "-c", CODE.format(statement)], capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.mark.jit
def test_warming_up_compiles() -> None:
    assert modules_after("pillow_kmq.codec.warmup()") == "True True"


def test_saving_and_opening_small_images_needs_no_numba() -> None:
    assert modules_after("Image.open(small).load()") == "False True"


@pytest.mark.jit
def test_many_small_images_are_worth_compiled_kernels() -> None:
    statement = """
from PIL import ImageDraw
image = Image.new("P", (60, 60))
image.putpalette(range(30))
ImageDraw.Draw(image).ellipse((3, 5, 40, 50), fill=7)
file = BytesIO()
image.save(file, "KMQ", compression="default")
from pillow_kmq.codec.worth import IMAGES
print("numba" in sys.modules)
IMAGES.left = 50  # milliseconds
for _ in range(50):
    Image.open(file).load()
"""
    assert modules_after(statement) == "False\nTrue True"


def test_images_of_more_pixels_and_few_bytes_open_without_numba(tmp_path: Path) -> None:
    statement = """
from PIL import ImageDraw
image = Image.new("P", (160, 130))
image.putpalette(range(30))
draw = ImageDraw.Draw(image)
for level in ("fast", "default"):
    for x in range(0, 160, 40):
        draw.rectangle((x, x // 2, x + 20, x + 30), fill=x // 40)
    image.save(f"{folder}/{level}.kmq", compression=level)
"""
    folder = f"folder = {str(tmp_path)!r}\n"
    modules_after(folder + statement)
    opens = "; ".join(f"Image.open(f'{{folder}}/{level}.kmq').load()" for level in ("fast", "default"))
    assert modules_after(folder + opens).startswith("False")


def test_an_icon_of_64x64_pixels_opens_without_numba_at_any_level(tmp_path: Path) -> None:
    statement = """
from pillow_kmq import codec
waves = [(x * x // 37 + y * y // 23 + x * y // 11) // 2 + x * 31 % 7 for y in range(64) for x in range(64)]
icon = Image.frombytes("P", (64, 64), bytes(wave % 256 for wave in waves))
icon.putpalette(bytes(i for i in range(256) for _ in range(3)))
for level in codec.COMPRESSIONS:
    icon.save(f"{folder}/{level}.kmq", compression=level)
"""
    folder = f"folder = {str(tmp_path)!r}\n"
    modules_after(folder + statement)
    files = list(tmp_path.iterdir())
    assert len(files) == 4
    for file in files:
        assert modules_after(f"Image.open({str(file)!r}).load()").startswith("False")


def test_opening_small_images_needs_no_numpy(tmp_path: Path) -> None:
    path = f"{tmp_path}/small.kmq"
    code = """
import sys, pillow_kmq
from PIL import Image, ImageDraw
image = Image.new("P", (60, 60))
image.putpalette(range(30))
ImageDraw.Draw(image).ellipse((3, 5, 40, 50), fill=7)
image.save(sys.argv[1])
"""
    subprocess.run([sys.executable, "-c", code, path], check=True)
    code = (
        "import sys, pillow_kmq; from PIL import Image; Image.open(sys.argv[1]).load(); print('numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.jit
def test_after_warming_up_no_picture_needs_another_kernel() -> None:
    statement = """
import numpy as np
from pillow_kmq.codec.compiled import _READY
pillow_kmq.codec.warmup()
before = set(_READY)
y, x = np.indices((300, 300))
waves = x * x // 37 + y * y // 23 + x * y // 11
photo = waves // 16 % 16
for indices in (photo, photo * (x > 250), x // 40, waves[:48, :48] % 16):
    for level in ("deflate", "fast", "default", "max"):
        image = Image.fromarray(indices.astype(np.uint8), "P")
        image.putpalette(range(48))
        file = BytesIO()
        image.save(file, "KMQ", compression=level)
        Image.open(file).load()
print(len(before) > 9, set(_READY) == before)
"""
    assert modules_after(statement).startswith("True True\n")
