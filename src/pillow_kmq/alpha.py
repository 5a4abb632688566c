"""Transparency of Pillow images, and conversion to RGBA from every mode with 8 bits per channel.

`info["transparency"]` counts only in modes that can have it. Pillow's `convert` keeps that of a palette image where it
means nothing, and then cannot convert the result to RGBA.
"""

from __future__ import annotations

from PIL import Image

_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_KEYED = ("1", "L", "RGB")  # one transparent colour


def has_alpha(im: Image.Image) -> bool:
    """Return whether pixels may be translucent or transparent."""
    if im.mode in _WITH_ALPHA:
        return True
    if im.mode == "P":
        return "transparency" in im.info or (im.palette is not None and im.palette.mode.endswith("A"))
    return im.mode in _KEYED and isinstance(im.info.get("transparency"), (int, tuple, list))


def to_rgba(im: Image.Image) -> Image.Image:
    """Return `im` converted to RGBA, or `im` itself if it is RGBA."""
    if im.mode == "RGBA":
        return im
    if im.mode == "La":
        return im.convert("LA").convert("RGBA")
    if "transparency" in im.info and not has_alpha(im):
        im = im.copy()
        del im.info["transparency"]
    if im.mode not in ("P", *_WITH_ALPHA, *_KEYED):
        im = im.convert("RGB")  # Pillow cannot convert CMYK, HSV, LAB and YCbCr directly
    return im.convert("RGBA")
