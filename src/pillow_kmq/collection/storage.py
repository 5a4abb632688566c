"""Files of collections: local ones, and remote ones (`s3://`, `gs://`, `memory://`) through fsspec."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from typing import Any

from ..errors import KmqError, OptionError, OptionTypeError
from ..saving.files import replace_file

_SEPARATOR = "://"
_STAMPS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")


def to_name(name: str, path: Any) -> str:
    """Return a path or URL as a string. Raises OptionError, OptionTypeError."""
    try:
        decoded = os.fsdecode(path)
        valid = b"\0" not in os.fsencode(decoded)
    except TypeError:
        raise OptionTypeError(f"{name} must be a path or a URL, not {type(path).__name__}") from None
    except UnicodeEncodeError:  # a lone surrogate
        valid = False
    if not valid:
        raise OptionError(f"{name} must name files, not {path!r}")
    return decoded


def is_remote(path: str) -> bool:
    """Return whether a path is a URL such as `s3://bucket/tile.png`."""
    return _SEPARATOR in path


def read(path: str) -> bytes:
    """Return the content of a file. Raises OSError, or what a remote file system raises."""
    if is_remote(path):
        system, inner = _file_system(path)
        content: bytes = system.cat_file(inner)
        return content
    with open(path, "rb") as file:
        return file.read()


def write(path: str, data: bytes) -> None:
    """Write a file and the folders above it; a local one appears whole or not at all. Raises as `read` does."""
    if is_remote(path):
        system, inner = _file_system(path)
        system.makedirs(posixpath.dirname(inner), exist_ok=True)
        system.pipe_file(inner, data)
        return
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    replace_file(path, data)


def identity(path: str) -> str | None:
    """Return a text that changes when the file is written again, or None if there is no file."""
    try:
        if is_remote(path):
            system, inner = _file_system(path)
            return _remote_identity(system.info(inner))
        return _local_identity(os.stat(path))
    except FileNotFoundError:
        return None


def join(folder: str, name: str) -> str:
    """Return the path of a file below a folder; the parts of `name` are separated by slashes."""
    if is_remote(folder):
        return f"{folder.rstrip('/')}/{name}"
    return os.path.join(folder, *name.split("/"))


def relative_names(paths: Sequence[str], root: str | None) -> list[str]:
    """Return paths relative to a folder, with slashes.

    Args:
        paths: local paths, or URLs of one file system.
        root: the folder; None is the innermost folder that contains all files.

    Raises:
        OptionError: the paths have no such folder in common.
    """
    if not paths:
        return []
    stripped = [_split(path) for path in paths]
    scheme = stripped[0][0]
    if any(each != scheme for each, _ in stripped):
        raise OptionError("paths must all be local or all on one remote file system: convert them in several calls")
    inner = [path for _, path in stripped]
    module = posixpath if scheme else os.path
    try:
        above = module.commonpath([module.dirname(path) for path in inner]) if root is None else _split(root)[1]
        names = [module.relpath(path, above or ".") for path in inner]
    except ValueError:  # drives of Windows
        raise OptionError("paths have no folder in common: convert them in several calls") from None
    outside = [path for path, name in zip(paths, names, strict=True) if name.split(module.sep)[0] == module.pardir]
    if outside:
        raise OptionError(f"{outside[0]} is not in the folder {root}: pass a root that contains all files")
    return [name.replace(module.sep, "/") for name in names]


def _split(path: str) -> tuple[str, str]:
    """Return the scheme of a URL, "" for a local path, and the absolute path."""
    if is_remote(path):
        scheme, _, inner = path.partition(_SEPARATOR)
        return scheme, "/" + inner.lstrip("/")
    return "", os.path.abspath(path)


def _local_identity(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _remote_identity(info: dict[str, Any]) -> str:
    stamp = next((info[key] for key in _STAMPS if info.get(key) is not None), "")
    return f"{info.get('size')}-{stamp}"


def _file_system(path: str) -> tuple[Any, str]:
    """Return the file system of a URL and the path in it. Raises KmqError without fsspec."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise KmqError(f"{path} needs fsspec: pip install pillow-kmq[dask]") from None
    system, inner = url_to_fs(path)
    return system, inner
