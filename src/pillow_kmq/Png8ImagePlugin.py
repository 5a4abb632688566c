"""PNG8: save any image as a palette PNG, `image.save("a.png", format="PNG8", colors=64)`.

The image is quantised and handed to Pillow's own PNG writer, so every PNG option of Pillow works
(`optimize`, `compress_level`, `pnginfo`, `icc_profile`, `exif`, `dpi`). The extension `.png` stays with Pillow's
PNG plugin: PNG8 is always asked for by name.
"""

from __future__ import annotations

from io import BytesIO
from typing import IO

from PIL import Image, PngImagePlugin

FORMAT = "PNG8"


def register_png8_saver() -> None:
    """Teach Pillow to save PNG8. Importing pillow_kmq does this already; a second call changes nothing."""
    Image.register_save(FORMAT, _save)


def _save(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    from .saving import to_palette_image

    encoderinfo = im.encoderinfo
    image = to_palette_image(im, encoderinfo)
    image.encoderinfo = {key: value for key, value in encoderinfo.items() if key != "bits"}
    buffer = BytesIO()
    PngImagePlugin._save(image, buffer, filename)
    fp.write(buffer.getvalue())
