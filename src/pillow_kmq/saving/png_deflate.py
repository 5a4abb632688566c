"""Compression of the rows of a PNG file by libdeflate, or by oxipng with the extra `png`.

libdeflate looks for the shortest sequence of matches, so that its files are 2 to 7 % smaller than zlib's. oxipng has
zopfli, and more ways to choose row filters. It holds Python's lock while it works: each call is one trial, so that
Ctrl-C waits for one trial only, and what takes more than about a second runs in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import zlib
from typing import Any

import deflate

from ..types import Indices
from .png_rows import Coding, packed_rows, stripes

QUICK = 10
"""Level of libdeflate that takes about as long as zlib's highest."""

THOROUGH = 12
"""The highest level of libdeflate, two to five times as slow."""

_TINY = 4096  # bytes of rows for which zlib is sometimes better by a byte or two
_LARGE = 1 << 21  # pixels from which a trial of oxipng takes about a second

_ROW_FILTERS = {
    "none": "NoOp",
    "sub": "Sub",
    "up": "Up",
    "average": "Average",
    "paeth": "Paeth",
    "minsum": "MinSum",
    "entropy": "Entropy",
    "bigrams": "Bigrams",
    "bigent": "BigEnt",
    "brute": "Brute",
}
OXIPNG_ONLY = ("bigrams", "bigent", "brute")
"""Ways to choose row filters that only oxipng has."""

_CHILD = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.path[:] = {path!r}
from pillow_kmq.saving.png_deflate import optimized_rows
rows = sys.stdin.buffer.read()
sys.stdout.buffer.write(optimized_rows(rows, *{arguments!r}))
"""


def compressed(indices: Indices, coding: Coding, level: int = THOROUGH) -> bytes:
    """Return the zlib stream of a picture's rows. level: that of libdeflate, 0..12."""
    rows = b"".join(stripe.tobytes() for stripe in stripes(indices, coding))
    stream = bytes(deflate.zlib_compress(rows, level))
    return stream if len(rows) > _TINY else min(stream, zlib.compress(rows, 9), key=len)


def has_oxipng() -> bool:
    """Return whether the extra `png` is installed."""
    return _oxipng() is not None


def _oxipng() -> Any:
    try:
        import oxipng
    except ImportError:
        return None
    return oxipng


def takes_long(indices: Indices) -> bool:
    """Return whether the picture is so large that oxipng runs in a process of its own."""
    return indices.size > _LARGE


def with_oxipng(indices: Indices, coding: Coding, iterations: int = 0) -> bytes:
    """Return the zlib stream that libdeflate makes, or zopfli with so many iterations.

    Zopfli and large pictures are left to a child process, which an exception in this thread ends.
    """
    rows = packed_rows(indices, coding).tobytes()
    arguments = (indices.shape[1], indices.shape[0]), coding.depth, coding.filter, iterations
    if not sys.executable or not (iterations or takes_long(indices)):  # none if Python is embedded
        return optimized_rows(rows, *arguments)
    code = _CHILD.format(path=sys.path, arguments=arguments)
    return subprocess.run([sys.executable, "-c", code], input=rows, stdout=subprocess.PIPE, check=True).stdout


def optimized_rows(rows: bytes, size: tuple[int, int], depth: int, filter_: str, iterations: int = 0) -> bytes:
    """Return the zlib stream of packed rows that oxipng makes.

    Args:
        rows: Packed rows, without filter bytes.
        size: Width and height in pixels.
        depth: Bits per pixel.
        filter_: A key of _ROW_FILTERS.
        iterations: Those of zopfli, or 0 for libdeflate.
    """
    oxipng = _oxipng()
    deflaters = oxipng.Deflaters
    image = oxipng.RawImage(rows, *size, color_type=oxipng.ColorType.grayscale(), bit_depth=depth)
    png = image.create_optimized_png(
        filter=[getattr(oxipng.RowFilter, _ROW_FILTERS[filter_])],
        deflate=deflaters.zopfli(iterations) if iterations else deflaters.libdeflater(THOROUGH),
        force=True,
        bit_depth_reduction=False,
        color_type_reduction=False,
        palette_reduction=False,
        grayscale_reduction=False,
    )
    return _image_data(png)


def _image_data(png: bytes) -> bytes:
    """Return the contents of all IDAT chunks."""
    parts, position = [], 8
    while position < len(png):
        length = int.from_bytes(png[position : position + 4], "big")
        if png[position + 4 : position + 8] == b"IDAT":
            parts.append(png[position + 8 : position + 8 + length])
        position += 12 + length
    return b"".join(parts)
