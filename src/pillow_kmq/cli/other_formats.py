"""Palette images in formats that Pillow writes, besides PNG and .kmq: still images in sRGB, without metadata."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from PIL import Image

from ..alpha import has_alpha, to_rgba

_PILLOW: dict[str, dict[str, Any]] = {
    "gif": {"format": "GIF", "optimize": False},  # which would drop unused entries
    "webp": {"format": "WEBP", "lossless": True, "exact": True, "quality": 100},
    "tif": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
    "bmp": {"format": "BMP"},
    "pcx": {"format": "PCX"},
    "tga": {"format": "TGA", "compression": "tga_rle"},
}
_OPAQUE = ("bmp", "pcx", "tga")


def save_in(im: Image.Image, fp: IO[bytes], format_: str, options: dict[str, Any]) -> list[str]:
    """Quantise an image, and save it in another format.

    Args:
        im: The image.
        fp: Binary file object to write to.
        format_: A key of the table above.
        options: Keywords as those of `Image.save` in the format PNG8.

    Returns:
        Notes for the user.

    Raises:
        KmqError: As in saving to PNG8.
    """
    from ..color_profile import for_saving
    from ..saving.options import PaletteImage, save_quantized

    notes = []
    if format_ in _OPAQUE and has_alpha(im) and "background" not in options:
        options = {**options, "background": "white"}
        notes.append(f"{format_.upper()} files have no transparency: composited onto white")
    elif format_ == "gif" and _is_translucent(im):
        im = _with_opaque_or_clear_pixels(im)
        notes.append("GIF files have no partial transparency: pixels are opaque or invisible")

    if format_ == "gif":
        options = {"lossy_for": "gif", **options}

    def encode(result: PaletteImage) -> bytes:
        encoded = BytesIO()
        _with_alphas(result.image).save(encoded, **_PILLOW[format_])
        return encoded.getvalue()

    im.encoderinfo = options
    save_quantized(for_saving(im), fp, format_.upper(), encode)
    return notes


def _with_alphas(im: Image.Image) -> Image.Image:
    """Return a P image without metadata whose alphas Pillow's plugins save."""
    from ..quant.pillow_source import to_image
    from ..saving.options import indexed_image

    return to_image(indexed_image(im, {}), {}, alpha=False)


def _is_translucent(im: Image.Image) -> bool:
    return has_alpha(im) and any(to_rgba(im).getchannel("A").histogram()[1:255])


def _with_opaque_or_clear_pixels(im: Image.Image) -> Image.Image:
    result = to_rgba(im)
    result.putalpha(result.getchannel("A").point(lambda alpha: 255 * (alpha >= 128)))
    result.info = {key: value for key, value in im.info.items() if key != "transparency"}
    return result
