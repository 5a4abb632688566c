"""The payload of chunk P (docs/FORMAT.md, section 6). Order, duplicates and unused entries are kept."""

from __future__ import annotations

from ...errors import CorruptError, UnsupportedError
from ..container.raw_deflate import deflate, inflate
from .sorted_colors import decode_colors, encode_colors, natural_key

MAX_PAYLOAD = 2 + 4 * 256

_STORED, _DEFLATED, _SORTED = 0, 1, 2
_HAS_ALPHAS, _NATURAL = 0x10, 0x20


def encode_palette(colors: bytes, *, sorting: bool = True) -> bytes:
    """Encode the payload of chunk P. colors: 1..256 entries, RGBA. sorting: whether coding 2 may be used."""
    alphas = colors[3::4].rstrip(b"\xff")
    planes = colors[::4] + colors[1::4] + colors[2::4] + alphas
    head = bytes([_HAS_ALPHAS, len(alphas) - 1]) if alphas else b"\0"
    choices = [head + planes, bytes([head[0] | _DEFLATED]) + head[1:] + deflate(planes)]
    if sorting:
        natural, coded = encode_colors([(*colors[i : i + 4],) for i in range(0, len(colors), 4)])
        choices.append(bytes([_SORTED | _NATURAL * natural]) + coded)
    return min(choices, key=len)


def decode_palette(payload: bytes) -> bytes:
    """Decode the entries of chunk P, RGBA. Raises CorruptError, UnsupportedError."""
    if not 1 <= len(payload) <= MAX_PAYLOAD:
        raise CorruptError(f"invalid KMQ file: the palette chunk has {len(payload)} bytes, not 1 to {MAX_PAYLOAD}")
    if payload[0] & ~_NATURAL == _SORTED:
        return bytes([value for color in decode_colors(payload[1:], bool(payload[0] & _NATURAL)) for value in color])
    coding = payload[0] & ~_HAS_ALPHAS
    if coding not in (_STORED, _DEFLATED):
        raise UnsupportedError(
            f"unsupported KMQ file: unknown coding {payload[0]:#04x} of a palette; a newer pillow-kmq is needed"
        )

    alpha_count, coded = 0, payload[1:]
    if payload[0] & _HAS_ALPHAS:
        if not coded:
            raise CorruptError("invalid KMQ file: the palette has no count of alphas")
        alpha_count, coded = coded[0] + 1, coded[1:]
    planes = inflate(coded, MAX_PAYLOAD) if coding == _DEFLATED else coded

    entries, rest = divmod(len(planes) - alpha_count, 3)
    if rest or not max(1, alpha_count) <= entries <= 256:
        raise CorruptError(f"invalid KMQ file: a palette cannot have {len(planes)} bytes with {alpha_count} alphas")
    alphas = planes[3 * entries :]
    if alphas and alphas[-1] == 255:
        raise CorruptError("invalid KMQ file: the alphas of the palette must not end with 255")
    colors = bytearray(b"\xff" * (4 * entries))
    for channel in range(3):
        colors[channel::4] = planes[channel * entries : (channel + 1) * entries]
    colors[3 : 4 * alpha_count : 4] = alphas
    return bytes(colors)


def natural_order(colors: bytes) -> list[int]:
    """Return the natural order of palette entries, which takes no bytes to store: by alpha, green, red, blue.

    Args:
        colors: RGBA, four bytes per entry.

    Returns:
        Indices of entries, sorted; equal colours keep their order.
    """
    keys = [natural_key((*colors[i : i + 4],)) for i in range(0, len(colors), 4)]
    return sorted(range(len(keys)), key=keys.__getitem__)


def colors_of(entries: list[int], colors: bytes) -> bytes:
    """Return the colours of some entries, RGBA; entries beyond the palette are opaque black."""
    if entries == list(range(len(colors) // 4)):
        return colors
    return b"".join(colors[4 * i : 4 * i + 4] or b"\0\0\0\xff" for i in entries)
