"""Where codes of the range coder begin and end (docs/FORMAT.md, section 7.4): what kernels leave to their callers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .arithmetic import byte_out


def first_x(coded: bytes | bytearray) -> int:
    """With which x a decoder begins, at the fifth byte; an encoder begins with 0. Bytes beyond the end are zeros."""
    return int.from_bytes(coded[:4].ljust(4, b"\0"), "big")


def finished(data: Any, x: int, pos: int) -> bytes:
    """The whole code. data: an encoder's bytes up to pos, and four more; x: what it had at last."""
    write: Callable[..., int] = byte_out
    for i in range(pos, pos + 4):
        x = write(x, i, data)
    return bytes(data[:pos]) + bytes(data[pos : pos + 4]).rstrip(b"\0")
