"""Palette PNG files: Pillow's chunks around image data that are searched for, see `png_search`.

| `optimize=` of `Image.save` | tries |
|---|---|
| False, 0 | what Pillow writes, and rows without filters |
| not given, 1 | all bit depths, rows without filters |
| True, 2 | orders of the palette and row filters, on a sample; the best two on the whole picture |
| 3, 4, 5 | more orders and filters; the best three, four or eight |
| 6 | all of them on the whole picture |
| "max" | the same; then zopfli, with the extra `png` |

With `compress_level` or `compress_type` and without `optimize`, the level is 0. No file is larger than Pillow's.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from ..checks import check_integer, shown, to_integer
from ..color_profile import color_chunks
from ..errors import OptionError, OptionTypeError
from ..quant.progress import Progress
from ..types import Palette
from .png_rows import Coding, stripes
from .png_search import MAX, Found, Picture, smallest

Chunk = tuple[bytes, bytes]

_NOT_GIVEN, _TRUE = 1, 2
_DEPTHS = (1, 2, 4, 8)


def level_of(encoderinfo: dict[str, Any]) -> int:
    """Return the level, 0..6 or MAX, that the keyword `optimize` asks for. Raises OptionError."""
    given = encoderinfo.get("optimize")
    if given is None:
        asks_pillow = any(encoderinfo.get(name, -1) != -1 for name in ("compress_level", "compress_type"))
        return 0 if asks_pillow else _NOT_GIVEN
    if isinstance(given, str) and given == "max":
        return MAX
    if isinstance(given, (bool, np.bool_)):
        return _TRUE if given else 0
    try:
        return check_integer("optimize", given, 0, MAX - 1)
    except (OptionError, OptionTypeError):
        raise OptionError(f'optimize must be True, False, 0 to {MAX - 1} or "max", not {shown(given)}') from None


def keeps_order(encoderinfo: dict[str, Any]) -> bool:
    """Return whether the keywords of `save` fix the order of a palette that is found."""
    return any(encoderinfo.get(name) is not None for name in ("palette", "order", "transparent_index"))


def encode(
    image: Image.Image, filename: str | bytes, progress: Progress, *, free_order: bool, transparent: int
) -> bytes:
    """Encode a P image as a PNG file.

    Args:
        image: A P image with an RGB palette that covers all indices, and `encoderinfo`.
        filename: The name that Pillow passes to its plugins.
        progress: Told the fraction done; it may cancel.
        free_order: True if the palette may be reordered.
        transparent: Number of entries at the start of the palette that have an alpha in the chunk tRNS.

    Raises:
        OptionError: `optimize` or `bits` is invalid.
        CancelledError: `progress` cancelled the work.
    """
    level = level_of(image.encoderinfo)
    depths = _depths(image)
    image.encoderinfo["optimize"] = level > 0
    chunks = _pillow_chunks(image, filename)
    entries = len(image.getpalette() or []) // 3
    if level > 0:
        picture = Picture(np.asarray(image), _palette(chunks), transparent, free_order, depths)
        chunks = _with_smaller(chunks, smallest(picture, level, progress), depths)
    elif entries <= 16:
        chunks = _with_smaller(chunks, _unfiltered(image, Coding(np.arange(entries), depths[0])), depths)
    progress(1.0)
    chunks[1:1] = color_chunks(image, {name for name, _ in chunks})
    png = BytesIO(PngImagePlugin._MAGIC)
    png.seek(0, 2)
    for name, data in chunks:
        PngImagePlugin.putchunk(png, name, data)
    return png.getvalue()


def _depths(image: Image.Image) -> tuple[int, ...]:
    """Return the bits per pixel to try: `bits`, or all that hold the palette. Raises OptionError."""
    entries = len(image.getpalette() or []) // 3
    least = next(depth for depth in _DEPTHS if entries <= 1 << depth)
    given = image.encoderinfo.get("bits")
    if given is None:
        return tuple(sorted({least, 8}))
    try:
        bits = to_integer("bits", given)
    except OptionTypeError:
        bits = 0
    if bits not in _DEPTHS:
        raise OptionError(f"bits must be 1, 2, 4 or 8, not {shown(given)}")
    return (max(bits, least),)


def _pillow_chunks(image: Image.Image, filename: str | bytes) -> list[Chunk]:
    """Return the chunks that Pillow writes, with one IDAT chunk, and with the fewest bits per pixel."""
    chunks: list[Chunk] = []
    image.encoderinfo.pop("bits", None)
    PngImagePlugin._save(image, BytesIO(), filename, lambda _, name, *data: chunks.append((name, b"".join(data))))
    first = next(number for number, (name, _) in enumerate(chunks) if name == b"IDAT")
    joined = b"".join(data for name, data in chunks if name == b"IDAT")
    after = [chunk for chunk in chunks[first:] if chunk[0] != b"IDAT"]
    return [*chunks[:first], (b"IDAT", joined), *after]


def _palette(chunks: list[Chunk]) -> Palette:
    """Return the palette of these chunks, uint8[k, 4]."""
    contents = dict(chunks)
    colors = np.frombuffer(contents[b"PLTE"], np.uint8).reshape(-1, 3)
    alphas = contents.get(b"tRNS", b"").ljust(len(colors), b"\xff")
    return np.column_stack([colors, np.frombuffer(alphas, np.uint8)])


def _unfiltered(image: Image.Image, coding: Coding) -> Found:
    """Compress rows without filters as the keywords `compress_level` and `compress_type` ask.

    Pillow filters rows of 1, 2 and 4 bits, against the advice of the PNG specification (12.7). Unfiltered rows were
    smaller in 61 of 64 trials with photos, screenshots and icons, mostly by 10 to 30 %.
    """
    options = image.encoderinfo
    level, strategy = options.get("compress_level", -1), max(0, options.get("compress_type", 0))
    encoder = zlib.compressobj(level, zlib.DEFLATED, 15, 9, strategy)
    parts = [encoder.compress(stripe.tobytes()) for stripe in stripes(np.asarray(image), coding)]
    return Found(coding, b"".join(parts) + encoder.flush())


def _with_smaller(chunks: list[Chunk], found: Found, depths: tuple[int, ...]) -> list[Chunk]:
    """Return the chunks with the image data found, if they are smaller or Pillow's depth is not among `depths`."""
    contents = dict(chunks)
    header = contents[b"IHDR"]
    if header[8] in depths and len(found.stream) >= len(contents[b"IDAT"]):
        return chunks
    palette = _palette(chunks)[found.coding.order]
    changed = {
        b"IHDR": header[:8] + bytes([found.coding.depth]) + header[9:],
        b"PLTE": palette[:, :3].tobytes(),
        b"tRNS": palette[:, 3].tobytes().rstrip(b"\xff"),
        b"IDAT": found.stream,
    }
    result = [(name, changed.get(name, data)) for name, data in chunks]
    return [chunk for chunk in result if chunk != (b"tRNS", b"")]
