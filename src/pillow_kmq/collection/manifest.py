"""Manifests: JSON Lines with one record for each file of a collection.

Records are appended as files are finished, so that a run that was interrupted continues where it stopped. At the end of
a run, the manifest is sorted by path and each file has one record.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from types import TracebackType
from typing import Any

from ..errors import OptionError
from ..saving.files import replace_file


@dataclass(frozen=True)
class Record:
    """The outcome of one file.

    Attributes:
        path: the input.
        output: the output.
        input_bytes: size of the input.
        output_bytes: size of the output; None if there is none.
        width: pixels per row.
        height: number of rows.
        colors: number of palette entries that pixels use.
        delta_e: mean distance in Oklab times 100; None if it was not measured.
        visible_error: the same after a blur of one pixel.
        input_id: changes when the input is written again.
        settings: changes with the options and the version.
        error: why there is no output; None if there is one.
    """

    path: str
    output: str
    input_bytes: int | None = None
    output_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    colors: int | None = None
    delta_e: float | None = None
    visible_error: float | None = None
    input_id: str | None = None
    settings: str = ""
    error: str | None = None

    def to_line(self) -> bytes:
        """Return the record as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=True).encode() + b"\n"


_FIELDS = frozenset(field.name for field in fields(Record))


def _from_line(line: bytes) -> Record | None:
    """Return the record of a line, or None for a line that is damaged, as the last one of a run that was killed."""
    try:
        values = json.loads(line)
        return Record(**{name: value for name, value in values.items() if name in _FIELDS})
    except (ValueError, TypeError, AttributeError):
        return None


def read_manifest(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield the records of a manifest, without those that later ones replace.

    Args:
        path: the file that `convert` wrote.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        for offset in sorted(_latest(file).values()):
            file.seek(offset)
            record = _from_line(file.readline())
            if record is not None:
                yield asdict(record)


def _latest(file: Any) -> dict[str, int]:
    """Return the offset of the last record of each path."""
    latest: dict[str, int] = {}
    offset = 0
    for line in file:
        record = _from_line(line)
        if record is not None:
            latest[record.path] = offset
        offset += len(line)
    return latest


class Manifest:
    """A manifest that is open for appending, to be used in a `with` statement; the end of it sorts the file."""

    def __init__(self, path: str) -> None:
        """Open a manifest, or create it with its folder. Raises OptionError if it cannot be written."""
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            self._file = open(path, "a+b")  # noqa: SIM115 (closed by __exit__)
        except OSError as error:
            raise OptionError(f"cannot write the manifest {path}: {error.strerror}") from None
        self._path = path
        self._file.seek(0)
        self._offsets = _latest(self._file)
        self._end_line()

    def _end_line(self) -> None:
        """End an incomplete last line."""
        size = self._file.seek(0, os.SEEK_END)
        if size:
            self._file.seek(size - 1)
            if self._file.read(1) != b"\n":
                self._file.write(b"\n")

    def __enter__(self) -> Manifest:
        return self

    def get(self, path: str) -> Record | None:
        """Return the last record of an input, or None."""
        offset = self._offsets.get(path)
        if offset is None:
            return None
        self._file.seek(offset)
        return _from_line(self._file.readline())

    def add(self, record: Record) -> None:
        """Append a record; it is on its way to the disk when this returns."""
        self._offsets[record.path] = self._file.seek(0, os.SEEK_END)
        self._file.write(record.to_line())
        self._file.flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            lines = []
            for _, offset in sorted(self._offsets.items()):
                self._file.seek(offset)
                lines.append(self._file.readline())
            replace_file(self._path, b"".join(lines))
        with suppress(OSError):
            self._file.close()
