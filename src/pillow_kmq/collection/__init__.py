"""Collections: one palette for any number of images, on one machine or on a Dask cluster."""

from .conversion import Summary, convert
from .learning import SharedPalette, learn_palette
from .manifest import read_manifest
from .parquet import write_parquet

__all__ = ["SharedPalette", "Summary", "convert", "learn_palette", "read_manifest", "write_parquet"]
