"""Compressed image data of PNG files."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, PngImagePlugin

from ...types import Indices, Pixels
from ..png_deflate import GOOD, compressed
from ..png_rows import Coding


def palette_data(indices: Indices, bits: int) -> bytes:
    """Compress palette indices without row filters or, of fewer than 8 bits, with Pillow's choice if that is smaller.

    Args:
        indices: uint8[h, w].
        bits: Bits of an index: 1, 2, 4 or 8.
    """
    data = compressed(indices, Coding(np.arange(1 << bits), bits), GOOD)
    if bits == 8:
        return data
    image = Image.frombytes("P", indices.shape[::-1], indices.tobytes())
    image.putpalette(bytes(3 << bits))  # from whose size Pillow derives the number of bits
    return min(data, _by_pillow(image), key=len)


def full_color_data(pixels: Pixels) -> bytes:
    """Compress colours, uint8[h, w, 3 or 4], with Pillow's choice of row filters."""
    return _by_pillow(Image.fromarray(np.ascontiguousarray(pixels)))


def _by_pillow(image: Image.Image) -> bytes:
    chunks: list[bytes] = []

    def collect(_: object, name: bytes, *data: bytes) -> None:
        chunks.extend(data if name == b"IDAT" else ())

    image.encoderinfo = {"optimize": True}
    PngImagePlugin._save(image, BytesIO(), "", collect)
    return b"".join(chunks)
