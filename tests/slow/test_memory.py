"""Thousands of cycles take no more memory and no more file descriptors than hundreds."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq.errors import KmqError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc")

_WARM_UP, _CYCLES = 200, 2000
_MOST = 1 << 20  # bytes

PHOTO = Image.effect_mandelbrot((96, 64), (-2, -1.5, 1, 1.5), 40)
RGB = Image.merge("RGB", [PHOTO, PHOTO.rotate(90), PHOTO.rotate(180)])
RGBA = Image.merge("RGBA", [*RGB.split(), Image.linear_gradient("L").resize(PHOTO.size)])
INDEXED = pillow_kmq.quantize(RGB, 32)


def resident() -> int:
    """Bytes of memory in use, without what the allocator keeps for later."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc
    if trim is not None:
        trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def saved(image: Image.Image, format_: str, **options: Any) -> BytesIO:
    image.save(stream := BytesIO(), format_, **options)
    return stream


def cycle_of_files(path: Path, **options: Any) -> Callable[[], None]:
    def cycle() -> None:
        pillow_kmq.save(INDEXED, path, **options)
        with Image.open(path) as opened:
            opened.load()
        Image.open(path).load()  # left to the garbage collector
        Image.open(path).verify()

    return cycle


def cycle_of_frames(path: Path) -> Callable[[], None]:
    def cycle() -> None:
        pillow_kmq.save(INDEXED, path, save_all=True, append_images=[INDEXED.rotate(180)], duration=40)
        with Image.open(path) as opened:
            for number in (1, 0, 1):
                opened.seek(number)
                opened.load()

    return cycle


def cycle_of_refusals(path: Path) -> Callable[[], None]:
    data = saved(INDEXED, "KMQ").getvalue()

    def cycle() -> None:
        for refused in (
            lambda: pillow_kmq.save(RGB, path, colors=2, quality=(95, 100)),
            lambda: Image.open(BytesIO(data[:-9])).load(),
            lambda: Image.open(BytesIO(data + b"x")).verify(),
            lambda: pillow_kmq.quantize(RGB, 300),
        ):
            with pytest.raises(KmqError):
                refused()

    return cycle


def cycle_of_regions(path: Path) -> Callable[[], object]:
    INDEXED.resize((400, 300)).save(path)
    return lambda: pillow_kmq.read_region(path, (10, 10, 20, 20))


def quantize(image: Image.Image, colors: int, **options: Any) -> Callable[[Path], Callable[[], object]]:
    return lambda _: lambda: pillow_kmq.quantize(image, colors, effort="fast", **options)


CYCLES: dict[str, Callable[[Path], Callable[[], object]]] = {
    "open and save deflate": lambda path: cycle_of_files(path, compression="deflate"),
    "open and save fast": lambda path: cycle_of_files(path, compression="fast"),
    "open and save default": lambda path: cycle_of_files(path, compression="default"),
    "open and save max": lambda path: cycle_of_files(path, compression="max"),
    "frames": cycle_of_frames,
    "regions": cycle_of_regions,
    "refusals": cycle_of_refusals,
    "PNG8": lambda _: lambda: saved(RGBA, "PNG8", colors=16, effort="fast"),
    "max_bytes": lambda _: lambda: saved(RGB, "PNG8", max_bytes=2000, effort="fast"),
    "quantize": quantize(RGBA, 32),
    "quantize to a quality": quantize(RGB, 256, quality=30),
    "dither": quantize(RGB, 8, dither="selective"),
    "dither on threads": quantize(RGB, 8, dither="bayer", threads=2),
    "quantize_all": lambda _: lambda: pillow_kmq.quantize_all([RGB, RGBA], 16, effort="fast"),
}


@pytest.mark.parametrize("kind", CYCLES)
def test_memory_and_descriptors_stay_flat_over_2000_cycles(tmp_path: Path, kind: str) -> None:
    cycle = CYCLES[kind](tmp_path / "a.kmq")
    for _ in range(_WARM_UP):
        cycle()
    memory, files = resident(), descriptors()
    for _ in range(_CYCLES):
        cycle()
    grown = resident() - memory
    print(f"{kind}: {grown / 1024:+.0f} KiB")
    assert grown < _MOST
    assert descriptors() == files


def test_a_leak_of_a_kilobyte_would_be_seen() -> None:
    kept = []
    memory = resident()
    for number in range(_CYCLES):
        kept.append(bytes([number % 256]) * 1100)
    assert resident() - memory > _MOST
