"""Compiling ahead of time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pillow_kmq

# What users do, in a process of its own: its kernels must all come from the cache.
USES = """
from io import BytesIO
import numpy as np
from PIL import Image
import pillow_kmq
from pillow_kmq import codec, kmeans, quantize

noise = np.random.default_rng(1).integers(0, 256, (128, 128, 4), np.uint8)
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
    kmeans(pixels[0], 5, init="random")
    kmeans(pixels[0].astype(float), 5, init="wu", n_init=2)
    palette = pillow_kmq.find_palette(pixels, 8)
    pillow_kmq.histogram(pixels)
    pillow_kmq.remap(pixels, palette, space="oklab")
    pillow_kmq.dither(pixels, palette, 0.5)
    pillow_kmq.quantize_array(pixels, 30, dither="selective", importance=pixels[..., 0])
    for compression in codec.COMPRESSIONS:
        file = BytesIO()
        im.resize((400, 300), 0).save(file, "KMQ", colors=40, compression=compression)
        Image.open(file).load()
"""


def run(code: str, cache: Path) -> set[str]:
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "NUMBA_CACHE_DIR": str(cache)})
    return {path.name for path in cache.rglob("*.nbc")}


@pytest.mark.jit
def test_after_warming_up_nothing_is_compiled_any_more(tmp_path: Path) -> None:
    warm = run("import pillow_kmq; pillow_kmq.warmup()", tmp_path)
    assert warm
    assert run(USES, tmp_path) == warm


@pytest.mark.jit
def test_warming_up_says_what_it_compiles_and_how_far_it_is() -> None:
    import pillow_kmq

    told: list[tuple[str, float]] = []
    pillow_kmq.warmup(lambda what, done: told.append((what, done)))
    parts = [done for _, done in told]
    assert parts == sorted(parts)
    assert told[-1] == ("", 1.0)
    assert all(what for what, _ in told[:-1])


def test_a_progress_that_cannot_be_called_is_refused_before_anything_is_compiled() -> None:
    with pytest.raises(TypeError, match="progress must be a function, not int"):
        pillow_kmq.warmup(5)  # type: ignore[arg-type]
