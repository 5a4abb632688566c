"""Values of `palette=` and `fixed=` that come from images or files."""

from __future__ import annotations

import os
from typing import Any

from PIL import Image

from ..checks import shown
from ..errors import OptionError, PaletteFileError
from ..types import Palette
from .colors import is_hex
from .image_palette import palette_of
from .named_palettes import HARDWARE_NAMES


def load_colors(name: str, value: Any) -> Any:
    """Return the colours of an image or file as uint8[k, 4]; return anything else unchanged, for `to_colors`.

    Args:
        name: name of the option, for messages.
        value: an image, the path of an image or of a palette file, or anything else.

    Raises:
        OptionError: the file cannot be read, or is not a palette.
        ModeError: the image has a mode that is not supported.
    """
    if isinstance(value, Image.Image):
        return palette_of(value, name)
    if isinstance(value, os.PathLike) or (isinstance(value, str) and is_path(value)):
        return _read_colors(name, os.fspath(value))
    return value


def is_path(text: str) -> bool:
    """Return whether to read a string as a path: it is no palette name, and not hex unless such a file exists."""
    if text in HARDWARE_NAMES or not text.strip():
        return False
    return os.path.lexists(text) or not is_hex(text)


def _read_colors(name: str, path: str) -> Palette:
    from ..palette_files.files import read_palette

    try:
        return read_palette(path).colors
    except FileNotFoundError:
        known = ", ".join(map(repr, HARDWARE_NAMES))
        raise OptionError(
            f"{name} {shown(path)} is neither a file, nor colours like '#000,#fff,#f00', nor one of {known}"
        ) from None
    except PaletteFileError as error:
        raise OptionError(f"{name} {error}") from None
    except (OSError, OptionError) as error:
        raise OptionError(f"{name} {shown(path)} cannot be read: {error}") from None
