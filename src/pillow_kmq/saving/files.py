"""Complete writes, to streams that may accept only a part at a time, and atomically to files."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO, RawIOBase, TextIOBase
from typing import IO, Any

from PIL import Image

from ..errors import OptionError, OptionTypeError

_unfinished: list[str] = []  # paths of temporary files
_ending = False
_PATIENCE = 1.0  # seconds to wait for unfinished files before the process ends


def save(im: Image.Image, path: str | os.PathLike[str] | IO[bytes], format: str | None = None, **options: Any) -> None:
    """Save an image in any of Pillow's formats, replacing an existing file atomically.

    `Image.save` empties an existing file before a plugin runs, so the old picture is lost if saving fails, as by
    QualityError or SizeError, or is interrupted. Here the image is encoded in memory first, written to a temporary file
    in the same folder, and moved to `path`. A replaced file keeps its permissions, and a symbolic link is followed.

    Args:
        im: a Pillow image.
        path: the file, or a binary file object, to which everything is written at once.
        format: a Pillow format such as "PNG8"; None (default) to choose by the extension of `path`.
        options: keywords of `Image.save`, except `append`, which would change a file in place.

    Raises:
        OptionError: `path` is not a regular file, or the format is unknown. A ValueError.
        OptionTypeError: an argument has a wrong type. A TypeError.
        OSError: the file cannot be written. All errors of `Image.save` are raised too.
    """
    if not isinstance(im, Image.Image):
        raise OptionTypeError(f"im must be a Pillow image, not {type(im).__name__}")
    if options.get("append"):
        raise OptionError("append adds to a file in place instead of replacing it: use Image.save")
    target = target_of(path)
    encoded = BytesIO()
    if target:
        encoded.name = target  # some plugins store it
    im.save(encoded, format_of(format, target), **options)
    write_to(path, encoded.getvalue())


def write_to(path: str | os.PathLike[str] | IO[bytes], data: bytes) -> None:
    """Write a complete file to a path or file object that `target_of` has checked. Raises OSError."""
    if hasattr(path, "write"):
        write_all(path, data)
    else:
        replace_file(os.fsdecode(path), data)


def target_of(path: Any) -> str:
    """Return a path as a string, if a file may be written there, or "" for a binary file object.

    Raises OptionError, OptionTypeError.
    """
    if isinstance(path, TextIOBase):
        raise OptionTypeError("path must be a binary file object, such as sys.stdout.buffer, not a text file object")
    if hasattr(path, "write"):
        return ""
    try:
        target = os.fsdecode(path)
    except TypeError:
        raise OptionTypeError(f"path must be a path or a binary file object, not {type(path).__name__}") from None
    try:
        encoded = os.fsencode(target)
    except UnicodeEncodeError:  # a lone surrogate
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise OptionError(f"path must name a file, not {target!r}")
    if os.path.exists(target) and not os.path.isfile(target):
        raise OptionError(f"path must name a regular file or a new one, not {target!r}: others cannot be replaced")
    return target


def format_of(name: Any, target: str) -> str:
    """Return the name of a format, by the extension of `target` if it is None. Raises OptionError, OptionTypeError."""
    if name is None:
        extension = os.path.splitext(target)[1].lower()
        name = Image.EXTENSION.get(extension) or Image.registered_extensions().get(extension)
        if name is None:
            raise OptionError(f"cannot tell the format from {target!r}: give `format`, or a known extension")
    if not isinstance(name, str):
        raise OptionTypeError(f"format must be a string or None, not {type(name).__name__}")
    if name.upper() not in Image.SAVE:
        Image.init()
    if name.upper() not in Image.SAVE:
        raise OptionError(f"format must be one that Pillow can save, such as 'PNG' or 'KMQ', not {name!r}")
    return name


def write_all(stream: Any, data: bytes) -> None:
    """Write all of `data` to a binary file object. Raises OSError if it accepts no more.

    The `write` of a raw stream (`open(..., buffering=0)`, standard output with PYTHONUNBUFFERED) may accept only a
    part. A non-blocking stream is waited for.
    """
    rest: bytes | memoryview = data
    while len(rest):
        taken = _taken(stream, rest)
        if taken == 0:
            _wait_until_writable(stream)
        rest = memoryview(rest)[taken:]


def _taken(stream: Any, data: bytes | memoryview) -> int:
    """Write to a stream and return the number of bytes that it accepted; 0 if it is full at the moment."""
    try:
        taken = stream.write(data)
    except BlockingIOError as error:
        return error.characters_written
    if type(taken) is int:
        return taken
    return 0 if isinstance(stream, RawIOBase) else len(data)  # other objects with a `write` may return anything


def _wait_until_writable(stream: Any) -> None:
    import selectors

    try:
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_WRITE)
            selector.select()
    except (ValueError, PermissionError):  # no descriptor, or one that is always writable, as of a regular file
        raise OSError("the stream takes no more data") from None


def write_standard_output(data: bytes) -> None:
    """Write all of `data` to standard output, bypassing its buffer. Raises OSError."""
    if sys.stdout is None:
        raise OSError("it is closed")
    buffer = sys.stdout.buffer
    sys.stdout.flush()
    # At exit, the buffer would try again to write data that it could not pass on.
    write_all(getattr(buffer, "raw", buffer), data)


def discard_output(stream: Any) -> None:
    """Redirect a standard stream, including the data left in its buffer, to the null device.

    Otherwise Python would try again at exit, and report the error with an exit status of its own.
    """
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def replace_file(target: str, data: bytes) -> None:
    """Write a file atomically, keeping the permissions of a file that it replaces. Raises OSError.

    If the process is killed, a file `.kmq-*.tmp` may be left in the folder.
    """
    with replacing(target) as temporary, open(temporary, "wb") as file:
        write_all(file, data)


@contextmanager
def replacing(target: str) -> Iterator[str]:
    """Yield the path of an empty temporary file; without an error, it replaces `target` afterwards. Raises OSError."""
    path = os.path.realpath(target)  # the target of a symbolic link is replaced, not the link
    temporary = os.path.join(os.path.dirname(path), f".kmq-{os.urandom(8).hex()}.tmp")
    _unfinished.append(temporary)
    try:
        while _ending:
            time.sleep(_PATIENCE)
        with open(temporary, "xb"):
            if os.path.exists(path):
                os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), target) from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        _unfinished.remove(temporary)


def abandon() -> None:
    """Keep other threads from starting files, and remove unfinished ones, before the process ends.

    There is no lock, as a forked process could inherit it in its locked state.
    """
    global _ending
    _ending = True
    deadline = time.monotonic() + _PATIENCE
    while _unfinished and time.monotonic() < deadline:
        time.sleep(0.01)
    for temporary in list(_unfinished):
        with suppress(OSError):
            os.unlink(temporary)
