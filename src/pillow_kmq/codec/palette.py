"""The palette as bytes (docs/FORMAT.md, section 6): count, order, duplicates and unused entries are kept."""

from __future__ import annotations

import numpy as np

from ..errors import CorruptError, UnsupportedError
from ..types import MAX_COLORS, Palette
from .deflate import deflate, inflate

MAX_PAYLOAD = 2 + 4 * MAX_COLORS

_STORED, _DEFLATED = 0, 1
_HAS_ALPHAS = 0x10


def encode_palette(palette: Palette) -> bytes:
    """The payload of a chunk P. palette: uint8[k, 4], k = 1..256."""
    alphas = palette[:, 3].tobytes().rstrip(b"\xff")
    planes = palette[:, :3].T.tobytes() + alphas
    coding, coded = _STORED, planes
    deflated = deflate(planes)
    if len(deflated) < len(planes):
        coding, coded = _DEFLATED, deflated
    if alphas:
        return bytes([coding | _HAS_ALPHAS, len(alphas) - 1]) + coded
    return bytes([coding]) + coded


def decode_palette(payload: bytes) -> Palette:
    """The palette uint8[k, 4], k = 1..256, of a chunk P. Raises CorruptError, UnsupportedError."""
    if not 1 <= len(payload) <= MAX_PAYLOAD:
        raise CorruptError(f"broken KMQ file: a palette of {len(payload)} bytes")
    coding = payload[0] & ~_HAS_ALPHAS
    if coding not in (_STORED, _DEFLATED):
        raise UnsupportedError(f"a KMQ palette of coding {payload[0]:#04x}: a newer pillow-kmq is needed")

    alpha_count, coded = 0, payload[1:]
    if payload[0] & _HAS_ALPHAS:
        if not coded:
            raise CorruptError("broken KMQ file: the palette has no alphas where it should")
        alpha_count, coded = coded[0] + 1, coded[1:]
    planes = inflate(coded, 4 * MAX_COLORS) if coding == _DEFLATED else coded

    entries, rest = divmod(len(planes) - alpha_count, 3)
    if rest or not max(1, alpha_count) <= entries <= MAX_COLORS:
        raise CorruptError(f"broken KMQ file: a palette of {len(planes)} bytes with {alpha_count} alphas")
    palette = np.full((entries, 4), 255, np.uint8)
    palette[:, :3] = np.frombuffer(planes, np.uint8, 3 * entries).reshape(3, entries).T
    palette[:alpha_count, 3] = np.frombuffer(planes, np.uint8, alpha_count, 3 * entries)
    if alpha_count and palette[alpha_count - 1, 3] == 255:
        raise CorruptError("broken KMQ file: the palette's list of alphas ends with an opaque one")
    return palette
