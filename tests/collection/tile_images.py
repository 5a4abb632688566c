"""Small images for tests of collections."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from places import SAMPLES

SOURCES = ("photo.png", "sprite.png", "gradient.png", "pixel-art.png")


def tiles(count: int, size: int = 32) -> list[Image.Image]:
    """Cut distinct tiles out of the sample images, all of the same number from each."""
    found: list[Image.Image] = []
    for number, name in enumerate(SOURCES):
        with Image.open(SAMPLES / name) as opened:
            image = opened.convert("RGBA" if name == "sprite.png" else "RGB")
        wanted = count * (number + 1) // len(SOURCES) - len(found)
        across = max(1, round(wanted**0.5))
        for i in range(wanted):
            x = (image.width - size) * (i % across) // across
            y = (image.height - size) * (i // across) // (wanted // across + 1)
            found.append(image.crop((x, y, x + size, y + size)))
    return found


def write_tiles(folder: Path, count: int, size: int = 32) -> list[Path]:
    """Write tiles as PNG files into numbered folders, and return their paths."""
    paths = []
    for number, tile in enumerate(tiles(count, size)):
        path = folder / str(number % 7) / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        tile.save(path, compress_level=1)
        paths.append(path)
    return paths


def noise(seed: int, size: int = 24, channels: int = 3) -> Image.Image:
    """Return an image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, channels)).astype(np.uint8)
    return Image.fromarray(pixels)
