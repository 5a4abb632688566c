"""Checks of arguments, where the quantiser's modules find them: those of the package, and one of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import check_callback, check_choice, check_integer, check_number, shown
from ..errors import OptionTypeError

__all__ = ["check_array", "check_callback", "check_choice", "check_integer", "check_number", "shown"]


def check_array(name: str, value: Any) -> npt.NDArray[Any]:
    """`value` as an array of any type and shape; OptionTypeError where rows have different lengths, and the like."""
    try:
        return np.asarray(value)
    except (TypeError, ValueError, OverflowError):
        raise OptionTypeError(f"{name} must be an array, or lists of one length, not {shown(value)}") from None
