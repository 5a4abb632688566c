"""Take whole files apart and put them together wrongly: `python tools/fuzz_files.py [COUNT] [SEED]`.

Chunks of the good vectors are shuffled, doubled, dropped, exchanged between files, announced longer or shorter than
they are, damaged, and given other sizes, with checksums that are right again as often as not. Each file must end as an
image or with an error of this package, from the codec and through Pillow, within bounds of time and memory, and the
plain decoder must judge small files the same way.
"""

from __future__ import annotations

import random
import resource
import sys
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFile

import pillow_kmq
from pillow_kmq import codec
from pillow_kmq.codec.container.chunks import Reader, film_crc
from pillow_kmq.codec.container.varint import to_varint, varint_at
from pillow_kmq.errors import KmqError

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

import reference_decoder  # noqa: E402
from places import VECTORS  # noqa: E402

MAX_PIXELS = 1 << 20
SECONDS = 3.0
MEMORY = 3 << 30


@dataclass(frozen=True)
class Part:
    """A chunk. announced: the length that the file states, if it is not that of the payload."""

    tag: int
    payload: bytes
    announced: int | None = None

    def head(self) -> bytes:
        length = len(self.payload) if self.announced is None else self.announced
        return bytes([self.tag]) + to_varint(length)


def parts_of(data: bytes) -> tuple[bytes, list[Part]]:
    """The header of a good file, and its chunks."""
    place = varint_at(data, varint_at(data, 5)[1])[1]
    header, parts = data[:place], []
    while place < len(data):
        length, start = varint_at(data, place + 1)
        parts.append(Part(data[place], data[start : start + length]))
        place = start + length + 4 * (data[place] >= 128)
    return header, parts


def assemble(header: bytes, parts: list[Part], chance: random.Random, wrong: float) -> bytes:
    """A file with checksums that are right, but for a share of them."""
    data, crc, head_crc, films = header, zlib.crc32(header), 0, 0
    for part in parts:
        chunk = part.head() + part.payload
        if part.tag & 0x20:
            own = zlib.crc32(chunk)
        else:
            if part.tag & 0x7F == ord("D") and films == 0:
                head_crc = crc
            crc = own = zlib.crc32(chunk, crc)
            if part.tag & 0x7F == ord("D"):
                films += 1
                crc = film_crc(head_crc, films)
        data += chunk
        if part.tag >= 128:
            own ^= chance.getrandbits(32) if chance.random() < wrong else 0
            data += own.to_bytes(4, "little")
    return data


def files(seed: int, count: int) -> Iterator[bytes]:
    """Files made of the chunks of good ones."""
    chance = random.Random(seed)
    originals = [parts_of(path.read_bytes()) for path in sorted(VECTORS.glob("good-*.kmq"))]
    animated = [original for original in originals if any(part.tag & 0x7F == ord("A") for part in original[1])]
    for _ in range(count):
        header, parts = chance.choice(animated if chance.random() < 0.5 else originals)
        parts = list(parts)
        for _ in range(chance.choice([0, 1, 1, 2, 3, 5])):
            header, parts = changed(header, parts, originals, chance)
        data = assemble(header, parts, chance, chance.choice([0, 0, 0.1, 1]))
        if chance.random() < 0.1:
            data = data[: chance.randrange(len(data) + 1)]
        yield data


def changed(
    header: bytes, parts: list[Part], originals: list[tuple[bytes, list[Part]]], chance: random.Random
) -> tuple[bytes, list[Part]]:
    """One step away."""
    place = chance.randrange(len(parts)) if parts else 0
    part = parts[place] if parts else Part(ord("z"), b"")
    other_header, others = chance.choice(originals)
    match chance.randrange(11):
        case 0:
            chance.shuffle(parts)
        case 1:
            parts.insert(chance.randrange(len(parts) + 1), part)
        case 2:
            del parts[place : place + 1]
        case 3:
            parts.insert(place, chance.choice(others))
        case 4:
            parts[place : place + 1] = [chance.choice(others)]
        case 5:
            lengths = [0, 1, len(part.payload) + 1, max(0, len(part.payload) - 1), 1 << 16, 1 << 24, (1 << 32) - 1]
            parts[place : place + 1] = [replace(part, announced=chance.choice(lengths))]
        case 6:
            parts[place : place + 1] = [replace(part, payload=damaged(part.payload, chance))]
        case 7:
            parts[place : place + 1] = [
                replace(part, tag=chance.choice([part.tag ^ 0x80, part.tag ^ 0x20, 0x5A, 0xFA]))
            ]
        case 8:
            header = other_header
        case 9:
            sides = [0, 1, 2, 9, 127, 255, 1023, 65535, (1 << 24) - 1]
            header = header[:5] + to_varint(chance.choice(sides)) + to_varint(chance.choice(sides))
        case _:
            payload = part.payload + chance.randbytes(chance.choice([1, 2, 300, 70000]))
            parts[place : place + 1] = [replace(part, payload=payload)]
    return header, parts


def damaged(payload: bytes, chance: random.Random) -> bytes:
    data = bytearray(payload)
    for _ in range(chance.choice([1, 1, 2, 5])):
        place = chance.randrange(len(data) + 1)
        if chance.random() < 0.7 and place < len(data):
            data[place] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256), data[place] ^ 1])
        elif chance.random() < 0.5:
            del data[place : place + chance.randrange(1, 4)]
        else:
            data[place:place] = chance.randbytes(chance.randrange(1, 4))
    return bytes(data)


def judged(data: bytes) -> str:
    """What the package makes of a file: "image" or the name of an error."""
    try:
        reader = codec.read_animation(data, max_pixels=MAX_PIXELS)
        for number in range(min(len(reader), 20)):
            reader.frame(number)
        reader.verify()
    except KmqError as error:
        return type(error).__name__
    return "image"


def through_pillow(data: bytes) -> None:
    """Open it, go to two frames and load; only what Pillow's users expect may be raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(BytesIO(data))
            if image.width * image.height <= MAX_PIXELS:
                image.load()
                image.seek(image.n_frames - 1)
                image.load()
                image.seek(0)
                image.convert("RGBA")
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError):
        pass


def naively(data: bytes) -> str:
    """What the plain decoder makes of it, "" if that would take long."""
    try:
        head = codec.read_head(BytesIO(data))
    except KmqError:
        try:
            width, height = Reader(BytesIO(data)).header()
        except KmqError:
            width = height = 0
        pixels = width * height
    else:
        sizes = [film.image_size for film in head.animation.films] if head.animation else [(head.height, head.width)]
        frames = len(head.animation.durations) if head.animation else 1
        pixels = sum(h * w for h, w in sizes) + frames * head.width * head.height
    if pixels > 3000:
        return ""
    try:
        reference_decoder.decode(data)
    except reference_decoder.Rejected:
        return "rejected"
    return "image"


def main() -> None:
    """Fuzz; the outcomes, the slowest file and the memory are printed."""
    count, seed = (int(value) for value in (*sys.argv[1:], 30000, 1)[:2])
    pillow_kmq.register_kmq_opener()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))  # beyond it, a MemoryError
    outcomes: Counter[str] = Counter()
    slowest, compared = 0.0, 0
    for number, data in enumerate(files(seed, count)):
        begin = time.process_time()
        outcome = judged(data)
        ImageFile.LOAD_TRUNCATED_IMAGES = number % 2 == 1
        through_pillow(data)
        taken = time.process_time() - begin
        if number > 1000:  # the first ones import and compile
            slowest = max(slowest, taken)
            assert taken < SECONDS, (number, taken)
        outcomes[outcome] += 1
        if number % 3 == 0 and (other := naively(data)):
            compared += 1
            assert (other == "image") == (outcome == "image"), (number, outcome, other)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(dict(outcomes), f"compared {compared}, slowest {slowest:.2f} s, {memory} MB at most")


if __name__ == "__main__":
    main()
