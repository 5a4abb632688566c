"""Images as palette files, and images that show a palette."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..errors import ModeError, OptionError, PaletteFileError
from ..frames import read_failure
from ..quant.image_palette import palette_of
from .named_colors import NamedColors

_COLUMNS, _SIDE = 16, 16  # swatches per row, and pixels of a swatch


def read(path: str) -> NamedColors | None:
    """Read any image that Pillow opens; return None for other files.

    Raises PaletteFileError for damaged images and those of more than 256 colours, OSError.
    """
    try:
        with Image.open(path) as image:
            image.load()
    except UnidentifiedImageError:
        return None
    except Image.DecompressionBombError as error:
        raise PaletteFileError(f"cannot be read: {error}") from None
    except Exception as error:  # for damaged files, Pillow raises more than OSError
        raise PaletteFileError(f"cannot be read: {read_failure(error)}") from error
    try:
        colors = palette_of(image, "it")
    except ModeError:
        raise PaletteFileError(f"mode {image.mode} is not supported: convert it to 8 bits per channel first") from None
    except OptionError as error:
        raise PaletteFileError(str(error)) from None
    return NamedColors(colors, ("",) * len(colors))


def write(palette: NamedColors) -> bytes:
    """Return the bytes of an indexed PNG of squares, 16 in a row; names are lost."""
    count = len(palette.colors)
    rows = -(-count // _COLUMNS)
    squares = np.minimum(np.arange(rows * _COLUMNS), count - 1).astype(np.uint8).reshape(rows, _COLUMNS)
    image = Image.fromarray(squares.repeat(_SIDE, axis=0).repeat(_SIDE, axis=1)).convert("L")
    swatches = Image.frombytes("P", image.size, image.tobytes())
    swatches.putpalette(palette.colors[:, :3].tobytes(), "RGB")
    alphas = palette.colors[:, 3].tobytes().rstrip(b"\xff")
    encoded = BytesIO()
    swatches.save(encoded, "PNG", optimize=True, **({"transparency": alphas} if alphas else {}))
    return encoded.getvalue()
