"""A second decoder of `.kmq` files in plain Python, laid out like docs/FORMAT.md.

Slow, obvious, and independent of the package, so that the two check each other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field


class Rejected(Exception):
    """A file that ends in one of the outcomes of section 1: "not KMQ", "truncated", "corrupt", "unsupported"."""

    @property
    def outcome(self) -> str:
        return str(self.args[0])


Color = tuple[int, int, int, int]


@dataclass
class Image:
    width: int
    height: int
    palette: list[Color]
    rows: list[list[int]]
    metadata: dict[str, object] = field(default_factory=dict)
    animation: Animation | None = None


@dataclass
class Animation:
    """Frames as they are shown, rows of indices if all films have one palette, otherwise rows of colours."""

    plays: int
    durations: list[int]
    indexed: bool
    frames: list[list[list[object]]]


def require(condition: bool, outcome: str) -> None:
    if not condition:
        raise Rejected(outcome)


# 1. Conventions


class File:
    """The bytes of a file, and how far they are read."""

    def __init__(self, data: bytes, at_end: str = "truncated") -> None:
        self.data = data
        self.place = 0
        self.at_end = at_end

    def take(self, count: int) -> bytes:
        require(self.place + count <= len(self.data), self.at_end)
        self.place += count
        return self.data[self.place - count : self.place]

    def u8(self) -> int:
        return self.take(1)[0]

    def u32(self) -> int:
        b = self.take(4)
        return b[0] | b[1] << 8 | b[2] << 16 | b[3] << 24

    def varint(self) -> int:
        value = 0
        for position in range(5):
            byte = self.u8()
            value += (byte % 128) << (7 * position)
            if byte < 128:
                require(value < 2**32, "corrupt")
                require(byte > 0 or position == 0, "corrupt")
                return value
        raise Rejected("corrupt")


def inflate(stream: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=-15)
    try:
        result = inflater.decompress(stream)
    except zlib.error:
        raise Rejected("corrupt") from None
    require(inflater.eof and not inflater.unused_data, "corrupt")
    return result


# 2. Layout


def decode(data: bytes) -> Image:
    """The image; of an animation, `rows` is empty."""
    file = File(data)
    width, height = header(file)
    head = chunks(file, zlib.crc32(file.data[: file.place]))
    result = Image(width, height, head.palette, [], head.metadata)
    if head.animation is None:
        result.rows = indices(head.pixels, width, height, head.palette)
    else:
        animation(file, head, result)
    require(file.place == len(data), "corrupt")
    return result


# 3. Header


def header(file: File) -> tuple[int, int]:
    require(file.data[:4] == b"\x8bKMQ", "not KMQ")
    file.take(4)
    version = file.u8()
    require(version != 0, "corrupt")
    require(version == 1, "unsupported")
    width = file.varint() + 1
    height = file.varint() + 1
    require(width <= 2**24 and height <= 2**24, "corrupt")
    return width, height


# 4. Chunks, 5. Checksums


@dataclass
class Chunks:
    palette: list[Color]
    pixels: bytes
    crc_before: int
    animation: bytes | None
    metadata: dict[str, object]


def chunks(file: File, crc: int) -> Chunks:
    """All chunks up to the first chunk D. crc: of what stands before them."""
    found: dict[str, bytes] = {}
    beside: dict[str, object] = {}
    for _ in range(256):
        start = file.place
        tag = file.u8()
        letter = chr(tag % 128)
        require("A" <= letter <= "Z" or "a" <= letter <= "z", "corrupt")
        payload_length = file.varint()
        require(letter in "PDA" or letter.islower(), "unsupported")
        payload = file.take(payload_length)

        chunk = file.data[start : file.place]
        if letter.islower():
            damaged = tag >= 128 and file.u32() != zlib.crc32(chunk)
            value = None if damaged else metadata(letter, payload)
            if value is not None:
                beside.setdefault(letter, value)
            continue
        crc_before, crc = crc, zlib.crc32(chunk, crc)
        if tag >= 128:
            require(file.u32() == crc, "corrupt")

        if letter == "D":
            require(tag >= 128, "corrupt")
            return Chunks(palette(found["P"]) if "P" in found else [], payload, crc_before, found.get("A"), beside)
        require(letter not in found, "corrupt")
        require(letter != "A" or tag >= 128, "corrupt")
        found[letter] = payload
    raise Rejected("corrupt")


# 6. Palette


def palette(payload: bytes) -> list[Color]:
    require(1 <= len(payload) <= 1026, "corrupt")
    coding, has_alphas, reserved = payload[0] & 15, payload[0] >> 4 & 1, payload[0] >> 5
    if coding == 2:
        require(has_alphas == 0 and reserved <= 1, "unsupported")
        return sorted_colors(payload[1:], natural=reserved == 1)
    require(coding <= 1 and reserved == 0, "unsupported")
    payload = payload[1:]
    a = 0
    if has_alphas:
        require(len(payload) > 0, "corrupt")
        a, payload = payload[0] + 1, payload[1:]
    if coding == 1:
        payload = inflate(payload)

    require((len(payload) - a) % 3 == 0, "corrupt")
    k = (len(payload) - a) // 3
    require(1 <= k <= 256 and a <= k, "corrupt")
    alphas = list(payload[3 * k :])
    require(not alphas or alphas[-1] != 255, "corrupt")
    alphas += [255] * (k - a)
    return [(payload[i], payload[k + i], payload[2 * k + i], alphas[i]) for i in range(k)]


# 6.1 Sorted colours


def sorted_colors(payload: bytes, natural: bool) -> list[Color]:
    require(len(payload) >= (1 if natural else 2), "corrupt")
    k = payload[0] + 1
    m = k if natural else payload[1] + 1
    require(m <= k, "corrupt")
    coder = RangeDecoder(payload[1:] if natural else payload[2:])
    contexts = [[32768] * 20 for _ in range(14)]

    def number(c: int) -> int:
        length = 0
        while length < 9 and coder.bit(contexts[c], length):
            length += 1
        value = 0 if length == 0 else 1
        if length >= 2:
            value = 2 * value + coder.bit(contexts[c], 10 + length)
        for _ in range(length - 2):
            value = 2 * value + coder.fixed(32768)
        return value

    def signed(c: int) -> int:
        value = number(c)
        return -value if value != 0 and coder.bit(contexts[c], 9) else value

    def below(n: int) -> int:
        low, high = 0, 1
        while high < n:
            high *= 2
        while high - low > 1:
            middle = (low + high) // 2
            ones, zeros = min(n, high) - middle, middle - low
            if ones <= 0:
                b = 0
            elif ones == zeros:
                b = coder.fixed(32768)
            else:
                b = coder.fixed(65536 * ones // (ones + zeros))
            low, high = (middle, high) if b else (low, middle)
        return low

    colors: list[Color] = []
    green = alpha = 0
    for _ in range(m):
        step = number(0)
        alpha += step
        green = number(2) if step > 0 else green + number(1)
        u = signed(3)
        t = min(4, (abs(u).bit_length() + 1) // 2)
        v = signed(4 + 2 * t + (1 if u > 0 else 0))
        color = (green + u, green, green + v, alpha)
        require(all(0 <= value <= 255 for value in color), "corrupt")
        colors.append(color)
    if not natural:
        left = colors
        colors = []
        for _ in range(m):
            colors.append(left.pop(below(len(left))))
    require(coder.at_end(), "corrupt")
    return colors + [colors[-1]] * (k - m)


# 7. Pixels


def indices(payload: bytes, width: int, height: int, palette: list[Color]) -> list[list[int]]:
    require(len(payload) >= 1, "corrupt")
    coding, options, coded = payload[0] & 15, payload[0] >> 4, payload[1:]
    if coding in (3, 4):
        return mixed(coding, options, coded, width, height, palette)
    if coding == 5:
        return fast(options, coded, width, height, palette)
    require(coding <= 1, "unsupported")
    return rows(coding, options, coded, width, height)


# 7.1 Rows


def rows(coding: int, layout: int, coded: bytes, width: int, height: int) -> list[list[int]]:
    require(layout <= 4, "unsupported")
    bits = (1, 2, 4, 8, 8)[layout]
    row_bytes = (width * bits + 7) // 8
    size = height * row_bytes + (height if layout == 4 else 0)
    if coding == 0:
        require(len(coded) == size, "corrupt")
    else:
        require(size <= 1032 * len(coded), "corrupt")
        coded = inflate(coded)
        require(len(coded) == size, "corrupt")

    if layout == 4:
        return unfilter(coded[:height], coded[height:], width)
    return [unpack(coded[y * row_bytes : (y + 1) * row_bytes], bits, width) for y in range(height)]


def unpack(packed: bytes, bits: int, width: int) -> list[int]:
    digits = "".join(f"{byte:08b}" for byte in packed)
    require("1" not in digits[width * bits :], "corrupt")
    return [int(digits[x * bits : (x + 1) * bits], 2) for x in range(width)]


def unfilter(filters: bytes, data: bytes, width: int) -> list[list[int]]:
    result: list[list[int]] = []
    above = [0] * width
    for y, kind in enumerate(filters):
        require(kind <= 2, "corrupt")
        row: list[int] = []
        for x in range(width):
            left = row[x - 1] if x > 0 else 0
            predicted = (0, left, above[x])[kind]
            row.append((data[y * width + x] + predicted) % 256)
        result.append(row)
        above = row
    return result


# 7.2 Symbols and stripes


def mixed(coding: int, options: int, coded: bytes, width: int, height: int, palette: list[Color]) -> list[list[int]]:
    used, stripes = symbols_and_stripes(options, coded, height, len(palette))
    if len(used) == 1:
        return [used * width for _ in range(height)]
    tree = Tree([palette[i] if i < len(palette) else (0, 0, 0, 255) for i in used])
    result = []
    for rows, code in stripes:
        option = options & 3
        stripe = Stripe(tree, code, width, option) if coding == 3 else MaxStripe(tree, code, width, 15 + 2 * option)
        for row in stripe.rows(rows):
            result.append([used[tree.order[symbol]] for symbol in row])
    return result


def symbols_and_stripes(
    options: int, coded: bytes, height: int, entries: int
) -> tuple[list[int], list[tuple[int, bytes]]]:
    """The used entries, and the rows and the code of each stripe."""
    file = File(coded, at_end="corrupt")
    used = list(range(entries))
    if options & 4:
        used = listed_symbols(file)
    require(len(used) > 0, "corrupt")
    if len(used) == 1:
        require(file.place == len(coded), "corrupt")
        return used, []

    stripes = [(height, len(coded) - file.place, None)]
    if options & 8:
        count = file.varint() + 2
        require(count <= height, "corrupt")
        stripes = [(file.varint(), file.varint(), file.u32()) for _ in range(count)]
        require(all(rows > 0 for rows, _, _ in stripes), "corrupt")
    require(sum(rows for rows, _, _ in stripes) == height, "corrupt")
    require(sum(length for _, length, _ in stripes) == len(coded) - file.place, "corrupt")
    result = []
    for rows, length, checksum in stripes:
        code = file.take(length)
        require(checksum is None or checksum == zlib.crc32(code), "corrupt")
        result.append((rows, code))
    return used, result


def listed_symbols(file: File) -> list[int]:
    c = file.u8()
    if c == 0:
        flags = file.take(32)
        return [i for i in range(256) if flags[i // 8] >> (i % 8) & 1]
    used: list[int] = []
    place = 0
    for number, run in enumerate(file.take(c)):
        if number % 2 == 0:
            used += range(place, place + run)
        place += run
    require(place <= 256, "corrupt")
    return used


# 7.3 The tree of colours


class Tree:
    def __init__(self, colors: list[Color]) -> None:
        self.axes = []
        for r, g, b, a in colors:
            r, g, b = (r * a + 127) // 255, (g * a + 127) // 255, (b * a + 127) // 255
            self.axes.append((r + g + b, r - b, 2 * g - r - b, a))
        self.order: list[int] = []
        self.leaf: dict[int, int] = {}
        self.nodes: dict[int, tuple[int, int, int, int]] = {}
        self.split(1, sorted(range(len(colors)), key=lambda i: self.axes[i]))

    def split(self, node: int, entries: list[int]) -> None:
        m = len(entries)
        if m == 1:
            self.leaf[node] = len(self.order)
            self.order.append(entries[0])
            return
        h = (m + 1) // 2
        spreads = []
        for axis in range(4):
            values = sorted(self.axes[i][axis] for i in entries)
            spreads.append(sum(abs(value - values[h]) for value in values) * (17, 21, 12, 30)[axis])
        axis = spreads.index(max(spreads))
        ranked = sorted(entries, key=lambda i: self.axes[i][axis])
        values = [self.axes[i][axis] for i in ranked]
        bound = values[h - 1] + values[h]
        width = max(1, sum(abs(2 * value - bound) for value in values))
        self.nodes[node] = axis, bound, width, m
        self.split(2 * node, [i for i in entries if i in ranked[:h]])
        self.split(2 * node + 1, [i for i in entries if i in ranked[h:]])

    def level(self, node: int, symbol: int) -> int:
        axis, bound, width, m = self.nodes[node]
        v = self.axes[self.order[symbol]][axis]
        return sum(limit * width <= 16 * m * (2 * v - bound) for limit in (-16, -6, 0, 6, 16))

    def scale(self, node: int) -> int:
        _, _, width, m = self.nodes[node]
        return min(65535, (4096 * m + width // 2) // width)

    def trend(self, node: int, twice: tuple[int, ...], less: tuple[int, ...]) -> int:
        """Where colours go on to, as seen from a node: twice some symbols' places less those of others."""
        axis, bound, _, _ = self.nodes[node]
        value = [self.axes[entry][axis] for entry in self.order]
        place = 2 * sum(value[s] for s in twice) - sum(value[s] for s in less)
        return clamp((2 * place - bound) * self.scale(node) >> 4, 500)

    def distance(self, s: int, t: int) -> int:
        there, here = self.axes[self.order[s]], self.axes[self.order[t]]
        total = sum(abs(a - b) for a, b in zip(there, here, strict=True))
        return sum(limit <= total for limit in (1, 30, 75, 187, 467, 1167))


# 7.4 Counters and the range coder

RATES = [655360 // tenths for tenths in (16, 26, 36, 46, 56, 66, 76, 86, 96, 106, 120, 140, 160, 180, 200, 220)]


def teach(counters: list[int], place: int, b: int) -> None:
    p, c = divmod(counters[place], 16)
    p = ((16 * p + c) * (65536 - RATES[c])) >> 20
    if b:
        p += (4095 * RATES[c] + 32768) >> 16
    counters[place] = 16 * p + min(c + 1, 15)


class RangeDecoder:
    def __init__(self, code: bytes) -> None:
        self.code = code
        self.place = 0
        self.size = 2**32 - 1
        self.x = 0
        for _ in range(4):
            self.x = 256 * self.x + self.byte()

    def byte(self) -> int:
        self.place += 1
        return self.code[self.place - 1] if self.place <= len(self.code) else 0

    def fixed(self, p: int) -> int:
        bound = self.size * p // 65536
        b = int(self.x < bound)
        if b:
            self.size = bound
        else:
            self.x -= bound
            self.size -= bound
        while self.size < 2**24:
            self.size *= 256
            self.x = (256 * self.x + self.byte()) % 2**32
        return b

    def bit(self, counters: list[int], place: int) -> int:
        b = self.fixed(16 * (counters[place] // 16) + 8)
        teach(counters, place, b)
        return b

    def overrun(self) -> bool:
        return self.place > len(self.code) + 4

    def at_end(self) -> bool:
        return len(self.code) <= self.place <= len(self.code) + 4


# 7.5 Mixing

KNOTS = [1, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743]
KNOTS += [32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476]
KNOTS += [65500, 65514, 65523, 65528, 65531, 65533, 65534, 65535, 65535, 65535]


def squash(x: int) -> int:
    i, f = divmod(x + 3072, 128)
    return (KNOTS[i] * (128 - f) + KNOTS[i + 1] * f) // 128


STRETCH: list[int] = []
for _p in range(4096):
    _x = STRETCH[-1] if STRETCH else -3072
    while squash(_x) < 16 * _p + 8:
        _x += 1
    STRETCH.append(_x)


def clamp(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))


# 7.6 The model of `default`

KINDS = ((-240, -496, -464, -480, -448), (-384, -192, -528, -512, -560))
SHAPES = ((64, 112, 32, 64, 0, -16, 0, 144, 48, 144, 48, 160), (16, 224, 144, 32, 96, 128, 112, 0, 320, -16, 0, 176))


class Table(dict[object, list[int]]):
    """Lists of 1 counter that come into being when they are used; so a table is a dictionary of contexts."""

    def __missing__(self, key: object) -> list[int]:
        self[key] = [32768]
        return self[key]


class Stripe:
    def __init__(self, tree: Tree, code: bytes, width: int, option: int) -> None:
        self.second_neighbours, self.graphics, self.sure_flags = option in (1, 3), option == 3, option >= 2
        self.tree, self.width = tree, width
        self.down = 36 - (14 if not self.graphics else 18 if len(tree.order) > 16 else 17)
        self.coder = RangeDecoder(code)
        self.counters = Table()
        self.weights: dict[object, list[int]] = {}
        self.recent: dict[int, int] = {}

    def shape_counter(self, flag: int, kind: int, shape: int) -> list[int]:
        key = "shape", flag, kind, shape
        if key not in self.counters:
            total = KINDS[flag][kind] + sum(SHAPES[flag][i] for i in range(12) if shape >> i & 1)
            self.counters[key] = [(squash(total) >> 4) * 16 + 2]
        return self.counters[key]

    def bit(self, *name: object) -> int:
        return self.coder.bit(self.counters[name], 0)

    def mixed(self, counters: list[list[int]], w: list[int], *trend: int) -> int:
        s = [STRETCH[counter[0] // 16] for counter in counters] + list(trend)
        p = squash(clamp(sum(w[i] * s[i] for i in range(4)) >> 16, 2900))
        b = self.coder.fixed(p)
        for counter in counters:
            teach(counter, 0, b)
        e = (65536 * b - p + 1) >> 1
        for i in range(4):
            w[i] = clamp(w[i] + ((s[i] * e + 8192) >> 14), 196608)
        return b

    def rows(self, height: int) -> list[list[int]]:
        margin = [0] * (self.width + 6)
        rows = [margin, margin]
        for _ in range(height):
            first = rows[-1][3]
            row = [first] * 3 + [0] * self.width + [0] * 3
            rows.append(row)
            x = 0
            self.not_w = False  # whether that is known
            while x < self.width:
                x += self.pixels(rows, x)
            row[-3:] = [row[-4]] * 3
            require(not self.coder.overrun(), "corrupt")
        require(self.coder.at_end(), "corrupt")
        return [row[3:-3] for row in rows[2:]]

    def pixels(self, rows: list[list[int]], x: int) -> int:
        """Decode the pixel at x, or a run that begins there; return how many these are."""
        at = x + 3
        row, above, above2 = rows[-1], rows[-2], rows[-3]
        w, ww = row[at - 1], row[at - 2]
        n, nw, nww, ne, nee = above[at], above[at - 1], above[at - 2], above[at + 1], above[at + 2]
        nn, nnw, nne = above2[at], above2[at - 1], above2[at + 1]
        if w == n == nw == ne == ww and not self.not_w:
            length = 1
            while x + length < self.width and above[at + length + 1] == n:
                length += 1
            length = min(length, 255)
            if length >= 8:
                run = self.run(length)
                row[at : at + run] = [n] * run
                self.not_w = run < length
                return run

        pairs = (
            (nw, nww), (n, nw), (n, ne), (ne, nee), (nw, nnw), (n, nn),
            (ne, nne), (w, n), (w, nw), (w, ww), (nn, nne), (w, ne),
        )  # fmt: skip
        shape = sum((a == b) << i for i, (a, b) in enumerate(pairs))
        not_n = False
        if self.sure_flags and not self.not_w:
            sure_w, sure_n = self.counters["sure", 0, shape][0], self.counters["sure", 1, shape][0]
            if sure_w >= 61440:
                if self.bit("sure", 0, shape):
                    row[at] = w
                    return 1
                self.not_w = True
            elif sure_w < 4096 and sure_n >= 61440:
                if self.bit("sure", 1, shape):
                    row[at] = n
                    return 1
                not_n = True
        h2 = (w + n * 2**8) * 0x9E3779B1 % 2**32
        h4 = (w + n * 2**8 + ne * 2**16 + nw * 2**24) * 0x85EBCA6B % 2**32
        h6 = ((h4 ^ h4 >> 15) + (ww + nn * 2**8) * 0xC2B2AE35) % 2**32
        h6 = (h6 ^ h6 >> 15) * 0x2C1B3C6D % 2**32
        slot = h6 >> (self.down - 2)
        r = self.recent.get(slot, 0)
        kind = 0 if r == w else 1 if r == n else 2 if r == nw else 3 if r == ne else 4
        distance = self.tree.distance
        spread = distance(w, n) + 8 * distance(w, nw)
        line = h4 >> self.down
        contexts = ("three", h2 >> self.down, ne % 16), ("six", line, h6 >> 29), ("spread", spread)

        def flag(number: int) -> int:
            counters = [self.shape_counter(number, kind, shape), *(self.counters[number, c] for c in contexts)]
            b = self.mixed(counters, self.weights.setdefault((number, kind), [36864, 20480, 20480, 18432]))
            teach(self.counters["sure", number, shape], 0, b)
            return b

        if not self.not_w and flag(0):
            symbol = w
        elif n != w and (len(self.tree.order) == 2 or (not not_n and flag(1))):
            symbol = n
        else:
            symbol = self.descend((w, ww), (n, nn), (nw, ne), h4)
        self.not_w = False
        self.recent[slot] = symbol
        row[at] = symbol
        return 1

    def run(self, length: int) -> int:
        """How many of the pixels that may be a run are one."""
        m = length.bit_length() - 1
        if self.bit("whole", m):
            return length
        t = 0
        while t < m and self.bit("length", m, t):
            t += 1
        number = 1
        for i in range(t):
            number = 2 * number + self.bit("lower", t, i)
        return min(number, length) - 1

    def descend(self, ws: tuple[int, int], ns: tuple[int, int], beside: tuple[int, int], h4: int) -> int:
        (w, ww), (n, nn), (nw, ne) = ws, ns, beside
        symbols = len(self.tree.order)
        finer = 1 if not self.second_neighbours else 16 if symbols <= 16 else 4 if symbols <= 64 else 2
        by_w, by_n = w * finer + ww * finer // symbols, n * finer + nn * finer // symbols
        leaf, level = self.tree.leaf, self.tree.level
        i, j, start = 1, 1, 0
        four = "four", h4 >> self.down
        while i not in leaf:
            if leaf.get(2 * i) in (w, n):
                right = 1
            elif leaf.get(2 * i + 1) in (w, n):
                right = 0
            else:
                levels = level(i, w), level(i, n), level(i, ne)
                places = [("W", by_w, start + j), ("N", by_n, start + j)]
                if self.graphics:
                    places += [("colours", i, *levels), (*four, j)]
                    weights = self.weights.setdefault(i, [25600, 25600, 25600, 30720])
                    trend = ()
                else:
                    places += [("colours", i, *levels, level(i, nw) if symbols <= 64 else 0)]
                    weights = self.weights.setdefault(i, [23552, 23552, 25600, 18432])
                    trend = (self.tree.trend(i, (w, n), (nw, ww, nn)),)
                right = self.mixed([self.counters[place] for place in places], weights, *trend)
            i, j = 2 * i + right, 2 * j + right
            if 16 <= i <= 31:
                j = 1
                start = 16 * (i - 15)
                four = "later", (h4 ^ i * 0x9E3779B1 % 2**32) * 0x2C1B3C6D % 2**32 >> self.down
        return leaf[i]


# 7.7 The model of `max`


def mix(a: int, b: int) -> int:
    x = ((a ^ a >> 15) + b * 0xC2B2AE35) % 2**32
    x = (x ^ x >> 13) * 0x2C1B3C6D % 2**32
    return x ^ x >> 16


def packed(*symbols: int) -> int:
    return sum(symbol << 8 * i for i, symbol in enumerate(symbols))


def digits(base: int, values: list[int]) -> int:
    result = 0
    for value in values:
        result = result * base + value
    return result


def teach_long(counter: list[int], b: int) -> None:
    p, c = divmod(counter[0], 1024)
    rate = 655360 // (14 + 10 * c)
    if b:
        p += ((4194303 - p) // 64 * rate) // 1024
    else:
        p -= (p // 64 * rate) // 1024
    counter[0] = 1024 * p + min(c + 1, 127)


class LongTable(dict[object, list[int]]):
    """Counters that come into being when they are used."""

    def __missing__(self, key: object) -> list[int]:
        self[key] = [2**31]
        return self[key]


class Match:
    def __init__(self) -> None:
        self.position = 0
        self.length = 0
        self.last: dict[int, int] = {}

    def find(self, slot: int) -> None:
        if self.length == 0:
            self.position = self.last.get(slot, 0)
            self.length = 1 if self.position > 0 else 0

    def move(self, expected: bool) -> None:
        if self.length > 0:
            self.position += 1
            self.length = self.length + 1 if expected else 0

    def pass_over(self, run: int) -> None:
        if self.length > 0:
            self.position += run


class MaxStripe:
    def __init__(self, tree: Tree, code: bytes, width: int, bits: int) -> None:
        self.tree, self.width, self.down = tree, width, 36 - bits
        self.places = [[tree.axes[entry][axis] for entry in tree.order] for axis in range(4)]
        self.coder = RangeDecoder(code)
        self.run = [[2**31] for _ in range(8)]
        self.counters = LongTable()
        self.lines: dict[int, list[list[int]]] = {}
        self.recent6: dict[int, int] = {}
        self.recent11: dict[int, int] = {}
        self.long, self.short = Match(), Match()
        self.taps = [[0] * 8 for _ in range(4)]
        self.weights: dict[object, list[int]] = {}
        self.uses: dict[object, int] = {}
        self.finals: dict[int, list[int]] = {}
        self.points: dict[object, list[int]] = {}
        self.paths: list[list[int]] = [[]] * len(tree.order)
        for node, symbol in tree.leaf.items():
            self.paths[symbol] = [node >> k for k in range(node.bit_length())]

    def line(self, key: int) -> list[list[int]]:
        number = key * 0x9E3779B1 % 2**32 >> self.down
        line = self.lines.setdefault(number, [[2**31] for _ in range(16)])
        if line[0][0] != key:
            line[0][0] = key
            for counter in line[1:]:
                counter[0] = 2**31
        return line

    def side(self, node: int, symbol: int) -> int:
        path = self.paths[symbol]
        return 1 if 2 * node in path else 2 if 2 * node + 1 in path else 0

    def rows(self, height: int) -> list[list[int]]:
        """Rows are parts of one list, with their margins, as matches go from one to the next."""
        stride = self.width + 8
        self.all = [0] * (3 * stride)
        for row in range(height):
            first = self.all[-stride + 4]
            self.all += [first] * 4 + [0] * (self.width + 4)
            self.long.length = self.short.length = 0
            self.asked = 0
            x = 0
            while x < self.width:
                x += self.pixels((row + 3) * stride + 4, x)
            self.all[-4:] = [self.all[-5]] * 4
            require(not self.coder.overrun(), "corrupt")
        require(self.coder.at_end(), "corrupt")
        return [self.all[y * stride + 4 : (y + 1) * stride - 4] for y in range(3, height + 3)]

    def pixels(self, start: int, x: int) -> int:
        """Decode the pixel at x, or a run that begins there; return how many these are."""
        here = start + x

        def at(up: int, right: int) -> int:
            return self.all[here - up * (self.width + 8) + right]

        w, ww, n, nw, ne, nn = at(0, -1), at(0, -2), at(1, 0), at(1, -1), at(1, 1), at(2, 0)
        if w == n == nw == ne == ww == nn and x >= self.asked:
            length = 1
            while x + length < self.width and at(1, length + 1) == n:
                length += 1
            if length >= 32:
                counter = self.run[min(7, (length // 32).bit_length() - 1)]
                b = self.coder.fixed(max(1, counter[0] >> 16))
                teach_long(counter, b)
                self.asked = x + length
                if b:
                    self.all[here : here + length] = [n] * length
                    self.long.pass_over(length)
                    self.short.pass_over(length)
                    return length
        self.all[here] = self.pixel(here, at)
        return 1

    def pixel(self, here: int, at: Callable[[int, int], int]) -> int:
        w, ww, www, wwww = at(0, -1), at(0, -2), at(0, -3), at(0, -4)
        n, nw, nww, ne, nee = at(1, 0), at(1, -1), at(1, -2), at(1, 1), at(1, 2)
        nn, nnw, nne, nnww, nnee = at(2, 0), at(2, -1), at(2, 1), at(2, -2), at(2, 2)
        nwww, neee, nnn, nnnw, nnne = at(1, -3), at(1, 3), at(3, 0), at(3, -1), at(3, 1)
        h6 = mix(mix(packed(w, n, ne, nw), 1), packed(ww, nn))
        h8 = mix(h6, packed(nee, nww))
        h11 = mix(h8, packed(nne, nnw, www))
        h15 = mix(h11, packed(nnn, nnww, nnee, wwww))
        keys = [mix(w, 2), mix(n, 3), mix(packed(w, ww, www), 4), mix(packed(w, ne), 5), mix(packed(n, nn, nnn), 6)]
        keys += [mix(mix(packed(n, ne, nee, neee), 7), w), mix(h15, packed(nnnw, nnne, nwww, neee))]
        slot6, slot8, slot11, slot15 = (h >> self.down for h in (h6, h8, h11, h15))
        g6, g11 = self.recent6.get(slot6, 0), self.recent11.get(slot11, 0)
        self.long.find(slot15)
        self.short.find(slot8)
        expected, other = self.all[self.long.position], self.all[self.short.position]

        shape = (w == n) + 2 * (w == nw) + 4 * (n == ne) + 8 * (n == nw) + 16 * (w == ww)
        light = self.places[0]
        activity = abs(light[w] - light[nw]) + abs(light[n] - light[nw]) + abs(light[n] - light[ne])
        active = sum(limit <= activity for limit in (9, 25, 61, 121, 251, 501))

        near = (w, n, nw, ne, ww, nn, nee, nne, nnw, nww, www, nnn)
        doubled, differences, energies = [], [], []
        for places, taps in zip(self.places, self.taps, strict=True):
            a, b = places[w], places[n]
            median = max(min(a, b), min(max(a, b), a + b - places[nw]))
            d = [2 * places[s] - a - b for s in near[:8]]
            differences.append(d)
            energies.append(64 + sum(v * v for v in d))
            guess = a + b + clamp(sum(t * v for t, v in zip(taps, d, strict=True)) >> 14, 4095)
            doubled.append([2 * places[s] for s in near] + [2 * median, guess])

        lines = [self.line(key) for key in keys]
        i, j, depth = 1, 1, 0
        while i not in self.tree.leaf:
            axis, bound, _, _ = self.tree.nodes[i]
            scale = self.tree.scale(i)
            related = digits(3, [self.side(i, s) for s in (w, n, nw, ne, g6)])
            farther = digits(3, [self.side(i, s) for s in (ww, nn, nee, nne, g11, w)])
            pair = digits(6, [self.tree.level(i, s) for s in (w, n)])
            pair2 = digits(6, [self.tree.level(i, s) for s in (ne, nw)])
            seen = [clamp((place - bound) * scale >> 4, 500) for place in doubled[axis]]
            guess = max(0, min(63, ((doubled[axis][13] - bound) * scale >> 8) + 32))
            middle = self.middle(i)
            half = sum((symbol >= middle) << bit for bit, symbol in enumerate(near[:10]))
            long, short = self.long.length, self.short.length
            counters = [line[j] for line in lines]
            counters += [
                self.counters["four", i, pair, pair2],
                self.counters["related", related, depth, shape],
                self.counters["long", min(long, 31), self.side(i, expected) if long else 0, depth],
                self.counters["short", min(short, 31), self.side(i, other) if short else 0, depth],
                self.counters["farther", farther, depth],
                self.counters["guess", i, guess, active],
                self.counters["half", i, half],
            ]
            sets = [("node", i), ("related", related), ("all",)]
            right = self.mixed(counters, [*seen, 256], sets, i, [("A", i, pair), ("B", i, pair2)])
            i, j, depth = 2 * i + right, 2 * j + right, depth + 1
            if 16 <= i <= 31 and i not in self.tree.leaf:
                j = 1
                lines = [self.line(mix(key, i)) for key in keys]
        symbol = self.tree.leaf[i]

        for axis in range(4):
            if energies[axis] > 64:
                error = 2 * self.places[axis][symbol] - doubled[axis][13]
                rate = 65536 * abs(error) // energies[axis] * (-1 if error < 0 else 1)
                for k, v in enumerate(differences[axis]):
                    self.taps[axis][k] = clamp(self.taps[axis][k] + (5 * rate * v + 512 >> 10), 32767)
        self.recent6[slot6] = self.recent11[slot11] = symbol
        self.long.last[slot15] = self.short.last[slot8] = here
        self.long.move(expected == symbol)
        self.short.move(other == symbol)
        return symbol

    def middle(self, node: int) -> int:
        """The first symbol of the right child."""
        node = 2 * node + 1
        while node not in self.tree.leaf:
            node *= 2
        return self.tree.leaf[node]

    def mixed(
        self,
        counters: list[list[int]],
        seen: list[int],
        sets: list[tuple[object, ...]],
        i: int,
        names: list[tuple[object, ...]],
    ) -> int:
        s = [STRETCH[counter[0] >> 20] for counter in counters] + seen
        x = []
        for name in sets:
            weights = self.weights.setdefault(name, [4096] * 14 + [2048] * 2 + [0] * 13)
            x.append(clamp(sum(a * b >> 8 for a, b in zip(weights, s, strict=True)) >> 8, 2900))
        finals = self.finals.setdefault(i, [21845] * 3)
        total = clamp(sum(a * b for a, b in zip(finals, x, strict=True)) >> 16, 2900)
        p = squash(total)
        t, f = divmod(total + 3072, 256)
        new = [squash(min(256 * point, 6143) - 3072) for point in range(25)]
        lines = [self.points.setdefault(name, list(new)) for name in names]
        pa, pb = ((line[t] * (256 - f) + line[t + 1] * f) >> 8 for line in lines)
        b = self.coder.fixed((2 * p + pa + pb + 2) >> 2)

        for counter in counters:
            teach_long(counter, b)
        for line in lines:
            nearer = t + (f >= 128)
            line[nearer] += (65535 - line[nearer]) >> 6 if b else -((line[nearer] + 63) >> 6)
        for q, name in enumerate(sets):
            finals[q] = clamp(finals[q] + ((((x[q] * (65536 * b - p) + 8192) >> 14) + 8) >> 4), 131071)
            count = self.uses.get(name, 0)
            g = ((65536 * b - squash(x[q])) * (32 + 2000 // (count + 16))) >> 6
            self.uses[name] = min(count + 1, 255)
            weights = self.weights[name]
            for k in range(29):
                weights[k] = clamp(weights[k] + ((s[k] * g + 8192) >> 14), 262143)
        return b


# 7.8 The level `fast`


def fast(options: int, coded: bytes, width: int, height: int, palette: list[Color]) -> list[list[int]]:
    used, stripes = symbols_and_stripes(options, coded, height, len(palette))
    if len(used) == 1:
        return [used * width for _ in range(height)]
    lists = ranking([palette[i] if i < len(palette) else (0, 0, 0, 255) for i in used])
    bits = (0, 12, 14, 16)[options & 3]
    result = []
    for rows, code in stripes:
        stripe = GraphicsStripe(lists, code, width, bits) if bits else PhotoStripe(lists, code, width)
        result += [[used[symbol] for symbol in row] for row in stripe.rows(rows)]
    return result


def ranking(colors: list[Color]) -> list[list[int]]:
    axes = []
    for r, g, b, a in colors:
        r, g, b = (r * a + 127) // 255, (g * a + 127) // 255, (b * a + 127) // 255
        axes.append((r + g + b, r - b, 2 * g - r - b, a))

    def apart(s: int, t: int) -> int:
        d = sum(weight * abs(p - q) for weight, p, q in zip((1, 2, 2, 2), axes[s], axes[t], strict=True))
        return d // 4 if d < 256 else 56 + d // 32

    numbers = range(len(colors))
    return [[s, *sorted((t for t in numbers if t != s), key=lambda t, s=s: (apart(s, t), t))] for s in numbers]


def halved(counts: list[int], limit: int) -> list[int]:
    while sum(counts) > limit:
        counts = [(count + 1) // 2 for count in counts]
    return counts


class Context:
    def __init__(self, counts: list[int]) -> None:
        self.counts = counts
        self.wait = self.period = self.uses = 0

    def prepare(self) -> None:
        if self.wait == 0:
            self.counts = halved(self.counts, 8000)
            scale = 65536 * (4096 - len(self.counts)) // sum(self.counts)
            self.sizes = [1 + count * scale // 65536 for count in self.counts]
            self.sizes[self.counts.index(max(self.counts))] += 4096 - sum(self.sizes)
            self.period = self.wait = min(512, self.period + self.period // 4 + 1)

    def used(self, t: int) -> None:
        self.counts[t] += 16
        self.wait -= 1


class RansDecoder:
    def __init__(self, code: bytes) -> None:
        self.code = code
        self.place = 4
        self.x = int.from_bytes(code[:4], "little")
        require(len(code) % 2 == 0 and self.x >= 65536, "corrupt")

    def take(self, start: int, size: int, total: int) -> None:
        """What stands at the slots from start on was read; the state goes on."""
        self.x = size * (self.x // total) + self.x % total - start

    def refill(self) -> None:
        if self.x < 65536:
            self.x = 65536 * self.x + int.from_bytes(self.code[self.place : self.place + 2], "little")
            self.place += 2

    def token(self, context: Context, total: int) -> int:
        context.prepare()
        slot = self.x % total
        unit = total // 4096
        t = start = 0
        while slot >= start + unit * context.sizes[t]:
            start += unit * context.sizes[t]
            t += 1
        self.take(start, unit * context.sizes[t], total)
        context.used(t)
        return t


class FastStripe:
    """What both models have in common. favoured: how many tokens are no ranks."""

    def __init__(self, lists: list[list[int]], code: bytes, width: int, favoured: int) -> None:
        self.n, self.width, self.favoured = len(lists), width, favoured
        self.lists = [list(row) for row in lists]
        self.coder = RansDecoder(code)
        self.contexts: dict[object, Context] = {}

    def first(self, unlikely: set[int]) -> Context:
        """A new context of pixels."""
        tokens = self.favoured + 1 + max(t for t in range(23) if rank_token(t)[0] <= self.n - 1)
        counts = [6 if t < self.favoured else 3 if t < self.favoured + 8 else 1 for t in range(tokens)]
        return Context([1 if t in unlikely else count for t, count in enumerate(counts)])

    def by_place(self, w: int, place: int, other: int) -> int:
        """The symbol at a place of the list of w, another left out; it moves up. other: w leaves out none."""
        row = self.lists[w]
        place += place >= row.index(other) > 0
        require(place < self.n, "corrupt")
        better = place - (place + 6) // 8
        pixel = row[place]
        row[place], row[better] = row[better], pixel
        return pixel

    def rows(self, height: int) -> list[list[int]]:
        margin = [0] * (self.width + 4)
        rows = [margin]
        for _ in range(height):
            first = rows[-1][2]
            rows.append([first] * 2 + [0] * self.width + [0] * 2)
            self.row(rows[-1], rows[-2])
            rows[-1][-2:] = [rows[-1][-3]] * 2
            require(self.coder.place <= len(self.coder.code), "corrupt")
        require(self.coder.place == len(self.coder.code) and self.coder.x == 65536, "corrupt")
        return [row[2:-2] for row in rows[1:]]

    def row(self, row: list[int], above: list[int]) -> None:
        raise NotImplementedError


def rank_token(t: int) -> tuple[int, int]:
    """The first place that a token of rank stands for, t counting from 0, and its bits."""
    if t < 4:
        return 1 + t, 0
    if t < 8:
        return (5, 7, 9, 13)[t - 4], (1, 1, 2, 2)[t - 4]
    return 17 + 16 * (t - 8), 4


class PhotoStripe(FastStripe):
    def __init__(self, lists: list[list[int]], code: bytes, width: int) -> None:
        super().__init__(lists, code, width, 2)
        bounds = (1, 4, 8, 16, 32, 64)
        self.levels = [{t: sum(b <= place for b in bounds) for place, t in enumerate(row)} for row in lists]

    def context(self, shape: int, part: object) -> Context:
        if (shape, part) in self.contexts:
            return self.contexts[shape, part]
        if shape not in self.contexts:
            self.contexts[shape] = self.first(set())
        whole = self.contexts[shape]
        if whole.uses < 100:
            whole.uses += 1
            return whole
        self.contexts[shape, part] = Context(halved(list(whole.counts), 400))
        return self.contexts[shape, part]

    def row(self, row: list[int], above: list[int]) -> None:
        for at in range(2, self.width + 2):
            w, ww, n, nw, ne = row[at - 1], row[at - 2], above[at], above[at - 1], above[at + 1]
            shape = (w == n) + 2 * (w == nw) + 4 * (n == ne) + 8 * (n == nw)
            t = self.coder.token(self.context(shape, (self.levels[w][n], w == ww)), 4096)
            place, bits = rank_token(t - 2) if t >= 2 else (0, 0)
            place += self.coder.x % 2**bits
            self.coder.x //= 2**bits
            self.coder.refill()
            row[at] = (w, n)[t] if t < 2 else self.by_place(w, place, n)


GUESSES = (
    (32, 29, 17, 9, 6), (44, 38, 30, 28, 15), (52, 47, 42, 38, 25), (56, 53, 47, 45, 36), (58, 56, 53, 50, 42)
)  # fmt: skip


class GraphicsStripe(FastStripe):
    def __init__(self, lists: list[list[int]], code: bytes, width: int, bits: int) -> None:
        super().__init__(lists, code, width, 3)
        self.bits = bits
        self.runs = [Context([1] * 26) for _ in range(8)]
        self.behind = self.first(set())
        self.flags = {(16 * kind + bits, sure): 1024 * GUESSES[sure][kind]
                      for sure in range(5) for kind in range(5) for bits in range(16)}  # fmt: skip
        self.recent: dict[int, tuple[int, int]] = {}
        self.last: dict[int, int] = {}
        self.hits = Context([1] * 12)
        self.left: int | None = None
        self.full = False

    def row(self, row: list[int], above: list[int]) -> None:
        at, end = 2, self.width + 2
        behind = False
        while at < end:
            n = above[at]
            flat = row[at - 1] == row[at - 2] == n == above[at - 1] == above[at + 1]
            length = 1
            while flat and at + length < end and above[at + length + 1] == n:
                length += 1
            if flat and length >= 8 and not behind:
                run = self.run(length)
                row[at : at + run] = [n] * run
                at += run
                behind = run < length
                continue
            row[at] = self.other(self.behind, n, n, n, n) if behind else self.pixel(row, above, at)
            behind = False
            at += 1

    def run(self, length: int) -> int:
        t = self.token(self.runs[min(7, (length // 8).bit_length() - 1)])
        if t == 0:
            return length
        if t == 1:
            return 0
        low = self.bits_of(min(t - 2, 12))
        run = 2 ** (t - 2) + low + 4096 * self.bits_of(max(0, t - 14))
        require(run < length, "corrupt")
        return run

    def token(self, context: Context) -> int:
        t = self.coder.token(context, 65536)
        self.coder.refill()
        return t

    def bits_of(self, k: int) -> int:
        size = 2 ** (16 - k)
        value = self.coder.x % 65536 // size
        self.coder.take(value * size, size, 65536)
        self.coder.refill()
        return value

    def flag(self, name: tuple[int, int]) -> bool:
        p = self.flags[name]
        flag = self.coder.x % 65536 < p
        if flag:
            self.coder.take(0, p, 65536)
            p += (65536 - p) // 32
        else:
            self.coder.take(p, 65536 - p, 65536)
            p -= p // 32
        self.coder.refill()
        self.flags[name] = p
        return flag

    def pixel(self, row: list[int], above: list[int], at: int) -> int:
        w, n, nw, ne, nee = row[at - 1], above[at], above[at - 1], above[at + 1], above[at + 2]
        h = (nw + n * 2**8 + ne * 2**16 + nee * 2**24) * 0x85EBCA6B % 2**32
        address = (h >> (32 - self.bits)) + w
        guess, sure = self.recent.get(address, (None, 0))
        if guess is None:
            guess = self.last.get(w, 0)
        kind = 0 if guess == w else 1 if guess == n else 2 if guess == ne else 3 if guess == nw else 4
        shape = 16 * kind + (w == n) + 2 * (w == nw) + 4 * (n == ne) + 8 * (n == nw)
        if sure == 7:
            if self.hit():
                return guess
        elif self.flag((shape, min(sure, 4))):
            self.recent[address] = guess, min(max(sure, 1) + 1, 7)
            self.last[w] = guess
            return guess
        if shape not in self.contexts:
            unlikely = {0: kind == 0, 1: kind == 1 or w == n, 2: kind == 2 or n == ne}
            self.contexts[shape] = self.first({t for t in unlikely if unlikely[t]})
        pixel = self.other(self.contexts[shape], w, n, ne, guess)
        self.recent[address] = pixel, 1
        self.last[w] = pixel
        return pixel

    def other(self, context: Context, w: int, n: int, ne: int, guess: int) -> int:
        """A pixel that is not the guess."""
        t = self.token(context)
        if t < 3:
            return (w, n, ne)[t]
        place, bits = rank_token(t - 3)
        return self.by_place(w, place + self.bits_of(bits), guess)

    def hit(self) -> bool:
        """Whether a guess that is sure is right."""
        if self.left is None:
            t = self.token(self.hits)
            self.left = 2 ** (t + 1) - 2 + self.bits_of(t + 1)
            self.full = self.left == 8189
        if self.left > 0:
            self.left -= 1
            if self.left == 0 and self.full:
                self.left = None
            return True
        self.left = None
        return False


# 8. Metadata


def metadata(letter: str, payload: bytes) -> object:
    """What an ancillary chunk says, or None if it is unknown or wrong."""
    try:
        if letter == "r":
            file = File(payload)
            x, y = file.varint(), file.varint()
            require(x > 0 and y > 0 and file.place == len(payload), "corrupt")
            return x, y
        if letter not in "ixet":
            return None
        require(len(payload) >= 2 and payload[0] <= 1, "corrupt")
        require(len(payload) <= 2**24, "corrupt")
        data = inflate(payload[1:]) if payload[0] == 1 else payload[1:]
        require(0 < len(data) <= 2**24, "corrupt")
        if letter != "t":
            return data
        parts = data.decode("utf-8").split("\0")
        texts = {parts[i]: parts[i + 1] for i in range(0, len(parts) - 1, 2)}
        require(len(parts) == 2 * len(texts) and "" not in texts, "corrupt")
        return texts
    except (Rejected, UnicodeDecodeError):
        return None


# 9. Animation


@dataclass
class Film:
    pictures: int
    left: int
    top: int
    width: int
    height: int
    arrangement: int
    keep: int | None
    key: bool
    own_palette: bool
    overlay: bool


def animation(file: File, head: Chunks, image: Image) -> None:
    assert head.animation is not None
    table = File(head.animation, at_end="corrupt")
    plays, durations, films = read_table(table, image)
    indexed = not any(film.own_palette for film in films)
    image.animation = Animation(plays, durations, indexed, [])
    frames = image.animation.frames
    canvas: list[list[object]] = [[0] * image.width for _ in range(image.height)]
    for number, film in enumerate(films):
        colors, pixels = head.palette, head.pixels
        if number > 0:
            colors, pixels = film_chunks(file, film, number, head)

        def value(index: int, colors: list[Color] = colors) -> object:
            if indexed:
                return index
            return colors[index] if index < len(colors) else (0, 0, 0, 255)

        if film.key:
            canvas = [[value(0)] * image.width for _ in range(image.height)]
        for i, picture in enumerate(film_pictures(film, pixels, colors)):
            canvas = [list(row) for row in canvas]
            for y, row in enumerate(picture):
                for x, index in enumerate(row):
                    if index != film.keep:
                        canvas[film.top + y][film.left + x] = value(index)
            if i == 0 and film.overlay:
                frames[-1] = canvas
            else:
                frames.append(canvas)


def film_chunks(file: File, film: Film, number: int, head: Chunks) -> tuple[list[Color], bytes]:
    """The palette and the pixels of a film that is not the first."""
    crc = zlib.crc32(varint(number), head.crc_before)
    colors = head.palette
    for letter in "PD" if film.own_palette else "D":
        start = file.place
        tag = file.u8()
        found = chr(tag % 128)
        require(found in "PDA" or not "A" <= found <= "Z", "unsupported")
        require(found == letter, "corrupt")
        payload = file.take(file.varint())
        crc = zlib.crc32(file.data[start : file.place], crc)
        require(tag >= 128 or letter == "P", "corrupt")
        if tag >= 128:
            require(file.u32() == crc, "corrupt")
        if letter == "P":
            colors = palette(payload)
    return colors, payload


def varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value % 128 + 128]) + varint(value // 128)


def film_pictures(film: Film, pixels: bytes, colors: list[Color]) -> list[list[list[int]]]:
    m, w, h = film.pictures, film.width, film.height
    size = {0: (w, m * h), 1: (m * w, h), 2: (w, m * h), 3: (m * w, h)}[film.arrangement]
    rows = indices(pixels, *size, colors)

    def pixel(i: int, x: int, y: int) -> int:
        if film.arrangement == 0:
            return rows[i * h + y][x]
        if film.arrangement == 1:
            return rows[y][i * w + x]
        if film.arrangement == 2:
            return rows[y * m + i][x]
        return rows[y][x * m + i]

    return [[[pixel(i, x, y) for x in range(w)] for y in range(h)] for i in range(m)]


def read_table(table: File, image: Image) -> tuple[int, list[int], list[Film]]:
    require(len(table.data) <= 2**22, "corrupt")
    frames, films = table.varint() + 1, table.varint() + 1
    require(frames <= 65536 and films <= 65536, "corrupt")
    plays = table.varint()
    durations: list[int] = []
    while len(durations) < frames:
        count, duration = table.varint() + 1, table.varint()
        require(count <= frames - len(durations), "corrupt")
        durations += [duration] * count
    result = [read_film(table, image, first=number == 0) for number in range(films)]
    require(table.place == len(table.data), "corrupt")
    require(sum(film.pictures - film.overlay for film in result) == frames, "corrupt")
    return plays, durations, result


def read_film(table: File, image: Image, first: bool) -> Film:
    flags = table.u8()
    require(flags < 128, "unsupported")
    m = table.varint() + 1
    left, top, w, h = 0, 0, image.width, image.height
    if flags & 8:
        left, top, w, h = table.varint(), table.varint(), table.varint() + 1, table.varint() + 1
    keep = table.u8() if flags & 16 else None
    film = Film(m, left, top, w, h, flags & 3, keep, flags & 4 > 0, flags & 32 > 0, flags & 64 > 0)
    require(left + w <= image.width and top + h <= image.height, "corrupt")
    require(m * w * h <= max(2**24, image.width * image.height), "corrupt")
    require((m * h if film.arrangement in (0, 2) else m * w) <= 2**24, "corrupt")
    require(not (film.key and film.overlay), "corrupt")
    require(not first or (film.key and not film.own_palette), "corrupt")
    return film
