"""Compiling ahead of time: afterwards nothing is compiled any more, and nothing loads Numba."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq import codec

# What users do, in a process of its own, without a log record of compiling.
USES = """
import logging, sys
from io import BytesIO
import numpy as np
from PIL import Image
import pillow_kmq
from pillow_kmq import codec, kmeans, quantize

def refuse(record):
    raise AssertionError(record.getMessage())

logging.getLogger("pillow_kmq").setLevel("INFO")
logging.getLogger("pillow_kmq").addFilter(refuse)
noise = np.random.default_rng(1).integers(0, 256, (128, 128, 4), np.uint8)
"""
QUANTISES = """
for pixels in (noise, noise[..., :3]):
    im = Image.fromarray(pixels)
    for space in ("srgb", "linear", "oklab"):
        quantize(im, 16, space=space, effort="best")
    for dither in (0.5, "selective", "bayer", "blue-noise"):
        quantize(im, 16, dither=dither, fixed=[(1, 2, 3)])
    quantize(im, palette="cga", dither=1)
    quantize(im, palette="cga", importance=im.convert("L"))
    quantize(im, 64, effort="fast", posterize="rgb565", importance=im.convert("L"))
    quantize(im, quality=(5, 30), report=print)
    quantize(im.resize((1300, 1300), 0), 256, threads=2)
    quantize(im.convert("L"), 16, max_iter=4)
    im.save(BytesIO(), "PNG8")
    kmeans(pixels[0], 5, init="random")
    kmeans(pixels[0].astype(float), 5, init="wu", n_init=2)
    palette = pillow_kmq.find_palette(pixels, 8)
    pillow_kmq.histogram(pixels)
    pillow_kmq.remap(pixels, palette, space="oklab")
    pillow_kmq.dither(pixels, palette, 0.5)
    pillow_kmq.quantize_array(pixels, 30, dither="selective", importance=pixels[..., 0])
"""
LEVEL = """
y, x = np.indices((300, 300))
waves = x * x // 37 + y * y // 23 + x * y // 11
photo = waves // 16 % 16
for indices in (photo, photo * (x > 250), x // 40, waves[:48, :48] % 16):
    image = Image.fromarray(indices.astype(np.uint8))
    image.putpalette(range(48))
    file = BytesIO()
    image.save(file, "KMQ", compression={level!r})
    Image.open(file).load()
Image.fromarray(noise).resize((400, 300), 0).save(file := BytesIO(), "KMQ", colors=40, compression={level!r})
Image.open(file).load()
"""
COMMAND = """
from pillow_kmq.cli.command import main
main([*sys.argv[1:], "a.png", "b.png"])
"""

pytestmark = pytest.mark.jit


def loaded(code: str, *arguments: str, folder: Path | None = None) -> set[str]:
    """Which of the two a process has loaded in the end."""
    code = "import atexit; atexit.register(lambda: print('modules:', *{'numba', 'llvmlite'} & set(sys.modules)))" + code
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert not run.stderr
    return set(run.stdout.split("modules:")[1].split())


@pytest.mark.usefixtures("kernels_on_disk")
def test_with_kernels_on_disk_the_quantiser_needs_no_numba() -> None:
    assert loaded(USES + QUANTISES) == {"llvmlite"}


@pytest.mark.usefixtures("kernels_on_disk")
@pytest.mark.parametrize("level", codec.COMPRESSIONS)
def test_with_kernels_on_disk_no_level_needs_numba(level: str) -> None:
    assert loaded(USES + LEVEL.format(level=level)) == {"llvmlite"}


@pytest.mark.usefixtures("kernels_on_disk")
@pytest.mark.parametrize(
    "arguments", [(), ("--format=kmq",), ("--format=kmq", "--compression=max"), ("--dither=bayer",)]
)
def test_with_kernels_on_disk_the_command_needs_no_numba(arguments: tuple[str, ...], tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (60, 80, 4), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    Image.fromarray(noise[..., :3]).save(tmp_path / "b.png")
    assert loaded(USES + COMMAND, *arguments, folder=tmp_path) == {"llvmlite"}
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.usefixtures("kernels_on_disk")
def test_an_indexed_png_that_is_only_converted_loads_no_kernel(tmp_path: Path) -> None:
    for name, entries in (("a.png", 256), ("b.png", 9)):
        indices = np.arange(60 * 80, dtype=np.int64).reshape(60, 80) * 7 % entries
        image = Image.fromarray(indices.astype(np.uint8))
        image.putpalette(np.random.default_rng(3).integers(0, 256, 3 * entries, np.uint8).tolist())
        image.save(tmp_path / name)
    assert loaded(USES + COMMAND, folder=tmp_path) == set()
    assert len(list(tmp_path.iterdir())) == 4


PREPARED = """
from pillow_kmq.kernels import ahead
ahead.prepare = lambda variants, _: print(*{variant.kernel.function.__module__ for variant in variants})
import pillow_kmq
pillow_kmq.warmup()
"""


def test_warming_up_compiles_the_kernels_of_all_modules() -> None:
    source = Path(pillow_kmq.__file__).parents[1]
    files = [path for path in source.rglob("pillow_kmq/**/*.py") if "\n@kernel\n" in path.read_text(encoding="utf-8")]
    modules = {".".join(path.relative_to(source).with_suffix("").parts) for path in files}
    run = subprocess.run([sys.executable, "-c", PREPARED], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == modules
    assert len(modules) > 15


@pytest.mark.usefixtures("kernels_on_disk")
def test_warming_up_says_what_it_compiles_and_how_far_it_is() -> None:
    told: list[tuple[str, float]] = []
    pillow_kmq.warmup(lambda what, done: told.append((what, done)))
    assert told == [("", 1.0)]


def test_a_progress_that_cannot_be_called_is_refused_before_anything_is_compiled() -> None:
    with pytest.raises(TypeError, match="progress must be a function, not int"):
        pillow_kmq.warmup(5)  # type: ignore[arg-type]
