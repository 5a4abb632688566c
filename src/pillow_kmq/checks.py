"""Checks of arguments. They load neither NumPy nor Pillow."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

from .errors import OptionError, OptionTypeError

_LONGEST = 60  # characters of a value in a message


def shown(value: object) -> str:
    """Return the repr of any value for a message, shortened to one line."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # integers of more than 4300 digits; objects whose repr fails
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def to_integer(name: str, value: object) -> int:
    """Return an integer of Python or NumPy as an int. Raises OptionTypeError for other values."""
    try:
        if getattr(getattr(value, "dtype", None), "kind", "") == "b":  # NumPy 1 treats its booleans as integers
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise OptionTypeError(f"{name} must be an integer, not {type(value).__name__}") from None


def check_integer(name: str, value: object, low: int, high: int) -> int:
    """Return an integer within low..high as an int. Raises OptionTypeError, OptionError for other values."""
    if isinstance(value, bool):
        raise OptionTypeError(f"{name} must be an integer, not bool")
    number = to_integer(name, value)
    if not low <= number <= high:
        raise OptionError(f"{name} must be {low} to {high}, not {shown(number)}")
    return number


def check_number(name: str, value: object, low: float, high: float) -> float:
    """Return a number within low..high as a float. Raises OptionTypeError, OptionError for other values."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise OptionTypeError(f"{name} must be a number, not {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not low <= number <= high:  # NaN is out of range, too
        raise OptionError(f"{name} must be {low:g} to {high:g}, not {shown(value)}")
    return number


def check_flag(name: str, value: object) -> bool:
    """Return a truth value of Python or NumPy as a bool. Raises OptionTypeError for other values."""
    if isinstance(value, bool) or (getattr(getattr(value, "dtype", None), "kind", "") == "b" and not value.shape):  # type: ignore[attr-defined]
        return bool(value)
    raise OptionTypeError(f"{name} must be True or False, not {type(value).__name__}")


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of the choices. Raises OptionTypeError, OptionError for other values."""
    if not isinstance(value, str):
        raise OptionTypeError(f"{name} must be a string, not {type(value).__name__}")
    if value not in choices:
        raise OptionError(f"{name} must be one of {', '.join(map(repr, choices))}, not {shown(value)}")
    return value


def check_callback(name: str, value: object) -> None:
    """Raise OptionTypeError unless `value` is None or callable."""
    if value is not None and not callable(value):
        raise OptionTypeError(f"{name} must be a function, not {type(value).__name__}")


def check_array(name: str, value: Any) -> Any:
    """Return `value` as an array of any type and shape. Raises OptionTypeError, as for rows of different lengths."""
    import numpy as np

    try:
        return np.asarray(value)
    except (TypeError, ValueError, OverflowError):
        raise OptionTypeError(f"{name} must be an array, or nested lists of equal length, not {shown(value)}") from None
