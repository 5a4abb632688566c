"""Dithering options, and the words that stand for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ...checks import check_choice, check_integer, check_number
from ...errors import OptionError
from .filters import FILTER_NAMES

WORDS = ("none", "auto", "selective", *FILTER_NAMES, "bayer", "blue-noise", "ordered")
"""Strings that `dither` accepts; "ordered" is "bayer"."""

_MATRICES = ("bayer", "blue-noise")
_SIZES = {"bayer": 8, "blue-noise": 64}


@dataclass(frozen=True)
class FloydSteinberg:
    """Floyd-Steinberg error diffusion on all pixels: keeps local means best.

    Equivalent to `Diffusion("floyd-steinberg", strength)`.

    Attributes:
        strength: fraction of the error that is diffused, 0..1, default 1.

    Raises:
        OptionError: `strength` is out of range.
        OptionTypeError: `strength` is not a number.
    """

    strength: float = 1.0

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0, 1)


@dataclass(frozen=True)
class Auto:
    """Dithering adapted to the picture: error diffusion in shaded areas, none in flat art or where it hides nothing.

    The strength falls with the number of colours, from 0.75 up to 32 of them to 0.53 with 256: the more colours, the
    less dithering gains, and the more bytes it costs.
    """

    @staticmethod
    def strength_of(colors: int) -> float:
        """Return the strength of error diffusion, 0..1, for a number of colours."""
        return 0.5 + 0.25 * min(1.0, 32 / colors)


@dataclass(frozen=True)
class Diffusion:
    """Error diffusion on all pixels with a given error filter.

    Attributes:
        kernel: "floyd-steinberg" (default), "jarvis-judice-ninke", "stucki", "burkes", "sierra", "sierra-lite" or
            "atkinson"; sources in dithering/filters.py.
        strength: fraction of the error that is diffused, 0..1, default 1.

    Raises:
        OptionError: `kernel` is unknown or `strength` is out of range.
        OptionTypeError: an attribute has a wrong type.
    """

    kernel: str = "floyd-steinberg"
    strength: float = 1.0

    def __post_init__(self) -> None:
        check_choice("kernel", self.kernel, FILTER_NAMES)
        check_number("strength", self.strength, 0, 1)


@dataclass(frozen=True)
class Selective:
    """Error diffusion only where palette steps would show: in smooth gradients, not at edges or in texture.

    Attributes:
        strength: fraction of the error that is diffused in smooth areas, 0..1, default 1.

    Raises:
        OptionError: `strength` is out of range.
        OptionTypeError: `strength` is not a number.
    """

    strength: float = 1.0

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0, 1)


@dataclass(frozen=True)
class Ordered:
    """Ordered dithering by a fixed threshold matrix: steady in animations, small in files.

    The result for a pixel depends only on its colour and position.

    Attributes:
        matrix: "bayer" (default, a regular pattern; B. E. Bayer, ICC 1973) or "blue-noise" (no visible pattern; R. A.
            Ulichney, Proc. SPIE 1913, 1993).
        strength: how far entries may deviate from the colour, 0..1, default 1.
        size: side of the matrix, 2..128, a power of 2 for "bayer"; None (default) is 8 for "bayer" and 64 for
            "blue-noise".

    Raises:
        OptionError: an attribute has an invalid value.
        OptionTypeError: an attribute has a wrong type.
    """

    matrix: str = "bayer"
    strength: float = 1.0
    size: int | None = None

    def __post_init__(self) -> None:
        check_choice("matrix", self.matrix, _MATRICES)
        check_number("strength", self.strength, 0, 1)
        if self.size is not None:
            check_integer("size", self.size, 2, 128)
            if self.matrix == "bayer" and self.size & (self.size - 1):
                raise OptionError(f"size must be a power of 2 for a Bayer matrix, not {self.size}")

    @property
    def side(self) -> int:
        """Number of rows, and of columns, of the matrix."""
        return _SIZES[self.matrix] if self.size is None else self.size


Way: TypeAlias = Auto | FloydSteinberg | Diffusion | Selective | Ordered
Dither: TypeAlias = Way | None

_MEANINGS: dict[str, Dither] = {
    "none": None,
    "auto": Auto(),
    **{name: Diffusion(name) for name in FILTER_NAMES},
    "floyd-steinberg": FloydSteinberg(),
    "selective": Selective(),
    "bayer": Ordered("bayer"),
    "ordered": Ordered("bayer"),
    "blue-noise": Ordered("blue-noise"),
}


def to_dither(value: object) -> Dither:
    """Parse `dither=`.

    None, False, 0 and "none" mean no dithering; True or a number 0..1 Floyd-Steinberg of that strength; the other WORDS
    the option of that name. Pillow's `Dither` constants keep their meaning: NONE, or otherwise Floyd-Steinberg.
    """
    if isinstance(value, Auto):
        return value
    if isinstance(value, (FloydSteinberg, Diffusion, Selective, Ordered)):
        return value if value.strength > 0 else None
    if value is None:
        return None
    if isinstance(value, str):
        return _MEANINGS[check_choice("dither", value.lower().replace("_", "-"), WORDS)]
    if isinstance(value, int) and 0 <= value <= 3:
        return FloydSteinberg() if value else None
    strength = check_number("dither", value, 0, 1)
    return FloydSteinberg(strength) if strength > 0 else None
