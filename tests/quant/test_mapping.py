"""The indices of whole images: the same by table and by cache, for any number of threads, in threads and after fork."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq.errors import OptionError, OptionTypeError
from pillow_kmq.quant import remap as mapping
from pillow_kmq.quant import source as source_module
from pillow_kmq.quant.histogram import pack
from pillow_kmq.quant.nearest import color_table, nearest_finder, remap


def noise(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    shape = (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8))


def picture(result: Image.Image) -> tuple[bytes, bytes]:
    return result.tobytes(), bytes(result.palette.palette)


def digest(seed: int) -> tuple[bytes, bytes]:
    return picture(pillow_kmq.quantize(noise(64, 48, "RGBA", seed), 20, threads=2))


@pytest.mark.parametrize("space", ["srgb", "oklab"])
@pytest.mark.parametrize("k", [1, 20, 256])
def test_the_table_of_colours_changes_no_index(space, k):
    random = np.random.default_rng(k)
    palette = random.integers(0, 256, (k, 4)).astype(np.uint8)
    palette[k // 4 :, 3] = 255
    pixels = random.integers(0, 256, (400, 4)).astype(np.uint8)
    pixels[100:, 3] = 255
    pixels[-100:, :3] = pixels[100:200, :3]  # met again, now known
    plain, known = np.empty(400, np.uint8), np.empty(400, np.uint8)
    remap(nearest_finder(palette, space), pack(pixels), plain)
    table = color_table()
    for part in (slice(0, 300), slice(300, 400)):
        remap(nearest_finder(palette, space), pack(pixels[part]), known[part], table)
    np.testing.assert_array_equal(known, plain)
    assert np.count_nonzero(table) > 0


@pytest.mark.jit
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_threads_change_no_byte(mode, monkeypatch):
    monkeypatch.setattr(source_module, "STRIPE", 500)
    im = noise(101, 97, mode)
    alone = picture(pillow_kmq.quantize(im, 64))
    for threads in (0, 2, 5):
        assert picture(pillow_kmq.quantize(im, 64, threads=threads)) == alone
    monkeypatch.setattr(mapping, "LARGE", 1)
    for threads in (1, 3):
        assert picture(pillow_kmq.quantize(im, 64, threads=threads)) == alone


@pytest.mark.jit
@pytest.mark.parametrize("dither", ["floyd-steinberg", "selective", "bayer", "blue-noise"])
def test_threads_change_no_byte_of_a_dithered_image(dither, monkeypatch):
    monkeypatch.setattr(source_module, "STRIPE", 500)
    im = noise(101, 97, "RGBA")
    alone = picture(pillow_kmq.quantize(im, 16, dither=dither))
    for threads in (0, 3):
        assert picture(pillow_kmq.quantize(im, 16, dither=dither, threads=threads)) == alone


@pytest.mark.jit
def test_gives_the_same_from_many_threads_at_once():
    alone = [digest(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(digest, range(8))) == alone


@pytest.mark.jit
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks by default")
def test_works_in_a_forked_process():
    alone = digest(1)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(digest, [1, 1]) == [alone, alone]


@pytest.mark.parametrize(("threads", "error"), [(-1, OptionError), (2.0, OptionTypeError), (True, OptionTypeError)])
def test_refuses_a_senseless_number_of_threads(threads, error):
    with pytest.raises(error, match="threads"):
        pillow_kmq.quantize(noise(2, 2), threads=threads)


@pytest.mark.jit
def test_an_error_in_one_stripe_reaches_the_caller(monkeypatch):
    monkeypatch.setattr(source_module, "STRIPE", 100)
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError("no room")

    monkeypatch.setattr(mapping, "remap", fail)
    with pytest.raises(MemoryError, match="no room"):
        pillow_kmq.quantize(noise(50, 50), 4, threads=2)
