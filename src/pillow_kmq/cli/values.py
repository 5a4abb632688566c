"""Parsing of option values of the command line."""

from __future__ import annotations

import re
from typing import Any

import click

from ..errors import OptionError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmM]?)(i?)[bB]?")
_THOUSANDS = {"": 0, "k": 1, "m": 2}


def quality(_: click.Context, __: click.Parameter, value: str | None) -> Any:
    """Parse a quality range as pngquant does: MIN-MAX, MIN-, -MAX or MAX; or psnr:DECIBELS or deltae:DISTANCE."""
    if value is None:
        return None
    if target := re.fullmatch(r"(psnr|deltae):(.+)", value.lower()):
        return _target(target[1], target[2])
    match = re.fullmatch(r"(\d*)(-?)(\d*)", value)
    if not match or not (match[1] or match[3]):
        raise click.BadParameter(f"{value!r} is not a quality: write MIN-MAX, -MAX, MIN- or MAX, such as 60-80.")
    low, high = (int(match[1] or 0), int(match[3] or 100)) if match[2] else (0, int(value))
    if not low <= high <= 100:
        raise click.BadParameter(f"{value!r} is out of range: write MIN-MAX with 0 <= MIN <= MAX <= 100.")
    return low, high


def _target(measure: str, number: str) -> Any:
    from ..quant.aim import PSNR, DeltaE

    try:
        return (PSNR if measure == "psnr" else DeltaE)(float(number))
    except (ValueError, OptionError):
        example = {"psnr": "35, in decibels", "deltae": "1.5"}[measure]
        raise click.BadParameter(f"{number!r} is not a positive number: write {measure}:{example}.") from None


def size(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """Parse a number of bytes: 50000, 50k (1000), 48.8Ki (1024), 1.5M."""
    if value is None:
        return None
    match = _SIZE.fullmatch(value)
    if not match or (match[3] and not match[2]):
        raise click.BadParameter(f"{value!r} is not a file size: write bytes, or such as 50k, 50KiB or 1.5M.")
    count = int(float(match[1]) * (1024 if match[3] else 1000) ** _THOUSANDS[match[2].lower()])
    if count < 1:
        raise click.BadParameter(f"{value!r} is too small: write 1 or more.")
    return count


def posterize(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, ...] | str | None:
    """Parse the number of bits to drop from each channel, as pngquant does, or a name such as rgb565."""
    if value is None:
        return None
    if re.fullmatch("[0-4]", value):
        return (8 - int(value),) * 4
    if not re.fullmatch(r"rgb[1-8]{3}|rgba[1-8]{4}", value.lower()):
        raise click.BadParameter(f"{value!r} is invalid: drop 0 to 4 bits, or name a format such as rgb565.")
    return value


def background(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, int, int] | None:
    """Parse a colour, a name or #rrggbb."""
    if value is None:
        return None
    from ..quant.background import to_background

    try:
        return to_background(value)
    except OptionError as error:
        raise click.BadParameter(f"{error}.") from None


def dither(text: str) -> float | str | list[float | str]:
    """Parse a strength or a name, or several with commas. Raises OptionError."""
    ways = [_way(word) for word in text.split(",")]
    return ways[0] if len(ways) == 1 else ways


def _way(word: str) -> float | str:
    try:
        value: float | str = float(word)
    except ValueError:
        value = word.strip()
    if value != 0:
        from ..quant.dithering.options import to_dither

        to_dither(value)
    return value


def colors(option: str, value: str) -> Any:
    """Return the colours, uint8[k, 4], that a name, hex colours, an image or a palette file stands for."""
    from ..quant.colors import to_colors
    from ..quant.given_colors import load_colors

    return to_colors(option, load_colors(option, value))


def importance(path: str) -> Any:
    """Return a grey image. Raises OptionError."""
    from PIL import Image

    from ..frames import read_failure

    try:
        with Image.open(path) as image:
            image.load()
            if image.mode in ("1", "L"):
                return image.copy()
            if image.mode in ("LA", "P", "RGB", "RGBA"):
                return image.convert("L")
    except Exception as error:  # for damaged files, Pillow raises more than OSError
        why = error.strerror if isinstance(error, OSError) and error.strerror else read_failure(error)
        raise OptionError(f"--importance {path} cannot be read: {why}") from None
    raise OptionError(f"--importance {path} has mode {image.mode}: use a grey image of 8 bits")
