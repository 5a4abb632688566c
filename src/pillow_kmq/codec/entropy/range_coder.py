"""Start and end of the range coder's bitstreams (docs/FORMAT.md, section 7.4), which kernels leave to their callers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .range_coder_kernel import byte_out


def start(decoding: bool, data: Any) -> tuple[int, int]:
    """Return x and the position in data to start a kernel with.

    A decoder has read four bytes by then; those past the end are zeros.
    """
    return (int.from_bytes(data[:4].ljust(4, b"\0"), "big"), 4) if decoding else (0, 0)


def flush(data: Any, x: int, pos: int) -> bytes:
    """Return the complete bitstream of an encoder, without trailing zeros.

    Args:
        data: uint8[:], the bytes that the kernel has written, and room for four more.
        x: its last x.
        pos: its last position in data.
    """
    write: Callable[..., int] = byte_out
    for i in range(pos, pos + 4):
        x = write(x, i, data)
    return bytes(data[:pos]) + bytes(data[pos : pos + 4]).rstrip(b"\0")
