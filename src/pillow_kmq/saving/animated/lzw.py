"""LZW data of GIF files, made by Pillow's encoder."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageFile

from ...types import Indices


def encode_lzw(indices: Indices) -> bytes:
    """Return the image data of a GIF frame: the code size, and blocks of codes up to the empty one at their end."""
    height, width = indices.shape
    bits = max(2, int(indices.max()).bit_length())
    image = Image.frombytes("P", (width, height), indices.tobytes())
    image.encoderconfig = (bits, 0)  # not interlaced
    data = BytesIO()
    ImageFile._save(image, data, [ImageFile._Tile("gif", (0, 0, width, height), 0, "P")])
    return bytes([bits]) + data.getvalue() + b"\0"
