"""Writing bytes completely: to streams that may take only a part at a time, and to files, whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import suppress
from io import BytesIO, RawIOBase, TextIOBase
from typing import IO, Any

from PIL import Image

from ..errors import OptionError, OptionTypeError

_unfinished: list[str] = []  # temporary files
_ending = False
_PATIENCE = 1.0  # seconds that a file may take to be finished when the process is about to end


def save(im: Image.Image, path: str | os.PathLike[str] | IO[bytes], format: str | None = None, **options: Any) -> None:
    """Save an image in any of Pillow's formats, replacing the file whole or not at all.

    `Image.save` empties an existing file before a plugin runs, so a refused save (QualityError, SizeError, a cancelled
    or interrupted one) costs the old picture. Here the image is encoded in memory first, written to a temporary file
    in the same folder, and moved into place. A replaced file keeps its permissions, and a symbolic link stays.

    Args:
        im: a Pillow image.
        path: the file, or a binary file object, which gets everything in one go.
        format: a Pillow format such as "PNG8"; None chooses by the extension of `path`.
        options: as for `Image.save`, but `append`, which adds to a file in place.

    Raises:
        OptionError: `path` is not a regular file, or the format is unknown (a ValueError).
        OptionTypeError: an argument has the wrong type (a TypeError).
        OSError: the file cannot be written. All errors of `Image.save` are raised too.
    """
    if not isinstance(im, Image.Image):
        raise OptionTypeError(f"im must be a Pillow image, not {type(im).__name__}")
    if options.get("append"):
        raise OptionError("append adds to a file in place instead of replacing it: use Image.save")
    if isinstance(path, TextIOBase):
        raise OptionTypeError("path must be a binary file object, such as sys.stdout.buffer, not one of text")
    encoded = BytesIO()
    if hasattr(path, "write"):
        im.save(encoded, _format(format, ""), **options)
        write_all(path, encoded.getvalue())
        return
    target = _target(path)
    encoded.name = target  # some plugins store it
    im.save(encoded, _format(format, target), **options)
    replace_file(target, encoded.getvalue())


def _target(path: Any) -> str:
    """A path as a string, if a file may be there. Raises OptionError, OptionTypeError."""
    try:
        target = os.fsdecode(path)
    except TypeError:
        raise OptionTypeError(f"path must be a path or a binary file object, not {type(path).__name__}") from None
    try:
        encoded = os.fsencode(target)
    except UnicodeEncodeError:  # half of a surrogate pair
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise OptionError(f"path must name a file, not {target!r}")
    if os.path.exists(target) and not os.path.isfile(target):
        raise OptionError(f"path must name a regular file, as others cannot be replaced, not {target!r}")
    return target


def _format(name: Any, target: str) -> str:
    """The name of the format to save in, by the extension of `target` if None. Raises OptionError, OptionTypeError."""
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
        raise OptionError(f"format must be one that Pillow can save, like 'PNG' or 'KMQ', not {name!r}")
    return name


def write_all(stream: Any, data: bytes) -> None:
    """Write all of `data` to a binary file object. Raises OSError where it takes no more.

    The `write` of a raw stream (`open(..., buffering=0)`, standard output with PYTHONUNBUFFERED) may take only a part.
    A stream that does not block is waited for.
    """
    rest: bytes | memoryview = data
    while len(rest):
        taken = _taken(stream, rest)
        if taken == 0:
            _wait_until_writable(stream)
        rest = memoryview(rest)[taken:]


def _taken(stream: Any, data: bytes | memoryview) -> int:
    """How many bytes a stream takes; 0 if it has no room now."""
    try:
        taken = stream.write(data)
    except BlockingIOError as error:
        return error.characters_written
    if type(taken) is int:
        return taken
    return 0 if isinstance(stream, RawIOBase) else len(data)  # objects that only look like files return anything


def _wait_until_writable(stream: Any) -> None:
    import selectors

    try:
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_WRITE)
            selector.select()
    except (ValueError, PermissionError):  # no descriptor, or one of a kind that always has room
        raise OSError("the stream takes no more data") from None


def write_standard_output(data: bytes) -> None:
    """Write all of `data` to standard output, and leave nothing in its buffer. Raises OSError."""
    if sys.stdout is None:
        raise OSError("it is closed")
    buffer = sys.stdout.buffer
    sys.stdout.flush()
    # Not through the buffer: what it could not pass on, it would try again at exit.
    write_all(getattr(buffer, "raw", buffer), data)


def discard_output(stream: Any) -> None:
    """Have what is left in the buffer of a standard stream, and all that follows, go nowhere.

    What could not be written would be tried again at exit, with a complaint and a status of its own.
    """
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def replace_file(target: str, data: bytes) -> None:
    """Write a file whole or not at all, with the permissions of the file it replaces or of a new one. Raises OSError.

    If the process is killed, a file `.kmq-*.tmp` may be left in the folder.
    """
    path = os.path.realpath(target)  # behind a symbolic link, the file itself is replaced
    temporary = os.path.join(os.path.dirname(path), f".kmq-{os.urandom(8).hex()}.tmp")
    _unfinished.append(temporary)
    try:
        while _ending:
            time.sleep(_PATIENCE)
        with open(temporary, "xb") as file:
            if os.path.exists(path):
                os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
            write_all(file, data)
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), target) from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        _unfinished.remove(temporary)


def abandon() -> None:
    """Have other threads begin with no further file, and remove what is not finished soon: the process is to end.

    There is no lock, as a fork would keep one locked for ever.
    """
    global _ending
    _ending = True
    deadline = time.monotonic() + _PATIENCE
    while _unfinished and time.monotonic() < deadline:
        time.sleep(0.01)
    for temporary in list(_unfinished):
        with suppress(OSError):
            os.unlink(temporary)
