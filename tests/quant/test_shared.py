"""One palette for several images; importance maps; the order of entries; progress."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from pillow_kmq import errors, quantize, quantize_all
from pillow_kmq.codec import natural_order
from pillow_kmq.compare import compare
from pillow_kmq.quant.arrays import ArraySource
from pillow_kmq.quant.counting import Everything, Pool
from pillow_kmq.quant.histogram import Counts
from pillow_kmq.quant.options import EFFORTS


def noise(
    size: tuple[int, int] = (20, 16), mode: str = "RGB", seed: int = 0, low: int = 0, high: int = 256
) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(low, high, (size[1], size[0], 4)).astype(np.uint8)
    pixels[::2, :, 3] = 255
    pixels[1::4, :, 3] = 0
    rgba = Image.fromarray(pixels)
    return rgba if mode == "RGBA" else rgba.convert("RGB").convert(mode)


def rgba_of(im: Image.Image) -> np.ndarray:
    return np.asarray(im.convert("RGBA")).astype(int)


def palette_of(im: Image.Image) -> np.ndarray:
    assert im.palette is not None
    return np.frombuffer(im.palette.palette, np.uint8).reshape(-1, len(im.palette.mode))


# Several images


@pytest.mark.jit
@settings(max_examples=20, deadline=None)
@given(
    modes=st.lists(st.sampled_from(["L", "RGB", "RGBA", "P", "CMYK"]), min_size=1, max_size=4),
    colors=st.integers(2, 256),
    dither=st.sampled_from([None, 1.0]),
    order=st.sampled_from([None, "popularity"]),
)
def test_images_of_any_modes_and_sizes_share_one_palette(modes, colors, dither, order):
    images = [noise((5 + 7 * i, 9 + i), mode, seed=i) for i, mode in enumerate(modes)]
    results = quantize_all(images, colors, dither=dither, order=order, effort="fast")
    assert [(r.mode, r.size) for r in results] == [("P", im.size) for im in images]
    assert len({(r.palette.mode, bytes(r.palette.palette)) for r in results}) == 1
    assert len(palette_of(results[0])) <= colors
    for before, after in zip(map(rgba_of, images), map(rgba_of, results), strict=True):
        assert (after[before[..., 3] == 0][:, 3] == 0).all()
        assert (after[before[..., 3] == 255][:, 3] == 255).all()


@pytest.mark.jit
def test_one_image_is_quantised_as_by_quantize():
    im = noise((40, 40))
    (one,) = quantize_all([im], 16)
    assert one == quantize(im, 16)


@pytest.mark.jit
def test_images_count_by_their_area():
    dark, bright = noise((60, 60), high=100), noise((6, 6), seed=1, low=150)
    assert (palette_of(quantize_all([dark, bright], 16)[0]).max(axis=1) < 120).sum() > 8


@pytest.mark.jit
def test_a_sample_stands_for_all_pixels_of_its_image(monkeypatch):
    from pillow_kmq.quant import pipeline
    from pillow_kmq.quant.options import Options
    from pillow_kmq.quant.pillow_source import ImageSources

    monkeypatch.setitem(EFFORTS, "default", replace(EFFORTS["default"], sample=1 << 9))
    dark, bright = noise((60, 60), high=100), noise((10, 10), seed=1, low=150)
    counts = pipeline.count(ImageSources([dark, bright]), Options())
    colors, weights = counts.colors, counts.weights
    assert not counts.whole
    assert weights.sum() == pytest.approx(3700, rel=0.1)
    assert weights[(colors & 255) < 100].sum() == pytest.approx(3600, rel=0.1)


def test_few_colours_of_all_images_are_kept_exactly():
    images = [Image.new("RGB", (4, 4), (i, 2 * i, 255 - i)) for i in range(200)]
    for before, after in zip(images, quantize_all(images), strict=True):
        np.testing.assert_array_equal(rgba_of(after), rgba_of(before))


def test_the_frames_of_an_animation_are_taken_one_by_one():
    file = BytesIO()
    frames = [noise((12, 9), "L", seed=i).convert("RGB").quantize(8) for i in range(3)]
    frames[0].save(file, format="GIF", save_all=True, append_images=frames[1:])
    gif = Image.open(file)
    gif.seek(1)
    results = quantize_all(gif, 256)
    assert gif.tell() == 1
    assert len(results) == 3
    for number, result in enumerate(results):
        gif.seek(number)
        np.testing.assert_array_equal(rgba_of(result), rgba_of(gif))
    gif.seek(0)
    again = quantize_all(ImageSequence.Iterator(gif), 256)
    assert [r.tobytes() for r in again] == [r.tobytes() for r in results]


def test_generators_and_empty_lists_are_fine():
    assert len(quantize_all((noise(seed=i) for i in range(3)), 4, effort="fast")) == 3
    assert quantize_all([]) == []
    assert [r.size for r in quantize_all([Image.new("RGB", (0, 3)), Image.new("RGB", (2, 1))])] == [(0, 3), (2, 1)]


def test_info_is_each_images_own():
    images = [noise(), noise(seed=1)]
    images[0].info["dpi"] = (72, 72)
    assert [r.info for r in quantize_all(images, 4, effort="fast")] == [{"dpi": (72, 72)}, {}]


@pytest.mark.parametrize("images", [7, [1, 2], iter([3]), "ab"])
def test_what_are_no_images_is_refused(images):
    with pytest.raises(TypeError, match="image"):
        quantize_all(images)


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 9)), max_size=30), max_size=5),
    st.integers(4, 20),
)
def test_a_pool_stays_bounded_and_loses_no_weight(blocks, room):
    pool = Pool(room)
    total, opaque = 0, 0
    for block in blocks:
        distinct = dict(block)
        colors = np.array(list(distinct), np.uint32)
        weights = np.array(list(distinct.values()), float)
        pool.add(Counts(colors, weights))
        total += weights.sum()
        opaque += weights[colors >= 0xFF000000].sum()
    colors, weights, whole = pool.counts[:3]
    assert weights.sum() == pytest.approx(total)
    assert weights[colors >= 0xFF000000].sum() == pytest.approx(opaque)
    assert len(np.unique(colors)) == len(colors)
    if not whole:
        assert len(colors) < sum(map(len, blocks))


@given(st.integers(1, 40), st.booleans())
def test_everything_is_all_pixels_kept_or_read_anew(most, mapped):
    pixels = np.random.default_rng(0).integers(0, 3, (8, 9, 3)).astype(np.uint8)
    levels = np.random.default_rng(1).integers(1, 256, (8, 9)).astype(np.uint8) if mapped else None
    everything = Everything([ArraySource(pixels, levels), ArraySource(pixels[:2])], most)
    for _ in range(2):
        sums: dict[int, float] = {}
        for colors, weights in everything():
            assert len(set(colors.tolist())) == len(colors)
            for color, weight in zip(colors.tolist(), weights.tolist(), strict=True):
                sums[color] = sums.get(color, 0.0) + weight
        expected = dict.fromkeys(sums, 0.0)
        first = np.ones((8, 9)) if levels is None else levels / 255
        for block, weight in ((pixels, first), (pixels[:2], np.ones((2, 9)))):
            for (r, g, b), w in zip(block.reshape(-1, 3).tolist(), weight.ravel().tolist(), strict=True):
                expected[255 << 24 | b << 16 | g << 8 | r] += w
        assert sums == pytest.approx(expected)


# Importance


def halves() -> tuple[Image.Image, np.ndarray]:
    pixels = np.asarray(noise((40, 40)))
    left = np.zeros((40, 40), np.uint8)
    left[:, :20] = 255
    return Image.fromarray(pixels), left


@pytest.mark.jit
@pytest.mark.parametrize("form", [lambda a: a, lambda a: a > 0, Image.fromarray, lambda a: Image.fromarray(a > 0)])
def test_what_matters_gets_the_colours(form):
    im, left = halves()
    plain, steered = (quantize(im, 16, importance=each, space="srgb") for each in (None, form(left)))

    def psnr(out: Image.Image, x: int) -> float:
        box = (x, 0, x + 20, 40)
        return compare(im.crop(box), out.crop(box)).psnr

    assert psnr(steered, 0) > psnr(plain, 0)
    assert psnr(steered, 20) < psnr(plain, 20)


@pytest.mark.jit
def test_an_even_map_changes_nothing_whatever_its_level():
    im, _ = halves()
    plain = quantize(im, 16)
    for level in (0, 1, 255):
        assert compare(im, quantize(im, 16, importance=np.full((40, 40), level, np.uint8))).psnr == pytest.approx(
            compare(im, plain).psnr, abs=0.3
        )


def test_a_colour_of_no_importance_is_kept_where_there_is_room():
    im, left = halves()
    few = quantize(im, 200, effort="fast")
    np.testing.assert_array_equal(rgba_of(quantize(few, 256, importance=left)), rgba_of(few))


@pytest.mark.jit
def test_importance_holds_for_sampled_images(monkeypatch):
    monkeypatch.setitem(EFFORTS, "default", replace(EFFORTS["default"], sample=1 << 12))
    im, left = halves()
    im, left = im.resize((160, 160), Image.Resampling.NEAREST), np.kron(left, np.ones((4, 4), np.uint8))
    plain, steered = (quantize(im, 16, importance=each, space="srgb").crop((0, 0, 80, 160)) for each in (None, left))
    assert compare(im.crop((0, 0, 80, 160)), steered).psnr > compare(im.crop((0, 0, 80, 160)), plain).psnr


@pytest.mark.jit
def test_each_of_several_images_has_its_map():
    one, two = noise((30, 30)), noise((30, 30), seed=1)
    none, full = np.zeros((30, 30), np.uint8), np.full((30, 30), 255, np.uint8)
    first, second = quantize_all([one, two], 16, importance=[none, full])
    assert compare(two, second).psnr > compare(one, first).psnr
    assert len(quantize_all([one, two], 16, importance=[None, none])) == 2
    with pytest.raises(ValueError, match="each of 2 images"):
        quantize_all([one, two], importance=[none])


@pytest.mark.parametrize(
    ("importance", "error", "words"),
    [
        (np.zeros((3, 4), np.uint8), ValueError, r"\(4, 4\), not \(3, 4\)"),
        (np.zeros((4, 4), np.float32), TypeError, "uint8 or bool"),
        (Image.new("RGB", (4, 4)), ValueError, "mode L or 1"),
        (Image.new("L", (4, 5)), ValueError, "shape"),
        ([[1]], TypeError, "array"),
    ],
)
def test_bad_maps_get_a_clear_error(importance, error, words):
    with pytest.raises(error, match=words):
        quantize(Image.new("RGB", (4, 4)), importance=importance)


# The order of entries


@pytest.mark.jit
@settings(max_examples=30, deadline=None)
@given(
    order=st.sampled_from([None, "luminance", "popularity", "compression"]),
    at=st.one_of(st.none(), st.integers(-1, 255)),
    mode=st.sampled_from(["RGB", "RGBA"]),
    colors=st.integers(1, 256),
)
def test_no_order_changes_a_pixel(order, at, mode, colors):
    im = noise(mode=mode)
    out = quantize(im, colors, order=order, transparent_index=at, effort="fast")
    np.testing.assert_array_equal(rgba_of(out), rgba_of(quantize(im, colors, effort="fast")))
    if mode == "RGBA" and at is not None:
        palette = palette_of(out)
        assert np.flatnonzero(palette[:, 3] == 0).tolist() == [len(palette) - 1 if at == -1 else at]
        assert max(at + 1, 1) <= len(palette) <= max(at + 1, colors)


@pytest.mark.jit
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_order_for_compression_is_the_natural_one_of_kmq_files(mode):
    palette = palette_of(quantize(noise(mode=mode, size=(50, 50)), 60, order="compression"))
    rgba = np.pad(palette, ((0, 0), (0, 4 - palette.shape[1])), constant_values=255)
    assert natural_order(rgba.tobytes()) == list(range(len(palette)))


@pytest.mark.jit
def test_popularity_puts_the_most_used_entries_first():
    out = quantize(noise(mode="RGBA", size=(50, 50)), 30, order="popularity")
    alpha = palette_of(out)[:, 3]
    kind = np.where(alpha == 0, 0, np.where(alpha < 255, 1, 2))
    assert (np.diff(kind) >= 0).all()
    used = np.array(out.histogram()[: len(alpha)])
    for k in range(3):
        assert (np.diff(used[kind == k]) <= 0).all()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"order": "random"}, ValueError, "popularity"),
        ({"order": 1}, TypeError, "string"),
        ({"transparent_index": 256}, ValueError, "-1 to 255"),
        ({"transparent_index": 1.0}, TypeError, "integer"),
        ({"order": "luminance", "palette": [[0, 0, 0]]}, ValueError, "cannot be combined with palette"),
        ({"transparent_index": 0, "palette": [[0, 0, 0]]}, ValueError, "cannot be combined with palette"),
        ({"progress": 3}, TypeError, "function"),
    ],
)
def test_bad_options_get_a_clear_error(options, error, words):
    with pytest.raises(error, match=words):
        quantize(Image.new("RGB", (4, 4)), **options)


# Progress


@pytest.mark.jit
@pytest.mark.parametrize("options", [{}, {"quality": 40}, {"palette": "cga"}, {"effort": "best"}])
def test_progress_rises_to_one(options):
    heard: list[float] = []
    quantize(noise((60, 60)), progress=heard.append, **options)
    assert heard == sorted(heard)
    assert heard[0] >= 0
    assert heard[-1] == 1.0
    heard.clear()
    quantize_all([noise(seed=i) for i in range(3)], 4, progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


@pytest.mark.jit
def test_progress_false_cancels_at_any_time():
    calls = len(heard_by_quantize())
    assert calls >= 5
    for last in range(1, calls):
        heard: list[float] = []

        def stop(done: float, heard: list[float] = heard, last: int = last) -> bool:
            heard.append(done)
            return len(heard) < last

        with pytest.raises(errors.CancelledError):
            quantize(noise((60, 60)), 8, progress=stop)
        assert len(heard) == last


def test_numpys_false_cancels_and_other_empty_values_do_not():
    with pytest.raises(errors.CancelledError):
        quantize(noise(), 4, progress=lambda done: np.bool_(False))
    for nothing in (None, 0, ""):
        assert quantize(noise(), 4, progress=lambda done, nothing=nothing: nothing).mode == "P"


def heard_by_quantize() -> list[float]:
    heard: list[float] = []
    quantize(noise((60, 60)), 8, progress=heard.append)
    return heard


def test_errors_of_the_callback_come_through():
    def fail(done: float) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        quantize(noise(), 4, progress=fail)
