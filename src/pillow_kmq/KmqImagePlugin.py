"""KMQ: open and save `.kmq` files through Pillow. The bytes are the codec's business (docs/FORMAT.md)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from PIL import Image, ImageFile, ImagePalette

if TYPE_CHECKING:
    from .codec.animation.reader import FrameReader
    from .codec.picture import Picture
    from .frames import Frames
    from .saving.options import PaletteImage
    from .types import IndexedImage

FORMAT = "KMQ"

_SIGNATURE = b"\x8bKMQ"  # also in codec.container
_ONE_TRANSPARENT_ENTRY = re.compile(rb"\xff*\x00\xff*")


def register_kmq_opener() -> None:
    """Teach Pillow to open and save KMQ. Importing pillow_kmq does this already; a second call changes nothing."""
    Image.register_open(FORMAT, KmqImageFile, _accept)
    Image.register_decoder("kmq", KmqDecoder)
    Image.register_save(FORMAT, _save)
    Image.register_save_all(FORMAT, _save_all)
    Image.register_extension(FORMAT, ".kmq")
    Image.register_mime(FORMAT, "image/x-kmq")


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(_SIGNATURE)


class KmqImageFile(ImageFile.ImageFile):
    """A palette image as Pillow's PNG plugin gives it: mode P, an RGB palette, alphas in `info["transparency"]`.

    The frames of an animation are such images where all share one palette, and RGBA otherwise. `info["duration"]` is
    the current frame's, in milliseconds; `info["loop"]` how often all are repeated, 0 without end.
    """

    format = FORMAT
    format_description = "K-means quantised palette image"

    def _open(self) -> None:
        assert self.fp is not None
        head = _codec().read_head(self.fp)
        self._size = head.width, head.height
        if any(head.metadata):
            from .saving.metadata import info_of

            self.info.update(info_of(head.metadata))
        for what in head.dropped:
            warnings.warn(f"metadata left out of a KMQ file, {what}", stacklevel=2)
        self._offset = self.fp.tell()
        self.head = head
        self._frame = 0
        self._reader: FrameReader | None = None
        if head.animation is None:
            self.n_frames, self.is_animated = 1, False
            self._show((head,), indexed=True)
            return
        from .codec.animation.reader import FrameReader

        self._fp = self.fp  # loading a frame takes `fp` away
        self._reader = FrameReader(self.fp, head)
        self.n_frames = len(self._reader)
        self.is_animated = self.n_frames > 1
        self._close_exclusive_fp_after_loading = False
        if self._reader.plays != 1:
            self.info["loop"] = max(0, self._reader.plays - 1)
        self._show_frame()

    def _show(self, source: tuple[Any, ...], *, indexed: bool) -> None:
        """Have the next load decode `source`."""
        self._mode = "P" if indexed else "RGBA"
        if indexed:
            self.palette = ImagePalette.raw("RGB", _rgb(self.head.colors))
            transparency = _transparency(self.head.colors)
            if transparency is not None:
                self.info["transparency"] = transparency
        self.tile = [ImageFile._Tile("kmq", (0, 0, *self.size), self._offset, source)]

    def _show_frame(self) -> None:
        assert self._reader is not None
        self.info["duration"] = self._reader.durations[self._frame]
        self._show((self._reader, self._frame), indexed=self._reader.indexed)

    def seek(self, frame: int) -> None:
        """Show frame 0..n_frames-1. Raises EOFError for others, OptionTypeError (a TypeError) for other types."""
        from .checks import to_integer

        frame = to_integer("frame", frame)
        if not self._seek_check(frame):
            return
        Image._decompression_bomb_check(self.size)
        fp: Any = self._fp
        fp.tell()  # raises what Pillow says of a closed image
        self.fp = fp
        self._frame = frame
        self._im = None
        self._show_frame()

    def tell(self) -> int:
        """The number of the current frame."""
        return self._frame

    def verify(self) -> None:
        """Check all checksums of the file, directly after opening it; open it again to use the image.

        Raises CorruptError (an OSError) for damage, also where it leaves the picture as it was, TruncatedError,
        UnsupportedError; and RuntimeError, as Pillow's own plugins, if the image was loaded already.
        """
        from .codec.checksums import verify

        if self.fp is None:
            raise RuntimeError("verify must be called directly after open")
        self.fp.seek(self._offset)
        try:
            verify(self.fp, self.head)
        finally:
            self.tile = []  # Pillow then says that the image cannot be loaded
            if self._exclusive_fp:
                self.fp.close()
            self.fp = None

    def load_seek(self, pos: int) -> None:
        """Go to the pixels. That this method exists tells ImageFile.Parser to wait for the whole file."""
        assert self.fp is not None
        self.fp.seek(pos)


@cache
def _codec() -> Any:
    """The codec, which nobody loads who opens no such file. Kept, as an import takes a microsecond each time."""
    from . import codec

    return codec


def _rgb(colors: bytes) -> bytes:
    rgb = bytearray(len(colors) // 4 * 3)
    for channel in range(3):
        rgb[channel::3] = colors[channel::4]
    return bytes(rgb)


def _transparency(colors: bytes) -> int | bytes | None:
    """As in Pillow's PNG plugin: the index of a lone transparent entry, or else all alphas up to the last below 255."""
    alphas = colors[3::4].rstrip(b"\xff")
    if not alphas:
        return None
    return len(alphas) - 1 if _ONE_TRANSPARENT_ENTRY.fullmatch(alphas) else alphas


class KmqDecoder(ImageFile.PyDecoder):
    """Fills an image from the pixels of a file whose head was read."""

    _pulls_fd = True

    def decode(self, buffer: Any) -> tuple[int, int]:
        """Read all of them at once. With ImageFile.LOAD_TRUNCATED_IMAGES, rows that did not arrive are zero."""
        assert self.fd is not None
        partial = ImageFile.LOAD_TRUNCATED_IMAGES
        if len(self.args) == 1:
            raster = _codec().read_pixels(self.fd, self.args[0], partial=partial)
            self.set_as_raw(raster.buffer(), extra=(raster.stride, 1))
        else:
            reader, number = self.args
            reader.partial = partial
            self.set_as_raw(reader.frame(number).tobytes())
        return -1, 0


def _save(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Keywords: `compression`, `palette_mode`, `srgb`, `transparency` (as in `info`), those in metadata.py, saving.py.

    compression: one of codec.COMPRESSIONS. palette_mode: "exact" keeps the palette as it is; "compact" drops entries
    that no pixel uses and sorts the others. Palettes of the quantiser's making are sorted unless `order` is given.
    srgb: True converts the colours to sRGB, so that no profile is needed, as for viewers that know none.
    """
    from .codec.writer import encode_picture
    from .color_profile import for_saving
    from .saving.metadata import metadata_of
    from .saving.options import check_palette_mode, indexed_image, save_quantized

    im = for_saving(im)
    options = im.encoderinfo
    compression = options.get("compression", "default")
    check_palette_mode(options)
    metadata = metadata_of(im, options)

    def encoded(result: PaletteImage) -> bytes:
        arrange = _arrangement(options, kept=result.kept)
        return encode_picture(arrange(indexed_image(result.image, options)), compression, metadata)

    save_quantized(im, fp, FORMAT, encoded)


def _arrangement(options: dict[str, Any], *, kept: bool) -> Callable[[IndexedImage], Picture]:
    """What to do with the palette before it is encoded."""
    from .codec.picture import compact_palette, keep_palette, sort_palette
    from .saving.options import quantize_options

    if options.get("palette_mode") == "compact":
        return compact_palette
    chosen = {"palette", "order", "transparent_index"} & quantize_options(options).keys()
    return keep_palette if kept or chosen else sort_palette


def _save_all(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Keywords: those in animated.py, and those of `_save` but `max_bytes`."""
    from .saving.animation import frames_to_save, only_frame

    frames = frames_to_save(im)
    if len(frames) > 1:
        _save_frames(im, frames, fp)
    else:
        _save(only_frame(im, frames), fp, filename)


def _save_frames(im: Image.Image, frames: Frames, fp: IO[bytes]) -> None:
    from .codec import encode_animation
    from .color_profile import for_saving
    from .report import AnimationReport
    from .saving.animation import durations_of, frames_to_store, plays_of, survey
    from .saving.files import write_all
    from .saving.metadata import metadata_of
    from .saving.options import check_animation_options, saving

    im = for_saving(im)
    options = im.encoderinfo
    check_animation_options(im, options, FORMAT)
    metadata = metadata_of(im, options)
    compression = options.get("compression", "default")
    with saving(im, FORMAT):
        plays, found = plays_of(im, options), survey(frames, options)
        durations = durations_of(found, options)
        stored = frames_to_store(frames, found, options)
        data = encode_animation(stored, durations, plays=plays, compression=compression, metadata=metadata)
    write_all(fp, data)
    if options.get("report") is not None:
        result, background = Image.open(BytesIO(data)), options.get("background")
        count = len(durations)
        options["report"](AnimationReport(im, result, len(data), background, frames=count, pairs=stored.pairs))
