"""Constant tables of the context-mixing levels (docs/FORMAT.md, section 7)."""

from __future__ import annotations

from array import array
from functools import cache
from itertools import pairwise

from .range_coder_kernel import ONE, ZERO, P

_KNOTS = (
    1, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743,
    32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500,
    65514, 65523, 65528, 65531, 65533, 65534, 65535, 65535, 65535,
)  # fmt: skip
"""65536 / (1 + exp(-x)) at x = -12, -11.5, ..., 12."""

_RATES = tuple(655360 // tenths for tenths in (16, 26, 36, 46, 56, 66, 76, 86, 96, 106, 120, 140, 160, 180, 200, 220))
"""By count: how far a probability moves towards a bit, in 1/65536 of the distance."""

FIRST_STATE = 1 << 11
"""The initial state of a counter, a count of 4 bits above the probability of a one, of 12 bits: 0 and one half."""

_LEFT = tuple(65536 - rate for rate in _RATES) * 2
_ADDED = tuple(
    min(count + 1, 15) << 12 | (4095 * rate + 32768 >> 16) * (seen == ONE)
    for seen in (ONE, ZERO)
    for count, rate in enumerate(_RATES)
)
"""By bit and count: the factor of the probability, in 1/65536, and the new count with what is added to it."""


def _after_bit(n: int, p: int) -> int:
    """Return the state after a bit.

    Args:
        n: the count, and 16 more for a zero.
        p: the probability.
    """
    return ((p << 4 | n & 15) * _LEFT[n] >> 20) + _ADDED[n]


class _After(dict[int, int]):
    """States after a bit, by ONE or ZERO plus the state before, computed on demand."""

    def __missing__(self, key: int) -> int:
        self[key] = state = _after_bit(key >> 12, key & P)
        return state


@cache
def after() -> dict[int, int]:
    """Return the table of states after a bit for plain Python: a small image needs few of its 131072 entries."""
    return _After()


@cache
def after_array() -> array[int]:
    """Return the table of states after a bit, uint16[131072]. It has some that do not occur."""
    table = array("H")
    for n, (left, added) in enumerate(zip(_LEFT, _ADDED, strict=True)):  # as `_after_bit`, several times as fast
        first, step = (n & 15) * left + (added << 20), left << 4
        table.extend([state >> 20 & 0xFFFF for state in range(first, first + 4096 * step, step)])
    return table


@cache
def squash() -> array[int]:
    """Return the probabilities, 1..65535, of x = -12..12 in steps of 1/256: linear between the knots."""
    return array("H", ((a * (128 - f) + b * f) >> 7 for a, b in pairwise(_KNOTS) for f in range(128)))


@cache
def stretch() -> array[int]:
    """Return the inverse, in 1/256, at (p + 1/2) / 4096: the least x whose squash is at least 16 p + 8."""
    result, x = array("h"), 0
    table = squash()
    for p in range(4096):
        while table[x] < 16 * p + 8:
            x += 1
        result.append(x - 3072)
    return result
