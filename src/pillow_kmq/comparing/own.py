"""Results of this package: one palette image, in each format."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from PIL import Image

from ..codec.picture import keep_palette, sort_palette
from ..codec.writer import encode_picture
from ..Png8ImagePlugin import encode_png8
from ..quant.progress import SILENT
from ..saving.options import PaletteImage, indexed_image, to_palette_image
from .row import encoded

_LONGEST_WEBP = 16383  # pixels of a side


class File(NamedTuple):
    """A file that a maker wrote: format, bytes, seconds, and the command line that makes it."""

    format: str
    data: bytes
    seconds: float
    command: str


@dataclass(frozen=True)
class Result:
    """Pixels, and files that hold them.

    Attributes:
        maker: Program that chose the colours.
        colors: Maximum number of colours asked for, or None.
        options: Keywords of `quantize` that were given.
        image: The pixels.
        files: The files.
    """

    maker: str
    colors: int | None
    options: dict[str, Any]
    image: Image.Image
    files: list[File]


def own_result(
    image: Image.Image,
    name: str,
    colors: int,
    options: dict[str, Any],
    compressions: tuple[str, ...],
    webp: bool,
    progress: Callable[[float], object],
) -> Result:
    """Quantise an image, and encode the result in each format.

    Args:
        image: The original, in sRGB and without metadata.
        name: Its file name, for the command lines.
        colors: Maximum number of colours.
        options: Further keywords of `quantize`.
        compressions: Levels of `.kmq` files.
        webp: Whether to encode it as lossless WebP as well.
        progress: Called with the fraction done, 0..1.
    """
    started = time.perf_counter()
    result = to_palette_image(image, {"colors": colors, **options})
    choosing = time.perf_counter() - started
    steps = 2 + len(compressions) + webp
    progress(1 / steps)
    stem = os.path.splitext(os.path.basename(name))[0]

    def made(label: str, extension: str, encode: Callable[[], bytes], *words: str) -> File:
        begun = time.perf_counter()
        data = encode()
        seconds = choosing + time.perf_counter() - begun
        progress((2 + len(files)) / steps)
        given = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", str(value))]
        command = [
            "kmq",
            str(colors),
            "--strip",
            *given,
            *words,
            "-o",
            f"{stem}-{colors}.{extension}",
            *_as_argument(name),
        ]
        return File(label, data, seconds, shlex.join(command))

    files: list[File] = []
    files.append(made("PNG", "png", lambda: encode_png8(result, {**options, "optimize": True}, "", SILENT)))
    for level in compressions:
        files.append(made(f".kmq {level}", "kmq", partial(_kmq, result, level), "--compression", level))
    if webp and max(image.size) <= _LONGEST_WEBP:
        files.append(made("lossless WebP", "webp", lambda: lossless_webp(result.image)))
    return Result("pillow-kmq", colors, options, result.image, files)


def _as_argument(name: str) -> list[str]:
    return ["--", name] if name.startswith("-") else [name]


def _kmq(result: PaletteImage, compression: str) -> bytes:
    arrange = keep_palette if result.kept else sort_palette
    return encode_picture(arrange(indexed_image(result.image, {})), compression)


def lossless_webp(image: Image.Image) -> bytes:
    """Return a palette image as lossless WebP."""
    return encoded(image.convert("RGBA" if image.has_transparency_data else "RGB"), "WEBP", lossless=True, exact=True,
                   quality=100)  # fmt: skip
