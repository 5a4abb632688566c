"""Metadata chunks (docs/FORMAT.md, section 8). Damage to them never affects the pixels."""

from __future__ import annotations

from typing import NamedTuple

from ...checks import check_integer, shown
from ...errors import CorruptError, OptionError, OptionTypeError, TruncatedError
from .raw_deflate import deflate, inflate
from .varint import to_varint, varint_at

MAX_BYTES = 1 << 24
"""The limit on the bytes of a profile, Exif, XMP or all texts together, deflated or not."""

MAX_RESOLUTION = (1 << 32) - 1

_STORED, _DEFLATED = b"\0", b"\1"


class _Fields(NamedTuple):
    icc_profile: bytes
    exif: bytes
    xmp: bytes
    resolution: tuple[int, int] | None
    texts: dict[str, str]


class Metadata(_Fields):
    """Metadata of an image; empty values are not stored.

    Attributes:
        icc_profile: An ICC profile, at most 2^24 bytes. Default: b"".
        exif: Exif data as a TIFF file that starts with its byte order mark, at most 2^24 bytes. Default: b"".
        xmp: An XMP packet, at most 2^24 bytes. Default: b"".
        resolution: Dots per 1000 inches, horizontally and vertically, each 1 to 2^32 - 1, or None. Default: None.
        texts: Texts by non-empty key, at most 2^24 bytes as UTF-8 in all, without NUL. Default: {}.
    """

    __slots__ = ()

    def __new__(
        cls,
        icc_profile: bytes = b"",
        exif: bytes = b"",
        xmp: bytes = b"",
        resolution: tuple[int, int] | None = None,
        texts: dict[str, str] | None = None,
    ) -> Metadata:
        """Create metadata; instances do not share the default of `texts`."""
        return super().__new__(cls, icc_profile, exif, xmp, resolution, {} if texts is None else texts)


def encode_metadata(metadata: Metadata) -> list[tuple[str, bytes]]:
    """Return tags and payloads of the chunks.

    Raises OptionError for values that a file cannot hold, OptionTypeError.
    """
    if not isinstance(metadata, Metadata):
        raise OptionTypeError(f"metadata must be a Metadata, not {type(metadata).__name__}")
    chunks = []
    for name, tag in _BLOBS.items():
        value = getattr(metadata, name)
        if not isinstance(value, bytes):
            raise OptionTypeError(f"{name} must be bytes, not {type(value).__name__}")
        if value:
            chunks.append((tag, _pack(name, value)))
    if metadata.resolution is not None:
        if not isinstance(metadata.resolution, tuple) or len(metadata.resolution) != 2:
            raise OptionError(f"resolution must be a tuple of two integers, not {shown(metadata.resolution)}")
        pair = (check_integer("resolution", value, 1, MAX_RESOLUTION) for value in metadata.resolution)
        chunks.append(("r", b"".join(to_varint(value) for value in pair)))
    if not isinstance(metadata.texts, dict) or not all(
        isinstance(part, str) for pair in metadata.texts.items() for part in pair
    ):
        raise OptionTypeError("texts must be a dict of str to str")
    if metadata.texts:
        parts = [part for pair in metadata.texts.items() for part in pair]
        if "" in metadata.texts or any("\0" in part for part in parts):
            raise OptionError("texts must have non-empty keys and contain no NUL character")
        try:
            chunks.append(("t", _pack("texts", "\0".join(parts).encode())))
        except UnicodeEncodeError as error:
            raise OptionError(f"texts must be encodable as UTF-8: {error}") from None
    return chunks


_BLOBS = {"icc_profile": "i", "exif": "e", "xmp": "x"}
_NAMES = {**{tag: name for name, tag in _BLOBS.items()}, "r": "resolution", "t": "texts"}
TAGS = frozenset(_NAMES)


def name_of(tag: str) -> str:
    """Return the field of Metadata that a chunk holds, for messages."""
    return _NAMES[tag]


def decode_metadata(tag: str, payload: bytes) -> bytes | tuple[int, int] | dict[str, str]:
    """Decode the value of a field of Metadata. tag: one of TAGS. Raises CorruptError."""
    if tag == "r":
        return _resolution(payload)
    data = _unpack(payload)
    if tag != "t":
        return data
    try:
        parts = data.decode().split("\0")
    except UnicodeDecodeError:
        raise CorruptError("texts must be UTF-8") from None
    texts = dict(zip(parts[::2], parts[1::2], strict=False))
    if len(parts) != 2 * len(texts) or "" in texts:
        raise CorruptError("texts with an empty key, a missing value or a duplicate key")
    return texts


def _pack(name: str, data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise OptionError(f"{name} must have at most {MAX_BYTES} bytes, not {len(data)}")
    deflated = deflate(data)
    return _DEFLATED + deflated if len(deflated) < len(data) else _STORED + data


def _unpack(payload: bytes) -> bytes:
    coding, coded = payload[:1], payload[1:]
    if coding == _DEFLATED:
        coded = inflate(coded, MAX_BYTES)
    elif coding != _STORED:
        raise CorruptError(f"unknown coding {coding!r}")
    if not coded:
        raise CorruptError("empty value")
    return coded


def _resolution(payload: bytes) -> tuple[int, int]:
    try:
        x, end = varint_at(payload, 0)
        y, end = varint_at(payload, end)
    except TruncatedError:
        raise CorruptError("truncated resolution") from None
    if end != len(payload) or not x or not y:
        raise CorruptError("resolution of zero, or trailing data")
    return x, y
