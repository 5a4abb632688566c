"""Checks of arguments: what is wrong, and what would be right. They load neither NumPy nor Pillow."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

from .errors import OptionError, OptionTypeError

_LONGEST = 60  # characters of a value in a message


def shown(value: object) -> str:
    """A value as it may stand in a message, whatever it is: short, on one line."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # integers of more than 4300 digits, and objects whose repr fails
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def to_integer(name: str, value: object) -> int:
    """`value` as an int, where it is one of Python or NumPy; OptionTypeError otherwise."""
    try:
        if getattr(getattr(value, "dtype", None), "kind", "") == "b":  # which NumPy 1 takes for a number
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise OptionTypeError(f"{name} must be an integer, not {type(value).__name__}") from None


def check_integer(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int within low..high; OptionTypeError or OptionError otherwise."""
    if isinstance(value, bool):
        raise OptionTypeError(f"{name} must be an integer, not bool")
    number = to_integer(name, value)
    if not low <= number <= high:
        raise OptionError(f"{name} must be {low} to {high}, not {shown(number)}")
    return number


def check_number(name: str, value: object, low: float, high: float) -> float:
    """`value` as a float within low..high; OptionTypeError or OptionError otherwise."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise OptionTypeError(f"{name} must be a number, not {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not low <= number <= high:  # nor NaN
        raise OptionError(f"{name} must be {low:g} to {high:g}, not {shown(value)}")
    return number


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """`value` if it is one of the words."""
    if not isinstance(value, str):
        raise OptionTypeError(f"{name} must be a string, not {type(value).__name__}")
    if value not in choices:
        raise OptionError(f"{name} must be one of {', '.join(map(repr, choices))}, not {shown(value)}")
    return value


def check_callback(name: str, value: object) -> None:
    """Raise OptionTypeError unless `value` is None or can be called."""
    if value is not None and not callable(value):
        raise OptionTypeError(f"{name} must be a function, not {type(value).__name__}")


def check_array(name: str, value: Any) -> Any:
    """`value` as an array of any type and shape; OptionTypeError where rows have different lengths, and the like."""
    import numpy as np

    try:
        return np.asarray(value)
    except (TypeError, ValueError, OverflowError):
        raise OptionTypeError(f"{name} must be an array, or lists of one length, not {shown(value)}") from None
