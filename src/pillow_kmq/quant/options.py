"""What a caller can ask of the quantiser: one frozen value per choice, and the words that stand for them."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, OptionTypeError
from ..types import MAX_COLORS, Palette

SPACE_NAMES = ("srgb", "linear", "oklab")


@dataclass(frozen=True)
class Effort:
    """How much work finding a palette is worth.

    bits: of each channel that colours keep while they are searched. most_bins: fewer bits where there were more bins.
    start_steps: Lloyd's steps after the start. rounds: of exchanges, each followed by `steps` steps; fewer for
        palettes of more than 128 entries.
    share: exchanges per round as a part of the palette. noise: how wild they are (see swap.py).
    polish: Lloyd's steps on the finest colours at the end.
    """

    bits: int
    most_bins: int
    start_steps: int
    rounds: int
    steps: int
    share: float
    noise: float
    polish: int


EFFORTS = {
    "fast": Effort(5, 1 << 14, 3, 0, 0, 0.0, 0.0, 0),
    "default": Effort(6, 1 << 16, 3, 40, 2, 0.1, 1.0, 2),
    "best": Effort(7, 1 << 17, 10, 1000, 3, 0.06, 1.0, 30),
}


@dataclass(frozen=True)
class FloydSteinberg:
    """Error diffusion after R. W. Floyd and L. Steinberg (1976), rows in alternating directions.

    strength: the part of the error that is passed on, 0..1.
    """

    strength: float = 1.0

    def __post_init__(self) -> None:
        check_unit("strength", self.strength)


Dither: TypeAlias = FloydSteinberg | None


@dataclass(frozen=True)
class Options:
    """One request, checked.

    colors: entries at most, 1..256, the transparent one and the fixed ones included.
    palette: uint8[k, 4] to use as it is, or None to find one.
    space: where distance is measured: "srgb", "linear" or "oklab".
    effort: a key of EFFORTS. seed: of the search, 0 or more.
    max_iter: None, or a plain k-means of at most so many steps in place of the effort's recipe.
    fixed: uint8[f, 4], entries that must be there.
    """

    colors: int = MAX_COLORS
    palette: Palette | None = None
    dither: Dither = None
    space: str = "srgb"
    effort: str = "default"
    seed: int = 0
    max_iter: int | None = None
    fixed: Palette = field(default_factory=lambda: np.empty((0, 4), np.uint8))

    def __post_init__(self) -> None:
        check_integer("colors", self.colors, 1, MAX_COLORS)
        check_choice("space", self.space, SPACE_NAMES)
        check_choice("effort", self.effort, tuple(EFFORTS))
        check_integer("seed", self.seed, 0, 2**63 - 1)
        if self.max_iter is not None:
            check_integer("max_iter", self.max_iter, 0, 10**6)
        if len(self.fixed) > self.colors:
            raise OptionError(f"{len(self.fixed)} fixed colours do not fit into a palette of {self.colors}")
        if self.palette is not None and len(self.fixed):
            raise OptionError("fixed colours mean nothing with a given palette: add them to it")
        if self.palette is not None and not 1 <= len(self.palette) <= MAX_COLORS:
            raise OptionError("palette must have 1 to 256 entries; this one has none")


def check_integer(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int within low..high; OptionTypeError or OptionError otherwise."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise OptionTypeError(f"{name} must be an integer, not {type(value).__name__}")
    number = operator.index(value)
    if not low <= number <= high:
        raise OptionError(f"{name} must be {low} to {high}, not {number}")
    return number


def check_unit(name: str, value: object) -> float:
    """`value` as a float within 0..1."""
    if not isinstance(value, (int, float, np.floating, np.integer)):
        raise OptionTypeError(f"{name} must be a number, not {type(value).__name__}")
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise OptionError(f"{name} must be 0 to 1, not {value}")
    return float(value)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """`value` if it is one of the words."""
    if not isinstance(value, str):
        raise OptionTypeError(f"{name} must be a string, not {type(value).__name__}")
    if value not in choices:
        raise OptionError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}")
    return value


def to_dither(value: object) -> Dither:
    """What a word, a number or a Pillow constant means.

    None, False, 0, "none": no dithering. "floyd-steinberg", True or a number 0..1: Floyd-Steinberg, of that
    strength. Pillow's `Dither` constants mean what they mean in Pillow: NONE, or else Floyd-Steinberg.
    """
    if value is None or isinstance(value, FloydSteinberg):
        return value
    if isinstance(value, str):
        word = value.lower().replace("_", "-")
        check_choice("dither", word, ("none", "floyd-steinberg"))
        return FloydSteinberg() if word == "floyd-steinberg" else None
    if isinstance(value, int) and 0 <= value <= 3:
        return FloydSteinberg() if value else None
    strength = check_unit("dither", value)
    return FloydSteinberg(strength) if strength > 0 else None


def _sequences(name: str, value: Any) -> list[Any]:
    try:
        colors = list(value)
        for color in colors:
            len(color)
    except TypeError:
        raise OptionTypeError(f"{name} must be a list or array of (R, G, B) or (R, G, B, A) colours") from None
    return colors


def to_colors(name: str, value: Any) -> Palette:
    """A list or array of RGB or RGBA colours as uint8[k, 4]; k may be 0."""
    if not isinstance(value, np.ndarray):
        value = [tuple(color) + (255,) * (len(color) == 3) for color in _sequences(name, value)]
        if len({len(color) for color in value}) > 1:
            raise OptionError(f"{name} must be a list of (R, G, B) or (R, G, B, A); some have other lengths")
    array = np.asarray(value)
    if array.size == 0:
        return np.empty((0, 4), np.uint8)
    if array.ndim != 2 or array.shape[1] not in (3, 4):
        raise OptionError(f"{name} must be a list of (R, G, B) or (R, G, B, A), not of shape {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise OptionTypeError(f"{name} must hold integers 0..255, not {array.dtype}")
    if array.min() < 0 or array.max() > 255:
        raise OptionError(f"{name} must hold integers 0..255")
    if len(array) > MAX_COLORS:
        raise OptionError(f"{name} must have at most {MAX_COLORS} colours, not {len(array)}")
    colors: npt.NDArray[np.uint8] = np.full((len(array), 4), 255, np.uint8)
    colors[:, : array.shape[1]] = array
    return colors
