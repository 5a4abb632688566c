"""ICC profiles of RGB colour spaces defined by three primaries, a white point and one transfer function.

The PNG chunks gAMA, cHRM and cICP define such spaces; a profile is built from them without an image.

The profiles are matrix/TRC profiles of displays: ICC.1:2022, 8.3.3 and F.3. Colours are adapted to the white of the
profile connection space, D50, by the Bradford transform, as its annex E recommends.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_D50 = (0xF6D6, 0x10000, 0xD32D)  # s15Fixed16, 7.2.16
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_DESCRIPTION = "RGB from PNG chunks"
_COPYRIGHT = "CC0"


class Curve(NamedTuple):
    """A transfer function from stored values X to linear light, both 0..1: (a X + b)^g if X >= d, else c X + f."""

    g: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    f: float = 0.0

    def narrow(self) -> Curve:
        """Return the function for narrow-range values, whose 8-bit black is 16 and white is 235."""
        scale, offset = 255 / 219, -16 / 219
        g, a, b, c, d, f = self
        return Curve(g, a * scale, a * offset + b, c * scale, (d - offset) / scale, c * offset + f)


_SRGB_CURVE = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_BT709_CURVE = Curve(1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
_CURVES = {  # ITU-T H.273, table 3, inverted
    1: _BT709_CURVE,
    4: Curve(2.2),
    5: Curve(2.8),
    6: _BT709_CURVE,
    7: Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4.0, 0.0913),
    8: Curve(1.0),
    11: _BT709_CURVE,
    13: _SRGB_CURVE,
    14: _BT709_CURVE,
    15: _BT709_CURVE,
}
_OTHER_CURVES = {9: "logarithmic", 10: "logarithmic", 12: "BT.1361", 16: "PQ", 17: "SMPTE ST 428-1", 18: "HLG"}

_D65 = (0.3127, 0.329)
_BT709 = (*_D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
_BT601_525 = (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07)
_PRIMARIES = {  # table 2, in the order of cHRM
    1: _BT709,
    4: (0.31, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: _BT601_525,
    7: _BT601_525,
    8: (0.31, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*_D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    10: (1 / 3, 1 / 3, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (*_D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    22: (*_D65, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077),
}


def are_known(codes: bytes) -> bool:
    """Return whether the four code points of a cICP chunk define a known RGB encoding."""
    primaries, transfer, matrix, full_range = codes
    return primaries in _PRIMARIES and transfer in {*_CURVES, *_OTHER_CURVES} and matrix == 0 and full_range in (0, 1)


def without_profile(codes: bytes) -> str:
    """Return the name of the transfer function of known code points if no profile can express it, else ""."""
    return _OTHER_CURVES.get(codes[1], "")


def profile_of_codes(codes: bytes) -> bytes:
    """Build the profile for known code points; empty for sRGB."""
    primaries, transfer, _, full_range = codes
    curve = _CURVES[transfer] if full_range else _CURVES[transfer].narrow()
    return _profile_unless_srgb(_PRIMARIES[primaries], curve)


def profile_of_gamma(gamma: float | None, chromaticity: Sequence[float] | None) -> bytes:
    """Build the profile for gAMA and cHRM; empty for sRGB.

    Args:
        gamma: Exponent of gAMA; None or an implausible value for the transfer function of sRGB.
        chromaticity: Eight numbers in the order of cHRM; None or impossible values for those of sRGB.
    """
    curve = Curve(1 / gamma) if gamma and 0.01 <= gamma <= 100 else _SRGB_CURVE
    try:
        return _profile_unless_srgb(tuple(chromaticity or _BT709), curve)
    except ValueError:
        return _profile_unless_srgb(_BT709, curve)


def _profile_unless_srgb(chromaticity: tuple[float, ...], curve: Curve) -> bytes:
    return b"" if (chromaticity, curve) == (_BT709, _SRGB_CURVE) else matrix_profile(chromaticity, curve)


def matrix_profile(chromaticity: Sequence[float], curve: Curve) -> bytes:
    """Build the profile of a colour space.

    Args:
        chromaticity: x and y of white, red, green and blue, in the order of PNG's cHRM.
        curve: Transfer function of all three channels.

    Raises:
        ValueError: No profile can express the values.
    """
    pairs = zip(chromaticity[::2], chromaticity[1::2], strict=True)
    white, *primaries = (np.array([x, y, 1 - x - y]) for x, y in pairs)
    try:
        with np.errstate(all="raise"):
            white = white / white[1]
            colorants = np.column_stack(primaries)
            colorants = colorants * np.linalg.solve(colorants, white)
            adaptation = _adaptation(white)
            red, green, _ = (_fixed(column) for column in (adaptation @ colorants).T)
            # The sum of the rounded colorants is D50, so that white stays white.
            blue = tuple(total - r - g for total, r, g in zip(_D50, red, green, strict=True))
            return _profile(red, green, blue, _fixed(adaptation.ravel()), _parametric(curve))
    except (FloatingPointError, np.linalg.LinAlgError, struct.error) as error:
        raise ValueError(f"no ICC profile can express the chromaticities {chromaticity} with {curve}") from error


def _adaptation(white: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the matrix from XYZ under `white` to XYZ under D50 (ICC.1:2022, E.3)."""
    cones = _BRADFORD @ (np.array(_D50) / 65536) / (_BRADFORD @ white)
    if not ((cones > 0.1) & (cones < 10)).all():
        raise FloatingPointError("no white")
    adaptation: npt.NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ (cones[:, np.newaxis] * _BRADFORD)
    return adaptation


def _fixed(values: Sequence[float] | npt.NDArray[np.float64]) -> tuple[int, ...]:
    """Convert to s15Fixed16 numbers (4.7)."""
    return tuple(round(float(value) * 65536) for value in values)


def _parametric(curve: Curve) -> bytes:
    """Encode a parametricCurveType (10.18) with as few parameters as possible."""
    g, a, b, c, d, f = curve
    parameters: tuple[float, ...] = (g, a, b, c, d, 0.0, f)
    kind = 4
    if f == 0:
        kind, parameters = 3, parameters[:5]
    if curve == Curve(g):
        kind, parameters = 0, (g,)
    return struct.pack(f">4s4xHxx{len(parameters)}i", b"para", kind, *_fixed(parameters))


def _profile(
    red: tuple[int, ...], green: tuple[int, ...], blue: tuple[int, ...], adaptation: tuple[int, ...], curve: bytes
) -> bytes:
    """Encode header, tag table and tags (7.2, 7.3, 8.2)."""
    tags = {
        b"desc": _text(_DESCRIPTION),
        b"cprt": _text(_COPYRIGHT),
        b"wtpt": _xyz(_D50),
        b"chad": struct.pack(">4s4x9i", b"sf32", *adaptation),
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    start = 128 + 4 + 12 * len(tags)
    data, offsets = b"", {}
    for element in tags.values():
        if element not in offsets:
            offsets[element] = start + len(data)
            data += element + bytes(-len(element) % 4)
    table = b"".join(struct.pack(">4sII", tag, offsets[element], len(element)) for tag, element in tags.items())
    header = struct.pack(
        ">I4xI4s4s4s6H4s28x3i48x",
        start + len(data),
        0x04200000,  # version 4.2, which has everything used here
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *(2000, 1, 1, 0, 0, 0),  # a fixed date, so that equal spaces give equal profiles
        b"acsp",
        *_D50,
    )
    return header + struct.pack(">I", len(tags)) + table + data


def _xyz(values: tuple[int, ...]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *values)


def _text(text: str) -> bytes:
    """Encode a multiLocalizedUnicodeType (10.15) in one language."""
    data = text.encode("utf-16-be")
    return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(data), 28) + data
