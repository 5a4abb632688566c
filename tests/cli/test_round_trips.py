"""Round trips with programs that work with indices: Aseprite, Godot and LVGL (docs/guide/editors-and-engines.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from color_files import chunks_of
from command_line import kmq, picture

pytestmark = pytest.mark.usefixtures("inside")


def png_of_aseprite(entries: int, transparent: int) -> Image.Image:
    """Save a sprite as Aseprite does, and return it.

    8 bits per pixel, the whole palette with duplicates and unused entries, and an alpha for each entry: 0 for the
    transparent one, 255 or less for others.
    """
    random = np.random.default_rng(entries)
    palette = random.integers(0, 256, (entries, 3), np.uint8)
    palette[-1] = palette[0]
    alphas = np.full(entries, 255, np.uint8)
    alphas[entries // 2] = 128
    alphas[transparent] = 0
    indices = random.integers(0, max(entries - 3, 1), (20, 30), np.uint8)
    image = Image.frombytes("P", (30, 20), indices.tobytes())
    image.putpalette(palette.tobytes())
    image.save("sprite.png", bits=8, transparency=alphas.tobytes())
    return image


def content(name: str) -> tuple[bytes, bytes, bytes]:
    """Return palette, alphas and indices of a PNG file. Alphas may leave out opaque entries at the end."""
    chunks = chunks_of(Path(name).read_bytes())
    return chunks["PLTE"], chunks.get("tRNS", b"").rstrip(b"\xff"), Image.open(name).tobytes()


@pytest.mark.parametrize(("entries", "transparent"), [(2, 0), (5, 4), (16, 0), (16, 9), (32, 0), (256, 0), (256, 255)])
def test_a_sprite_of_aseprite_comes_back_with_its_palette_and_indices(entries: int, transparent: int) -> None:
    png_of_aseprite(entries, transparent)
    before = content("sprite.png")
    assert kmq("--output", "smaller.png", "sprite.png").exit_code == 0
    assert content("smaller.png") == before
    assert kmq("--output", "sprite.kmq", "sprite.png").exit_code == 0
    assert kmq("decode", "sprite.kmq", "--output", "again.png").exit_code == 0
    assert content("again.png") == before


@pytest.mark.parametrize("entries", [2, 4, 16, 256])
@pytest.mark.parametrize("suffix", [".gpl", ".pal", ".hex", ".png"])
def test_a_given_palette_is_written_with_all_entries_in_their_order(entries: int, suffix: str) -> None:
    palette = np.random.default_rng(entries).permutation(256)[:entries, np.newaxis] * [1, 1, 0] + [0, 0, 77]
    colors = ",".join("#{:02x}{:02x}{:02x}".format(*color) for color in palette)
    assert kmq("palette", "convert", colors, "--output", f"colors{suffix}").exit_code == 0
    picture()
    assert kmq("--palette", f"colors{suffix}", "--output", "b.png", "a.png").exit_code == 0
    assert content("b.png")[0] == palette.astype(np.uint8).tobytes()


@pytest.mark.parametrize("entries", [2, 4, 16, 256])
def test_png_files_have_as_many_entries_as_lvgl_asks_for(entries: int) -> None:
    picture(size=(200, 200))
    assert kmq(str(entries), "--output", "b.png", "a.png").exit_code == 0
    assert len(chunks_of(Path("b.png").read_bytes())["PLTE"]) == 3 * entries


@pytest.mark.parametrize("entries", [5, 16, 256])
def test_indices_and_a_row_of_colours_make_the_picture_again(entries: int) -> None:
    sprite = png_of_aseprite(entries, 0)
    assert kmq("palette", "extract", "sprite.png", "--output", "row.hex").exit_code == 0
    row = np.array([list(bytes.fromhex(line.ljust(8, "f"))) for line in Path("row.hex").read_text().split()], np.uint8)
    assert np.array_equal(row[np.asarray(sprite)], Image.open("sprite.png").convert("RGBA"))
