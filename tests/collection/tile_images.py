"""Small images for tests of collections."""

from __future__ import annotations

import sqlite3
from contextlib import closing
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


def write_pyramid(path: Path, files: dict[tuple[int, int, int], bytes], format_: str = "png") -> Path:
    """Write an MBTiles file of tiles by zoom level, column and row, and return its path."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript("""
            CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
            CREATE TABLE metadata (name text, value text);
        """)
        database.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", [(*place, data) for place, data in files.items()])
        database.executemany("INSERT INTO metadata VALUES (?, ?)", [("name", "Île"), ("format", format_)])
        database.commit()
    return path


def noise(seed: int, size: int = 24, channels: int = 3) -> Image.Image:
    """Return an image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, channels)).astype(np.uint8)
    return Image.fromarray(pixels)
