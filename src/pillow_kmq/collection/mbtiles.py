"""Tile pyramids in MBTiles files, SQLite databases of map tiles: one palette for all, equal tiles kept once.

Source: the MBTiles specification 1.3, https://github.com/mapbox/mbtiles-spec (tables `metadata` and `tiles`; rows count
from the south). Outputs store tiles in a table `images`, to which a table `map` refers; `tiles` is a view of both.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from ..errors import OptionError
from ..quant.needed import prepare_for_images
from ..quant.progress import Progress
from ..saving.files import replacing
from .engine import choose_engine
from .images import StoredFile, attempt, in_batches
from .rendering import RenderSettings, encode_image, quantize_image, to_settings
from .storage import is_remote, to_name

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE metadata (name text, value text);
CREATE TABLE images (tile_id text PRIMARY KEY, tile_data blob) WITHOUT ROWID;
CREATE TABLE map (zoom_level integer, tile_column integer, tile_row integer, tile_id text);
CREATE UNIQUE INDEX map_index ON map (zoom_level, tile_column, tile_row);
CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data FROM map JOIN images USING (tile_id);
CREATE TEMP TABLE found (zoom_level, tile_column, tile_row, source_id);
CREATE TEMP TABLE made (source_id PRIMARY KEY, tile_id) WITHOUT ROWID;
"""
_TILES = "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles ORDER BY zoom_level, tile_column, tile_row"
_JOIN = """
INSERT INTO map SELECT zoom_level, tile_column, tile_row, tile_id FROM found JOIN made USING (source_id)
"""

Tile = tuple[str, bytes]
"""Digest and file of a distinct tile."""


@dataclass(frozen=True)
class TilesSummary:
    """The outcome of `convert_mbtiles`.

    Attributes:
        tiles: number of tiles.
        distinct: number of distinct tiles in the output.
        kept: number of distinct tiles that could not be converted and were copied as they are.
        input_bytes: size of the input file.
        output_bytes: size of the output file.
    """

    tiles: int
    distinct: int
    kept: int
    input_bytes: int
    output_bytes: int


def read_mbtiles(path: str | os.PathLike[str]) -> Iterator[Image.Image]:
    """Yield the distinct tiles of an MBTiles file, for `learn_palette`.

    Args:
        path: the file.

    Raises:
        OptionError: the file is not a database of raster tiles.
        KmqError: a tile cannot be read.
    """
    return (Image.open(BytesIO(tile.data)) for tile in read_tiles(to_name("path", path)))


def read_tiles(path: str) -> Iterator[StoredFile]:
    """Yield the files of the distinct tiles, named by path and place. Raises OptionError as `read_mbtiles` does."""
    with closing(_open(path)) as database:
        seen: set[str] = set()
        for *place, data in database.execute(_TILES):
            digest = _digest(data)
            if digest not in seen:
                seen.add(digest)
                yield StoredFile(f"{path} (tile {'/'.join(map(str, place))})", data)


def count_tiles(path: str) -> int:
    """Return the number of tiles. Raises OptionError as `read_mbtiles` does."""
    with closing(_open(path)) as database:
        return int(database.execute("SELECT count(*) FROM tiles").fetchone()[0])


def convert_mbtiles(
    path: str | os.PathLike[str],
    palette: Any,
    out: str | os.PathLike[str],
    *,
    client: Any = None,
    processes: int | None = None,
    dither: Any = "auto",
    space: str | None = None,
    background: Any = None,
    compact: bool = True,
    save_options: Mapping[str, Any] | None = None,
    progress: Callable[[float], object] | None = None,
) -> TilesSummary:
    """Convert the tiles of an MBTiles file to PNG files that share a palette.

    Tiles with the same content are converted and stored once. The output appears whole or not at all.

    Args:
        path: the input.
        palette: as in `convert`.
        out: the output, which is replaced if it exists.
        client: as in `convert`; tiles travel to the workers and back.
        processes: as in `convert`.
        dither: as in `convert`.
        space: as in `convert`.
        background: as in `convert`.
        compact: as in `convert`, but True by default.
        save_options: as in `convert`.
        progress: function called with the fraction done, 0..1. Returning False cancels with CancelledError.

    Returns:
        Numbers of tiles and bytes.

    Raises:
        OptionError: an argument has an invalid value, or the input is not a database of raster tiles. A ValueError.
        OptionTypeError: an argument has a wrong type. A TypeError.
        OSError: the output cannot be written.
        WorkerLostError: a worker process ended unexpectedly.
        CancelledError: `progress` returned False.
    """
    settings = to_settings(palette, ".png", dither, space, background, compact, False, save_options)
    target = to_name("out", out)
    source = to_name("path", path)
    if is_remote(target) or is_remote(source):
        raise OptionError("MBTiles files must be local: SQLite cannot read or write remote ones")
    report, engine = Progress(progress), choose_engine(client, processes)
    prepare_for_images(settings.options)
    try:
        with replacing(target) as new, closing(_open(source)) as database, closing(sqlite3.connect(new)) as made:
            made.executescript(_SCHEMA)
            _copy_metadata(database, made)
            tiles = database.execute("SELECT count(*) FROM tiles").fetchone()[0]
            batches = in_batches(_distinct_tiles(database, made, report, tiles))
            kept = 0
            for batch in engine.map(partial(_render_tiles, settings), batches):
                for digest, data, converted in batch:
                    kept += not converted
                    made.execute("INSERT OR IGNORE INTO images VALUES (?, ?)", (_digest(data), data))
                    made.execute("INSERT INTO made VALUES (?, ?)", (digest, _digest(data)))
            made.execute(_JOIN)
            distinct = made.execute("SELECT count(*) FROM images").fetchone()[0]
            made.commit()
            made.execute("VACUUM")  # tiles arrive in any order, but the file does not depend on it
    except sqlite3.Error as error:
        raise OSError(f"cannot write {target}: {error}") from None
    report(1.0)
    return TilesSummary(tiles, distinct, kept, os.path.getsize(source), os.path.getsize(target))


def _open(path: str) -> sqlite3.Connection:
    """Open an MBTiles file for reading. Raises OptionError if it has no tiles, or vector tiles."""
    database = None
    try:
        database = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
        database.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles LIMIT 1")
        formats = database.execute("SELECT value FROM metadata WHERE name = 'format'").fetchone()
    except sqlite3.Error as error:
        if database is not None:
            database.close()
        raise OptionError(f"{path} is not an MBTiles file: {error}") from None
    if formats is not None and formats[0] == "pbf":
        database.close()
        raise OptionError(f"{path} holds vector tiles: only tiles that are images can be converted")
    return database


def _copy_metadata(database: sqlite3.Connection, made: sqlite3.Connection) -> None:
    rows = database.execute("SELECT name, value FROM metadata WHERE name <> 'format'")
    made.executemany("INSERT INTO metadata VALUES (?, ?)", [*rows, ("format", "png")])


def _distinct_tiles(
    database: sqlite3.Connection, made: sqlite3.Connection, report: Progress, total: int
) -> Iterator[Tile]:
    """Yield each distinct tile once, and record where it is used."""
    seen: set[str] = set()
    for number, (zoom, column, row, data) in enumerate(database.execute(_TILES)):
        digest = _digest(data)
        made.execute("INSERT INTO found VALUES (?, ?, ?, ?)", (zoom, column, row, digest))
        if digest not in seen:
            seen.add(digest)
            yield digest, data
        report(number / total)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _render_tiles(settings: RenderSettings, batch: Sequence[Tile]) -> list[tuple[str, bytes, bool]]:
    """Return digest and new file of each tile, and True, or the old file and False if it cannot be converted."""
    done = []
    for digest, data in batch:
        made, _ = attempt(partial(_render, settings, data))
        done.append((digest, data if made is None else made, made is not None))
    return done


def _render(settings: RenderSettings, data: bytes) -> bytes:
    return encode_image(quantize_image(Image.open(BytesIO(data)), settings), settings)
