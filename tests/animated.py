"""Animations for tests: made up by hypothesis, and read again."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image, ImageSequence

import pillow_kmq

Shown = list[tuple[Any, int]]
"""Each frame as RGBA, uint8[h, w, 4], all invisible pixels alike, and its milliseconds."""


def visible(image: Image.Image) -> Any:
    """Return pixels, all invisible ones alike."""
    pixels = np.array(image.convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def shown(data: bytes) -> Shown:
    """Return all frames of a file as Pillow shows them."""
    with Image.open(BytesIO(data)) as image:
        return [(visible(frame), round(frame.info.get("duration", 0))) for frame in ImageSequence.Iterator(image)]


def merged(frames: Shown) -> Shown:
    """Return frames with identical neighbours as one."""
    result: Shown = []
    for pixels, duration in frames:
        if result and np.array_equal(result[-1][0], pixels):
            result[-1] = pixels, result[-1][1] + duration
        else:
            result.append((pixels, duration))
    return result


def same(some: Shown, others: Shown) -> bool:
    """Return whether two animations look the same at any time."""
    some, others = merged(some), merged(others)
    return len(some) == len(others) and all(
        np.array_equal(a, b) and before == after for (a, before), (b, after) in zip(some, others, strict=True)
    )


def saved(frames: Any, format: str, **options: Any) -> bytes:
    """Return the file that `save_animation` writes."""
    stream = BytesIO()
    pillow_kmq.save_animation(frames, stream, format, **options)
    return stream.getvalue()


def palette_image(indices: Any, palette: Any) -> Image.Image:
    """Return a P image. palette: RGBA, uint8[k, 4]."""
    image = Image.fromarray(np.ascontiguousarray(indices, np.uint8)).convert("L")
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette(np.ascontiguousarray(palette[:, :3]).tobytes())
    if (palette[:, 3] < 255).any():
        image.info["transparency"] = palette[:, 3].tobytes()
    return image


@st.composite
def animations(
    draw: Any, *, translucent: bool = False, colors: int = 6, indexed: bool = False
) -> tuple[list[Image.Image], list[int]]:
    """Draw frames, P with one palette or RGBA, and their durations. Parts move, repeat, appear and disappear.

    With `indexed`, all frames are P, and there is more than one.
    """
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, colors))
    palette = np.full((count, 4), 255, np.uint8)
    palette[:, :3] = rng.integers(0, 256, (count, 3))
    if draw(st.booleans()):
        palette[rng.integers(count)] = 0
    if translucent and draw(st.booleans()):
        palette[rng.integers(count), 3] = 77
    frames = [rng.integers(0, count, (height, width))]
    for way in draw(st.lists(st.sampled_from(["same", "part", "flat", "new", "back"]), min_size=indexed, max_size=6)):
        frame = frames[-1].copy()
        top, left = rng.integers(height), rng.integers(width)
        part = np.s_[top : rng.integers(top, height) + 1, left : rng.integers(left, width) + 1]
        if way == "part":
            frame[part] = rng.integers(0, count, frame[part].shape)
        elif way == "flat":
            frame[part] = rng.integers(count)
        elif way == "new":
            frame = rng.integers(0, count, frame.shape)
        elif way == "back" and len(frames) > 1:
            frame = frames[-2]
        frames.append(frame)
    images = [palette_image(frame, palette) for frame in frames]
    if not indexed and draw(st.booleans()):
        images = [image.convert("RGBA") for image in images]
    durations = draw(st.lists(st.integers(0, 40).map(lambda n: 10 * n), min_size=len(frames), max_size=len(frames)))
    return images, durations


def composed(data: bytes) -> Shown:
    """Return all frames of an APNG as its specification composes them; Pillow decodes their parts as still PNGs."""
    chunks = list(png_chunks(data))
    header = next(body for name, body in chunks if name == b"IHDR")
    shared = [(name, body) for name, body in chunks if name in (b"PLTE", b"tRNS")]
    width, height = struct.unpack(">2I", header[:8])
    canvas = np.zeros((height, width, 4), np.uint8)
    frames: Shown = []
    for at, (name, body) in enumerate(chunks):
        if name != b"fcTL":
            continue
        _, w, h, x, y, delay, per, disposal, blend = struct.unpack(">5I2H2B", body)
        kind, pixels = chunks[at + 1]
        assert kind in (b"IDAT", b"fdAT")
        still = [(b"IHDR", struct.pack(">2I", w, h) + header[8:]), *shared]
        still += [(b"IDAT", pixels[4:] if kind == b"fdAT" else pixels), (b"IEND", b"")]
        part = visible(Image.open(BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*each) for each in still))))
        before, window = canvas.copy(), np.s_[y : y + h, x : x + w]
        drawn = part[..., 3] == 255 if blend else np.ones((h, w), bool)
        assert not blend or set(np.unique(part[..., 3])) <= {0, 255}
        canvas[window][drawn] = part[drawn]
        frames.append((canvas.copy(), round(1000 * delay / per)))
        if disposal == 1:
            canvas[window] = 0
        elif disposal == 2:
            canvas = before
    return frames


def gif_composed(data: bytes) -> Shown:
    """Return all frames of a GIF as browsers compose them; Pillow decodes their parts as still GIFs."""
    width, height = struct.unpack("<2H", data[6:10])
    end = 13 + 3 * (2 << (data[10] & 7))
    canvas = np.zeros((height, width, 4), np.uint8)
    frames: Shown = []
    none = b"\x21\xf9\x04\0\0\0\0\0"
    control = none
    for block in gif_blocks(data):
        if block[:2] == b"\x21\xf9":
            control = block
        if block[:1] != b"\x2c":
            continue
        x, y, w, h = struct.unpack("<4H", block[1:9])
        still = data[:6] + struct.pack("<2H", w, h) + data[10:end] + control
        part = visible(Image.open(BytesIO(still + block[:1] + struct.pack("<4H", 0, 0, w, h) + block[9:] + b";")))
        before, window = canvas.copy(), np.s_[y : y + h, x : x + w]
        canvas[window][part[..., 3] == 255] = part[part[..., 3] == 255]
        frames.append((canvas.copy(), 10 * struct.unpack("<H", control[4:6])[0]))
        disposal, control = control[3] >> 2, none
        if disposal == 2:
            canvas[window] = 0
        elif disposal == 3:
            canvas = before
    return frames


def gif_blocks(data: bytes) -> Any:
    """Yield extensions and images of a GIF, whole."""
    at = 13 + 3 * (2 << (data[10] & 7))
    while data[at] != 0x3B:
        start = at
        if data[at] == 0x21:
            at += 2
        else:
            assert data[at] == 0x2C
            at += 11 + (3 * (2 << (data[at + 9] & 7)) if data[at + 9] & 0x80 else 0)
        while data[at]:
            at += 1 + data[at]
        at += 1
        yield data[start:at]
    assert at == len(data) - 1


def png_chunks(data: bytes) -> Any:
    """Yield the names and contents of chunks, whose checksums are checked."""
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert data[at + 8 + length : at + 12 + length] == struct.pack(">I", zlib.crc32(name + body))
        yield name, body
        at += 12 + length


def png_chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
