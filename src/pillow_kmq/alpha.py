"""What of a Pillow image is not opaque, and the way to RGBA from every mode of 8 bits a channel.

`info["transparency"]` counts only in a mode that it can belong to. Pillow's `convert` lets that of a palette stay
where it means nothing, and cannot convert such images to RGBA itself.
"""

from __future__ import annotations

from PIL import Image

_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_KEYED = ("1", "L", "RGB")  # one transparent colour


def has_alpha(im: Image.Image) -> bool:
    """Whether pixels can be other than opaque."""
    if im.mode in _WITH_ALPHA:
        return True
    if im.mode == "P":
        return "transparency" in im.info or (im.palette is not None and im.palette.mode.endswith("A"))
    return im.mode in _KEYED and isinstance(im.info.get("transparency"), (int, tuple, list))


def to_rgba(im: Image.Image) -> Image.Image:
    """`im` as RGBA, itself if it is that already."""
    if im.mode == "RGBA":
        return im
    if im.mode == "La":
        return im.convert("LA").convert("RGBA")
    if "transparency" in im.info and not has_alpha(im):
        im = im.copy()
        del im.info["transparency"]
    if im.mode not in ("P", *_WITH_ALPHA, *_KEYED):
        im = im.convert("RGB")  # CMYK, HSV, LAB and YCbCr have no direct way
    return im.convert("RGBA")
