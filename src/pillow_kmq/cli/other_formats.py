"""Palette images in formats that Pillow writes, besides PNG and .kmq: still images in sRGB, without metadata."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from PIL import Image

_PILLOW: dict[str, dict[str, Any]] = {
    "gif": {"format": "GIF", "optimize": False},  # which would drop unused entries
    "webp": {"format": "WEBP", "lossless": True, "exact": True, "quality": 100},
    "tif": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
    "bmp": {"format": "BMP"},
    "pcx": {"format": "PCX"},
    "tga": {"format": "TGA", "compression": "tga_rle"},
}


def save_in(im: Image.Image, fp: IO[bytes], format_: str, options: dict[str, Any]) -> None:
    """Quantise an image, and save it in another format.

    Args:
        im: The image.
        fp: Binary file object to write to.
        format_: A key of the table above.
        options: Keywords as those of `Image.save` in the format PNG8.

    Raises:
        KmqError: As in saving to PNG8.
    """
    from ..color_profile import for_saving
    from ..saving.options import PaletteImage, lossy_for, save_quantized

    def encode(result: PaletteImage) -> bytes:
        encoded = BytesIO()
        _with_alphas(result.image).save(encoded, **_PILLOW[format_])
        return encoded.getvalue()

    im.encoderinfo = lossy_for("gif", options) if format_ == "gif" else options
    save_quantized(for_saving(im), fp, format_.upper(), encode)


def _with_alphas(im: Image.Image) -> Image.Image:
    """Return a P image without metadata whose alphas Pillow's plugins save."""
    from ..quant.pillow_source import to_image
    from ..saving.options import indexed_image

    return to_image(indexed_image(im, {}), {}, alpha=False)
