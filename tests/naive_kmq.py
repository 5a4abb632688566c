"""A second decoder of `.kmq` files in plain Python, laid out like docs/FORMAT.md.

Slow, obvious, and independent of the package, so that the two check each other.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass


class Rejected(Exception):
    """A file that ends in one of the outcomes of section 1: "not KMQ", "truncated", "corrupt", "unsupported"."""

    @property
    def outcome(self) -> str:
        return str(self.args[0])


@dataclass
class Image:
    width: int
    height: int
    palette: list[tuple[int, int, int, int]]
    rows: list[list[int]]


def require(condition: bool, outcome: str) -> None:
    if not condition:
        raise Rejected(outcome)


# 1. Conventions


class File:
    """The bytes of a file, and how far they are read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def take(self, count: int) -> bytes:
        require(self.place + count <= len(self.data), "truncated")
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
    file = File(data)
    width, height = header(file)
    palette, pixels = chunks(file)
    require(file.place == len(data), "corrupt")
    return Image(width, height, palette, indices(pixels, width, height))


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


def chunks(file: File) -> tuple[list[tuple[int, int, int, int]], bytes]:
    """The palette, and the payload of chunk D."""
    colors: list[tuple[int, int, int, int]] | None = None
    covered = file.data[: file.place]
    for _ in range(256):
        start = file.place
        tag = file.u8()
        letter = chr(tag % 128)
        require("A" <= letter <= "Z" or "a" <= letter <= "z", "corrupt")
        payload_length = file.varint()
        require(letter in "PD" or letter.islower(), "unsupported")
        payload = file.take(payload_length)

        covered += file.data[start : file.place]
        if tag >= 128:
            require(file.u32() == zlib.crc32(covered), "corrupt")

        if letter == "P":
            require(colors is None, "corrupt")
            colors = palette(payload)
        if letter == "D":
            require(tag >= 128, "corrupt")
            return colors or [], payload
    raise Rejected("corrupt")


# 6. Palette


def palette(payload: bytes) -> list[tuple[int, int, int, int]]:
    require(1 <= len(payload) <= 1026, "corrupt")
    coding, has_alphas, reserved = payload[0] & 15, payload[0] >> 4 & 1, payload[0] >> 5
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


# 7. Pixels


def indices(payload: bytes, width: int, height: int) -> list[list[int]]:
    require(len(payload) >= 1, "corrupt")
    coding, options, coded = payload[0] & 15, payload[0] >> 4, payload[1:]
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
