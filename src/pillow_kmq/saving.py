"""What both plugins do before they write: turn any image into a palette image, as the save keywords ask."""

from __future__ import annotations

from typing import Any

from PIL import Image

from .errors import ModeError, OptionError, OptionTypeError, UnsupportedError

QUANTIZE_KEYWORDS = ("colors", "palette", "dither", "space", "effort", "seed", "max_iter", "importance", "fixed")
"""Save keywords that `pillow_kmq.quantize` takes under the same name, with the same values."""


def quantize_options(encoderinfo: dict[str, Any]) -> dict[str, Any]:
    """The keywords of `quantize` among those given to `Image.save`. None counts as not given."""
    return {name: encoderinfo[name] for name in QUANTIZE_KEYWORDS if encoderinfo.get(name) is not None}


def to_palette_image(im: Image.Image, encoderinfo: dict[str, Any], format_name: str = "PNG8") -> Image.Image:
    """`im` itself if it is a P image and no keyword asks to quantise it, else its quantised P image.

    Raises OptionError (a ValueError) for a keyword with a bad value, and UnsupportedError (an OSError) for a mode
    that cannot be quantised.
    """
    options = quantize_options(encoderinfo)
    if im.mode == "P" and not options:
        return im

    from .quant import quantize

    try:
        return quantize(im, **options)
    except ModeError as error:
        raise UnsupportedError(f"cannot write mode {im.mode} as {format_name}: {error}") from error
    except OptionTypeError as error:
        raise OptionError(str(error)) from error
