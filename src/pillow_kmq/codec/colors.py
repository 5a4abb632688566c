# mypy: disallow-untyped-calls=False
"""Palettes as sorted colours (docs/FORMAT.md, section 6.1): coding 2 of a chunk P. Plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import CorruptError
from .arithmetic import ONE, SMALL, WORD, ZERO, after, byte_out, finish, start
from .tables import UPDATES

_ALPHA, _GREEN_STEP, _GREEN, _RED, _BLUE, _CONTEXTS = 0, 1, 2, 3, 4, 14
_FIXED = -1
_SIGN, _SECOND, _PLACES = 9, 10, 20  # a context's counters: of lengths, sign, second bits by length

Color = tuple[int, int, int, int]


def natural_key(color: Color) -> tuple[int, int, int, int]:
    """What the colours of a palette are sorted by where nobody chose an order: alpha, green, red, blue."""
    r, g, b, a = color
    return a, g, r, b


class _Coder:
    """Numbers to bytes, or bytes to numbers. In a decoder the values given are ignored."""

    def __init__(self, coded: bytes | None = None) -> None:
        self.bit, self._state = _bits(coded)

    def number(self, context: int, value: int = 0) -> int:
        """A number 0..511: the length of its bits in ones and a zero, then its bits behind the first."""
        length = 0
        wanted = value.bit_length()
        first = context * _PLACES
        while length < 9 and self.bit(length < wanted, first + length):
            length += 1
        if length < 2:
            return length
        result = 2 + self.bit(value >> (length - 2) & 1, first + _SECOND + length)
        for place in range(length - 3, -1, -1):
            result = result << 1 | self.bit(value >> place & 1, _FIXED, 32768)
        return result

    def signed(self, context: int, value: int = 0) -> int:
        """A number -511..511."""
        result = self.number(context, abs(value))
        return -result if result and self.bit(value < 0, context * _PLACES + _SIGN) else result

    def below(self, count: int, value: int = 0) -> int:
        """A number below count, all alike."""
        low, high = 0, 1 << (count - 1).bit_length()
        while high - low > 1:
            middle = (low + high) // 2
            ones, zeros = count - middle, middle - low
            bit = int(value >= middle)
            if ones <= 0:
                bit = 0
            elif ones == zeros:
                bit = self.bit(bit, _FIXED, 32768)
            else:
                bit = self.bit(bit, _FIXED, 65536 * min(ones, high - middle) // (min(ones, high - middle) + zeros))
            low, high = (middle, high) if bit else (low, middle)
        return low

    def getvalue(self) -> bytes:
        """What an encoder wrote, without the zeros at its end."""
        data, x, pos = self._state()
        end = finish(x, pos, data)
        return bytes(data[:pos]) + bytes(data[pos:end]).rstrip(b"\0")

    def at_end(self) -> bool:
        """Whether a decoder needed what there is, up to the zeros that `getvalue` leaves out."""
        data, _, pos = self._state()
        return len(data) <= pos <= len(data) + 4


def _bits(coded: bytes | None) -> tuple[Callable[..., int], Callable[[], tuple[Any, int, int]]]:
    """A function that codes a bit, and one that says where it is: data, x, position.

    bit(value, place, p): with the counter at a place, or, if that is _FIXED, as a one with probability p / 65536. All
    in one function, as a palette of 256 colours takes 4000 calls.
    """
    decoding = coded is not None
    data: Any = bytearray(8192) if coded is None else coded
    end = len(data)
    counters = [1 << 15] * (_CONTEXTS * _PLACES)
    x, size, pos = start(decoding, data, 0, end), WORD, 4 if decoding else 0

    def bit(value: int, place: int, p: int = 0) -> int:
        nonlocal x, size, pos
        state = 0
        if place != _FIXED:
            state = counters[place]
            p = state & 0xFFF0 | 8
        bound = size * p >> 16
        if decoding:
            value = x < bound
        if value:
            size = bound
        else:
            size -= bound
            x += -bound if decoding else bound
        if place != _FIXED:
            counters[place] = after(state, UPDATES, ONE if value else ZERO)
        while size < SMALL:
            size <<= 8
            if decoding:
                x = x << 8 & WORD | (data[pos] if pos < end else 0)
            else:
                x = byte_out(x, pos, data)
            pos += 1
        return int(value)

    return bit, lambda: (data, x, pos)


def _code_colors(coder: _Coder, count: int, colors: list[Color]) -> list[Color]:
    """`count` colours in natural order."""
    result = []
    r, g, b, a = 0, 0, 0, 0
    for i in range(count):
        red, green, blue, alpha = colors[i] if colors else (0, 0, 0, 0)
        step = coder.number(_ALPHA, alpha - a)
        a += step
        g = coder.number(_GREEN, green) if step else g + coder.number(_GREEN_STEP, green - g)
        u = coder.signed(_RED, red - green)
        activity = min(4, (abs(u).bit_length() + 1) // 2)
        v = coder.signed(_BLUE + 2 * activity + (u > 0), blue - green)
        r, b = g + u, g + v
        if not (0 <= r <= 255 and 0 <= g <= 255 and 0 <= b <= 255 and a <= 255):
            raise CorruptError("broken KMQ file: a colour of the palette is out of range")
        result.append((r, g, b, a))
    return result


def encode_colors(palette: list[Color]) -> tuple[bool, bytes]:
    """Whether the order is natural, and what follows the first byte of a chunk P of coding 2."""
    ranked = sorted(palette, key=natural_key)
    coder = _Coder()
    if ranked == palette:
        _code_colors(coder, len(palette), ranked)
        return True, bytes([len(palette) - 1]) + coder.getvalue()

    listed = len(palette)
    while palette[listed - 2] == palette[-1]:
        listed -= 1
    ranks = sorted(range(listed), key=lambda i: natural_key(palette[i]))
    _code_colors(coder, listed, [palette[i] for i in ranks])
    places = [0] * listed
    for rank, i in enumerate(ranks):
        places[i] = rank
    left = list(range(listed))
    for place in places:
        chosen = left.index(place)
        coder.below(len(left), chosen)
        del left[chosen]
    return False, bytes([len(palette) - 1, listed - 1]) + coder.getvalue()


def decode_colors(coded: bytes, natural: bool) -> list[Color]:
    """The palette. Raises CorruptError."""
    head = 1 if natural else 2
    if len(coded) < head:
        raise CorruptError("broken KMQ file: a palette without its counts")
    count, listed = coded[0] + 1, coded[head - 1] + 1
    if listed > count:
        raise CorruptError(f"broken KMQ file: a palette of {count} entries that lists {listed}")
    coder = _Coder(coded[head:])
    palette = _code_colors(coder, listed, [])
    if not natural:
        left = list(palette)
        palette = [left.pop(coder.below(len(left))) for _ in range(listed)]
        palette += palette[-1:] * (count - listed)
    if not coder.at_end():
        raise CorruptError("broken KMQ file: a palette that is too short or too long")
    return palette
