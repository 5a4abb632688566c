"""Error filters: the neighbours that receive the error of a pixel, and their weights.

Sources, in the order of the table: R. W. Floyd and L. Steinberg, "An adaptive algorithm for spatial greyscale", Proc.
SID 17 (1976); J. F. Jarvis, C. N. Judice and W. H. Ninke, "A survey of techniques for the display of continuous tone
pictures on bilevel displays", Computer Graphics and Image Processing 5 (1976); P. Stucki, "MECCA - a multiple-error
correcting computation algorithm for bilevel image hardcopy reproduction", IBM Research Report RZ1060 (1981); D. Burkes,
"Presentation of the Burkes error filter" (1988) and F. Sierra (1989), both published in CompuServe's Graphics Support
Forum and quoted in L. D. Crocker, "Digital Halftoning" (DITHER.TXT, 1991); B. Atkinson's filter for the Macintosh
(about 1984), as given by T. Helland, "Image dithering: eleven algorithms and source code" (2012).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...checks import check_choice

# Divisor; weights of the pixels ahead in the row; weights of the rows below, centred under the pixel.
_FILTERS: dict[str, tuple[int, tuple[int, ...], tuple[tuple[int, ...], ...]]] = {
    "floyd-steinberg": (16, (7,), ((3, 5, 1),)),
    "jarvis-judice-ninke": (48, (7, 5), ((3, 5, 7, 5, 3), (1, 3, 5, 3, 1))),
    "stucki": (42, (8, 4), ((2, 4, 8, 4, 2), (1, 2, 4, 2, 1))),
    "burkes": (32, (8, 4), ((2, 4, 8, 4, 2),)),
    "sierra": (32, (5, 3), ((2, 4, 5, 4, 2), (2, 3, 2))),
    "sierra-lite": (4, (2,), ((1, 1, 0),)),
    "atkinson": (8, (1, 1), ((1, 1, 1), (1,))),  # passes on three quarters: more contrast, flat highlights and shadows
}

FILTER_NAMES = tuple(_FILTERS)


class Filter(NamedTuple):
    """The neighbours of a pixel that receive a share of its error.

    Attributes:
        places: int64[n, 2], rows below and columns ahead of the pixel, at most MARGIN columns either way.
        shares: float32[n].
        rows: number of rows that hold errors at a time.
    """

    places: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float32]
    rows: int


MARGIN = 2


def error_filter(name: str) -> Filter:
    """Return the filter of a name in FILTER_NAMES; raise OptionError for other names."""
    divisor, ahead, below = _FILTERS[check_choice("kernel", name, FILTER_NAMES)]
    taps = [(0, 1 + x, weight) for x, weight in enumerate(ahead)]
    taps += [(1 + y, x - len(row) // 2, weight) for y, row in enumerate(below) for x, weight in enumerate(row)]
    taps = [tap for tap in taps if tap[2]]
    places = np.array([tap[:2] for tap in taps], np.int64)
    shares = np.array([tap[2] for tap in taps], np.float32) / np.float32(divisor)
    return Filter(places, shares.astype(np.float32), 1 + len(below))
