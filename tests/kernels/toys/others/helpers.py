"""What kernels of another folder reach."""

from __future__ import annotations

from typing import NamedTuple

from ..kernels.types import f32, i64_flat, u8_flat
from .constants import STEP


class Line(NamedTuple):
    """A type of a parameter."""

    numbers: i64_flat
    bytes: u8_flat
    factor: f32


def plus(x, y):  # type: ignore[no-untyped-def]
    """Add; a helper that calls another."""
    return twice(x) - x + y


def twice(x):  # type: ignore[no-untyped-def]
    """Double."""
    return x * 2


def step(x):  # type: ignore[no-untyped-def]
    """Add a constant of a third module."""
    return x + STEP
