"""Makes tests/vectors: run `python tools/make_vectors.py`. Within a format version the files never change.

Every case is a line below. Good files come from the encoder, or are put together by hand where they show what the
encoder does not write; bad and unsupported ones are always put together by hand.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pillow_kmq import codec
from pillow_kmq.codec import Metadata, encode, read_animation, writer
from pillow_kmq.codec import encode_animation as encode_frames
from pillow_kmq.codec.animation.arrangement import to_image
from pillow_kmq.codec.container import chunks as container
from pillow_kmq.codec.container.animation_table import Animation, Film, encode_table
from pillow_kmq.codec.levels import mixing, striped
from pillow_kmq.codec.levels.default import model as state_default
from pillow_kmq.codec.levels.fast import level as fast
from pillow_kmq.codec.palette.chunk import encode_palette
from pillow_kmq.codec.symbols.stripes import CODINGS
from pillow_kmq.types import IndexedImage

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

import reference_decoder  # noqa: E402
from places import VECTORS  # noqa: E402

CHECKSUM = None  # a part of a file, see assemble()


@dataclass(frozen=True)
class Case:
    """One vector.

    outcome: "good", or as in FORMAT.md, section 1. stage: where it fails (README). section: of FORMAT.md. encoded: the
    level at which the encoder writes exactly this file.
    """

    name: str
    data: bytes
    says: str
    section: str
    outcome: str
    stage: str = ""
    image: IndexedImage | None = None
    encoded: str = ""
    metadata: Metadata = field(default_factory=Metadata)
    frames: list[np.ndarray] | None = None


def assemble(*parts: bytes | None) -> bytes:
    """Parts of a file one after the other, CHECKSUM standing for the checksum of what stands before it."""
    file, crc = b"", 0
    for part in parts:
        if part is CHECKSUM:
            file += crc.to_bytes(4, "little")
        else:
            file += part
            crc = zlib.crc32(part, crc)
    return file


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def image(palette: list[tuple[int, ...]], rows: list[list[int]]) -> IndexedImage:
    entries = [(*color, 255)[:4] for color in palette]
    return IndexedImage(np.array(entries, np.uint8).reshape(-1, 4), np.array(rows, np.uint8))


SIGNATURE = b"\x8bKMQ\x01"
HEADER = SIGNATURE + b"\x01\x01"  # 2x2
PALETTE = b"P\x07\x00" + bytes([255, 0, 128, 0, 0, 255])  # two entries, planes of R, G, B
PIXELS = b"\xc4\x03\x00\x80\x40"  # 1 bit per pixel: 1 0 / 0 1
TWO_BY_TWO = image([(255, 128, 0), (0, 0, 255)], [[1, 0], [0, 1]])

WHOLE = assemble(HEADER, PALETTE, PIXELS, CHECKSUM)
CHECKED_PALETTE = assemble(HEADER, bytes([PALETTE[0] | 0x80]), PALETTE[1:], CHECKSUM, PIXELS, CHECKSUM)


def chunk(tag: str, payload: bytes, *, checked: bool = False) -> bytes:
    """A chunk with a payload below 128 bytes, without the checksum."""
    return bytes([ord(tag) | checked << 7, len(payload)]) + payload


def ancillary(tag: str, payload: bytes) -> bytes:
    """An ancillary chunk and its checksum, which depends on nothing else."""
    data = container.Chunk(tag, len(payload), checked=True).head() + payload
    return data + zlib.crc32(data).to_bytes(4, "little")


def pixels(payload: bytes) -> bytes:
    return chunk("D", payload, checked=True)


def word(x: int, y: int, place: int) -> int:
    """An index in a picture that repeats itself, and where a neighbour says little about it."""
    return ((x * 7 + y * y * 3 + x * y * y) % 97 * 89 + place * 83) % 199


def encoded_images() -> Iterator[tuple[str, IndexedImage, str, str]]:
    """Name, image, sentence, section."""
    grey = [(v, v, v) for v in range(256)]
    yield "smallest", image([(255, 128, 0)], [[0]]), "one pixel of one entry, the example of section 12", "12"
    yield "two-by-two", TWO_BY_TWO, "two entries, 1 bit per pixel, stored", "7.1"
    yield "empty-palette", image([], [[7, 0, 255]]), "no chunk P: every index is beyond the palette's end", "6"
    yield "beyond-palette", image([(1, 2, 3)], [[0, 5], [200, 0]]), "indices above the only entry are kept", "6"
    yield (
        "duplicates",
        image([(9, 8, 7), (9, 8, 7), (0, 0, 0), (9, 8, 7)], [[3, 0, 1]]),
        "equal entries and one that no pixel uses keep their places; 2 bits per pixel",
        "6",
    )
    yield (
        "alphas",
        image([(10, 20, 30, 0), (40, 50, 60), (70, 80, 90, 128), (1, 1, 1)], [[0, 1, 2, 3]]),
        "the list of alphas ends with the third entry; the fourth is opaque",
        "6",
    )
    yield (
        "all-transparent",
        image([(0, 0, 0, 0)] * 256, [[255, 0], [1, 254]]),
        "256 alphas, counted as 255 plus one; the palette is deflated",
        "6",
    )
    yield (
        "sixteen",
        image(grey[:256:17], [[(x * y) % 16 for x in range(13)] for y in range(5)]),
        "4 bits per pixel and an odd width: the last byte of a row is half used",
        "7.1",
    )
    yield (
        "deflated-bits",
        image([(0, 0, 0), (255, 255, 255)], [[(x // 8 + y // 8) % 2 for x in range(61)] for y in range(40)]),
        "1 bit per pixel, deflated",
        "7.1",
    )
    yield (
        "deflated-bytes",
        image(grey[:200], [[word(x // 5, y, x % 5) for x in range(64)] for y in range(48)]),
        "8 bits per pixel, deflated; the palette has a checksum of its own as there are many pixels",
        "5",
    )
    yield (
        "filtered",
        image(grey, [[(x * x // 16 + y * y // 9) % 256 for x in range(64)] for y in range(48)]),
        "a smooth ramp: 8 bits per pixel with filters, deflated",
        "7.1",
    )
    yield "wide", image([(0, 0, 0)], [[0] * 300]), "a width of 300 takes two bytes", "1"
    yield "tall", image([(0, 0, 0)], [[0]] * 300), "a height of 300 takes two bytes", "1"


def mixed_images() -> Iterator[tuple[str, IndexedImage, str, str]]:
    """Name, image, sentence, section: what the level `default` writes, or would if rows were not smaller."""
    ramp = [(v, v * v // 255, 255 - v) for v in range(256)]
    yield (
        "mixed-two",
        image(ramp[:2], [[int((x * y) % 7 > 3) for x in range(16)] for y in range(16)]),
        "two symbols",
        "7.6",
    )
    yield (
        "mixed-three",
        image([(0, 0, 255), (9, 9, 9), (255, 0, 0)], [[(x // 5 + y // 3) % 3 for x in range(30)] for y in range(20)]),
        "three symbols; the order of the palette is not natural",
        "6.1",
    )
    yield (
        "mixed-runs",
        image(ramp[:4], [[int(30 < x < 90 and 5 < y < 15) + 2 * int(y == 22) for x in range(140)] for y in range(30)]),
        "runs of several lengths, some of which break",
        "7.6",
    )
    breaks = (0, 59, 1, 58, 2, 3, 4, 57, 6, 7, 8, 14, 15, 16, 30, 31, 32, 45, None, 46)
    yield (
        "mixed-breaks",
        image(ramp[:3], [[(y % 3 == 2 and breaks[y // 3] == x) * (1 + y % 2) for x in range(60)] for y in range(60)]),
        "runs that break off at the first pixel, in the middle and at the last one",
        "7.6",
    )
    yield (
        "mixed-wide",
        image(ramp[:3], [[(y == 1 and x in (7, 600)) * (1 + x % 2) for x in range(800)] for y in range(3)]),
        "runs of 255 pixels, with others behind them; the one from column 520 on breaks off",
        "7.6",
    )
    yield (
        "mixed-deep",
        image(ramp, [[(x * 5 + y * 3 + x * y // 16) % 256 for x in range(40)] for y in range(40)]),
        "256 symbols: a tree of eight levels",
        "7.6",
    )
    yield (
        "mixed-alphas",
        image(
            [(v, 255 - v, 128, v) for v in range(0, 256, 5)], [[(x + y * y) % 52 for x in range(30)] for y in range(20)]
        ),
        "translucent colours, premultiplied for the tree; 52 symbols",
        "7.3",
    )
    yield (
        "mixed-unused",
        image([*ramp[:20], *[(0, 0, 0)] * 236], [[(x * y) % 9 * 2 for x in range(30)] for y in range(30)]),
        "a list of symbols; a palette with padding, of which a copy is told",
        "7.2",
    )
    yield (
        "mixed-beyond",
        image(ramp[:3], [[(x * 7 + y) % 200 for x in range(40)] for y in range(40)]),
        "symbols beyond the palette: opaque black, all of them alike in the tree",
        "7.2",
    )
    yield (
        "mixed-bitmap",
        image(ramp, [[(x * 2 + y * 6) % 256 for x in range(60)] for y in range(40)]),
        "every other entry is used: 32 bytes list them",
        "7.2",
    )
    for n in (16, 64, 250):
        yield (
            f"mixed-large-{n}",
            image(ramp[:n], [[(x // 4 * (y // 5) + x % 4 * (y % 3 // 2)) % n for x in range(96)] for y in range(88)]),
            f"more than 8192 pixels, {n} symbols",
            "7.6",
        )
    yield "mixed-flat", image([(1, 2, 3)] * 2, [[0] * 300] * 300), "one symbol needs no code", "7.2"
    yield (
        "mixed-shuffled",
        image(
            [ramp[i * 27 % 64] for i in range(64)] + [ramp[37]] * 3,
            [[x * y % 67 for x in range(24)] for y in range(20)],
        ),
        "sorted colours of a palette in another order, and copies of the last of them",
        "6.1",
    )


def noise(x: int, y: int) -> int:
    """0..255, without order."""
    value = (x * 0x9E3779B1 ^ y * 0x85EBCA6B) & 0xFFFFFFFF
    value = (value ^ value >> 15) * 0x2C1B3C6D & 0xFFFFFFFF
    return (value ^ value >> 12) >> 7 & 255


def fast_images() -> Iterator[tuple[str, IndexedImage, str, str]]:
    """Name, image, sentence, section: what the level `fast` writes."""
    ramp = [(v, v * v // 255, 255 - v) for v in range(256)]

    def picture(palette: Any, width: int, height: int, index: Callable[[int, int], int]) -> IndexedImage:
        return image(palette, [[index(x, y) for x in range(width)] for y in range(height)])

    yield (
        "fast-two",
        picture(ramp[:2], 40, 40, lambda x, y: int(x + noise(x, y) // 90 > y)),
        "two symbols",
        "7.8",
    )
    yield (
        "fast-photo",
        picture(
            [ramp[i * 19 % 64 * 4] for i in range(64)],
            90,
            70,
            lambda x, y: (x * x + y * y + 2 * noise(x, y)) // 256 * 27 % 64,
        ),
        "the model of photos; many ranks",
        "7.8",
    )
    yield (
        "fast-long",
        picture(ramp, 110, 100, lambda x, y: (x + y) // 2 + noise(y, x) // (64 if noise(x, y) < 245 else 2)),
        "all tokens of a photo; contexts that have seen so much that their counts are halved",
        "7.8",
    )
    yield (
        "fast-guesses",
        picture(ramp[:40], 64, 60, lambda x, y: x // 4 * 3 % 7 + y // 5 % 3 + (noise(x, y) > 235) * (noise(y, x) % 32)),
        "the model of graphics; tokens of all kinds",
        "7.8",
    )
    yield (
        "fast-runs",
        picture(ramp[:3], 200, 40, lambda x, y: 1 + (x > 150) - (noise(x, y) > 250)),
        "runs, whole, broken and none",
        "7.8",
    )
    yield (
        "fast-wide",
        picture(ramp[:2], 9000, 4, lambda x, y: int(x == 8500 or (x == 1500 and y > 0))),
        "a broken run of more than 4096 pixels, and others of more than 1024 and 2048",
        "7.8",
    )
    yield (
        "fast-alphas",
        picture(
            [(*ramp[i * 11 % 30 // 2 * 16], 255 - i * 11 % 30 // 4 * 20) for i in range(30)],
            33,
            60,
            lambda x, y: (x // 3 + y // 2 + noise(x, y) // 90) * 11 % 30,
        ),
        "entries of different alpha, some of one colour",
        "7.8",
    )
    yield (
        "fast-unused",
        picture(ramp, 40, 40, lambda x, y: 90 + (x + noise(x, y) // 50) // 6 + 100 * (x > y)),
        "a list of the entries that pixels use",
        "7.2",
    )
    values = np.arange(9500).reshape(95, 100) % 2
    values.reshape(-1)[[500, 501, 740]] = 2
    yield (
        "fast-hits",
        image([(200, 0, 0), (0, 200, 0), (0, 0, 200)], values),
        "guesses that are sure, more than one number tells of",
        "7.8",
    )
    yield "fast-flat", image([(1, 2, 3)] * 2, [[1] * 300] * 300), "one symbol needs no code", "7.2"


def max_images() -> Iterator[tuple[str, IndexedImage, str, str]]:
    """Name, image, sentence, section: what the level `max` writes."""
    ramp = [(v, v * v // 255, 255 - v) for v in range(256)]
    yield (
        "max-two",
        image(ramp[:2], [[int((x * y) % 7 > 3) for x in range(16)] for y in range(16)]),
        "two symbols: a tree of one node",
        "7.7",
    )
    yield (
        "max-photo",
        image(ramp, [[(x * 3 + y * y // 9 + noise(x, y) // 12) % 256 for x in range(48)] for y in range(32)]),
        "237 symbols, shades and noise: taps, medians, two lines a pixel",
        "7.7",
    )
    yield (
        "max-matches",
        image(ramp[:90:3], [[word(x % 12, y % 9, 0) % 30 for x in range(40)] for y in range(30)]),
        "a pattern that repeats: matches of all lengths",
        "7.7",
    )
    yield (
        "max-alphas",
        image(
            [(v, 255 - v, 128, v) for v in range(0, 256, 15)],
            [[(x + y * y) % 18 for x in range(30)] for y in range(20)],
        ),
        "translucent colours, of which the fourth axis tells; 18 symbols, leaves on two levels",
        "7.7",
    )
    yield (
        "max-alike",
        image([(7, 7, 7)] * 40, [[(x // 2 * y) % 40 for x in range(30)] for y in range(20)]),
        "all colours are the same: the largest scale, and no energy",
        "7.7",
    )
    yield "max-column", image(ramp[:5], [[y * y % 5] for y in range(60)]), "one column", "7.7"
    yield "max-flat", image([(1, 2, 3)] * 2, [[1] * 300] * 300), "one symbol needs no code", "7.2"


def striped_file(picture: IndexedImage, compression: str = "default") -> bytes:
    """What the encoder writes where stripes are to end behind few bytes, although rows might be smaller."""
    before = mixing.STRIPE_BYTES, fast.STRIPE_CODES
    mixing.STRIPE_BYTES = 60 if compression == "max" else 300
    fast.STRIPE_CODES = 700
    try:
        return mixed_file(picture) if compression == "default" else encode(picture, compression=compression)
    finally:
        mixing.STRIPE_BYTES, fast.STRIPE_CODES = before


def mixed_file(picture: IndexedImage) -> bytes:
    """A file of the level `default`, although rows might be smaller."""
    before = writer.encode_pixels
    writer.encode_pixels = lambda picture, _: striped.encode_striped(picture, CODINGS["default"])
    try:
        return encode(picture)
    finally:
        writer.encode_pixels = before


def option_file(picture: IndexedImage, option: int) -> bytes:
    """A file of the level `default` with an option that the encoder may not choose, although rows might be smaller."""
    level = state_default.DefaultLevel
    before = level.option
    level.option = lambda *_: option
    try:
        return mixed_file(picture)
    finally:
        level.option = before


def posts_and_waves(n: int) -> IndexedImage:
    """Of n colours, some translucent: posts three pixels apart with dots of other colours, and waves with noise."""

    def post(x: int, y: int) -> int:
        return noise(x, y) % 4 if noise(y, x) < 4 else 1 if x % 3 == 0 else 2 if x % 3 == 1 and y < 30 else 0

    def wave(x: int, y: int) -> int:
        return (x * x // 20 + y * y // 15 + noise(x, y) // 60) % n

    palette = [(v, v * v // 255, 255 - v, 255 if v < n - 3 else 80 * (n - v)) for v in range(n)]
    return image(palette, [[post(x, y) if x < 60 else wave(x, y) for x in range(100)] for y in range(60)])


def max_file(picture: IndexedImage) -> bytes:
    """A file of the level `max`, although the level `default` would make it smaller."""
    before = CODINGS["default"]
    CODINGS["default"] = CODINGS["max"]
    try:
        return encode(picture, compression="max")
    finally:
        CODINGS["default"] = before


class Script(reference_decoder.RangeDecoder):
    """Takes bits from a list instead of a code, and makes the code that has them."""

    def __init__(self, bits: list[int]) -> None:
        super().__init__(b"")
        self.bits = bits
        self.low = 0

    def fixed(self, p: int) -> int:
        bound = self.size * p // 65536
        b = self.bits.pop(0)
        self.size = bound if b else self.size - bound
        self.low += 0 if b else bound
        while self.size < 2**24:
            self.size, self.low, self.place = 256 * self.size, 256 * self.low, self.place + 1
        return b

    def overrun(self) -> bool:
        return False

    def at_end(self) -> bool:
        return not self.bits

    def written(self) -> bytes:
        code = self.low.to_bytes(self.place, "big")
        return code[:-4] + code[-4:].rstrip(b"\0")


def scripted_file(width: int, bits: list[int]) -> tuple[bytes, IndexedImage]:
    """A file of the level `default`, of one row and two entries, from the bits of its code."""
    palette = [(0, 0, 0), (255, 255, 255)]
    stripe = reference_decoder.Stripe(reference_decoder.Tree([(*color, 255) for color in palette]), b"", width, 0)
    stripe.coder = script = Script(list(bits))
    rows = stripe.rows(1)
    colors = chunk("P", b"\0" + b"\0\xff" * 3)
    file = assemble(SIGNATURE + bytes([width - 1, 0]), colors, pixels(b"\x03" + script.written()), CHECKSUM)
    return file, image(palette, rows)


def assembled_good_files() -> Iterator[tuple[str, bytes, IndexedImage, str, str]]:
    """Name, file, image, sentence, section."""
    stripes = image([(v, 0, v) for v in range(64)], [[(x * y // 3 + y) % 64 for x in range(50)] for y in range(64)])
    yield "mixed-stripes", striped_file(stripes), stripes, "several stripes, each with a checksum", "7.2"
    for n in (16, 60, 65, 250):
        both = posts_and_waves(n)
        for option, kind in enumerate(("small", "a photo", "small with sure flags", "graphics")):
            says = f"option {option}, {kind}: {n} symbols; posts, which sure flags foretell or do not, and waves"
            yield f"mixed-option-{option}-{n}", option_file(both, option), both, says, "7.6"
    long = scripted_file(9, [0, 1, 1, 1, 1, 1, 1])
    yield "mixed-long-run", *long, "R + 1 = 15 where L is 9, which stands for it: 8 pixels and another one", "7.6"
    stripes = image(
        [(v * 19 % 64 * 3, 0, 0) for v in range(64)],
        [[(x // 4 + y // 5 + noise(x, y) // 90) * 27 % 64 for x in range(50)] for y in range(64)],
    )
    yield "fast-stripes", striped_file(stripes, "fast"), stripes, "several stripes of the level `fast`", "7.8"
    boxes = image(
        [(v, v * v // 255, 255 - v) for v in range(4)],
        [[int(30 < x < 90 and 5 < y < 15) + 2 * int(y == 22) for x in range(300)] for y in range(30)],
    )
    yield "max-runs", max_file(boxes), boxes, "runs of several lengths, some of which break", "7.7"
    yield "max-stripes", striped_file(stripes, "max"), stripes, "several stripes of the level `max`", "7.7"
    yield (
        "ancillary",
        HEADER + chunk("z", b"unknown") + PALETTE + chunk("z", b"") + WHOLE[len(HEADER + PALETTE) :],
        TWO_BY_TWO,
        "two chunks of an unknown ancillary type are skipped, one of them empty",
        "4",
    )
    yield (
        "ancillary-checked",
        assemble(HEADER) + ancillary("z", b"unknown") + WHOLE[len(HEADER) :],
        TWO_BY_TWO,
        "an ancillary chunk of an unknown type has a checksum of its own; the next one leaves it out altogether",
        "5",
    )
    yield (
        "most-chunks",
        assemble(HEADER) + chunk("z", b"") * 254 + WHOLE[len(HEADER) :],
        TWO_BY_TWO,
        "255 chunks before the pixels are allowed",
        "4",
    )
    yield (
        "checked-palette",
        CHECKED_PALETTE,
        TWO_BY_TWO,
        "a checksum follows the palette although the image is tiny",
        "5",
    )
    yield (
        "wider-than-needed",
        assemble(HEADER, PALETTE, pixels(b"\x30\x01\x00\x00\x01"), CHECKSUM),
        TWO_BY_TWO,
        "8 bits per pixel, stored, where 1 would do",
        "7.1",
    )
    yield (
        "stored-filters",
        assemble(HEADER, PALETTE, pixels(b"\x40\x01\x02\x01\xff\xff\x01"), CHECKSUM),
        TWO_BY_TWO,
        "filters without deflate; sums wrap at 256: the filters are left and above",
        "7.1",
    )
    yield (
        "filter-above-first",
        assemble(HEADER, PALETTE, pixels(b"\x40\x02\x00\x01\x00\x00\x01"), CHECKSUM),
        TWO_BY_TWO,
        "the first row has nothing above it, which counts as 0",
        "7.1",
    )
    blocks = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = blocks.compress(b"\x80") + blocks.flush(zlib.Z_FULL_FLUSH) + blocks.compress(b"\x40") + blocks.flush()
    yield (
        "several-blocks",
        assemble(HEADER, PALETTE, pixels(b"\x01" + stream), CHECKSUM),
        TWO_BY_TWO,
        "a deflate stream of several blocks, one of them empty",
        "1",
    )
    yield (
        "deflated-palette",
        assemble(HEADER, chunk("P", b"\x11\x00" + deflated(bytes([255, 0, 128, 0, 0, 255, 9]))), PIXELS, CHECKSUM),
        image([(255, 128, 0, 9), (0, 0, 255)], [[1, 0], [0, 1]]),
        "a deflated palette with one alpha, although that is larger",
        "6",
    )


ALL_METADATA = Metadata(b"profile " * 9, b"II*\0exif", b"<xmp/>", (72000, 300000), {"Author": "Zoë", "Empty": ""})


def metadata_files() -> Iterator[tuple[str, bytes, Metadata, str, str]]:
    """Name, file, metadata, sentence, section: all of them show TWO_BY_TWO."""
    palette_end = len(HEADER + PALETTE)

    def beside(*chunks: bytes) -> bytes:
        return WHOLE[:palette_end] + b"".join(chunks) + WHOLE[palette_end:]

    def damaged(tag: str, payload: bytes) -> bytes:
        data = ancillary(tag, payload)
        return data[:4] + bytes([data[4] ^ 1]) + data[5:]

    nothing = Metadata()
    texts = b"\0Comment\0hello"
    yield (
        "metadata-all",
        encode(TWO_BY_TWO, compression="deflate", metadata=ALL_METADATA),
        ALL_METADATA,
        "all types",
        "8",
    )
    yield (
        "metadata-deflated-texts",
        beside(ancillary("t", b"\1" + deflated(b"a\0b\0c\0" + "ä".encode() * 9))),
        Metadata(texts={"a": "b", "c": "ä" * 9}),
        "two texts, deflated, in UTF-8",
        "8",
    )
    yield (
        "metadata-unchecked",
        beside(chunk("t", texts), chunk("r", b"\x80\x01\x02")),
        Metadata(texts={"Comment": "hello"}, resolution=(128, 2)),
        "metadata without checksums",
        "8",
    )
    yield (
        "metadata-first",
        HEADER + ancillary("t", texts) + WHOLE[len(HEADER) :],
        Metadata(texts={"Comment": "hello"}),
        "metadata before the palette",
        "4",
    )
    for name, chunks, left, says in (
        ("checksum", [damaged("t", texts)], nothing, "the checksum of the texts does not match: they are left out"),
        (
            "one-of-two",
            [damaged("x", b"\0<xmp/>"), ancillary("t", texts)],
            Metadata(texts={"Comment": "hello"}),
            "the first of two chunks is damaged, the second is not",
        ),
        (
            "of-one-type",
            [ancillary("r", b"\5"), ancillary("r", b"\5\6"), ancillary("r", b"\7\7")],
            Metadata(resolution=(5, 6)),
            "three resolutions: the first that is in order counts",
        ),
        ("coding", [ancillary("i", b"\2abc")], nothing, "a profile of an unknown coding"),
        ("empty", [ancillary("x", b"\0"), ancillary("e", b"")], nothing, "XMP and Exif without content"),
        ("deflate", [ancillary("e", b"\1" + deflated(b"exif")[:-1])], nothing, "a deflate stream that is cut"),
        (
            "after-deflate",
            [ancillary("e", b"\1" + deflated(b"exif") + b"!")],
            nothing,
            "a byte after the deflate stream",
        ),
        ("zero", [ancillary("r", b"\0\1")], nothing, "a resolution of zero"),
        ("long", [ancillary("r", b"\1\1\1")], nothing, "a resolution that is too long"),
        ("padded", [ancillary("r", b"\x81\0\1")], nothing, "a resolution that is not in its shortest form"),
        ("utf-8", [ancillary("t", b"\0key\0\xff")], nothing, "a text that is not UTF-8"),
        ("no-key", [ancillary("t", b"\0\0value")], nothing, "a text without a key"),
        ("no-value", [ancillary("t", b"\0key")], nothing, "a text without a value"),
        ("key-twice", [ancillary("t", b"\0a\0b\0a\0c")], nothing, "a key that is there twice"),
    ):
        yield f"damaged-metadata-{name}", beside(*chunks), left, says, "8"


THREE = [(0, 0, 0, 0), (255, 0, 0), (0, 0, 255)]
DOTS = [image(THREE, [[int(x == y == i) * (1 + i % 2) for x in range(4)] for y in range(4)]) for i in range(4)]


def encode_animation(
    frames: list[IndexedImage] | list[np.ndarray], durations: int | list[int] = 10, **options: Any
) -> bytes:
    return encode_frames(frames, durations, **options)


def encoded_animations() -> Iterator[tuple[str, bytes, str, str]]:
    """Name, file, sentence, section."""
    yield (
        "two-frames",
        encode_animation([image(THREE, [[1]]), image(THREE, [[2]])], [100, 200], plays=1, compression="deflate"),
        "two frames of one pixel, 100 and 200 ms, shown once",
        "9",
    )
    yield "smallest", SMALLEST_ANIMATION, "the example of section 12: two frames of one pixel", "12"
    yield "one-frame", encode_animation(DOTS[:1], 0, compression="deflate"), "an animation of one frame", "9"
    yield "dots", encode_animation(DOTS, 40, compression="default"), "a film of four pictures", "9"
    many = [
        image([(v, v, v) for v in range(9)], [[(x * y + i) % 9 for x in range(12)] for y in range(9)]) for i in range(5)
    ]
    yield "durations", encode_animation(many, [1, 1, 300, 0, 2**32 - 1]), "durations of several kinds", "9"
    grey = np.indices((20, 20)).sum(axis=0) % 200
    frames = [np.dstack([(grey * k) % 256] * 3 + [np.full((20, 20), 255)]).astype(np.uint8) for k in (1, 3, 7)]
    for k, frame in enumerate(frames):
        frame[..., k] //= 2
    yield "palettes", encode_animation(frames), "films with palettes of their own: frames are colours", "9"
    colors = (np.arange(400, dtype=np.uint32) * 2654435761).astype(np.uint32).view(np.uint8).reshape(20, 20, 4)
    yield "overlays", encode_animation([colors, colors[::-1].copy()]), "frames of 400 colours, by overlays", "9"


def assembled_animations() -> Iterator[tuple[str, bytes, str, str]]:
    """Name, file, sentence, section."""
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 3, (3, 4, 5), np.uint8)
    for number, name in enumerate(("below", "beside", "rows", "columns")):
        film = Film(3, 0, 0, 5, 4, number, key=True)
        yield name, animated((5, 4), THREE, [(film, pictures)]), f"the arrangement `{name}`", "9"
    key = Film(1, 0, 0, 5, 4, key=True)
    first = (key, pictures[:1])
    yield (
        "rectangle",
        animated((5, 4), THREE, [first, (Film(2, 3, 1, 2, 3), pictures[:2, :3, :2])]),
        "two films, the second of a rectangle",
        "9",
    )
    yield (
        "keep",
        animated((5, 4), THREE, [first, (Film(2, 1, 1, 4, 3, 3, keep=0), pictures[:2, :3, :4])]),
        "the index 0 leaves pixels as they are",
        "9",
    )
    yield (
        "keep-beyond",
        animated((5, 4), THREE, [first, (Film(2, 1, 1, 4, 3, keep=200), np.where(pictures[:2, :3, :4], 200, 1))]),
        "an index to keep pixels by that is beyond the palette",
        "9",
    )
    yield (
        "keep-in-key",
        animated((5, 4), THREE, [(Film(2, 1, 0, 3, 4, keep=2, key=True), pictures[:2, :, :3])]),
        "a key film of a rectangle that keeps pixels: the others are of index 0",
        "9",
    )
    yield (
        "key",
        animated((5, 4), THREE, [first, (Film(1, 1, 1, 2, 2, key=True), pictures[:1, :2, :2])]),
        "a second key film",
        "9",
    )
    yield (
        "overlay",
        animated((5, 4), THREE, [first, (Film(2, 0, 0, 2, 2, overlay=True), pictures[1:, :2, :2])]),
        "an overlay of two pictures: the first completes the first frame",
        "9",
    )
    yield (
        "overlay-of-overlay",
        animated(
            (5, 4),
            THREE,
            [first] + [(Film(1, i, 0, 2, 2, overlay=True), pictures[i : i + 1, :2, :2]) for i in range(3)],
        ),
        "three overlays on one frame",
        "9",
    )
    other = [(9, 9, 9), (10, 200, 30, 128)]
    yield (
        "own-palette",
        animated(
            (5, 4), THREE, [first, (Film(1, 1, 1, 3, 2, own_palette=True), pictures[1:2, :2, :3])], [THREE, other]
        ),
        "a film with a palette of two entries and three indices: the last one is opaque black",
        "9",
    )
    yield (
        "no-palette",
        animated((5, 4), [], [first]),
        "an animation with an empty palette",
        "9",
    )
    whole = animated((5, 4), THREE, [first])
    end = whole.index(b"\xc1")
    yield (
        "palette-behind",
        SIGNATURE + b"\x04\x03" + reordered(whole, end),
        "chunk A before chunk P",
        "4",
    )


def reordered(whole: bytes, start: int) -> bytes:
    """The chunks P and A of an animation the other way round, and the rest, with new checksums."""
    table = whole[start : start + 2 + whole[start + 1]]
    pixels = whole[start + len(table) + 4 : -4]
    return assemble(SIGNATURE + b"\x04\x03", table, CHECKSUM, whole[7:start], pixels, CHECKSUM)[7:]


def animated(
    size: tuple[int, int],
    palette: list[tuple[int, ...]],
    films: list[tuple[Film, np.ndarray]],
    palettes: list[list[tuple[int, ...]]] | None = None,
    *,
    table: bytes | None = None,
) -> bytes:
    """An animation of films, pixels being stored rows. palettes: of each film where they differ. table: its chunk A."""
    colors = [image(each, [[0]]).palette.tobytes() for each in palettes or [palette] * len(films)]
    frames = sum(film.pictures - film.overlay for film, _ in films)
    file = container.Writer(*size)
    if colors[0]:
        file.chunk("P", encode_palette(colors[0], sorting=False), checked=False)
    stated = Animation((10,) * frames, 0, tuple(film for film, _ in films))
    file.chunk("A", encode_table(stated, *size) if table is None else table, checked=True)
    file.end_head()
    for number, (film, pictures) in enumerate(films):
        if number:
            file.film(number)
        if film.own_palette:
            file.chunk("P", encode_palette(colors[number], sorting=False), checked=False)
        file.chunk("D", b"\x30" + to_image(pictures.astype(np.uint8), film.arrangement).tobytes(), checked=True)
    return file.getvalue()


SMALLEST_ANIMATION = animated(
    (1, 1), [(255, 128, 0), (0, 0, 255)], [(Film(2, 0, 0, 1, 1, key=True), np.array([[[0]], [[1]]], np.uint8))]
)


def rejected_animations() -> Iterator[tuple[str, bytes, str, str, str, str]]:
    """Name, file, outcome, stage, sentence, section."""
    picture = np.zeros((1, 2, 2), np.uint8)
    key, over = Film(1, 0, 0, 2, 2, key=True), Film(1, 0, 0, 2, 2)

    def with_table(*numbers: int, films: list[tuple[Film, np.ndarray]] | None = None) -> bytes:
        return animated((2, 2), THREE, films or [(key, picture)], table=bytes(numbers))

    def stated(*films: Film, durations: tuple[int, ...] = (10,)) -> bytes:
        table = encode_table(Animation(durations, 0, films), 2, 2)
        return animated((2, 2), THREE, [(key, picture)] * len(films), table=table)

    good = animated((2, 2), THREE, [(key, picture), (over, picture)])
    place = good.index(b"\xc1")
    for name, data, outcome, says in (
        ("empty-table", with_table(), "corrupt", "an empty chunk A"),
        ("short-table", with_table(0, 0, 0, 0), "corrupt", "a chunk A that ends within the durations"),
        ("no-films", with_table(0, 0, 0, 0, 10), "corrupt", "a chunk A that ends before the films"),
        ("long-table", with_table(0, 0, 0, 0, 10, 4, 0, 0), "corrupt", "a byte behind the last film"),
        ("durations", with_table(0, 0, 0, 1, 10, 4, 0), "corrupt", "two durations for one frame"),
        ("frames", stated(key, durations=(10, 10)), "corrupt", "two frames and one picture"),
        ("pictures", stated(key, over), "corrupt", "one frame and two pictures"),
        ("many-frames", with_table(0x80, 0x80, 4, 0, 0, 0xFF, 0xFF, 3, 10, 4, 0), "corrupt", "65537 frames"),
        ("many-films", with_table(0, 0x80, 0x80, 4, 0, 0, 10, 4, 0), "corrupt", "65537 films"),
        ("no-key", stated(over), "corrupt", "a first film that is not key"),
        ("first-palette", stated(key._replace(own_palette=True)), "corrupt", "a first film with a palette of its own"),
        ("first-overlay", stated(over._replace(overlay=True)), "corrupt", "a first film that is an overlay"),
        ("key-overlay", stated(key, key._replace(overlay=True)), "corrupt", "a film that is key and an overlay"),
        (
            "beyond",
            stated(key._replace(left=1, width=2, height=1)),
            "corrupt",
            "a rectangle that goes beyond the canvas",
        ),
        (
            "film-pixels",
            stated(key._replace(pictures=2**22 + 1), durations=(1,) * 65536),
            "corrupt",
            "a film of more than 2^24 pixels",
        ),
        (
            "film-side",
            with_table(0, 0, 0, 0, 10, 9 | 4, 0xFF, 0xFF, 0xFF, 7, 0, 0, 0, 1),
            "corrupt",
            "a film of more than 2^24 pixels, 2^24 pictures beside each other",
        ),
        ("two-tables", two_tables(good, place), "corrupt", "two chunks A"),
        ("unchecked-table", good.replace(b"\xc1", b"A"), "corrupt", "a chunk A without a checksum"),
        ("damaged-table", good[: place + 4] + b"\5" + good[place + 5 :], "corrupt", "a chunk A with a wrong checksum"),
        (
            "short-film",
            stated(key._replace(pictures=2), durations=(1, 1)),
            "corrupt",
            "a film of two pictures, and one",
        ),
    ):
        yield f"animation-{name}", data, outcome, "open", says, "9"
    yield "animation-flags", with_table(0, 0, 0, 0, 10, 0x84, 0), "unsupported", "open", "bit 7 of a film's flags", "9"

    second = len(animated((2, 2), THREE, [(key, picture)])) + 2  # a second film takes two bytes of chunk A
    film = good[second:]
    assert film[:1] == b"\xc4"
    for name, data, outcome, says in (
        ("no-second-film", good[:second], "truncated", "the second film is missing"),
        ("cut-film", good[:-1], "truncated", "the second film is cut"),
        ("film-checksum", good[:-1] + bytes([good[-1] ^ 1]), "corrupt", "the checksum of the second film is wrong"),
        ("film-ancillary", good[:second] + ancillary("z", b"") + film, "corrupt", "an ancillary chunk before a film"),
        ("film-critical", good[:second] + b"Z\0" + film, "unsupported", "an unknown chunk before a film"),
        ("film-palette", good[:second] + b"P\4\0abc" + film, "corrupt", "a palette that chunk A does not announce"),
        ("film-unchecked", good[:second] + b"D" + film[1:], "corrupt", "a film without a checksum"),
        ("film-of-another-place", exchanged(key, over), "corrupt", "two films have changed places"),
        ("trailing", good + b"\0", "corrupt", "a byte behind the last film"),
    ):
        yield f"animation-{name}", data, outcome, "frames", says, "9"
    own = animated((2, 2), THREE, [(key, picture), (over._replace(own_palette=True), picture)])
    start = own.rindex(b"P", 0, -8)
    length = 2 + own[start + 1]
    yield (
        "animation-no-palette",
        own[:start] + own[start + length :],
        "corrupt",
        "frames",
        "a palette is announced and missing",
        "9",
    )


def two_tables(good: bytes, place: int) -> bytes:
    length = 2 + good[place + 1]
    table = good[place : place + length]
    return assemble(good[:place], table, CHECKSUM, table, CHECKSUM, good[place + length + 4 :])


def exchanged(key: Film, over: Film) -> bytes:
    """An animation whose second and third film have changed places."""
    pictures = [np.full((1, 2, 2), value, np.uint8) for value in range(3)]
    good = animated((2, 2), THREE, list(zip((key, over, over), pictures, strict=True)))
    return good[:-22] + good[-11:] + good[-22:-11]


def rejected_files() -> Iterator[tuple[str, bytes, str, str, str, str]]:
    """Name, file, outcome, stage, sentence, section."""
    palette_and_pixels = (PALETTE, PIXELS, CHECKSUM)

    yield "empty", b"", "not KMQ", "open", "no bytes at all", "3"
    yield "signature", b"\x0bKMQ" + WHOLE[4:], "not KMQ", "open", "bit 7 of the first byte is gone", "3"
    yield "version-0", assemble(b"\x8bKMQ\x00\x01\x01", *palette_and_pixels), "corrupt", "open", "version 0", "3"
    yield "version-2", assemble(b"\x8bKMQ\x02", b"anything"), "unsupported", "open", "version 2, whatever follows", "3"
    yield (
        "too-wide",
        assemble(SIGNATURE + b"\x80\x80\x80\x08\x00", *palette_and_pixels),
        "corrupt",
        "open",
        "a width of 2^24 + 1",
        "3",
    )
    yield (
        "padded-number",
        assemble(SIGNATURE + b"\x81\x00\x01", *palette_and_pixels),
        "corrupt",
        "open",
        "a width in two bytes that fits in one",
        "1",
    )
    yield (
        "endless-number",
        assemble(SIGNATURE + b"\xff" * 5 + b"\x01\x01", *palette_and_pixels),
        "corrupt",
        "open",
        "a number of more than five bytes",
        "1",
    )
    yield (
        "huge-number",
        assemble(HEADER, b"z\xff\xff\xff\xff\x10"),
        "corrupt",
        "open",
        "a length of 2^32 and more",
        "1",
    )

    for name, place, stage, says in (
        ("signature", 4, "open", "ends after the signature"),
        ("size", 6, "open", "ends after the width"),
        ("palette", 12, "open", "ends within the palette"),
        ("chunk", 17, "open", "ends after the tag of chunk D"),
        ("pixels", 20, "load", "ends within the pixels"),
        ("checksum", 24, "load", "ends within the last checksum"),
    ):
        yield f"truncated-{name}", WHOLE[:place], "truncated", stage, says, "1"
    yield (
        "truncated-huge-chunk",
        assemble(HEADER, b"z\xff\xff\xff\xff\x0f", b"short"),
        "truncated",
        "open",
        "announces a chunk of 4 GB of which 5 bytes are there",
        "10",
    )

    yield "tag", assemble(HEADER, chunk("1", b""), *palette_and_pixels), "corrupt", "open", "a digit as a tag", "4"
    yield (
        "critical-chunk",
        assemble(HEADER, chunk("Z", b""), *palette_and_pixels),
        "unsupported",
        "open",
        "an unknown critical chunk",
        "4",
    )
    yield (
        "many-chunks",
        assemble(HEADER, chunk("z", b"") * 256, PIXELS, CHECKSUM),
        "corrupt",
        "open",
        "256 chunks before the pixels",
        "4",
    )
    yield "no-pixels", assemble(HEADER, PALETTE), "truncated", "open", "no chunk D", "4"
    yield (
        "trailing-byte",
        WHOLE + b"\0",
        "corrupt",
        "trailing",
        "a byte after the end; a reader of streams leaves it unread",
        "2",
    )

    yield (
        "unchecked-pixels",
        assemble(HEADER, PALETTE, b"D" + PIXELS[1:]),
        "corrupt",
        "open",
        "chunk D without a checksum",
        "4",
    )
    yield (
        "checksum",
        WHOLE[:-1] + bytes([WHOLE[-1] ^ 1]),
        "corrupt",
        "load",
        "the last checksum is wrong by one bit",
        "5",
    )
    yield (
        "damaged-palette",
        WHOLE[:10] + bytes([WHOLE[10] ^ 1]) + WHOLE[11:],
        "corrupt",
        "load",
        "a colour changed; only the checksum shows it",
        "5",
    )
    yield (
        "checksum-palette",
        CHECKED_PALETTE[:16] + bytes([CHECKED_PALETTE[16] ^ 1]) + CHECKED_PALETTE[17:],
        "corrupt",
        "open",
        "the palette's own checksum is wrong",
        "5",
    )
    yield (
        "checksum-covers-checksum",
        CHECKED_PALETTE[:-4] + zlib.crc32(CHECKED_PALETTE[:-4]).to_bytes(4, "little"),
        "corrupt",
        "load",
        "the last checksum covers the one before it, which it must leave out",
        "5",
    )

    yield from rejected_palettes()
    yield from rejected_pixels()


def rejected_palettes() -> Iterator[tuple[str, bytes, str, str, str, str]]:
    def with_palette(*payloads: bytes) -> bytes:
        return assemble(HEADER, *(chunk("P", payload) for payload in payloads), PIXELS, CHECKSUM)

    entry = b"\0abc"
    for name, payloads, outcome, says in (
        ("twice", (entry, entry), "corrupt", "two chunks P"),
        ("without-payload", (b"",), "corrupt", "a chunk P without a first byte"),
        ("without-entries", (b"\0",), "corrupt", "a chunk P without entries"),
        ("uneven", (b"\0abcd",), "corrupt", "four bytes are no whole entries"),
        ("no-alpha-count", (b"\x10",), "corrupt", "alphas announced, and nothing follows"),
        ("too-many-alphas", (b"\x10\x01abc\0\0",), "corrupt", "two alphas for one entry"),
        ("opaque-last-alpha", (b"\x10\x00abc\xff",), "corrupt", "the list of alphas ends with 255"),
        ("bad-deflate", (b"\x01\xff\xff\xff",), "corrupt", "a palette that is no deflate stream"),
        ("bomb", (b"\x01" + deflated(bytes(40000)),), "corrupt", "40000 bytes of palette, deflated"),
        ("257", (b"\x01" + deflated(bytes(3 * 257)),), "corrupt", "257 entries, deflated"),
        ("after-deflate", (b"\x01" + deflated(b"abc") + b"!",), "corrupt", "a byte after the deflate stream"),
        ("sorted-without-counts", (b"\x02\x05",), "corrupt", "a sorted palette without its second count"),
        ("sorted-listed", (b"\x02\x01\x02abc",), "corrupt", "a sorted palette of two entries that lists three"),
        ("sorted-range", (b"\x22\x01" + bytes(9),), "corrupt", "a sorted palette with an alpha above 255"),
        ("sorted-long", (b"\x22\x00\xff\xff\xff\xff" + bytes(9),), "corrupt", "a sorted palette that is too long"),
        ("sorted-options", (b"\x42\x00abc",), "unsupported", "a sorted palette with bit 6"),
        ("coding", (b"\x03abc",), "unsupported", "palette coding 3"),
        ("options", (b"\x20abc",), "unsupported", "bit 5 of the palette's first byte"),
    ):
        yield f"palette-{name}", with_palette(*payloads), outcome, "open", says, "6"
    yield (
        "palette-too-long",
        assemble(HEADER, b"P\x83\x08\x00", bytes(1026), PIXELS, CHECKSUM),
        "corrupt",
        "open",
        "a palette of 1027 bytes",
        "6",
    )


def rejected_pixels() -> Iterator[tuple[str, bytes, str, str, str, str]]:
    def with_pixels(payload: bytes, header: bytes = HEADER) -> bytes:
        return assemble(header, PALETTE, pixels(payload), CHECKSUM)

    stream = deflated(b"\x80\x40")
    for name, payload, outcome, stage, says in (
        ("without-payload", b"", "corrupt", "open", "an empty chunk D"),
        ("coding", b"\x0f\0\0", "unsupported", "open", "pixel coding 15"),
        ("layout", b"\x50\0\0", "unsupported", "open", "row layout 5"),
        ("short", b"\x00\x80", "corrupt", "open", "one row of two, stored"),
        ("long", b"\x00\x80\x40\x00", "corrupt", "open", "three rows of two, stored"),
        ("unused-bits", b"\x00\x80\x41", "corrupt", "load", "an unused bit at the end of a row is set"),
        ("filter", b"\x40\x00\x03\x01\x00\x00\x01", "corrupt", "load", "filter 3"),
        ("deflate", b"\x01\xff\xff\xff", "corrupt", "load", "no deflate stream"),
        ("deflate-short", b"\x01" + deflated(b"\x80"), "corrupt", "load", "one row of two, deflated"),
        ("deflate-long", b"\x01" + deflated(b"\x80\x40\x00"), "corrupt", "load", "three rows of two, deflated"),
        ("deflate-cut", b"\x01" + stream[:-1], "corrupt", "load", "the deflate stream does not end in the chunk"),
        ("after-deflate", b"\x01" + stream + b"!", "corrupt", "load", "a byte after the deflate stream"),
        ("deflate-bomb", b"\x01" + deflated(bytes(100000)), "corrupt", "load", "100000 bytes for four pixels"),
    ):
        yield f"pixels-{name}", with_pixels(payload), outcome, stage, says, "7.1" if name != "coding" else "7"
    stripe = b"\x80\x40"
    index = bytes([1, 2]) + zlib.crc32(stripe).to_bytes(4, "little")
    for name, payload, says in (
        ("list-missing", b"\x43", "a list of symbols is announced, and nothing follows"),
        ("list-short", b"\x43\x00\x01\x02", "two of 32 bytes that list the symbols"),
        ("list-empty", b"\x43\x01\x00", "no symbol is listed"),
        ("list-long", b"\x43\x03\x80\x7f\x02", "257 entries are listed"),
        ("flat-long", b"\x43\x01\x01\x00", "one symbol, and a code that it does not need"),
        ("code-long", b"\x03" + bytes(9), "a code of which four pixels do not need all bytes"),
        ("stripes-missing", b"\x83", "stripes are announced, and nothing follows"),
        ("stripes-many", b"\x83\x01" + index * 3 + stripe * 3, "three stripes for two rows"),
        ("stripes-rows", b"\x83\x00" + index + b"\x02" + index[1:] + stripe * 2, "stripes of three rows for two"),
        ("stripes-zero", b"\x83\x00" + b"\x02" + index[1:] + b"\x00" + index[1:] + stripe * 2, "a stripe of no rows"),
        ("stripes-length", b"\x83\x00" + index * 2 + stripe, "the code of the second stripe is missing"),
        ("stripes-checksum", b"\x83\x00" + index * 2 + stripe + b"\x80\x41", "a stripe differs from its checksum"),
    ):
        yield f"mixed-{name}", with_pixels(payload), "corrupt", "load", says, "7.2"
    for name, payload, says in (
        ("code-long", b"\x04" + bytes(9), "a code of which four pixels do not need all bytes"),
        ("flat-long", b"\x44\x01\x01\x00", "one symbol, and a code that it does not need"),
        ("list-empty", b"\x44\x01\x00", "no symbol is listed"),
        ("stripes-rows", b"\x84\x00" + index + b"\x02" + index[1:] + stripe * 2, "stripes of three rows for two"),
        ("stripes-checksum", b"\x84\x00" + index * 2 + stripe + b"\x80\x41", "a stripe differs from its checksum"),
    ):
        yield f"max-{name}", with_pixels(payload), "corrupt", "load", says, "7.7"
    yield from rejected_fast_pixels()
    yield (
        "pixels-cannot-fill",
        with_pixels(b"\x01" + stream, SIGNATURE + b"\xff\xff\xff\x07" * 2),
        "corrupt",
        "open",
        "2^24 x 2^24 pixels in four bytes of deflate: refused before anything is allocated",
        "7.1",
    )


def rejected_fast_pixels() -> Iterator[tuple[str, bytes, str, str, str, str]]:
    """Images of 16x1 pixels and of six colours."""

    def file(payload: bytes) -> bytes:
        palette = chunk("P", b"\0" + bytes(range(0, 90, 5)))
        return assemble(SIGNATURE + b"\x0f\x00", palette, pixels(payload), CHECKSUM)

    run = prepared([1] * 26)
    pixel = prepared([6] * 3 + [3] * 5)
    photo = prepared([6] * 2 + [3] * 5)
    whole = token(run, 0, 16)
    none = token(run, 1, 16)
    state = (65536).to_bytes(4, "little")
    for name, payload, says in (
        ("empty", b"\x15", "no code at all"),
        ("state", b"\x15\xff\xff\0\0\0\0", "a first state below 65536"),
        ("short", b"\x15" + state, "a code that ends before the row does"),
        ("odd", b"\x15" + rans([whole]) + b"\0", "a byte more than a code of whole words has"),
        ("long", b"\x15" + rans([whole]) + b"\0\0", "two bytes of a code are not needed"),
        ("end", b"\x15" + rans([whole], 65537), "the last state is not 65536"),
        ("run", b"\x15" + rans([token(run, 6, 16), (0, 4096)]), "a partial run of 16 pixels, where there are 16"),
        ("rank", b"\x15" + rans([none, token(pixel, 7, 16), (32768, 32768)]), "place 6 of six colours"),
        ("photo-rank", b"\x05" + rans([token(photo, 6, 1)], 131073, 12), "place 6 of six colours, in a photo"),
        ("list-missing", b"\x45", "a list of symbols is announced, and nothing follows"),
        ("stripes-many", b"\x85\x00\x01\x06\0\0\0\0\x01\x06\0\0\0\0", "two stripes for one row"),
    ):
        yield f"fast-{name}", file(payload), "corrupt", "load", says, "7.8"


def prepared(counts: list[int]) -> reference_decoder.Context:
    """A new context, with its sizes."""
    context = reference_decoder.Context(counts)
    context.prepare()
    return context


def token(context: reference_decoder.Context, number: int, unit: int) -> tuple[int, int]:
    """Start and size of a token."""
    return unit * sum(context.sizes[:number]), unit * context.sizes[number]


def rans(parts: list[tuple[int, int]], x: int = 65536, bits: int = 16) -> bytes:
    """A code of the level `fast`, from starts and sizes, which add up to 2^bits."""
    code = b""
    for start, size in reversed(parts):
        if x >= size << (32 - bits):
            code = (x & 65535).to_bytes(2, "little") + code
            x >>= 16
        x = (x // size << bits) + x % size + start
    return x.to_bytes(4, "little") + code


def cases() -> list[Case]:
    """All vectors."""
    result = []
    for level, images in (
        ("deflate", encoded_images()),
        ("fast", fast_images()),
        ("default", mixed_images()),
        ("max", max_images()),
    ):
        for name, picture, says, section in images:
            data = encode(picture, compression=level)
            own = mixed_file(picture) if level == "default" else data
            encoded = level if own == data else ""
            result.append(Case(f"good-{name}", own, says, section, "good", image=picture, encoded=encoded))
    result += [
        Case(f"good-{name}", data, says, section, "good", image=image)
        for name, data, image, says, section in assembled_good_files()
    ]
    result += [
        Case(f"good-{name}", data, says, section, "good", image=TWO_BY_TWO, metadata=metadata)
        for name, data, metadata, says, section in metadata_files()
    ]
    result += [
        Case(f"good-animation-{name}", data, says, section, "good", frames=frames_of(data))
        for name, data, says, section in (*encoded_animations(), *assembled_animations())
    ]
    for name, data, outcome, stage, says, section in (*rejected_files(), *rejected_animations()):
        kind = "unsupported" if outcome == "unsupported" else "bad"
        result.append(Case(f"{kind}-{name}", data, says, section, outcome, stage))
    return result


def frames_of(data: bytes) -> list[np.ndarray]:
    reader = read_animation(data)
    return [reader.frame(number) for number in range(len(reader))]


def animation_entry(case: Case) -> dict[str, object]:
    reader = read_animation(case.data)
    assert case.frames is not None
    return {
        "width": reader.head.width,
        "height": reader.head.height,
        "palette": reader.head.palette.tobytes().hex(),
        "plays": reader.plays,
        "durations": reader.durations,
        "indexed": reader.indexed,
        "frames": [frame.tobytes().hex() for frame in case.frames],
        "metadata": {},
    }


def manifest(cases: list[Case]) -> str:
    """vectors.json: what a decoder must make of each file."""
    entries = []
    for case in cases:
        entry = {
            "file": f"{case.name}.kmq",
            "says": case.says,
            "section": case.section,
            "outcome": case.outcome,
        }
        if case.frames is not None:
            entry.update(animation_entry(case))
        elif case.image is None:
            entry["stage"] = case.stage
        else:
            entry["encoded"] = case.encoded
            entry["width"], entry["height"] = case.image.width, case.image.height
            entry["palette"] = case.image.palette.tobytes().hex()
            entry["indices"] = case.image.indices.tobytes().hex()
            entry["metadata"] = {
                name: value.hex() if isinstance(value, bytes) else value
                for name, value in case.metadata._asdict().items()
                if value
            }
        entries.append(entry)
    return json.dumps(entries, indent=1) + "\n"


def readme(cases: list[Case]) -> str:
    """README.md: a sentence for each file."""
    lines = [
        "# Vectors of the KMQ format, version 1",
        "",
        "Made by `tools/make_vectors.py`; they never change within a format version. `vectors.json` has the same for",
        "programs, with the size, palette (RGBA), indices and metadata of every good file, bytes in hexadecimal.",
        "",
        "`good-` files decode to the image listed. `bad-` files must be rejected as damaged, `unsupported-` files",
        "with the remark that a newer decoder is needed; the outcomes are those of docs/FORMAT.md, section 1. Stage",
        "`open`: a reader that stops at the first byte of the pixels already notices. Stage `load`: it shows when the",
        "pixels are read. Stage `trailing`: only a reader that knows where the file ends notices. Stage `frames`: it",
        "shows when all frames of an animation are read and the file must end there. Of good animations, `frames` has",
        "the indices of each frame if `indexed`, or else its colours (RGBA). Files marked * are what the encoder",
        "writes, byte for byte, with the original zlib (other implementations deflate differently).",
        "",
        "| file | bytes | what it shows | section | outcome | stage |",
        "|---|---|---|---|---|---|",
    ]
    for case in cases:
        mark = " *" if case.encoded else ""
        lines.append(
            f"| {case.name}{mark} | {len(case.data)} | {case.says} | {case.section} | {case.outcome} | {case.stage} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    codec.pixels.SMALL = 0  # so that small images have the model of `max`
    all_cases = cases()
    VECTORS.mkdir(exist_ok=True)
    for case in all_cases:
        (VECTORS / f"{case.name}.kmq").write_bytes(case.data)
    (VECTORS / "vectors.json").write_text(manifest(all_cases))
    (VECTORS / "README.md").write_text(readme(all_cases))


if __name__ == "__main__":
    main()
