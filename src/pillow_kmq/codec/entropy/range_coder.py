"""Where codes of the range coder begin and end (docs/FORMAT.md, section 7.4): what kernels leave to their callers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .range_coder_kernel import byte_out


def begun(decoding: bool, data: Any) -> tuple[int, int]:
    """With which x a kernel begins, and at which byte: a decoder has read four; those beyond the end are zeros."""
    return (int.from_bytes(data[:4].ljust(4, b"\0"), "big"), 4) if decoding else (0, 0)


def finished(data: Any, x: int, pos: int) -> bytes:
    """The whole code. data: an encoder's bytes up to pos, and four more; x: what it had at last."""
    write: Callable[..., int] = byte_out
    for i in range(pos, pos + 4):
        x = write(x, i, data)
    return bytes(data[:pos]) + bytes(data[pos : pos + 4]).rstrip(b"\0")
