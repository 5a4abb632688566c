"""KMQ: open and save `.kmq` files through Pillow. The bytes are the codec's business (docs/FORMAT.md)."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any

from PIL import Image, ImageFile, ImagePalette

from .errors import UnsupportedError

if TYPE_CHECKING:
    from .types import Palette

FORMAT = "KMQ"

_SIGNATURE = b"\x8bKMQ"  # also in codec.container, which needs NumPy
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
    """A palette image as Pillow's PNG plugin gives it: mode P, an RGB palette, alphas in `info["transparency"]`."""

    format = FORMAT
    format_description = "K-means quantised palette image"

    def _open(self) -> None:
        from .codec import read_head

        assert self.fp is not None
        head = read_head(self.fp)
        self._size = head.width, head.height
        self._mode = "P"
        self.palette = ImagePalette.raw("RGB", head.palette[:, :3].tobytes())
        transparency = _transparency(head.palette)
        if transparency is not None:
            self.info["transparency"] = transparency
        self.tile = [ImageFile._Tile("kmq", (0, 0, *self.size), self.fp.tell(), (head,))]

    def load_seek(self, pos: int) -> None:
        """Go to the pixels. That this method exists tells ImageFile.Parser to wait for the whole file."""
        assert self.fp is not None
        self.fp.seek(pos)


def _transparency(palette: Palette) -> int | bytes | None:
    """As in Pillow's PNG plugin: the index of a lone transparent entry, or else all alphas up to the last below 255."""
    alphas = palette[:, 3].tobytes().rstrip(b"\xff")
    if not alphas:
        return None
    return len(alphas) - 1 if _ONE_TRANSPARENT_ENTRY.fullmatch(alphas) else alphas


class KmqDecoder(ImageFile.PyDecoder):
    """Fills an image from the pixels of a file whose head was read."""

    _pulls_fd = True

    def decode(self, buffer: Any) -> tuple[int, int]:
        """Read all of them at once. With ImageFile.LOAD_TRUNCATED_IMAGES, rows that did not arrive are zero."""
        from .codec import read_indices

        assert self.fd is not None
        (head,) = self.args
        indices = read_indices(self.fd, head, partial=ImageFile.LOAD_TRUNCATED_IMAGES)
        self.set_as_raw(indices.tobytes())
        return -1, 0


def _save(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Keywords: `compression` (one of codec.COMPRESSIONS), `transparency` (as in `info`), and those in saving.py."""
    from .codec import encode
    from .saving import indexed_image, to_palette_image

    if 0 in im.size:
        raise UnsupportedError(f"cannot write an empty image ({im.width}x{im.height}) as KMQ")
    # Everything that can fail runs before the first byte is written.
    image = indexed_image(to_palette_image(im, im.encoderinfo, FORMAT), im.encoderinfo)
    fp.write(encode(image, compression=im.encoderinfo.get("compression", "deflate")))


def _save_all(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    from .saving import refuse_several_frames

    refuse_several_frames(im, im.encoderinfo, FORMAT)
    _save(im, fp, filename)
