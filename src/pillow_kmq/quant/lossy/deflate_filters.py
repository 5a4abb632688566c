"""Whether the rows of a PNG file will be filtered."""

from __future__ import annotations

import deflate
import numpy as np
import numpy.typing as npt

from ...paeth import paeth
from ...types import Indices, Palette
from ..palette_order import luma

_SAMPLE, _BAND = 1 << 16, 16  # pixels on which filters are tried, and contiguous rows of them
_LEVEL = 6  # of libdeflate


def prefers_filters(palette: Palette, indices: Indices) -> bool:
    """Return whether rows get smaller by the Paeth filter, with a palette sorted by luma."""
    rank = np.empty(len(palette), np.uint8)
    rank[np.argsort(luma(palette), kind="stable")] = np.arange(len(palette))
    height, width = indices.shape
    rows, count = min(_BAND, height), max(1, min(height, _SAMPLE // width) // _BAND)
    plain, filtered = 0, 0
    for top in np.linspace(0, height - rows, count + 2).astype(int)[1:-1]:
        band = rank[indices[top : top + rows]]
        plain += _compressed(band)
        padded = np.pad(band, ((1, 0), (1, 0)))
        filtered += _compressed(band - paeth(padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]))
    return filtered < plain


def _compressed(rows: npt.NDArray[np.uint8]) -> int:
    return len(deflate.deflate_compress(rows.tobytes(), _LEVEL))
