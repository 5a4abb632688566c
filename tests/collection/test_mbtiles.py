"""Tile pyramids: one palette, equal tiles once, positions and metadata kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pillow_kmq.collection import convert_mbtiles, learn_palette, read_mbtiles
from pillow_kmq.errors import CancelledError, OptionError
from tile_images import tiles, write_pyramid

pytestmark = pytest.mark.jit


def file_of(image: Image.Image, format_: str = "PNG") -> bytes:
    image.save(stream := BytesIO(), format_)
    return stream.getvalue()


SEA = file_of(Image.new("RGB", (32, 32), "#2060a0"))
TILES = {(2, number % 4, number // 4): file_of(tile) for number, tile in enumerate(tiles(12))}
TILES |= {(2, x, 3): SEA for x in range(4)} | {(1, x, y): SEA for x in range(2) for y in range(2)}
TILES |= {(0, 0, 0): file_of(Image.new("RGB", (32, 32), "#2060a0"), "BMP")}  # the same picture as another file


def read(path: Path) -> dict[tuple[int, int, int], bytes]:
    with closing(sqlite3.connect(path)) as database:
        return {(zoom, x, y): data for zoom, x, y, data in database.execute("SELECT * FROM tiles")}


def pixels(data: bytes) -> bytes:
    return Image.open(BytesIO(data)).convert("RGBA").tobytes()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_pyramid(tmp_path / "in.mbtiles", TILES)


def test_distinct_tiles_are_read_once(source):
    assert sum(1 for _ in read_mbtiles(source)) == len(set(TILES.values()))


def test_the_pyramid_keeps_its_places_and_gets_one_palette(source, tmp_path):
    palette = learn_palette(read_mbtiles(source), 64, processes=1)
    summary = convert_mbtiles(source, palette, tmp_path / "out.mbtiles", processes=1, compact=False)
    found = read(tmp_path / "out.mbtiles")
    assert found.keys() == TILES.keys()
    assert {bytes(Image.open(BytesIO(data)).palette.palette) for data in found.values()} == {
        palette.colors[:, :3].tobytes()
    }
    assert (summary.tiles, summary.distinct, summary.kept) == (len(TILES), len(set(found.values())), 0)
    assert found[0, 0, 0] == found[2, 3, 3]
    assert summary.output_bytes == (tmp_path / "out.mbtiles").stat().st_size


def test_tiles_of_no_more_colours_than_the_palette_are_exact(tmp_path):
    flat = {(1, x, y): file_of(Image.new("RGB", (8, 8), (x * 90, y * 90, 5))) for x in range(2) for y in range(2)}
    source = write_pyramid(tmp_path / "in.mbtiles", flat)
    palette = learn_palette(read_mbtiles(source), 4, processes=1)
    convert_mbtiles(source, palette, tmp_path / "out.mbtiles", processes=1)
    assert {place: pixels(data) for place, data in read(tmp_path / "out.mbtiles").items()} == {
        place: pixels(data) for place, data in flat.items()
    }


def test_metadata_are_kept_except_for_the_format(tmp_path):
    source = write_pyramid(tmp_path / "in.mbtiles", {(0, 0, 0): file_of(Image.new("RGB", (4, 4)), "JPEG")}, "jpg")
    convert_mbtiles(source, "cga", tmp_path / "out.mbtiles", processes=1)
    with closing(sqlite3.connect(tmp_path / "out.mbtiles")) as database:
        assert dict(database.execute("SELECT * FROM metadata")) == {"name": "Île", "format": "png"}


def test_the_output_does_not_depend_on_the_number_of_processes(source, tmp_path):
    for processes in (1, 2):
        convert_mbtiles(source, "web-safe", tmp_path / f"{processes}.mbtiles", processes=processes)
    assert (tmp_path / "1.mbtiles").read_bytes() == (tmp_path / "2.mbtiles").read_bytes()


def test_an_output_can_be_converted_again(source, tmp_path):
    convert_mbtiles(source, "cga", tmp_path / "out.mbtiles", processes=1)
    first = read(tmp_path / "out.mbtiles")
    again = convert_mbtiles(tmp_path / "out.mbtiles", "cga", tmp_path / "out.mbtiles", processes=1, dither="none")
    assert again.tiles == len(TILES)
    assert read(tmp_path / "out.mbtiles") == first


def test_tiles_that_cannot_be_read_are_kept(tmp_path):
    source = write_pyramid(tmp_path / "in.mbtiles", TILES | {(5, 0, 0): b"odd"})
    summary = convert_mbtiles(source, "cga", tmp_path / "out.mbtiles", processes=1)
    assert summary.kept == 1
    assert read(tmp_path / "out.mbtiles")[5, 0, 0] == b"odd"


def test_an_interrupted_run_leaves_nothing(source, tmp_path):
    (tmp_path / "out.mbtiles").write_bytes(b"before")
    with pytest.raises(CancelledError):
        convert_mbtiles(source, "cga", tmp_path / "out.mbtiles", processes=1, progress=lambda done: done < 0.5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mbtiles", "out.mbtiles"]
    assert (tmp_path / "out.mbtiles").read_bytes() == b"before"


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.mbtiles").write_text("no database, but text of some length" * 20)
    vector = write_pyramid(tmp_path / "vector.mbtiles", {(0, 0, 0): b"x"}, "pbf")
    for path, message in ((tmp_path / "text.mbtiles", "not an MBTiles"), (vector, "vector tiles")):
        with pytest.raises(OptionError, match=message):
            convert_mbtiles(path, "cga", tmp_path / "out.mbtiles", processes=1)
    with pytest.raises(OptionError, match="not an MBTiles"):
        next(read_mbtiles(tmp_path / "missing.mbtiles"))
    with pytest.raises(OptionError, match="must be local"):
        convert_mbtiles(vector, "cga", "s3://bucket/out.mbtiles", processes=1)
    assert not (tmp_path / "out.mbtiles").exists()
