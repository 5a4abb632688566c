"""Pillow plugin for `.kmq` files. The format itself is in `codec` (docs/FORMAT.md)."""

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
    """Register KMQ with Pillow, for opening and saving.

    Importing pillow_kmq calls this; further calls change nothing.
    """
    Image.register_open(FORMAT, KmqImageFile, _accept)
    Image.register_decoder("kmq", KmqDecoder)
    Image.register_save(FORMAT, _save)
    Image.register_save_all(FORMAT, _save_all)
    Image.register_extension(FORMAT, ".kmq")
    Image.register_mime(FORMAT, "image/x-kmq")


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(_SIGNATURE)


class KmqImageFile(ImageFile.ImageFile):
    """An opened `.kmq` file: a palette image as from Pillow's PNG plugin.

    Its mode is P with an RGB palette and alphas in `info["transparency"]`. Animations are like that if all frames
    share one palette; otherwise their frames are RGBA. `info["duration"]` is the duration of the current frame in
    milliseconds, `info["loop"]` the number of repetitions, 0 for endlessly.
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
        for problem in head.dropped:
            warnings.warn(f"damaged metadata of a KMQ file ignored: {problem}", stacklevel=2)
        self._offset = self.fp.tell()
        self.head = head
        self._frame = 0
        self._reader: FrameReader | None = None
        if head.animation is None:
            self.n_frames, self.is_animated = 1, False
            self._show((head,), indexed=True)
            return
        from .codec.animation.reader import FrameReader

        self._fp = self.fp  # loading a frame clears `fp`
        self._reader = FrameReader(self.fp, head)
        self.n_frames = len(self._reader)
        self.is_animated = self.n_frames > 1
        self._close_exclusive_fp_after_loading = False
        if self._reader.plays != 1:
            self.info["loop"] = max(0, self._reader.plays - 1)
        self._show_frame()

    def _show(self, source: tuple[Any, ...], *, indexed: bool) -> None:
        """Make the next load decode `source`."""
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
        """Select a frame.

        Args:
            frame: 0 to n_frames - 1.

        Raises:
            EOFError: There is no such frame.
            OptionTypeError: A TypeError: `frame` is not an integer.
        """
        from .checks import to_integer

        frame = to_integer("frame", frame)
        if not self._seek_check(frame):
            return
        Image._decompression_bomb_check(self.size)
        fp: Any = self._fp
        fp.tell()  # raises Pillow's error for closed images
        self.fp = fp
        self._frame = frame
        self._im = None
        self._show_frame()

    def tell(self) -> int:
        """Return the number of the current frame."""
        return self._frame

    def verify(self) -> None:
        """Verify all checksums of the file, without decoding pixels. Call it directly after opening.

        The image cannot be used afterwards: open the file again.

        Raises:
            CorruptError: An OSError: the file is damaged, even if the picture is not affected.
            TruncatedError: An OSError: the file ends too early.
            UnsupportedError: An OSError: the file needs a newer decoder.
            RuntimeError: The image was loaded before, as in Pillow's own plugins.
        """
        from .codec.checksums import verify

        if self.fp is None:
            raise RuntimeError("verify must be called directly after open")
        self.fp.seek(self._offset)
        try:
            verify(self.fp, self.head)
        finally:
            self.tile = []  # Pillow then refuses to load the image
            if self._exclusive_fp:
                self.fp.close()
            self.fp = None

    def load_seek(self, pos: int) -> None:
        """Seek to the pixels. The existence of this method makes ImageFile.Parser wait for the whole file."""
        assert self.fp is not None
        self.fp.seek(pos)


@cache
def _codec() -> Any:
    """Import the codec lazily, and once: an import statement takes a microsecond per image."""
    from . import codec

    return codec


def _rgb(colors: bytes) -> bytes:
    rgb = bytearray(len(colors) // 4 * 3)
    for channel in range(3):
        rgb[channel::3] = colors[channel::4]
    return bytes(rgb)


def _transparency(colors: bytes) -> int | bytes | None:
    """Return `transparency` as Pillow's PNG plugin does.

    The index of the only transparent entry, or all alphas up to the last below 255.
    """
    alphas = colors[3::4].rstrip(b"\xff")
    if not alphas:
        return None
    return len(alphas) - 1 if _ONE_TRANSPARENT_ENTRY.fullmatch(alphas) else alphas


class KmqDecoder(ImageFile.PyDecoder):
    """A decoder of the pixels of a file whose head was read."""

    _pulls_fd = True

    def decode(self, buffer: Any) -> tuple[int, int]:
        """Decode all pixels at once. With ImageFile.LOAD_TRUNCATED_IMAGES, missing rows are zero."""
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
    """Save an image as KMQ. Keywords besides these: see saving/options.py and saving/metadata.py.

    compression: level, one of codec.COMPRESSIONS; default "default".
    palette_mode: "exact" keeps the palette, "compact" drops unused entries and sorts the others; default "exact". A
    palette chosen by the quantiser is sorted unless `order` is given.
    srgb: True converts the colours to sRGB, so that viewers need no profile; default False.
    transparency: as in `info`.
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

    def encode(result: PaletteImage) -> bytes:
        arrange = _arrangement(options, kept=result.kept)
        return encode_picture(arrange(indexed_image(result.image, options)), compression, metadata)

    save_quantized(im, fp, FORMAT, encode)


def _arrangement(options: dict[str, Any], *, kept: bool) -> Callable[[IndexedImage], Picture]:
    """Return the function that prepares the palette for encoding."""
    from .codec.picture import compact_palette, keep_palette, sort_palette
    from .saving.options import quantize_options

    if options.get("palette_mode") == "compact":
        return compact_palette
    chosen = {"palette", "order", "transparent_index"} & quantize_options(options).keys()
    return keep_palette if kept or chosen else sort_palette


def _save_all(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Save an animation as KMQ. Keywords: those of `_save` except `max_bytes`, and see saving/animation.py."""
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
    from .saving.animation import durations_of, plays_of, survey
    from .saving.files import write_all
    from .saving.metadata import metadata_of
    from .saving.options import check_animation_options, saving
    from .saving.stored_frames import frames_to_store

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
