"""Checks of arguments: what is wrong, and what would be right."""

from __future__ import annotations

import math
import operator

import numpy as np

from ..errors import OptionError, OptionTypeError


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


def check_callback(name: str, value: object) -> None:
    """Raise OptionTypeError unless `value` is None or can be called."""
    if value is not None and not callable(value):
        raise OptionTypeError(f"{name} must be a function, not {type(value).__name__}")
