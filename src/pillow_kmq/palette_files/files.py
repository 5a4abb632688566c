"""Reading and writing of palette files: which format a file has, and which one to write."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..checks import check_choice, shown
from ..errors import OptionError, OptionTypeError, PaletteFileError
from ..quant.colors import to_colors
from ..saving.files import replace_file
from . import act, aseprite, css, gimp, hex_list, images, jasc, json_list, riff, swatch_exchange
from .named_colors import NamedColors, clean_name, is_opaque

_LONGEST = 1 << 20  # bytes read of a file that is no image


class _Format(NamedTuple):
    """A format that can be written.

    Attributes:
        suffix: The extension of its files.
        write: Function that returns the bytes of a file.
        alpha: Whether it can hold transparency.
    """

    suffix: str
    write: Callable[[NamedColors], bytes]
    alpha: bool = True


_FORMATS = {
    "gpl": _Format(".gpl", gimp.write),
    "jasc": _Format(".pal", jasc.write),
    "riff": _Format(".pal", riff.write, alpha=False),
    "act": _Format(".act", act.write),
    "hex": _Format(".hex", hex_list.write),
    "ase": _Format(".ase", swatch_exchange.write, alpha=False),
    "json": _Format(".json", json_list.write),
    "png": _Format(".png", images.write),
    "css": _Format(".css", css.write),
    "txt": _Format(".txt", hex_list.write),
}

FORMATS = tuple(_FORMATS)
"""Names of the formats that `write_palette` writes."""


def read_palette(path: str | os.PathLike[str]) -> NamedColors:
    """Read the colours of a palette file, or of an image.

    The format follows from the content, not from the name, except for `.act`, `.json` and `.css`. Text that is in no
    other format is a list of hex colours, in which `;` starts a comment.

    Args:
        path: a palette of GIMP (.gpl), Paint Shop Pro or Windows (.pal), Adobe (.act, .ase), Lospec (.hex, .json) or
            Paint.NET (.txt); a style sheet (.css); a sprite of Aseprite (.ase, .aseprite); or any image that Pillow
            opens: of a palette image the palette, of others the distinct colours in order of first appearance.

    Returns:
        The colours, uint8[k, 4], k = 1..256, and their names.

    Raises:
        PaletteFileError: the file is damaged, of an unknown format, or has more than 256 colours. A ValueError.
        OptionError: `path` cannot name a file. A ValueError.
        OptionTypeError: `path` is not a path. A TypeError.
        OSError: the file cannot be read.
    """
    name = _to_path(path)
    with open(name, "rb") as file:
        data = file.read(_LONGEST + 1)
    try:
        read = _reader(data, os.path.splitext(name)[1].lower())
        found = read(data[:_LONGEST]) if read else images.read(name)
        return found or _read_text(data)
    except PaletteFileError as error:
        raise PaletteFileError(f"{name}: {error}") from None


def _reader(data: bytes, suffix: str) -> Callable[[bytes], NamedColors] | None:
    """Return the function that reads a file with these first bytes, or None for an image or a text."""
    if data.startswith(gimp.MAGIC):
        return gimp.read
    if data.startswith(jasc.MAGIC):
        return jasc.read
    if riff.is_palette(data):
        return riff.read
    if data.startswith(swatch_exchange.MAGIC):
        return swatch_exchange.read
    if aseprite.is_sprite(data):
        return aseprite.read
    return _BY_SUFFIX.get(suffix)


_BY_SUFFIX = {
    ".act": act.read,
    ".json": json_list.read,
    ".css": css.read,
    ".hex": hex_list.read,
    ".txt": hex_list.read,  # Pillow takes some texts for images
}


def _read_text(data: bytes) -> NamedColors:
    if len(data) > _LONGEST:
        raise PaletteFileError("it is no image, and too long for a palette file")
    return (json_list if data.lstrip()[:1] in (b"{", b"[") else hex_list).read(data)


def write_palette(
    path: str | os.PathLike[str], colors: Any, names: Sequence[str] | None = None, format: str | None = None
) -> None:
    """Write colours to a palette file, replacing an existing one atomically.

    Args:
        path: the file.
        colors: integers 0..255 of shape [k, 3] or [k, 4], k = 1..256, hex colours such as "#000,#fff", or the name of
            a hardware palette.
        names: a name per colour, "" for none; kept by .gpl, .ase and .json, and as identifiers by .css. None for no
            names.
        format: one of `FORMATS`; None chooses by the extension of `path`. A .pal file is JASC-PAL, unless the format
            is "riff". Windows and Adobe Swatch Exchange files hold opaque colours only, .act files one that is fully
            transparent.

    Raises:
        OptionError: an argument has an invalid value, or the format cannot hold the transparency. A ValueError.
        OptionTypeError: an argument has a wrong type. A TypeError.
        OSError: the file cannot be written.
    """
    target = _to_path(path)
    chosen = format_of(target) if format is None else check_choice("format", format, FORMATS)
    replace_file(target, encode_palette(named(colors, names), chosen))


def _to_path(value: Any) -> str:
    """Return a path as a string. Raises OptionError, OptionTypeError."""
    try:
        path = os.fsdecode(value)
        encoded = os.fsencode(path)
    except TypeError:
        raise OptionTypeError(f"path must be a path, not {type(value).__name__}") from None
    except UnicodeEncodeError:  # a lone surrogate
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise OptionError(f"path must name a file, not {shown(value)}")
    return path


def named(colors: Any, names: Sequence[str] | None = None) -> NamedColors:
    """Check arguments of `write_palette`. Raises OptionError, OptionTypeError."""
    checked = to_colors("colors", colors)
    if not len(checked):
        raise OptionError("colors must have at least one colour")
    try:
        listed = [""] * len(checked) if names is None else list(names)
    except TypeError:
        raise OptionTypeError(f"names must be a list of strings, not {type(names).__name__}") from None
    if not all(isinstance(name, str) for name in listed):
        raise OptionTypeError("names must be strings")
    if len(listed) != len(checked):
        raise OptionError(f"names must be one for each of {len(checked)} colours, not {len(listed)}")
    return NamedColors(checked, tuple(map(clean_name, listed)))


def format_of(path: str) -> str:
    """Return the format that the extension of a path stands for. Raises OptionError."""
    suffix = os.path.splitext(path)[1].lower()
    for name, format_ in _FORMATS.items():
        if format_.suffix == suffix:
            return name
    known = ", ".join(dict.fromkeys(format_.suffix for format_ in _FORMATS.values()))
    raise OptionError(f"cannot tell the format from {path!r}: end it in {known}, or name the format")


def suffix_of(format_: str) -> str:
    """Return the extension of a format, one of FORMATS."""
    return _FORMATS[format_].suffix


def encode_palette(palette: NamedColors, format_: str) -> bytes:
    """Return the bytes of a palette file. Raises OptionError if the format cannot hold the transparency."""
    chosen = _FORMATS[format_]
    if not chosen.alpha and not is_opaque(palette):
        others = ", ".join(name for name, each in _FORMATS.items() if each.alpha)
        raise OptionError(
            f"the format {format_} holds opaque colours only: choose one of {others}, or make the colours opaque"
        )
    return chosen.write(palette)
