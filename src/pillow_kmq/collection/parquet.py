"""Manifests as Parquet files, through pyarrow (extra `parquet`)."""

from __future__ import annotations

import os
from itertools import islice

from ..errors import KmqError
from .manifest import read_manifest

_ROWS = 1 << 14  # per row group


def write_parquet(manifest: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Write a manifest as a Parquet file, one row for each file of the collection.

    Args:
        manifest: the JSON Lines that `convert` wrote.
        path: the Parquet file.

    Raises:
        KmqError: pyarrow is not installed.
        OSError: a file cannot be read or written.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise KmqError("Parquet files need pyarrow: pip install pillow-kmq[parquet]") from None
    text, integer, real = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
    integers = ("input_bytes", "output_bytes", "width", "height", "colors")
    schema = pyarrow.schema(
        [("path", text), ("output", text)]
        + [(name, integer) for name in integers]
        + [("delta_e", real), ("visible_error", real), ("input_id", text), ("settings", text), ("error", text)]
    )
    records = read_manifest(path=manifest)
    with parquet.ParquetWriter(os.fspath(path), schema) as writer:
        while rows := list(islice(records, _ROWS)):
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
