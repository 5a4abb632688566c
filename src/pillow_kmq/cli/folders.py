"""Files named on the command line, and those in folders or matched by patterns named there."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

IMAGES = (
    *("apng", "avif", "bmp", "dds", "dib", "gif", "ico", "jfif", "jp2", "jpe", "jpeg", "jpg", "kmq", "pbm", "pcx"),
    *("pgm", "png", "pnm", "ppm", "psd", "qoi", "tga", "tif", "tiff", "webp"),
)
"""Extensions of files that are converted in folders, unless `--include` names others."""


@dataclass(frozen=True, slots=True)
class Found:
    """An input.

    Attributes:
        path: Path of the file.
        name: The same relative to the folder that was named on the command line; the last part of the path of a file
            that was named itself.
        in_folder: True if a folder or a pattern was named, not the file.
        problem: Reason for not converting it, shown to the user; None if there is none.
    """

    path: str
    name: str
    in_folder: bool = False
    problem: str | None = None


@dataclass(frozen=True)
class Folders:
    """What is converted in folders.

    Attributes:
        recursive: True to walk folders; otherwise each is a problem.
        include: Patterns of files to convert; empty for all images.
        exclude: Patterns of files and folders to leave out.
        closed: Folder that is not entered, where outputs are written; None if there is none.
    """

    recursive: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    closed: str | None = None

    def files(self, path: str) -> Iterator[Found]:
        """Yield the file named `path`, or the images in the folder of that name, sorted within each folder.

        A name with `*`, `?` or `[` that is no file is a pattern, which shells leave alone in quotes.
        """
        if _is_pattern(path):
            yield from self._matching(path)
        elif not os.path.isdir(path):
            yield Found(path, os.path.basename(path))
        elif not self.recursive:
            yield Found(path, "", problem="cannot read it: it is a folder; add --recursive to convert the images in it")
        else:
            yield from self._walk(path)

    def _walk(self, top: str) -> Iterator[Found]:
        """Yield images in a folder and its subfolders. Symbolic links to folders are not followed: no endless loops."""
        failures: list[OSError] = []
        empty = True
        for folder, subfolders, files in os.walk(top, onerror=failures.append):
            inside = os.path.relpath(folder, top) if folder != top else ""
            subfolders[:] = sorted(name for name in subfolders if self._enters(folder, os.path.join(inside, name)))
            for name in sorted(files):
                path, relative = os.path.join(folder, name), os.path.join(inside, name)
                if self._takes(relative) and os.path.isfile(path):
                    empty = False
                    yield Found(path, relative, in_folder=True)
        for error in failures:
            reason = (error.strerror or str(error)).lower()
            yield Found(os.fsdecode(error.filename or top), "", problem=f"cannot read the folder: {reason}")
        if empty and not failures:
            yield Found(top, "", problem=self._emptiness)

    @property
    def _emptiness(self) -> str:
        if self.include:
            return f"no file in it is like {' or '.join(self.include)}"
        return "there are no images in it; --include adds files with other names"

    def _matching(self, pattern: str) -> Iterator[Found]:
        """Yield the files that match a pattern, sorted, with names relative to its folders without wildcards."""
        parts = pattern.split(os.sep)
        fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
        top = os.sep.join(parts[:fixed]) or (os.sep if fixed else os.curdir)
        empty = True
        for path in sorted(glob.iglob(pattern, recursive=True)):
            relative = os.path.relpath(path, top)
            if _matches(relative, self.exclude) or (self.include and not _matches(relative, self.include)):
                continue
            if os.path.isfile(path) and not self._is_closed(path):
                empty = False
                yield Found(path, relative, in_folder=True)
        if empty:
            yield Found(pattern, "", problem="no file matches this pattern")

    def _is_closed(self, path: str) -> bool:
        return self.closed is not None and Path(path).resolve().is_relative_to(Path(self.closed).resolve())

    def _enters(self, folder: str, relative: str) -> bool:
        if _hidden(relative) or _matches(relative, self.exclude):
            return False
        path = os.path.join(folder, os.path.basename(relative))
        return self.closed is None or not _same(path, self.closed)

    def _takes(self, relative: str) -> bool:
        if _matches(relative, self.exclude):
            return False
        if self.include:
            return _matches(relative, self.include)
        return not _hidden(relative) and os.path.splitext(relative)[1][1:].lower() in IMAGES


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path) and not os.path.lexists(path) and "://" not in path


def _hidden(relative: str) -> bool:
    return os.path.basename(relative).startswith(".")


def _matches(relative: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a path matches a pattern: as a whole if that has a slash, otherwise by its last part.

    Upper and lower case are the same, as in PHOTO.JPG, and `*` also stands for slashes.
    """
    path = relative.replace(os.sep, "/").casefold()
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path if "/" in pattern else name, pattern.casefold().strip("/")) for pattern in patterns)


def _same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # one of them does not exist
        return False
