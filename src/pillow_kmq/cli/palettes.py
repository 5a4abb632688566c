"""Palettes that the arguments of `kmq palette` stand for."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from ..errors import ModeError, OptionError, PaletteFileError
from ..frames import plays
from ..palette_files.files import named, read_palette
from ..palette_files.named_colors import NamedColors
from ..quant import quantize, quantize_all
from ..quant.given_colors import is_path
from ..quant.image_palette import palette_of
from .outputs import reason
from .reading import reading
from .statuses import DAMAGED, UNREADABLE, Refused


def palette_of_argument(given: str) -> NamedColors:
    """Return the colours of a palette file, an image, a palette name or hex colours. Raises Refused."""
    try:
        return read_palette(given) if is_path(given) else named(given)
    except FileNotFoundError:
        raise Refused("neither a file, nor colours like '#000,#fff', nor the name of a palette", UNREADABLE) from None
    except OSError as error:
        raise Refused(f"cannot read it: {reason(error)}", UNREADABLE) from None
    except PaletteFileError as error:
        raise Refused(str(error).removeprefix(f"{given}: "), DAMAGED) from None
    except OptionError as error:
        raise Refused(str(error), UNREADABLE) from None


def palette_of_image(data: bytes, colors: int) -> NamedColors:
    """Return the palette of an image, of at most `colors` entries. Raises Refused or another KmqError."""
    with reading():
        image = Image.open(BytesIO(data))
        if plays(image):
            (first, *_) = quantize_all(image, colors)
            return named(palette_of(first))
        image.load()
        try:
            palette = palette_of(image)
        except ModeError as error:
            raise Refused(str(error)) from None
        except OptionError:  # more than 256
            palette = None
        return named(palette_of(quantize(image, colors)) if palette is None or len(palette) > colors else palette)
