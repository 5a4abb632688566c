"""Metadata: what stands beside the picture (docs/FORMAT.md, section 8). Whatever is wrong with it, pixels are not."""

from __future__ import annotations

from typing import NamedTuple

from ...checks import check_integer, shown
from ...errors import CorruptError, OptionError, OptionTypeError, TruncatedError
from .raw_deflate import deflate, inflate
from .varint import to_varint, varint_at

MAX_BYTES = 1 << 24
"""The most bytes that a profile, Exif, XMP or all texts together may have, deflated or not."""

MAX_RESOLUTION = (1 << 32) - 1

_STORED, _DEFLATED = b"\0", b"\1"


class _Fields(NamedTuple):
    icc_profile: bytes
    exif: bytes
    xmp: bytes
    resolution: tuple[int, int] | None
    texts: dict[str, str]


class Metadata(_Fields):
    """Everything that a file says beside its picture; empty values are not stored.

    icc_profile, xmp: as they are. exif: a TIFF file from its byte order mark on, nothing before it. resolution: dots
    per 1000 inches, horizontally and vertically, 1..2^32-1. texts: by key; neither keys nor values contain NUL.
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
        """Texts that are not given are new ones, which no other shares."""
        return super().__new__(cls, icc_profile, exif, xmp, resolution, {} if texts is None else texts)


def encode_metadata(metadata: Metadata) -> list[tuple[str, bytes]]:
    """Tags and payloads of the chunks. Raises OptionError for what a file cannot hold, OptionTypeError."""
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
        raise OptionTypeError("texts must be a dict from text to text")
    if metadata.texts:
        parts = [part for pair in metadata.texts.items() for part in pair]
        if "" in metadata.texts or any("\0" in part for part in parts):
            raise OptionError("texts must have keys that are not empty, and contain no NUL")
        try:
            chunks.append(("t", _pack("texts", "\0".join(parts).encode())))
        except UnicodeEncodeError as error:
            raise OptionError(f"texts must be Unicode: {error}") from None
    return chunks


_BLOBS = {"icc_profile": "i", "exif": "e", "xmp": "x"}
_NAMES = {**{tag: name for name, tag in _BLOBS.items()}, "r": "resolution", "t": "texts"}
TAGS = frozenset(_NAMES)


def name_of(tag: str) -> str:
    """What a chunk holds, for messages: a field of Metadata."""
    return _NAMES[tag]


def decode_metadata(tag: str, payload: bytes) -> bytes | tuple[int, int] | dict[str, str]:
    """The value of a field of Metadata; tag: one of TAGS. Raises CorruptError."""
    if tag == "r":
        return _resolution(payload)
    data = _unpack(payload)
    if tag != "t":
        return data
    try:
        parts = data.decode().split("\0")
    except UnicodeDecodeError:
        raise CorruptError("texts that are not UTF-8") from None
    texts = dict(zip(parts[::2], parts[1::2], strict=False))
    if len(parts) != 2 * len(texts) or "" in texts:
        raise CorruptError("texts without a key, without a value, or with a key twice")
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
        raise CorruptError("an unknown coding")
    if not coded:
        raise CorruptError("nothing")
    return coded


def _resolution(payload: bytes) -> tuple[int, int]:
    try:
        x, place = varint_at(payload, 0)
        y, place = varint_at(payload, place)
    except TruncatedError:
        raise CorruptError("an incomplete resolution") from None
    if place != len(payload) or not x or not y:
        raise CorruptError("a resolution of zero, or too long")
    return x, y
