"""Sizes and speeds of lossless palette formats on indexed images: `python benchmarks/formats.py FOLDER`.

FOLDER holds PNGs of mode P as CLASS/kN/*.png. Writes results/formats.csv (a line per class and format). KMQ files are
written with palette_mode "compact", as the rivals keep neither order nor unused entries; `kmq-LEVEL-exact` are not.
Needs pyoxipng, and pillow-jxl-plugin for JPEG XL. Times are CPU seconds of one thread, once everything is compiled.
"""

from __future__ import annotations

import csv
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import oxipng
from PIL import Image

import pillow_kmq
from pillow_kmq import codec

try:
    import pillow_jxl
except ImportError:
    pillow_jxl = None

RESULTS = Path(__file__).parent / "results" / "formats.csv"
Encode = Callable[[Image.Image], bytes]


def saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    """A file in memory."""
    stream = BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def full_color(image: Image.Image) -> Image.Image:
    """What formats without palettes are given: RGB, or RGBA where something is translucent."""
    rgba = image.convert("RGBA")
    return rgba if rgba.getextrema()[3][0] < 255 else rgba.convert("RGB")


def webp(image: Image.Image) -> bytes:
    """The smaller of the files that keep and that drop the colours of transparent pixels."""
    options = {"lossless": True, "quality": 100, "method": 6}
    return min((saved(full_color(image), "WEBP", exact=exact, **options) for exact in (False, True)), key=len)


def gif(image: Image.Image) -> bytes:
    """GIF, which has one transparent entry at most: without any here."""
    copy = image.copy()
    copy.info.pop("transparency", None)
    return saved(copy, "GIF")


def formats() -> dict[str, Encode]:
    """Encoders by name."""
    found: dict[str, Encode] = {}
    for level in codec.COMPRESSIONS:
        found[f"kmq-{level}"] = lambda im, c=level: saved(im, "KMQ", compression=c, palette_mode="compact")
        found[f"kmq-{level}-exact"] = lambda im, c=level: saved(im, "KMQ", compression=c)
    found["oxipng-max"] = lambda im: oxipng.optimize_from_memory(saved(im, "PNG", optimize=True), level=6)
    found["webp"] = webp
    if pillow_jxl:
        found["jxl-e9"] = lambda im: saved(full_color(im), "JXL", lossless=True, effort=9)
    found["gif"] = gif
    return found


def measure(folder: Path, encoders: dict[str, Encode]) -> list[list[object]]:
    """Class, format, files, pixels, bytes, encode and decode in MP/s."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for path in sorted(folder.glob("*/k*/*.png")):
        with Image.open(path) as image:
            image.load()
        for name, encode in encoders.items():
            if (path.parent.relative_to(folder).as_posix(), name) not in sums and name.startswith("kmq"):
                Image.open(BytesIO(encode(image))).load()  # compile
            begin = time.process_time()
            data = encode(image)
            encoded = time.process_time()
            if name != "gif":  # its palette of several transparent entries is gone, only its size counts
                Image.open(BytesIO(data)).load()
            decoded = time.process_time()
            added = (1, image.width * image.height, len(data), encoded - begin, decoded - encoded)
            row = sums[path.parent.relative_to(folder).as_posix(), name]
            row[:] = [a + b for a, b in zip(row, added, strict=True)]
    return [
        [*key, int(files), int(pixels), int(size), f"{pixels / 1e6 / coding:.2f}", f"{pixels / 1e6 / decoding:.2f}"]
        for key, (files, pixels, size, coding, decoding) in sorted(sums.items())
    ]


def main() -> None:
    """Measure and write the table."""
    codec.set_threads(1)
    warnings.simplefilter("ignore")
    rows = measure(Path(sys.argv[1]), formats())
    with RESULTS.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["class", "format", "files", "pixels", "bytes", "encode_mps", "decode_mps"])
        writer.writerows(rows)
    for row in rows:
        print(*row)
    print("pillow-kmq", pillow_kmq.__version__)


if __name__ == "__main__":
    main()
