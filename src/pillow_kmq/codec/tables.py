"""Constant tables of the context-mixing levels (docs/FORMAT.md, section 7)."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

_KNOTS = (
    1, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743,
    32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500,
    65514, 65523, 65528, 65531, 65533, 65534, 65535, 65535, 65535,
)  # fmt: skip
"""65536 / (1 + exp(-x)) at x = -12, -11.5, ..., 12."""

RATES = tuple(655360 // tenths for tenths in (16, 26, 36, 46, 56, 66, 76, 86, 96, 106, 120, 140, 160, 180, 200, 220))
"""By the count of a counter: the part, of 65536, of the way to the bit that its probability goes."""

_COUNTS = tuple(min(count + 1, 15) for count in range(16))
UPDATES = (
    *(65536 - rate for rate in RATES),
    *((4095 * rate + 32768 >> 16) << 4 | count for rate, count in zip(RATES, _COUNTS, strict=True)),
    *_COUNTS,
)
"""By the count of a counter: what is left of it, of 65536, and what a one and a zero add."""


@cache
def squash() -> tuple[int, ...]:
    """Probability, 1..65535, of x = -12..12 in steps of 1/256 (from index 0): lines between the knots."""
    return tuple((a * (128 - f) + b * f) >> 7 for a, b in pairwise(_KNOTS) for f in range(128))


@cache
def stretch() -> tuple[int, ...]:
    """The inverse, in 1/256, at (p + 1/2) / 4096: the least x whose squash is at least 16 p + 8."""
    result, x = [], 0
    table = squash()
    for p in range(4096):
        while table[x] < 16 * p + 8:
            x += 1
        result.append(x - 3072)
    return tuple(result)
