"""Where compiled kernels are kept: in the user's cache directory, or the temporary one.

A file holds a checksum, of its name too, and object code. What is damaged or foreign is compiled anew, never an error:
LLVM would end the process at the first byte of what is no object code.
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
"""The environment variable that says where else to keep kernels."""

_CHECKSUM = 32


def read(symbol: str) -> bytes | None:
    """The object code of a kernel that was compiled before. symbol: its name and the hash of its source."""
    for path in _places(symbol):
        with suppress(OSError):
            found = path.read_bytes()
            code = found[_CHECKSUM:]
            if found[:_CHECKSUM] == _checksum(path, code):
                return code
    return None


def _places(symbol: str) -> Iterator[Path]:
    for folder in filter(_is_safe, _directories()):
        with suppress(OSError):
            # To tell the processor takes llvmlite, and that longer than to run what is small as plain Python.
            if any(name.startswith(symbol) for name in os.listdir(folder)):
                yield folder / f"{symbol}-{_compilers()}.o"


def write(symbol: str, code: bytes) -> None:
    """Keep object code, in the first directory that takes it."""
    for folder in _directories():
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_safe(folder):
                put(folder / f"{symbol}-{_compilers()}.o", code)
                return
    _warn()


def put(path: Path, code: bytes) -> None:
    """Write a file of object code, whole or not at all; raises OSError."""
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
        "pillow_kmq: no directory to keep compiled kernels in, so each process compiles them anew; "
        "set %s to a directory that can be written to",
        DIRECTORY,
    )


@cache
def _compilers() -> str:
    """A hash of what else the code depends on: the processor, and what compiles it."""
    from .machine import description

    spec = find_spec("numba")
    numba = b"" if spec is None else Path(str(spec.origin)).with_name("_version.py").read_bytes()
    own = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(description().encode() + numba + own).hexdigest()[:16]


@cache
def _directories() -> list[Path]:
    """Where kernels may be: the directory that was asked for or the user's, then the temporary one."""
    chosen = os.environ.get(DIRECTORY)
    if chosen:
        user = Path(chosen).resolve()
    else:
        user = _user_cache()
    found = [user] if user.is_absolute() else []  # of somebody without a home it is not
    number = os.getuid() if hasattr(os, "getuid") else "user"
    with suppress(OSError):  # where nothing at all can be written
        found.append(Path(tempfile.gettempdir()) / f"pillow-kmq-{number}")
    return found


def _user_cache() -> Path:
    """The directory that platformdirs would choose; to import that takes as long as to load twenty kernels."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local"), "pillow-kmq", "Cache")
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Caches/pillow-kmq"))
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pillow-kmq")


def _is_safe(folder: Path) -> bool:
    """Whether nobody else can put code there."""
    try:
        about = folder.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(about.st_mode)
    return stat.S_ISDIR(about.st_mode) and about.st_uid in (os.getuid(), 0) and not about.st_mode & 0o002
