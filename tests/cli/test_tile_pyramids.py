"""Tile pyramids as inputs of the command."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from command_line import kmq, names, picture
from pillow_kmq import read_palette
from pillow_kmq.collection import convert_mbtiles
from tile_images import write_pyramid, write_tiles

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def tiles(inside: Path) -> list[Path]:
    """Distinct tiles; map.mbtiles has them, and one of them twice."""
    paths = list({path.read_bytes(): path for path in write_tiles(inside / "tiles", 20)}.values())
    files = {(3, number, 0): path.read_bytes() for number, path in enumerate(paths)}
    write_pyramid(Path("map.mbtiles"), files | {(3, 0, 1): paths[0].read_bytes()})
    return paths


def read(name: str) -> dict[tuple[int, int, int], bytes]:
    with closing(sqlite3.connect(name)) as database:
        return {(zoom, x, y): data for zoom, x, y, data in database.execute("SELECT * FROM tiles")}


def pixels(data: bytes) -> bytes:
    return Image.open(BytesIO(data)).convert("RGBA").tobytes()


def test_tiles_become_those_of_the_same_files_with_a_shared_palette(tiles: list[Path]) -> None:
    result = kmq("16", "map.mbtiles")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("map.mbtiles -> map-kmq.mbtiles: ")
    found = read("map-kmq.mbtiles")
    assert f", {len(tiles) + 1} tiles, {len(set(found.values()))} distinct, 16 colours" in result.stdout
    assert kmq("16", "--shared-palette", *tiles, "--out-dir", "small").exit_code == 0
    assert found.keys() == read("map.mbtiles").keys()
    for number, path in enumerate(tiles):
        assert pixels(found[3, number, 0]) == pixels((Path("small") / path.name).read_bytes())
    assert found[3, 0, 1] == found[3, 0, 0]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_file_does_not_depend_on_the_number_of_processes(tiles: list[Path], processes: str) -> None:
    assert kmq("16", "map.mbtiles", "-o", "a.mbtiles").exit_code == 0
    assert kmq("16", "map.mbtiles", "-o", "b.mbtiles", "-j", processes).exit_code == 0
    assert Path("a.mbtiles").read_bytes() == Path("b.mbtiles").read_bytes()


def test_a_given_palette_is_used(tiles: list[Path]) -> None:
    assert kmq("--palette", "pico-8", "--nofs", "map.mbtiles").exit_code == 0
    convert_mbtiles("map.mbtiles", "pico-8", "expected.mbtiles", dither="none", processes=1)
    assert read("map-kmq.mbtiles") == read("expected.mbtiles")


def test_a_pyramid_and_images_can_share_a_palette(tiles: list[Path]) -> None:
    picture("a.png")
    assert kmq("24", "--shared-palette", "--nofs", "a.png", "map.mbtiles").exit_code == 0
    assert kmq("palette", "extract", "a-kmq.png", "-o", "a.hex").exit_code == 0
    shared = set(map(tuple, read_palette("a.hex").colors.tolist()))
    tile_colors = Image.open(BytesIO(read("map-kmq.mbtiles")[3, 0, 0])).convert("RGBA").getcolors()
    assert tile_colors
    assert {color for _, color in tile_colors} <= shared


def test_names_of_outputs_follow_ext_and_out_dir(tiles: list[Path]) -> None:
    os.utime("map.mbtiles", (1e9, 1e9))
    assert kmq("4", "map.mbtiles", "--ext", "-4.mbtiles").exit_code == 0
    assert kmq("4", "map.mbtiles", "--out-dir", "small/maps", "--preserve").exit_code == 0
    assert read("map-4.mbtiles") == read("small/maps/map.mbtiles")
    assert Path("small/maps/map.mbtiles").stat().st_mtime == 1e9


def test_an_output_is_replaced_by_force_only(tiles: list[Path]) -> None:
    Path("map-kmq.mbtiles").write_text("mine")
    result = kmq("map.mbtiles")
    assert (result.exit_code, Path("map-kmq.mbtiles").read_text()) == (15, "mine")
    assert kmq("map.mbtiles", "--force").exit_code == 0
    assert read("map-kmq.mbtiles")


def test_a_dry_run_writes_nothing(tiles: list[Path]) -> None:
    result = kmq("--dry-run", "map.mbtiles")
    assert result.stdout == "map.mbtiles -> map-kmq.mbtiles\n"
    assert "map-kmq.mbtiles" not in names()


def test_json_has_the_facts_of_the_file(tiles: list[Path]) -> None:
    facts = json.loads(kmq("16", "--json", "map.mbtiles").stdout)
    assert (facts["status"], facts["colors"], facts["quality"]) == ("written", 16, None)
    assert facts["bytes_after"] == Path("map-kmq.mbtiles").stat().st_size


def test_tiles_that_cannot_be_read_are_kept_with_a_note(tiles: list[Path]) -> None:
    write_pyramid(Path("odd.mbtiles"), {(1, 0, 0): tiles[0].read_bytes(), (1, 1, 0): b"odd"})
    result = kmq("odd.mbtiles")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == "odd.mbtiles: note: 1 tile cannot be read and stays as in the input"
    assert read("odd-kmq.mbtiles")[1, 1, 0] == b"odd"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("missing.mbtiles", 2, "cannot read it: no such file or directory"),
        ("text.mbtiles", 25, "not an MBTiles file: "),
        ("vector.mbtiles", 25, "holds vector tiles"),
        ("odd.mbtiles", 25, "no tile can be read"),
    ],
)
def test_what_is_no_pyramid_of_images_is_named(tiles: list[Path], name: str, status: int, words: str) -> None:
    Path("text.mbtiles").write_text("words")
    write_pyramid(Path("vector.mbtiles"), {(0, 0, 0): b"x"}, "pbf")
    write_pyramid(Path("odd.mbtiles"), {(0, 0, 0): b"x"})
    before = names()
    result = kmq("4", name, "map.mbtiles")
    assert result.exit_code == status
    assert result.stderr.startswith(f"kmq: {name}: {words}")
    assert names() == before | {"map-kmq.mbtiles"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("map.mbtiles", "-o", "a.png"), "only .mbtiles files become .mbtiles files"),
        (("map.mbtiles", "-o", "-"), "only .mbtiles files become .mbtiles files"),
        (("map.mbtiles", "--ext", "-small.png"), "only .mbtiles files become .mbtiles files"),
        (("a.png", "-o", "a.mbtiles"), "only .mbtiles files become .mbtiles files"),
        (("map.mbtiles", "--max-bytes", "9k"), "--max-bytes does not apply to .mbtiles files"),
        (("map.mbtiles", "--skip-if-larger"), "--skip-if-larger does not apply"),
        (("map.mbtiles", "--lossy", "3"), "--lossy does not apply"),
        (("map.mbtiles", "--format", "kmq"), "--format does not apply"),
    ],
)
def test_what_does_not_apply_is_refused(tiles: list[Path], arguments: tuple[str, ...], words: str) -> None:
    result = kmq(*arguments)
    assert result.exit_code == 4
    assert words in " ".join(result.stderr.split())
