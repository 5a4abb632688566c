"""What `kmq info` tells of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from ..codec.container.metadata import TAGS, name_of
from ..frames import Frames, count_pictures, duration_of, plays, repetitions_of
from ..KmqImagePlugin import KmqImageFile
from ..png_chunks import SIGNATURE, png_chunks
from .reading import reading

if TYPE_CHECKING:
    from ..types import Palette

_CHUNKS = {"P": "palette", "A": "animation", "D": "pixels", **{tag: name_of(tag) for tag in TAGS}}
_METADATA = ("icc_profile", "exif", "xmp", "dpi", "comment", "text")
_BITS = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32}  # per channel; 8 in all other modes


@dataclass
class Details:
    """Facts about an image file.

    Attributes:
        format: Pillow's name of the format.
        width, height: Pixels.
        mode: Pillow's mode of the first frame.
        bit_depth: Bits per channel or index.
        bytes: Size of the file.
        frames: Number of pictures.
        animated: Whether these are shown one after another.
        colors: Number of palette entries, or of distinct colours of the first frame; None if frames have palettes of
            their own.
        palette: The entries, uint8[k, 4], or None without a palette.
        milliseconds: Duration of an animation.
        plays: Number of times that it is shown, 0 for endlessly.
        level: Level of compression of a .kmq file; of an animation, all that occur.
        header: Bytes before the first chunk.
        chunks: Name, meaning and size in bytes with head and checksum, in order; only of .kmq and PNG files.
        metadata: What there is, by the keys of `Image.info`: bytes, or the value.
    """

    format: str
    width: int
    height: int
    mode: str
    bit_depth: int
    bytes: int
    frames: int = 1
    animated: bool = False
    colors: int | None = None
    palette: Palette | None = None
    milliseconds: int = 0
    plays: int = 1
    level: str | None = None
    header: int = 0
    chunks: list[tuple[str, str, int]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def bits_per_pixel(self) -> float:
        """Bits of the file per pixel of all frames."""
        return 8.0 * self.bytes / max(1, self.width * self.height * self.frames)


def details_of(data: bytes) -> Details:
    """Return the details of a file. Raises Refused or another KmqError."""
    with reading():
        return _details(data, Image.open(BytesIO(data)))


def _details(data: bytes, image: Image.Image) -> Details:
    depth = _BITS.get(image.mode, 8)
    found = Details(image.format or "", *image.size, image.mode, depth, len(data), count_pictures(image))
    found.metadata = {key: _measured(image.info[key]) for key in _METADATA if image.info.get(key)}
    if isinstance(image, KmqImageFile):
        _add_kmq(found, data, image)
        return found
    if image.format == "PNG":
        found.header, found.chunks = len(SIGNATURE), _sizes_of_chunks(data)
        found.bit_depth = data[24]
    if plays(image):
        repetitions = repetitions_of(image)
        found.animated = True
        found.plays = 1 if repetitions is None else repetitions and repetitions + 1
        found.milliseconds = sum(duration_of(frame) for frame in Frames(image))
    _add_colors(found, Image.open(BytesIO(data)))  # counting pictures can change the state of an image
    return found


def _measured(value: Any) -> Any:
    """Return the size of binary data, and other values as they are."""
    if isinstance(value, bytes):
        return len(value)
    return dict(value) if isinstance(value, dict) else value


def _add_kmq(found: Details, data: bytes, image: KmqImageFile) -> None:
    from ..codec.listing import list_chunks

    head = image.head
    found.header, listed = list_chunks(data)
    found.chunks = [(chunk.tag, _CHUNKS.get(chunk.tag, "unknown"), chunk.size) for chunk in listed]
    found.level = ", ".join(dict.fromkeys(chunk.level for chunk in listed if chunk.level))
    indexed = True
    if head.animation is not None:
        found.animated = True
        found.plays = head.animation.plays
        found.milliseconds = sum(head.animation.durations)
        indexed = not any(film.own_palette for film in head.animation.films)
    if indexed:
        found.palette = head.palette
        found.colors = len(found.palette)


def _sizes_of_chunks(data: bytes) -> list[tuple[str, str, int]]:
    chunks: list[tuple[str, str, int]] = []
    for tag, chunk in png_chunks(data):
        name, size = tag.decode("latin-1"), len(chunk)
        if chunks and chunks[-1][0] == name == "IDAT":  # there may be thousands
            chunks[-1] = (name, "", chunks[-1][2] + size)
        else:
            chunks.append((name, "", size))
    return chunks


def _add_colors(found: Details, image: Image.Image) -> None:
    from ..compare import distinct_colors
    from ..errors import ModeError
    from ..quant.image_palette import palette_of

    image.load()
    if image.mode in ("P", "PA"):
        found.palette = palette_of(image)
        found.colors = len(found.palette)
    elif found.bit_depth <= 8:
        try:
            found.colors = len(distinct_colors(image))
        except ModeError:
            found.colors = None
