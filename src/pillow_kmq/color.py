"""Colour spaces: conversion of RGBA to points whose squared distance is the colour difference, and back.

Every space has four coordinates; the fourth carries alpha. With A = alpha, C = a colour channel and white = 1, a
pixel shows A*C over black and A*C + (1 - A) over white. The coordinates (A*C - A/2 for each channel that white
raises, A*C for the others, and A * sqrt(w)/2 with w such channels) make the squared distance of two points the
mean of the squared differences over black and over white. Opaque colours differ by plain Euclidean distance.

Only additions, multiplications, divisions and rounded tables are used, so that results do not depend on the
mathematical library of the platform.

Sources: IEC 61966-2-1 (sRGB); B. Ottosson, "A perceptual color space for image processing" (2020) (Oklab).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import OptionError, OptionTypeError
from .kernels import kernel
from .kernels.types import f32_2d, f64_1d, i64

SPACES = {"srgb": 0, "linear": 1, "oklab": 2}
"""Working spaces by name. Units: sRGB levels 0..255; linear light times 255; Oklab times 100."""

_SQRT3_HALF = 0.8660254037844386


def space_number(space: str) -> int:
    """Return the number of a space for kernels. Raises OptionError for an unknown name, OptionTypeError."""
    if not isinstance(space, str):
        raise OptionTypeError(f"space must be a string, not {type(space).__name__}")
    if space not in SPACES:
        raise OptionError(f"space must be one of {', '.join(SPACES)}, not {space!r}")
    return SPACES[space]


# Linear sRGB to cone responses, and their cube roots to L, a, b.
_LONG = 0.4122214708, 0.5363325363, 0.0514459929
_MEDIUM = 0.2119034982, 0.6806995451, 0.1073969566
_SHORT = 0.0883024619, 0.2817188376, 0.6299787005
_LIGHTNESS = 0.2104542553, 0.7936177850, -0.0040720468
_A = 1.9779984951, -2.4285922050, 0.4505937099
_B = 0.0259040371, 0.7827717662, -0.8086757660

TO_LMS = np.array([_LONG, _MEDIUM, _SHORT])
TO_LAB = np.array([_LIGHTNESS, _A, _B])


def linear_light(level: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the linear light 0..1 of sRGB levels 0..255."""
    s = level / 255.0
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)


def _rounded_light(level: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return linear light rounded to 2**-30, which is the same on all platforms."""
    rounded: npt.NDArray[np.float64] = np.round(linear_light(level) * 2.0**30) / 2.0**30
    return rounded


LINEAR = np.append(_rounded_light(np.arange(256.0)), 1.0)
"""float64[257]: linear light per sRGB level; the last entry repeats, for interpolation at 255."""

_THRESHOLDS = _rounded_light(np.arange(255) + 0.5)  # light at which an sRGB level rounds up


def _cbrt(x):  # type: ignore[no-untyped-def]
    """Return the cube root of x in 0..1.1 by Halley's iteration."""
    if x < 1e-12:
        return 0.0
    scale = 1.0
    while x < 0.125:
        x *= 8.0
        scale *= 0.5
    y = 0.42 + 0.6 * x
    for _ in range(3):
        cube = y * y * y
        y *= (cube + x + x) / (cube + cube + x)
    return y * scale


def _light(level, linear):  # type: ignore[no-untyped-def]
    """Interpolate the linear light of a level 0..255."""
    whole = int(level)
    low = linear[whole]
    return low + (level - whole) * (linear[whole + 1] - low)


def to_point(r, g, b, a, space, linear):  # type: ignore[no-untyped-def]
    """Return the four coordinates (float64) of a straight RGBA colour with channels 0..255."""
    a = a / 255.0
    if space == 0:
        half = a * 127.5
        return a * r - half, a * g - half, a * b - half, a * (255.0 * _SQRT3_HALF)
    r, g, b = _light(r, linear), _light(g, linear), _light(b, linear)
    if space == 1:
        a *= 255.0
        return a * (r - 0.5), a * (g - 0.5), a * (b - 0.5), a * _SQRT3_HALF
    long = _cbrt(_LONG[0] * r + _LONG[1] * g + _LONG[2] * b)
    medium = _cbrt(_MEDIUM[0] * r + _MEDIUM[1] * g + _MEDIUM[2] * b)
    short = _cbrt(_SHORT[0] * r + _SHORT[1] * g + _SHORT[2] * b)
    a *= 100.0
    return (
        a * (_LIGHTNESS[0] * long + _LIGHTNESS[1] * medium + _LIGHTNESS[2] * short - 0.5),
        a * (_A[0] * long + _A[1] * medium + _A[2] * short),
        a * (_B[0] * long + _B[1] * medium + _B[2] * short),
        a * 0.5,
    )


@kernel
def _points(colors: f32_2d, space: i64, linear: f64_1d, out: f32_2d) -> None:
    for i in range(colors.shape[0]):
        r, g, b, a = colors[i, 0], colors[i, 1], colors[i, 2], colors[i, 3]
        # Doubles, as in compiled code; in plain Python, NumPy scalars would stay single.
        p0, p1, p2, p3 = to_point(np.float64(r), np.float64(g), np.float64(b), np.float64(a), space, linear)
        out[0, i] = p0
        out[1, i] = p1
        out[2, i] = p2
        out[3, i] = p3


KERNELS = (_points,)


def to_points(colors: npt.NDArray[Any], space: str) -> npt.NDArray[np.float32]:
    """Return the coordinates float32[4, m] of straight RGBA colours [m, 4], 0..255, uint8 or float."""
    out = np.empty((4, colors.shape[0]), np.float32)
    _points(np.ascontiguousarray(colors, np.float32), SPACES[space], LINEAR, out)
    return out


def to_palette(points: npt.NDArray[Any], space: str) -> npt.NDArray[np.uint8]:
    """Return the RGBA bytes uint8[m, 4] nearest to points [4, m] of a space, clipped to sRGB."""
    p = np.asarray(points, np.float64)
    rgba = np.zeros((p.shape[1], 4))
    if space == "oklab":
        alpha = p[3] / 50.0
        unit = np.where(alpha > 0, alpha, 1.0) * 100.0
        lightness, a, b = p[0] / unit + 0.5, p[1] / unit, p[2] / unit
        long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
        medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
        short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
        light = np.stack(
            [
                4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
                -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
                -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
            ]
        )
    else:
        alpha = p[3] / (255.0 * _SQRT3_HALF)
        unit = np.where(alpha > 0, alpha, 1.0) * 255.0
        light = p[:3] / unit + 0.5
    if space == "srgb":
        rgba[:, :3] = light.T * 255.0
    else:
        rgba[:, :3] = np.searchsorted(_THRESHOLDS, light.T, side="right")
    rgba[:, 3] = alpha * 255.0
    rgba[alpha <= 0] = 0.0
    return np.clip(np.floor(rgba + 0.5), 0, 255).astype(np.uint8)
