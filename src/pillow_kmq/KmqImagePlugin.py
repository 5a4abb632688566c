"""KMQ: open and save `.kmq` files through Pillow (docs/FORMAT.md)."""

from __future__ import annotations

from typing import IO

from PIL import Image

from .errors import UnsupportedError

FORMAT = "KMQ"


def register_kmq_opener() -> None:
    """Teach Pillow to open and save KMQ. Importing pillow_kmq does this already; a second call changes nothing."""
    Image.register_save(FORMAT, _save)
    Image.register_extension(FORMAT, ".kmq")
    Image.register_mime(FORMAT, "image/x-kmq")


def _save(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    from .saving import to_palette_image

    if 0 in im.size:
        raise UnsupportedError(f"cannot write an empty image ({im.width}x{im.height}) as KMQ")
    to_palette_image(im, im.encoderinfo, FORMAT)
    raise UnsupportedError("KMQ cannot be written yet")
