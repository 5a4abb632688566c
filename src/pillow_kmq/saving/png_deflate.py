"""Compression of the rows of a PNG file by libdeflate, or by the zopfli of oxipng with the extra `png`.

libdeflate looks for the shortest sequence of matches, so that its files are 2 to 7 % smaller than zlib's. oxipng holds
Python's lock while it works: it runs in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import zlib
from importlib.util import find_spec

import deflate

from ..png_chunks import png_chunks
from ..types import Indices
from .png_rows import Coding, packed_rows, stripes

QUICK = 9
"""Level of libdeflate for comparing ways, in a third of the time of zlib's highest."""

GOOD = 11
"""Level at which no file in the benchmark was larger than zlib's, at most three times as slow as zlib's highest."""

THOROUGH = 12
"""The highest level of libdeflate, up to twice as slow."""

_TINY = 4096  # bytes of rows for which zlib is sometimes better by a byte or two
_ITERATIONS = 15  # of zopfli: oxipng's default

_ROW_FILTERS = {
    "none": "NoOp",
    "sub": "Sub",
    "up": "Up",
    "average": "Average",
    "paeth": "Paeth",
    "minsum": "MinSum",
    "entropy": "Entropy",
    "trial": "Brute",
}

_CHILD = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.path[:] = {path!r}
from pillow_kmq.saving.png_deflate import zopfli
rows = sys.stdin.buffer.read()
sys.stdout.buffer.write(zopfli(rows, *{arguments!r}))
"""


def compressed(indices: Indices, coding: Coding, level: int = THOROUGH) -> bytes:
    """Return the zlib stream of a picture's rows. level: that of libdeflate, 0..12."""
    rows = b"".join(stripe.tobytes() for stripe in stripes(indices, coding))
    stream = bytes(deflate.zlib_compress(rows, level))
    return stream if len(rows) > _TINY else min(stream, zlib.compress(rows, 9), key=len)


def has_zopfli() -> bool:
    """Return whether the extra `png` is installed."""
    return find_spec("oxipng") is not None


def with_zopfli(indices: Indices, coding: Coding) -> bytes:
    """Return the zlib stream that zopfli makes, in a child process, which an exception in this thread ends."""
    rows = packed_rows(indices, coding).tobytes()
    arguments = (indices.shape[1], indices.shape[0]), coding.depth, coding.filter
    if not sys.executable:  # none if Python is embedded
        return zopfli(rows, *arguments)
    code = _CHILD.format(path=sys.path, arguments=arguments)
    return subprocess.run([sys.executable, "-c", code], input=rows, stdout=subprocess.PIPE, check=True).stdout


def zopfli(rows: bytes, size: tuple[int, int], depth: int, filter_: str) -> bytes:
    """Return the zlib stream of packed rows that the zopfli of oxipng makes.

    Args:
        rows: Packed rows, without filter bytes.
        size: Width and height in pixels.
        depth: Bits per pixel.
        filter_: A key of _ROW_FILTERS.
    """
    import oxipng

    image = oxipng.RawImage(rows, *size, color_type=oxipng.ColorType.grayscale(), bit_depth=depth)
    png = image.create_optimized_png(
        filter=[getattr(oxipng.RowFilter, _ROW_FILTERS[filter_])],
        deflate=oxipng.Deflaters.zopfli(_ITERATIONS),
        force=True,
        bit_depth_reduction=False,
        color_type_reduction=False,
        palette_reduction=False,
        grayscale_reduction=False,
    )
    return b"".join(chunk[8:-4] for name, chunk in png_chunks(png) if name == b"IDAT")
