"""Cache of compiled kernels on disk, in the user's cache directory or a temporary one.

A file holds object code and a checksum of its name and code. A damaged or foreign file is ignored and its kernel
compiled again: LLVM aborts the process if it is given anything but object code.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

LOG = logging.getLogger("pillow_kmq")
DIRECTORY = "KMQ_CACHE_DIR"
"""Environment variable that replaces the user's cache directory."""

_CHECKSUM = 32


def read(symbol: str) -> bytes | None:
    """Return the cached object code of a kernel, or None. symbol: its name and the hash of its source."""
    for path in _candidates(symbol):
        with suppress(OSError):
            found = path.read_bytes()
            code = found[_CHECKSUM:]
            if found[:_CHECKSUM] == _checksum(path, code):
                return code
    return None


def _candidates(symbol: str) -> Iterator[Path]:
    for folder in filter(_is_safe, _directories()):
        with suppress(OSError):
            # Identifying the processor imports llvmlite, which takes longer than running small kernels as plain Python.
            if any(name.startswith(symbol) for name in os.listdir(folder)):
                yield folder / f"{symbol}-{_compilers()}.o"


def write(symbol: str, code: bytes) -> None:
    """Write object code to the first directory that is safe and writable, or log a warning."""
    for folder in _directories():
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_safe(folder):
                put(folder / f"{symbol}-{_compilers()}.o", code)
                return
    _warn()


def put(path: Path, code: bytes) -> None:
    """Write a file of object code atomically. Raises OSError."""
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_checksum(path, code) + code)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _checksum(path: Path, code: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + code).digest()


@cache
def _warn() -> None:
    LOG.warning(
        "pillow_kmq: cannot cache compiled kernels on disk, so each process compiles them again; "
        "set %s to a writable directory",
        DIRECTORY,
    )


@cache
def _compilers() -> str:
    """Return a hash of the processor and the compiler, on which object code depends too."""
    from .machine import description

    spec = find_spec("numba")
    numba = b"" if spec is None else Path(str(spec.origin)).with_name("_version.py").read_bytes()
    own = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(description().encode() + numba + own).hexdigest()[:16]


@cache
def _directories() -> list[Path]:
    """Return the directories to search: the configured one or else the user's, then the temporary one."""
    chosen = os.environ.get(DIRECTORY)
    if chosen:
        user = Path(chosen).resolve()
    else:
        user = _user_cache()
    found = [user] if user.is_absolute() else []  # relative for a user without a home directory
    number = os.getuid() if hasattr(os, "getuid") else "user"
    with suppress(OSError):  # raised if there is no writable directory at all
        found.append(Path(tempfile.gettempdir()) / f"pillow-kmq-{number}")
    return found


def _user_cache() -> Path:
    """Return the directory that platformdirs would choose, which takes as long to import as twenty kernels to load."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local"), "pillow-kmq", "Cache")
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Caches/pillow-kmq"))
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pillow-kmq")


def _is_safe(folder: Path) -> bool:
    """Return whether no other user can write to a directory."""
    try:
        about = folder.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(about.st_mode)
    return stat.S_ISDIR(about.st_mode) and about.st_uid in (os.getuid(), 0) and not about.st_mode & 0o002
