"""The level `max`: what holds beyond what is tested of all levels."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference_decoder
from pillow_kmq import codec
from pillow_kmq.codec import pixels
from pillow_kmq.codec.levels import mixing, striped
from pillow_kmq.codec.levels.max.model import MAX
from pillow_kmq.codec.picture import Picture, keep_palette
from pillow_kmq.codec.symbols.color_tree import tree
from pillow_kmq.errors import CorruptError
from pillow_kmq.kernels import enabled
from pillow_kmq.kernels.kernel import Variant
from pillow_kmq.types import IndexedImage, Indices

CODING = 4
# Without compiled kernels a pixel takes up to half a millisecond.
MOST, EXAMPLES, MANY_EXAMPLES = (90, 25, 100) if enabled() else (20, 3, 30)


def picture(kind: str, seed: int, height: int, width: int, colors: int) -> IndexedImage:
    random = np.random.default_rng(seed)
    y, x = np.indices((height, width))
    if kind == "noise":
        indices = random.integers(0, colors, (height, width))
    elif kind == "photo":
        indices = (x + y) // 3 + np.minimum(random.geometric(0.4, (height, width)), 9)
    elif kind == "striped":
        indices = x // 5 + (y // 3) * (random.random((height, width)) < 0.03)
    else:
        indices = np.where(random.random((height, width)) < 0.01, 1, (x > 40) * 2)
    return IndexedImage(random.integers(0, 256, (colors, 4)).astype(np.uint8), (indices % colors).astype(np.uint8))


def pictures(most: int) -> st.SearchStrategy[IndexedImage]:
    return st.builds(
        picture,
        st.sampled_from(["noise", "photo", "striped", "flat"]),
        st.integers(0, 2**32 - 1),
        st.integers(1, most),
        st.integers(1, most),
        st.one_of(st.sampled_from([1, 2, 3, 4, 5, 15, 16, 17, 255, 256]), st.integers(1, 256)),
    )


def encoded(image: IndexedImage) -> bytes:
    return striped.encode_striped(keep_palette(image), CODING)


def decoded(payload: bytes, image: IndexedImage, *, partial: bool = False) -> Indices:
    height, width = image.indices.shape
    pixels = striped.decode_striped(payload[0], payload[1:], height, width, image.palette.tobytes(), partial=partial)
    return pixels.indices()


@pytest.fixture
def with_kernels(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    return lambda compiled: monkeypatch.setattr(Variant, "wanted", lambda *_: compiled)


@given(pictures(MOST))
@settings(max_examples=MANY_EXAMPLES, deadline=None)
def test_pixels_come_back_even_where_rows_would_be_smaller(image: IndexedImage) -> None:
    assert np.array_equal(decoded(encoded(image), image), image.indices)


@given(pictures(13))
@settings(max_examples=MANY_EXAMPLES // 2, deadline=None)
def test_the_naive_decoder_gives_the_same_pixels(image: IndexedImage) -> None:
    height, width = image.indices.shape
    palette = [tuple(color) for color in image.palette.tolist()]
    assert reference_decoder.indices(encoded(image), width, height, palette) == image.indices.tolist()  # type: ignore[arg-type]


@pytest.mark.jit
@pytest.mark.parametrize("kind", ["noise", "photo", "striped", "flat"])
@pytest.mark.parametrize("colors", [2, 3, 17, 256])
def test_compiled_and_plain_kernels_write_and_read_the_same_bytes(
    kind: str, colors: int, with_kernels: Callable[[bool], None]
) -> None:
    image = picture(kind, 7, 15, 30, colors)
    with_kernels(True)
    expected = encoded(image)
    with_kernels(False)
    assert encoded(image) == expected
    assert np.array_equal(decoded(expected, image), image.indices)
    with_kernels(True)
    assert np.array_equal(decoded(expected, image), image.indices)


@given(st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_stripes_come_back_and_what_is_intact_of_a_damaged_file_is_shown(data: st.DataObject) -> None:
    image = picture("photo", data.draw(st.integers(0, 99)), 60, 50, 40)
    before = mixing.STRIPE_BYTES
    mixing.STRIPE_BYTES = data.draw(st.integers(25, 60))
    try:
        payload = bytearray(encoded(image))
    finally:
        mixing.STRIPE_BYTES = before
    assert payload[0] & 0x80
    assert np.array_equal(decoded(bytes(payload), image), image.indices)
    payload[-2] ^= 16
    with pytest.raises(CorruptError, match="damage in the stripe"):
        decoded(bytes(payload), image)
    shown = decoded(bytes(payload), image, partial=True)
    intact = (shown == image.indices).all(axis=1)
    assert intact[0]
    assert not shown[-1].any()


@pytest.mark.jit
def test_a_stripe_is_eight_times_that_of_the_default() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 1000)).astype(np.uint8)
    palette = np.random.default_rng(2).integers(0, 256, (256, 4)).astype(np.uint8)
    assert MAX.stripe_scale == 8
    payload = striped.encode_striped(Picture(palette.tobytes(), noise), 3)
    assert payload[0] & 0x80
    assert not encoded(IndexedImage(palette, noise[:135]))[0] & 0x80


@pytest.mark.jit
def test_files_are_smaller_than_those_of_the_default() -> None:
    y, x = np.indices((200, 200))
    noise = np.random.default_rng(1).geometric(0.3, (200, 200))
    shades = ((x + 2 * y) // 9 + np.minimum(noise, 12)).astype(np.uint8)
    palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, 1)
    palette[:, 3] = 255
    image = IndexedImage(palette[: shades.max() + 1], shades)
    sizes = {level: len(codec.encode(image, compression=level)) for level in ("default", "max")}
    print(sizes)
    assert sizes["max"] < 0.97 * sizes["default"]


def test_icons_of_up_to_64x64_pixels_are_coded_as_at_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "SMALL", 64 * 64)
    for height, same in ((64, True), (65, False)):
        image = picture("photo", 3, height, 64, 16)
        assert (codec.encode(image, compression="max") == codec.encode(image)) == same


def test_small_images_are_never_larger_than_at_the_default() -> None:
    image = picture("striped", 77778, 5, 51, 16)
    sizes = {level: len(codec.encode(image, compression=level)) for level in ("default", "max")}
    assert len(encoded(image)) > len(striped.encode_striped(keep_palette(image), 3))
    assert sizes["max"] <= sizes["default"]


def state_bytes(side: int, colors: int) -> int:
    """What the arrays of a stripe take, without the picture."""
    forest = tree(np.random.default_rng(1).integers(0, 256, (colors, 4)).astype(np.uint8).tobytes())
    option = MAX.option(Picture(b"", np.zeros((side, side), np.uint8)))
    stripe: Any = MAX.state(np.zeros(1, np.uint8), forest, option, compiled=True)
    return sum(memoryview(array).nbytes for array in stripe)


@pytest.mark.jit
def test_memory_goes_with_the_image_and_stays_below_64_megabytes() -> None:
    sizes = [state_bytes(side, colors) for side, colors in ((16, 16), (64, 16), (300, 64), (4000, 256))]
    print(sizes)
    assert sizes == sorted(sizes)
    assert sizes[0] < 3 << 20
    assert sizes[-1] < 64 << 20


@pytest.mark.jit
def test_a_code_that_has_ended_keeps_nobody_busy_with_a_long_row() -> None:
    width = 1 << 23
    palette = np.random.default_rng(1).integers(0, 256, (256, 4)).astype(np.uint8).tobytes()
    code = np.random.default_rng(2).integers(0, 256, 60).astype(np.uint8).tobytes()
    assert not decoded(encoded(picture("flat", 1, 90, 90, 3)), picture("flat", 1, 90, 90, 3))[:, :9].all()  # compiles
    before = time.process_time()
    with pytest.raises(CorruptError, match="too long or too short"):
        striped.decode_striped(CODING, code, 1, width, palette)
    assert time.process_time() - before < 5  # a row takes 15
