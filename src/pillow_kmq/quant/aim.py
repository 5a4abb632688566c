"""Quality targets: the values of `quality=`."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..checks import check_number, shown
from ..errors import OptionError, OptionTypeError
from ..quality_scale import quality_of, square_of_quality


@dataclass(frozen=True)
class PSNR:
    """Quality target: a minimum peak signal-to-noise ratio over R, G and B.

    Attributes:
        decibels: dB, more than 0.

    Raises:
        OptionError: `decibels` is not a finite number above 0.
        OptionTypeError: `decibels` is not a number.
    """

    decibels: float

    def __post_init__(self) -> None:
        _check_positive("PSNR", self.decibels)


@dataclass(frozen=True)
class DeltaE:
    """Quality target: a maximum mean distance in Oklab, times 100.

    Attributes:
        distance: more than 0; about 2 is just noticeable.

    Raises:
        OptionError: `distance` is not a finite number above 0.
        OptionTypeError: `distance` is not a number.
    """

    distance: float

    def __post_init__(self) -> None:
        _check_positive("DeltaE", self.distance)


@dataclass(frozen=True)
class Aim:
    """A validated quality target.

    Attributes:
        wanted: the mean error to reach.
        needed: the maximum mean error allowed.
        unit: "dB" if errors are squared errors of 8-bit R, G and B, "dE" if they are distances in Oklab times 100,
            "quality" if they are the squares of these.
    """

    wanted: float
    needed: float
    unit: str

    @property
    def perceptual(self) -> bool:
        """Return whether errors are measured in Oklab."""
        return self.unit != "dB"

    def text(self, error: float) -> str:
        """Return an error in the unit of the target, for messages."""
        if self.unit == "dB":
            return f"PSNR {self.number(error)} dB"
        return f"{'DeltaE' if self.unit == 'dE' else 'quality'} {self.number(error)}"

    def number(self, error: float) -> str:
        """Return the number that `text` contains."""
        if self.unit == "quality":
            return f"{quality_of(error):.0f}"
        return f"{error if self.unit == 'dE' else _psnr(error):.2f}"


def to_aim(value: object) -> Aim | None:
    """Parse `quality=`: None, a number 0..100, (min, max), PSNR(dB) or DeltaE(distance)."""
    if value is None:
        return None
    if isinstance(value, PSNR):
        return Aim(_mse(value.decibels), _mse(value.decibels), "dB")
    if isinstance(value, DeltaE):
        return Aim(value.distance, value.distance, "dE")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        if len(value) != 2:
            raise OptionError(f"quality must be a number or (min, max), not {shown(value)}")
        low, high = (_check_quality(v) for v in value)
        if low > high:
            raise OptionError(f"quality must be (min, max) with min <= max, not {shown(value)}")
    else:
        low, high = 0.0, _check_quality(value)
    return Aim(square_of_quality(high), square_of_quality(low) if low > 0 else math.inf, "quality")


def _mse(decibels: float) -> float:
    return float(255.0**2 * 10.0 ** (-decibels / 10.0))


def _psnr(mse: float) -> float:
    return math.inf if mse <= 0 else 10 * math.log10(255.0**2 / mse)


def _check_positive(name: str, value: Any) -> None:
    try:
        check_number(name, value, sys.float_info.min, sys.float_info.max)
    except OptionError:
        raise OptionError(f"{name} must be a finite number above 0, not {shown(value)}") from None


def _check_quality(value: Any) -> float:
    try:
        return check_number("quality", value, 0, 100)
    except OptionTypeError:
        kinds = "a number 0 to 100, (min, max), PSNR(...) or DeltaE(...)"
        raise OptionTypeError(f"quality must be {kinds}, not {type(value).__name__}") from None
