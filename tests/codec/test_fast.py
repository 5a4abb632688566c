"""The level `fast`: what its encoder and its decoder do beyond what holds for all levels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference_decoder
from pillow_kmq import codec
from pillow_kmq.codec.levels import striped
from pillow_kmq.codec.levels.fast import arrays as arrays_fast
from pillow_kmq.codec.levels.fast import graphics_kernel as graphics
from pillow_kmq.codec.levels.fast import level as fast
from pillow_kmq.codec.levels.fast import state as state_fast
from pillow_kmq.codec.picture import keep_palette
from pillow_kmq.codec.symbols import stripes
from pillow_kmq.codec.symbols.stripes import CODINGS, Stripe, read_stripes
from pillow_kmq.errors import CorruptError
from pillow_kmq.kernels.kernel import Variant
from pillow_kmq.types import IndexedImage, Indices


def picture(kind: str, seed: int, height: int, width: int, colors: int) -> IndexedImage:
    """An image of `colors` entries, all of which a large one uses."""
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


PICTURES = st.builds(
    picture,
    st.sampled_from(["noise", "photo", "striped", "flat"]),
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.integers(1, 90),
    st.one_of(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 255, 256]), st.integers(1, 256)),
)


def decoded(payload: bytes, image: IndexedImage, *, partial: bool = False) -> Indices:
    height, width = image.indices.shape
    pixels = striped.decode_striped(payload[0], payload[1:], height, width, image.palette.tobytes(), partial=partial)
    return pixels.indices()


def encoded(image: IndexedImage) -> bytes:
    return striped.encode_striped(keep_palette(image), CODINGS["fast"])


@given(PICTURES)
@settings(max_examples=150, deadline=None)
def test_pixels_come_back_even_where_rows_would_be_smaller(image: IndexedImage) -> None:
    assert np.array_equal(decoded(encoded(image), image), image.indices)


@given(PICTURES, st.sampled_from(range(4)))
@settings(max_examples=60, deadline=None)
def test_the_naive_decoder_follows_with_and_without_guesses(image: IndexedImage, option: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast.FastLevel, "option", lambda *_: option)
        payload = encoded(image)
    palette = [tuple(color) for color in image.palette.tolist()]
    assert reference_decoder.indices(payload, image.width, image.height, palette) == image.indices.tolist()
    assert np.array_equal(decoded(payload, image), image.indices)


@pytest.mark.jit
@given(PICTURES)
@settings(max_examples=30, deadline=None)
def test_compiled_kernels_and_plain_python_agree(image: IndexedImage) -> None:
    results = []
    for compiling in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Variant, "wanted", lambda *_, c=compiling: c)
            payload = encoded(image)
            assert np.array_equal(decoded(payload, image), image.indices)
            results.append(payload)
    assert results[0] == results[1]


@pytest.mark.jit
@pytest.mark.parametrize("kind", ["photo", "flat"])
def test_tables_that_are_used_again_are_as_new(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Variant, "wanted", lambda *_: True)
    first, other = (picture(kind, seed, 90, 80, 40) for seed in (1, 2))
    payload = encoded(first)
    assert encoded(other) != payload
    assert encoded(first) == payload


@pytest.mark.jit
def test_each_thread_has_tables_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Variant, "wanted", lambda *_: True)
    images = [picture("striped", seed, 300, 200, 16) for seed in range(8)]
    payloads = [encoded(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for image, indices in zip(images, pool.map(decoded, payloads, images), strict=True):
                assert np.array_equal(indices, image.indices)


@pytest.mark.jit
@pytest.mark.parametrize("compiling", [True, False])
def test_sure_guesses_are_right_for_any_number_of_pixels_and_then_wrong(
    compiling: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Variant, "wanted", lambda *_: compiling)
    palette = np.array([(0, 0, 0, 255), (255, 0, 0, 255), (0, 0, 255, 255)], np.uint8)
    # Eleven guesses in between are not sure, so that 4094 and MOST_HITS, where codes change, are met.
    for number in [*range(20), *range(4100, 4110), *range(graphics.MOST_HITS + 5, graphics.MOST_HITS + 16)]:
        values = np.arange(200 * 90).reshape(90, 200) % 2
        values.reshape(-1)[[2000, 2001 + number]] = 2
        image = IndexedImage(palette, values.astype(np.uint8))
        assert np.array_equal(decoded(encoded(image), image), image.indices)


@pytest.mark.jit
@pytest.mark.parametrize("most", [1, 255])
@pytest.mark.parametrize("count", [1, 2, 17, 256])
def test_lists_of_colors_are_the_same_compiled_and_in_plain_python(count: int, most: int) -> None:
    colors = np.random.default_rng(count).integers(0, most, (count, 4), np.uint8, endpoint=True).tobytes()
    compiled = arrays_fast.array_colors(colors)
    assert [bytes(table) for table in compiled] == [bytes(table) for table in state_fast.plain_colors(colors)]


def test_stripes_of_predictable_images_are_always_worth_their_tables() -> None:
    most_codes_of_a_pixel = 4
    pixels = fast._MOST_CODES // most_codes_of_a_pixel
    doublings = (fast._MOST_CODES // fast.STRIPE_CODES).bit_length()
    assert pixels >= stripes.PIXELS_PER_BYTE * stripes.STRIPE_PRICE
    assert fast._SHORT >= stripes.STRIPE_PRICE
    assert doublings < stripes.FREE_STRIPES


def stripes_of(payload: bytes, image: IndexedImage) -> list[Stripe]:
    return read_stripes(payload[0], payload[1:], image.indices.shape, len(image.palette), partial=False)[1]


@pytest.mark.jit
@pytest.mark.parametrize(("kind", "codes"), [("noise", 30000), ("photo", 30000), ("striped", 10000), ("flat", 400)])
def test_larger_images_come_back_in_several_stripes(kind: str, codes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture(kind, 5, 300, 400, 200)
    whole = encoded(image)
    assert not whole[0] & 0x80
    monkeypatch.setattr(fast, "STRIPE_CODES", codes)
    parts = encoded(image)
    assert 3 <= len(stripes_of(parts, image)) <= 6
    for payload in (whole, parts):
        assert np.array_equal(decoded(payload, image), image.indices)


@pytest.mark.jit
def test_stripes_with_short_codes_become_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "STRIPE_CODES", 100)
    y, x = np.indices((600, 100))
    image = IndexedImage(picture("flat", 1, 1, 1, 2).palette, ((x + y) % 2).astype(np.uint8))
    payload = encoded(image)
    rows = [stripe.rows for stripe in stripes_of(payload, image)]
    assert rows[:4] == [1, 2, 4, 8]
    assert np.array_equal(decoded(payload, image), image.indices)


@given(PICTURES, st.data())
@settings(max_examples=100, deadline=None)
def test_of_a_truncated_code_the_stripes_that_arrived_are_shown(image: IndexedImage, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "STRIPE_CODES", 700)
        payload = encoded(image)
    lost = data.draw(st.integers(0, len(payload) - 1))
    shown = decoded(payload[: len(payload) - lost], image, partial=True)
    left = lost
    for stripe in reversed(stripes_of(payload, image)):
        if left <= 0:
            rows = slice(stripe.row, stripe.row + stripe.rows)
            assert np.array_equal(shown[rows], image.indices[rows])
        left -= stripe.length
    if lost:
        with pytest.raises(CorruptError):
            decoded(payload[: len(payload) - lost], image)


@given(PICTURES, st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_codes_decode_as_both_decoders_agree(image: IndexedImage, data: st.DataObject) -> None:
    payload = bytearray(encoded(image))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(1, len(payload) - 1)) if len(payload) > 1 else 0] = data.draw(st.integers(0, 255))
    payload[0] = payload[0] & 0xF0 | CODINGS["fast"]
    palette = [tuple(color) for color in image.palette.tolist()]
    try:
        expected = reference_decoder.indices(bytes(payload), image.width, image.height, palette)
    except reference_decoder.Rejected:
        with pytest.raises(CorruptError):
            decoded(bytes(payload), image)
    else:
        assert decoded(bytes(payload), image).tolist() == expected


def test_noise_is_stored_as_rows() -> None:
    image = picture("noise", 1, 200, 200, 256)
    data = codec.encode(image, compression="fast")
    assert codec.read_head(BytesIO(data)).coding_byte & 15 == 0
    assert codec.decode(data) == image


@pytest.mark.jit
def test_photos_are_coded_without_guesses_and_graphics_with() -> None:
    for kind, guessing in (("photo", False), ("striped", True), ("flat", True)):
        image = picture(kind, 3, 200, 200, 100)
        assert bool(encoded(image)[0] & 0x30) == guessing


@pytest.mark.jit
def test_a_large_palette_is_sorted_where_that_saves_much_only() -> None:
    random = np.random.default_rng(8)
    palette = random.integers(0, 256, (256, 4)).astype(np.uint8)
    palette[:, 3] = 255
    palette = palette[codec.natural_order(palette.tobytes())]
    small = random.permutation(256).astype(np.uint8).reshape(16, 16)
    large = picture("photo", 1, 400, 400, 256).indices
    codings = []
    for indices in (small, large):
        data = codec.encode(IndexedImage(palette, indices), compression="fast")
        start = data.index(b"P") if b"P" in data[:12] else data.index(b"\xd0")
        codings.append(data[start + 3] & 15)
    assert codings == [2, 0]
