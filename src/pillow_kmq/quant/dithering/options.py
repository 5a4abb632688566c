"""The ways of dithering that a caller can ask for, and the words that stand for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ...checks import check_choice, check_integer, check_number
from ...errors import OptionError
from .filters import FILTER_NAMES

WORDS = ("none", "auto", "selective", *FILTER_NAMES, "bayer", "blue-noise", "ordered")
"""What `dither` understands as a string; "ordered" is "bayer"."""

_MATRICES = ("bayer", "blue-noise")
_SIZES = {"bayer": 8, "blue-noise": 64}


@dataclass(frozen=True)
class FloydSteinberg:
    """Error diffusion everywhere: the truest colours from afar. The same as `Diffusion("floyd-steinberg", strength)`.

    strength: the part of the error that is passed on, 0..1.
    """

    strength: float = 1.0

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0, 1)


@dataclass(frozen=True)
class Auto:
    """What suits the picture: error diffusion where it is shaded, none in flat art.

    The strength falls with the number of colours, from 0.75 up to 32 of them to 0.53 with 256: the more, the less
    dithering gains, and the more bytes it costs.
    """

    @staticmethod
    def strength_of(colors: int) -> float:
        """Return the strength of error diffusion, 0..1, for a number of colours."""
        return 0.5 + 0.25 * min(1.0, 32 / colors)


@dataclass(frozen=True)
class Diffusion:
    """Error diffusion everywhere, by the filter of a name.

    kernel: "floyd-steinberg", "jarvis-judice-ninke", "stucki", "burkes", "sierra", "sierra-lite" or "atkinson".
    strength: the part of the error that is passed on, 0..1.
    """

    kernel: str = "floyd-steinberg"
    strength: float = 1.0

    def __post_init__(self) -> None:
        check_choice("kernel", self.kernel, FILTER_NAMES)
        check_number("strength", self.strength, 0, 1)


@dataclass(frozen=True)
class Selective:
    """Error diffusion where steps of the palette would show: in smooth shades, not at edges nor in texture.

    strength: the part of the error that is passed on where the picture is smooth, 0..1.
    """

    strength: float = 1.0

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0, 1)


@dataclass(frozen=True)
class Ordered:
    """Fixed patterns: a pixel depends on its colour and place alone. Steady in animations, small in files.

    matrix: "bayer" (a regular weave) or "blue-noise" (no visible pattern).
    strength: how far entries may differ, 0..1.
    size: of the matrix, 2..128, for "bayer" a power of 2; None is 8, and 64 for blue noise.
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
                raise OptionError(f"the size of a Bayer matrix must be a power of 2, not {self.size}")

    @property
    def side(self) -> int:
        """Rows and columns of the matrix."""
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
    """What a word, a number or a Pillow constant means.

    None, False, 0, "none": no dithering. The other WORDS: the option of that name. True or a number 0..1:
    Floyd-Steinberg, of that strength. Pillow's `Dither` constants mean what they mean in Pillow: NONE, or else
    Floyd-Steinberg.
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
