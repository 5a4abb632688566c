"""Compression of the rows of a PNG file: zlib, or the encoders of oxipng if the extra `png` is installed.

oxipng brings libdeflate, whose files are about 5 % smaller than zlib's, and zopfli. It holds Python's lock while it
works: each call is one trial, so that Ctrl-C waits for one trial only, and what takes more than about a second runs in
a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import zlib
from typing import Any

from ..types import Indices
from .png_rows import NONE, Coding, packed_rows, stripes

Setting = tuple[int, int]
"""Memory level, 1..9, and strategy of zlib. A low memory level means short blocks, each with its own Huffman codes."""

_PLAIN: tuple[Setting, ...] = ((6, zlib.Z_DEFAULT_STRATEGY),)
_PLAIN_SMALL: tuple[Setting, ...] = (
    *((memory, zlib.Z_DEFAULT_STRATEGY) for memory in (1, 3, 4, 5, 6, 8)),
    *((memory, zlib.Z_RLE) for memory in (2, 4)),
)
_FILTERED: tuple[Setting, ...] = ((8, zlib.Z_FILTERED),)  # 3 to 8 % smaller than the default strategy
_FILTERED_SMALL: tuple[Setting, ...] = (
    *((memory, zlib.Z_FILTERED) for memory in (4, 5, 6, 8)),
    (5, zlib.Z_DEFAULT_STRATEGY),
    (8, zlib.Z_HUFFMAN_ONLY),
)
_SMALL = 1 << 16  # pixels of a picture for which more settings are tried
_LARGE = 1 << 21  # pixels from which a trial takes about a second

_LIBDEFLATE_LEVEL = 12

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


def has_oxipng() -> bool:
    """Return whether the extra `png` is installed."""
    return _oxipng() is not None


def _oxipng() -> Any:
    try:
        import oxipng
    except ImportError:
        return None
    return oxipng


def settings_for(coding: Coding, pixels: int) -> tuple[Setting, ...]:
    """Return the settings of zlib to try."""
    if coding.filter == NONE:
        return _PLAIN_SMALL if pixels <= _SMALL else _PLAIN
    return _FILTERED_SMALL if pixels <= _SMALL else _FILTERED


def with_zlib(
    indices: Indices, coding: Coding, settings: tuple[Setting, ...], stop: bytearray, level: int = 9
) -> bytes:
    """Return the smallest zlib stream of any setting; something useless once `stop` is set."""
    encoders = [zlib.compressobj(level, zlib.DEFLATED, 15, memory, strategy) for memory, strategy in settings]
    parts: list[list[bytes]] = [[] for _ in encoders]
    for stripe in stripes(indices, coding):
        rows = stripe.tobytes()
        for encoder, part in zip(encoders, parts, strict=True):
            if stop[0]:
                return b""
            part.append(encoder.compress(rows))
    streams = (b"".join(part) + encoder.flush() for encoder, part in zip(encoders, parts, strict=True))
    return min(streams, key=len)


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
        deflate=deflaters.zopfli(iterations) if iterations else deflaters.libdeflater(_LIBDEFLATE_LEVEL),
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
