"""Collections: one palette for any number of images, on one machine or on a Dask cluster."""

from .conversion import Summary, convert
from .learning import LearnedPalette, learn_palette
from .manifest import read_manifest
from .mbtiles import TilesSummary, convert_mbtiles, read_mbtiles
from .parquet import write_parquet

__all__ = [
    "LearnedPalette",
    "Summary",
    "TilesSummary",
    "convert",
    "convert_mbtiles",
    "learn_palette",
    "read_manifest",
    "read_mbtiles",
    "write_parquet",
]
