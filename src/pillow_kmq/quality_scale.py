"""The quality scale 0 to 100, like that of pngquant, for mean squared distances in Oklab."""

from __future__ import annotations

import math

import numpy as np

# The quality of `pngquant --nofs`, and the root mean square distance in Oklab times 100 of its results: measured on
# photos by benchmarks/quality_scale.py.
_SCALE = np.array([0.0, 20.0, 40.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 100.0])
_DISTANCES = np.array([5.0, 3.1, 2.45, 2.05, 1.7, 1.33, 0.9, 0.62, 0.4, 0.12])


def quality_of(square: float) -> float:
    """Return the quality 0..100 for a mean squared distance in Oklab times 100; 100 means no visible loss."""
    return float(np.interp(-math.sqrt(square), -_DISTANCES, _SCALE))


def square_of_quality(quality: float) -> float:
    """Return the mean squared distance in Oklab times 100 for a quality 0..100."""
    return float(np.interp(quality, _SCALE, _DISTANCES)) ** 2
