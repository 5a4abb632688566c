"""Dithering: equal to plain versions, the same however an image is cut, kind to plain areas, edges and alpha."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import naive
from pillow_kmq import errors, quantize
from pillow_kmq.quant.activity import activity
from pillow_kmq.quant.dithering import ordered
from pillow_kmq.quant.dithering.diffusion import Diffuser, spacing
from pillow_kmq.quant.dithering.ditherer import dither_stripes, make_ditherer
from pillow_kmq.quant.dithering.filters import FILTER_NAMES, error_filter
from pillow_kmq.quant.dithering.options import WORDS, Auto, Diffusion, FloydSteinberg, Ordered, Selective, to_dither
from pillow_kmq.quant.dithering.ordered import Thresholder
from pillow_kmq.quant.dithering.palette_fit import Band, fit_palette, lock_exact_colors
from pillow_kmq.quant.dithering.selective import smoothness
from pillow_kmq.quant.dithering.thresholds import blue_noise, thresholds
from pillow_kmq.quant.histogram import Counts, pack

WAYS = (
    Auto(),
    FloydSteinberg(),
    FloydSteinberg(0.6),
    Diffusion("stucki"),
    Diffusion("atkinson", 0.8),
    Selective(),
    Ordered("bayer"),
    Ordered("blue-noise", 0.7, 16),
)
SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
ALPHAS = st.sampled_from(["opaque", "mixed", "any"])
SEEDS = st.integers(0, 100000)


def random_pixels(random: np.random.Generator, shape: tuple[int, ...], alpha: str) -> np.ndarray:
    pixels = random.integers(0, 256, (*shape, 4)).astype(np.uint8)
    kinds = random.integers(0, 3, shape)
    if alpha == "opaque":
        pixels[..., 3] = 255
    elif alpha == "mixed":
        pixels[kinds == 0, 3] = 255
        pixels[kinds == 1, 3] = 0
    return pixels


def packed(pixels: np.ndarray) -> np.ndarray:
    return pack(np.ascontiguousarray(pixels).reshape(-1, 4)).reshape(pixels.shape[:2])


def unique_palette(random: np.random.Generator, k: int, alpha: str) -> np.ndarray:
    palette = random_pixels(random, (k,), alpha)
    palette[palette[:, 3] == 0] = 0
    return np.unique(palette, axis=0)


class Rows:
    """A `Source` over an array uint8[h, w, 4]."""

    has_alpha = True

    def __init__(self, pixels: np.ndarray, importance: np.ndarray | None = None) -> None:
        self.height, self.width = pixels.shape[:2]
        self._pixels, self._importance = packed(pixels), importance

    def rows(self, start: int, stop: int) -> np.ndarray:
        assert 0 <= start < stop <= self.height
        return self._pixels[start:stop]

    def importance(self, start: int, stop: int) -> np.ndarray | None:
        return None if self._importance is None else self._importance[start:stop]


def dithered(pixels, palette, way, cuts=None, importance=None, space="srgb"):
    source = Rows(pixels, importance)
    out = np.full(pixels.shape[:2], 255, np.uint8)
    bounds = [0, *(cuts or []), source.height]
    dither_stripes(source, itertools.pairwise(bounds), palette, way, space, out, 1)
    return out


# ---- the plain versions ----


def check_diffusion(size, k, alpha, quiet, kernel, given, seed):
    random = np.random.default_rng(seed)
    pixels, palette = random_pixels(random, size, alpha), unique_palette(random, k, alpha)
    strengths, gates = random.choice(np.array([0.0, 0.5, 1.0], np.float32), (2, *size))
    out = np.empty(size, np.uint8)
    diffuser = Diffuser(palette, "srgb", size[1], *quiet, kernel=kernel, given=given)
    for cut in range(0, size[0], 2):
        part = np.s_[cut : cut + 2]
        gated = gates[part] if quiet else None
        diffuser.remap(packed(pixels)[part], cut, strengths[part], out[part], gates=gated)
    allowed = naive.diffusion_choices(
        pixels.tolist(),
        palette.tolist(),
        strengths.tolist(),
        out.tolist(),
        *quiet,
        gates=gates.tolist() if quiet else None,
        kernel=kernel,
        given=given,
    )
    assert all(out[at] in allowed[at[0]][at[1]] for at in np.ndindex(size))


@settings(max_examples=60, deadline=None)
@given(size=SIZES, k=st.integers(1, 6), alpha=ALPHAS, gated=st.booleans(), given=st.booleans(), seed=SEEDS)
def test_diffusion_equals_the_plain_version(size, k, alpha, gated, given, seed):
    quiet = (400.0, 6400.0) if gated else ()
    check_diffusion(size, k, alpha, quiet, "floyd-steinberg", given, seed)


@pytest.mark.parametrize("kernel", FILTER_NAMES)
@settings(max_examples=15, deadline=None)
@given(size=SIZES, k=st.integers(1, 6), alpha=ALPHAS, seed=SEEDS)
def test_every_error_filter_equals_the_plain_version(kernel, size, k, alpha, seed):
    check_diffusion(size, k, alpha, (), kernel, False, seed)


@pytest.mark.parametrize("given", [False, True])
def test_a_large_palette_equals_the_plain_version(given):
    check_diffusion((6, 9), 40, "opaque", (), "floyd-steinberg", given, 7)


@settings(max_examples=40, deadline=None)
@given(size=SIZES, alpha=ALPHAS, seed=SEEDS)
def test_activity_equals_the_plain_version(size, alpha, seed):
    pixels = random_pixels(np.random.default_rng(seed), size, alpha)
    assert activity(packed(pixels), 0, size[0]).tolist() == naive.activity(pixels.tolist())


@settings(max_examples=40, deadline=None)
@given(size=SIZES, k=st.integers(1, 9), strength=st.sampled_from([0.5, 1.0]), given=st.booleans(), seed=SEEDS)
def test_ordered_dithering_equals_the_plain_version(size, k, strength, given, seed):
    random = np.random.default_rng(seed)
    pixels, palette = random_pixels(random, size, "opaque"), unique_palette(random, k, "opaque")
    out = np.empty(size, np.uint8)
    Thresholder(palette, "srgb", thresholds("bayer", 4), given=given).remap(
        packed(pixels), 0, np.full(size, strength, np.float32), out
    )
    ranks = naive.bayer(4)
    for y, x in np.ndindex(size):
        entries = naive.pattern(pixels[y, x].tolist(), palette.tolist(), strength, ordered.list_length(k), given=given)
        assert out[y, x] == entries[int((ranks[y % 4][x % 4] + 0.5) / 16 * ordered.list_length(k))]


@pytest.mark.parametrize(("given", "specks"), [(False, False), (True, True)])
def test_ordered_dithering_puts_no_far_entry_among_near_ones(given, specks):
    skin = [(200 + 10 * n, 160 + 10 * n, 130 + 10 * n, 255) for n in range(4)]
    palette = np.array([*skin, (250, 20, 30, 255)], np.uint8)
    pixels = np.full((8, 8, 4), (215, 140, 120, 255), np.uint8)
    out = np.empty((8, 8), np.uint8)
    Thresholder(palette, "srgb", thresholds("bayer", 8), given=given).remap(
        packed(pixels), 0, np.ones((8, 8), np.float32), out
    )
    assert np.any(out == 4) == specks


@settings(max_examples=40, deadline=None)
@given(k=st.integers(1, 9), alpha=ALPHAS, seed=SEEDS)
def test_spacing_equals_the_plain_version(k, alpha, seed):
    palette = random_pixels(np.random.default_rng(seed), (k,), alpha)
    np.testing.assert_allclose(spacing(palette), naive.entry_spacing(palette.tolist()), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_the_bayer_matrix_is_bayers(size):
    expected = (np.array(naive.bayer(size)) + 0.5) / size**2
    np.testing.assert_array_equal(thresholds("bayer", size), expected.astype(np.float32))


# ---- what holds for all ----


@pytest.mark.parametrize("way", WAYS, ids=str)
@settings(max_examples=12, deadline=None)
@given(size=SIZES, k=st.integers(1, 9), alpha=ALPHAS, data=st.data(), seed=SEEDS)
def test_how_an_image_is_cut_changes_nothing(way, size, k, alpha, data, seed):
    random = np.random.default_rng(seed)
    pixels, palette = random_pixels(random, size, alpha), unique_palette(random, k, alpha)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, size[0] - 1)), max_size=4))) if size[0] > 1 else []
    importance = random.integers(0, 256, size).astype(np.uint8)
    whole = dithered(pixels, palette, way, importance=importance)
    np.testing.assert_array_equal(dithered(pixels, palette, way, cuts, importance), whole)


@pytest.mark.parametrize("way", WAYS, ids=str)
@settings(max_examples=12, deadline=None)
@given(size=SIZES, k=st.integers(1, 9), space=st.sampled_from(["srgb", "oklab"]), seed=SEEDS)
def test_opaque_stays_opaque_and_clear_stays_clear(way, size, k, space, seed):
    random = np.random.default_rng(seed)
    pixels = random_pixels(random, size, "mixed")
    extra = np.array([[0, 0, 0, 0], [9, 200, 30, 255]], np.uint8)
    palette = np.concatenate([unique_palette(random, k, "mixed"), extra])
    chosen = palette[dithered(pixels, palette, way, space=space)]
    assert (chosen[pixels[..., 3] == 0] == 0).all()
    assert (chosen[pixels[..., 3] == 255][:, 3] == 255).all()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_clear_pixels_give_nothing_to_their_neighbours(way):
    random = np.random.default_rng(1)
    pixels = random_pixels(random, (12, 12), "opaque")
    pixels[:, 5] = 0
    palette = np.concatenate([unique_palette(random, 5, "opaque"), np.zeros((1, 4), np.uint8)])
    other = pixels.copy()
    other[:, 5, :3] = random.integers(0, 256, (12, 3))
    expected = dithered(pixels, palette, FloydSteinberg())
    np.testing.assert_array_equal(dithered(other, palette, FloydSteinberg()), expected)
    if way == Selective():  # what is behind the veil is not seen as an edge either
        left = dithered(pixels, palette, way)[:, :4]
        np.testing.assert_array_equal(dithered(other, palette, way)[:, :4], left)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_area_of_a_palette_colour_stays_plain(way):
    palette = np.array([[10, 20, 30, 255], [60, 70, 90, 255], [200, 10, 250, 255], [90, 90, 9, 128]], np.uint8)
    for entry, color in enumerate(palette):
        out = dithered(np.broadcast_to(color, (20, 20, 4)), palette, way)
        assert (out == entry).all()


@pytest.mark.parametrize("kernel", FILTER_NAMES)
def test_error_filters_pass_on_the_whole_error_but_for_atkinsons_three_quarters(kernel):
    shares = error_filter(kernel).shares
    assert shares.sum() == pytest.approx(0.75 if kernel == "atkinson" else 1.0)


@pytest.mark.parametrize(
    "way",
    [
        FloydSteinberg(),
        *(Diffusion(name) for name in FILTER_NAMES if name != "atkinson"),
        Ordered("bayer"),
        Ordered("blue-noise"),
    ],
    ids=str,
)
@pytest.mark.parametrize("level", [40, 100, 128, 215])
def test_the_mean_of_a_grey_is_kept(way, level):
    palette = np.array([[0, 0, 0, 255], [255, 255, 255, 255]], np.uint8)
    grey = np.full((64, 64, 4), level, np.uint8)
    grey[..., 3] = 255
    assert abs(palette[dithered(grey, palette, way), 0].mean() - level) < 256 / ordered.list_length(2) / 2 + 1


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_where_importance_is_nothing_there_is_no_dithering(way):
    random = np.random.default_rng(2)
    pixels, palette = random_pixels(random, (16, 16), "opaque"), unique_palette(random, 6, "opaque")
    importance = np.zeros((16, 16), np.uint8)
    importance[8:] = 255
    out = dithered(pixels, palette, way, importance=importance)
    plain = [[naive.nearest(p, palette.tolist()) for p in row] for row in pixels[:8].tolist()]
    assert out[:8].tolist() == plain
    full = np.full((16, 16), 255, np.uint8)
    np.testing.assert_array_equal(dithered(pixels, palette, way, importance=full), dithered(pixels, palette, way))


def test_full_importance_is_needed_for_full_strength():
    ramp = np.repeat(np.arange(64, 192, dtype=np.uint8)[None, :, None], 32, 0).repeat(4, 2)
    ramp[..., 3] = 255
    palette = np.array([[0, 0, 0, 255], [255, 255, 255, 255]], np.uint8)
    half = np.full(ramp.shape[:2], 128, np.uint8)
    weak = dithered(ramp, palette, FloydSteinberg(), importance=half)
    assert (weak != dithered(ramp, palette, FloydSteinberg())).any()


# ---- selective ----


def test_selective_dithers_a_smooth_ramp_and_leaves_texture_and_edges_alone():
    random = np.random.default_rng(3)
    palette = np.repeat(np.arange(0, 256, 51, dtype=np.uint8)[:, None], 4, 1)
    palette[:, 3] = 255
    image = np.zeros((48, 96, 4), np.uint8)
    image[:, :32, :3] = (np.arange(48) * 2 + 60)[:, None, None]
    image[:, 32:64, :3] = random.integers(0, 256, (48, 32, 1))
    image[:, 64:80, :3], image[:, 80:, :3] = 0, 255
    image[..., 3] = 255
    out = dithered(image, palette, Selective())
    plain = dithered(image, palette, Selective(), importance=np.zeros((48, 96), np.uint8))
    assert (out[:, :31] != plain[:, :31]).mean() > 0.05
    texture = out[:, 34:62] != plain[:, 34:62]
    assert texture.mean() < 0.02
    np.testing.assert_array_equal(out[:, 66:], plain[:, 66:])


def test_selective_strength_is_full_where_smooth_and_nothing_where_busy():
    strengths = smoothness(np.array([0, 3, 5, 8, 255], np.uint8), 10.0)
    assert strengths[:2].tolist() == [1.0, 1.0]
    assert 0 < strengths[2] < 1
    assert strengths[3:].tolist() == [0.0, 0.0]
    assert smoothness(np.array([0], np.uint8), 0.0).tolist() == [0.0]


# ---- ordered ----


@pytest.mark.parametrize("way", [Ordered("bayer"), Ordered("blue-noise", size=16)], ids=str)
def test_ordered_pixels_do_not_depend_on_their_neighbours(way):
    random = np.random.default_rng(4)
    pixels, palette = random_pixels(random, (24, 24), "mixed"), unique_palette(random, 8, "mixed")
    whole = dithered(pixels, palette, way)
    frame = pixels.copy()
    frame[3:7, 9:15] = random_pixels(random, (4, 6), "mixed")
    changed = dithered(frame, palette, way) != whole
    changed[3:7, 9:15] = False
    assert not changed.any()
    np.testing.assert_array_equal(dithered(pixels[16:, 16:], palette, way), whole[16:, 16:])


@pytest.mark.parametrize("size", [2, 5, 16, 64])
def test_blue_noise_has_every_rank_once(size):
    assert sorted(blue_noise(size).ravel().tolist()) == list(range(size * size))


def test_blue_noise_has_no_low_frequencies():
    on = blue_noise(64) < 64 * 64 // 4
    power = np.abs(np.fft.fft2(on - on.mean())) ** 2
    away = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    low = power[(away > 0) & (away < 0.15)].mean()
    assert low < power[away > 0.3].mean() / 20


# ---- fitting the palette ----


def test_fitting_brings_local_means_nearer():
    im = Image.radial_gradient("L").resize((96, 96))
    levels = np.asarray(im)
    pixels = np.stack([levels, levels[::-1], levels.T, np.full_like(levels, 255)], -1)
    start = np.array([[90, 90, 90, 255], [120, 160, 110, 255], [170, 150, 190, 255], [130, 90, 160, 255]], np.uint8)
    band = [Band(packed(pixels), None)]
    found = fit_palette(start, band, FloydSteinberg(), "srgb", np.array([False] * 4))

    def error(palette):
        shown = palette[dithered(pixels, palette, FloydSteinberg())]
        difference = (shown.astype(float) - pixels)[..., :3]
        return (difference.reshape(12, 8, 12, 8, 3).mean((1, 3)) ** 2).mean()

    assert error(found) < error(start) / 2
    assert (found[:, 3] == 255).all()
    held = fit_palette(start, band, FloydSteinberg(), "srgb", np.array([True, False, True, False]))
    np.testing.assert_array_equal(held[[0, 2]], start[[0, 2]])


def test_a_palette_that_is_exact_is_not_moved_by_fitting():
    random = np.random.default_rng(5)
    palette = unique_palette(random, 9, "mixed")
    pixels = palette[random.integers(0, len(palette), (32, 40))]
    band = [Band(packed(pixels), None)]
    found = fit_palette(palette, band, FloydSteinberg(), "srgb", np.zeros(len(palette), bool))
    np.testing.assert_array_equal(found, palette)


def test_a_colour_that_half_an_entrys_pixels_have_becomes_the_entry():
    palette = np.array([[0, 0, 0, 255], [100, 100, 100, 255], [200, 200, 200, 255], [250, 0, 0, 255]], np.uint8)
    colors = np.array(
        [
            [98, 97, 96, 255],
            [120, 120, 120, 255],
            [190, 190, 190, 255],
            [210, 210, 210, 255],
            [205, 200, 200, 255],
            [255, 0, 0, 255],
        ],
        np.uint8,
    )
    counts = Counts(pack(colors), np.array([50.0, 40, 10, 10, 10, 5]))
    found, locked = lock_exact_colors(palette, counts, palette[3:], "srgb")
    assert found.tolist() == [[0, 0, 0, 255], [98, 97, 96, 255], [200, 200, 200, 255], [250, 0, 0, 255]]
    assert locked.tolist() == [False, True, False, True]


@pytest.mark.jit
@pytest.mark.parametrize("dither", WORDS[1:])
def test_plain_areas_beside_gradients_stay_plain_and_exact(dither):
    im = Image.new("RGB", (120, 120), (228, 232, 240))
    im.paste(Image.merge("RGB", [Image.linear_gradient("L").resize((60, 60))] * 3), (20, 20))
    out = np.asarray(quantize(im, 12, dither=dither).convert("RGB"))
    assert (out[90:] == (228, 232, 240)).all()


@pytest.mark.jit
@pytest.mark.parametrize("dither", WORDS[1:])
def test_fixed_colours_survive_dithering(dither):
    random = np.random.default_rng(6)
    im = Image.fromarray(random_pixels(random, (50, 50), "opaque")).convert("RGB")
    out = quantize(im, 12, fixed=[(255, 0, 255), (1, 1, 1)], dither=dither)
    palette = np.array(out.getpalette()).reshape(-1, 3).tolist()
    assert [255, 0, 255] in palette
    assert [1, 1, 1] in palette
    assert quantize(im, 12, fixed=[(255, 0, 255), (1, 1, 1)], dither=dither).tobytes() == out.tobytes()


# ---- options ----


def test_words_numbers_and_constants():
    assert to_dither(None) is to_dither("none") is to_dither(0) is to_dither(0.0) is to_dither(False) is None
    assert to_dither("floyd_steinberg") == to_dither(True) == to_dither(1.0) == FloydSteinberg(1.0)
    assert to_dither(0.5) == FloydSteinberg(0.5)
    assert to_dither("Selective") == Selective()
    assert to_dither("ordered") == to_dither("bayer") == Ordered("bayer", 1.0, None)
    assert to_dither("blue-noise") == Ordered("blue-noise")
    assert to_dither(Image.Dither.NONE) is None
    for constant in (Image.Dither.ORDERED, Image.Dither.RASTERIZE, Image.Dither.FLOYDSTEINBERG):
        assert to_dither(constant) == FloydSteinberg()
    assert to_dither(Selective(0)) is to_dither(Ordered(strength=0)) is None
    assert to_dither("auto") == Auto()
    assert to_dither("Jarvis_Judice_Ninke") == Diffusion("jarvis-judice-ninke")
    assert to_dither("atkinson") == Diffusion("atkinson", 1.0)
    assert to_dither(Diffusion("stucki", 0)) is None
    for word in WORDS[1:]:
        assert make_ditherer(to_dither(word), np.zeros((1, 4), np.uint8), "srgb", 3).reach < 32


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Selective(1.5), ValueError, "0 to 1"),
        (lambda: FloydSteinberg(-1), ValueError, "0 to 1"),
        (lambda: Diffusion("stuki"), ValueError, "'stucki'.*not 'stuki'"),
        (lambda: Diffusion("stucki", 2), ValueError, "0 to 1"),
        (lambda: Ordered("plaid"), ValueError, "blue-noise"),
        (lambda: Ordered(size=12), ValueError, "power of 2"),
        (lambda: Ordered("blue-noise", size=500), ValueError, "2 to 128"),
        (lambda: Ordered(size="8"), TypeError, "integer"),
        (lambda: to_dither("fancy"), ValueError, "selective"),
        (lambda: to_dither([]), TypeError, "number"),
    ],
)
def test_bad_options_say_what_is_wrong(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert isinstance(caught.value, errors.KmqError)
