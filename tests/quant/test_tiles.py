"""`quantize_tiles`: each tile keeps to one palette, the best one, and the total error is small."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pillow_kmq import Ordered, TiledImage, find_palette, quantize_tiles
from pillow_kmq.color import to_points
from pillow_kmq.errors import ModeError, OptionError, OptionTypeError
from pillow_kmq.quant.posterize import representable, to_bits
from pillow_kmq.quant.tiles.grid import Grid
from pillow_kmq.quant.tiles.packing import pack_sets

NES = "#7c7c7c,#0000fc,#0000bc,#4428bc,#940084,#a80020,#a81000,#881400,#503000,#007800,#f8f8f8,#000,#f8d878,#f0d0b0"


def noise(height: int, width: int, seed: int = 0, *, levels: int = 256, alpha: bool = False) -> Image.Image:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, levels, (height, width, 4)).astype(np.uint8) * np.uint8(255 // (levels - 1))
    pixels[..., 3] = random.choice([0, 100, 200, 255], (height, width)) if alpha else 255
    return Image.fromarray(pixels)


def smooth(height: int, width: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    channels = [x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def tile_of_pixel(result: TiledImage, tile: tuple[int, int]) -> np.ndarray:
    width, height = result.image.size
    return np.arange(height)[:, None] // tile[1] * result.tile_palettes.shape[1] + np.arange(width) // tile[0]


def rgba(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGBA"))


def errors(pixels: np.ndarray, palette: np.ndarray, space: str) -> np.ndarray:
    """Squared distance of each pixel to the nearest entry: all compared."""
    points = to_points(pixels.reshape(-1, 4), space).astype(float)
    entries = to_points(palette, space).astype(float)
    return ((points[:, :, None] - entries[:, None, :]) ** 2).sum(axis=0).min(axis=1).reshape(pixels.shape[:2])


def total_error(original: Image.Image, result: Image.Image, space: str) -> float:
    a, b = (to_points(rgba(im).reshape(-1, 4), space).astype(float) for im in (original, result))
    return float(((a - b) ** 2).sum())


@pytest.mark.jit
@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    tile=st.tuples(st.integers(1, 11), st.integers(1, 11)),
    palettes=st.integers(1, 6),
    entries=st.integers(2, 9),
    levels=st.sampled_from([2, 4, 256]),
    space=st.sampled_from(["srgb", "linear", "oklab"]),
    posterize=st.sampled_from([None, "rgb555", "rgb333"]),
    shared=st.sampled_from(["transparent", "backdrop", "#000", None]),
    effort=st.sampled_from(["fast", "default"]),
    seed=st.integers(0, 100),
)
def test_each_tile_has_its_best_palette_and_each_pixel_its_nearest_entry(
    size, tile, palettes, entries, levels, space, posterize, shared, effort, seed
):
    im = noise(*size, seed, levels=levels)
    result = quantize_tiles(im, tile, palettes, entries, space=space, posterize=posterize, shared=shared, effort=effort)
    numbers = result.tile_palettes.ravel()[tile_of_pixel(result, tile)]
    indices = np.asarray(result.image)
    np.testing.assert_array_equal(indices // entries, numbers)
    np.testing.assert_array_equal(indices % entries, result.entries)
    np.testing.assert_array_equal(result.palettes[numbers, result.entries], rgba(result.image))
    assert result.palettes.shape == (palettes, entries, 4)
    assert (rgba(result.image)[..., 3] == 255).all()
    opaque = result.palettes[:, int(shared == "transparent") :]
    full = [palette for palette in opaque if not (palette == [0, 0, 0, 255]).all(axis=1).any()]
    reached = errors_of(im, result, space)
    for palette in full:  # unused entries are black, and would count as colours
        others = errors(rgba(im), palette, space)
        for number in np.unique(tile_of_pixel(result, tile)):
            inside = tile_of_pixel(result, tile) == number
            assert reached[inside].sum() <= others[inside].sum() * (1 + 1e-4) + 1e-3


def errors_of(im: Image.Image, result: TiledImage, space: str) -> np.ndarray:
    a, b = (to_points(np.ascontiguousarray(rgba(each)).reshape(-1, 4), space) for each in (im, result.image))
    return ((a.astype(float) - b) ** 2).sum(axis=0).reshape(im.height, im.width)


@pytest.mark.jit
@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 6),
    columns=st.integers(2, 6),
    palettes=st.integers(1, 4),
    entries=st.integers(1, 6),
    space=st.sampled_from(["srgb", "oklab"]),
    seed=st.integers(0, 1000),
)
def test_the_error_is_at_most_the_mean_of_random_groupings(rows, columns, palettes, entries, space, seed):
    im = noise(rows * 4, columns * 4, seed)
    ours = quantize_tiles(im, (4, 4), palettes, entries, shared=None, space=space)
    random, theirs = np.random.default_rng(seed), 0.0
    for _ in range(5):
        groups = random.integers(0, palettes, rows * columns)[tile_of_pixel(ours, (4, 4))]
        for group in np.unique(groups):
            inside = rgba(im)[groups == group]
            theirs += errors(inside[None], find_palette(inside, entries, space=space, max_iter=20), space).sum() / 5
    assert total_error(im, ours.image, space) <= theirs * 1.01  # rounding, and local minima with one palette


@pytest.mark.jit
@settings(max_examples=40, deadline=None)
@given(
    palettes=st.integers(1, 8),
    entries=st.integers(2, 16),
    shared=st.sampled_from(["transparent", None]),
    posterize=st.sampled_from([None, "rgb555"]),
    seed=st.integers(0, 1000),
)
def test_an_image_made_for_such_palettes_comes_back_exactly(palettes, entries, shared, posterize, seed):
    random = np.random.default_rng(seed)
    opaque = entries - (shared is not None)
    colors = random.integers(0, 256, (palettes, opaque, 4)).astype(np.uint8)
    colors[..., 3] = 255
    colors = representable(colors.reshape(-1, 4), to_bits(posterize)).reshape(colors.shape)
    choice = np.concatenate([np.arange(palettes), random.integers(0, palettes, 9)])
    tiles = colors[choice[:, None], random.integers(0, opaque, (len(choice), 16))]
    tiles[:palettes, :opaque] = colors  # at least one tile shows each palette
    pixels = tiles.reshape(-1, 4, 4)
    im = Image.fromarray(pixels.reshape(-1, 4, 4))
    result = quantize_tiles(im, (4, 4), palettes, entries, shared=shared, posterize=posterize)
    np.testing.assert_array_equal(rgba(result.image), rgba(im))


def test_tiles_of_few_colours_are_exact_if_each_has_a_palette():
    im = noise(16, 16, levels=256).quantize(60).convert("RGB").resize((8, 8), Image.Resampling.NEAREST)
    result = quantize_tiles(im, (4, 4), 4, 17)
    np.testing.assert_array_equal(rgba(result.image), rgba(im))


@pytest.mark.parametrize("shared", ["transparent", None])
def test_a_palette_for_all_tiles_is_about_as_good_as_the_plain_quantiser(shared):
    im = smooth(48, 64)
    free = 16 - (shared is not None)
    plain = find_palette(rgba(im), free, space="srgb")
    ours = quantize_tiles(im, palettes=1, shared=shared, space="srgb")
    assert total_error(im, ours.image, "srgb") <= 1.02 * errors(rgba(im), plain, "srgb").sum()


def test_more_palettes_lower_the_error():
    found = [
        total_error(smooth(64, 64), quantize_tiles(smooth(64, 64), palettes=p).image, "oklab") for p in (1, 2, 4, 8)
    ]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.3 * found[0]


def test_tiles_of_equal_means_get_different_palettes():
    one = np.array([[255, 0, 0], [0, 255, 255]], np.uint8)
    other = np.array([[0, 255, 0], [255, 0, 255]], np.uint8)
    tiles = np.concatenate([np.tile(one, (1, 8, 1)).reshape(4, 4, 3), np.tile(other, (1, 8, 1)).reshape(4, 4, 3)])
    grain = np.arange(96).reshape(tiles.shape) % 5  # more colours than fit
    pixels = np.clip(tiles + grain * (tiles == 0) - grain * (tiles == 255), 0, 255).astype(np.uint8)
    result = quantize_tiles(Image.fromarray(pixels), (4, 4), 2, 3, space="srgb")
    assert result.tile_palettes[0] != result.tile_palettes[1]
    assert np.abs(rgba(result.image)[..., :3].astype(int) - pixels).max() <= 5


@pytest.mark.parametrize("effort", ["fast", "default", "best"])
def test_the_same_call_gives_the_same_result(effort):
    first, second = (quantize_tiles(smooth(40, 56), palettes=4, effort=effort) for _ in range(2))
    assert first.image.tobytes() == second.image.tobytes()
    assert first.palettes.tobytes() == second.palettes.tobytes()
    assert first.tile_palettes.tobytes() == second.tile_palettes.tobytes()


def test_exchanges_of_palettes_lower_the_error():
    im = noise(40, 40, 3)
    fast, best = (quantize_tiles(im, palettes=4, colors_per_palette=8, effort=effort) for effort in ("fast", "best"))
    assert total_error(im, best.image, "oklab") < total_error(im, fast.image, "oklab")


@pytest.mark.parametrize("dither", [None, "bayer"])
def test_transparent_pixels_have_entry_0_and_others_become_opaque(dither):
    im = noise(20, 20, alpha=True)
    result = quantize_tiles(im, palettes=3, dither=dither)
    alpha = rgba(im)[..., 3]
    np.testing.assert_array_equal(result.entries == 0, alpha < 128)
    np.testing.assert_array_equal(rgba(result.image)[..., 3], np.where(alpha < 128, 0, 255))
    assert (result.palettes[:, 0] == 0).all()
    assert (result.palettes[:, 1:, 3] == 255).all()


def test_transparent_entries_of_all_palettes_survive_a_png_file():
    result = quantize_tiles(noise(20, 20, alpha=True), palettes=3)
    file = io.BytesIO()
    result.image.save(file, "PNG")
    np.testing.assert_array_equal(rgba(Image.open(file)), rgba(result.image))


def test_transparent_pixels_lie_on_the_background():
    im = noise(20, 20, alpha=True)
    below = Image.new("RGBA", im.size, "#204060")
    result = quantize_tiles(im, palettes=16, background="#204060")
    laid = quantize_tiles(Image.alpha_composite(below, im), palettes=16)
    assert (rgba(result.image)[..., 3] == 255).all()
    assert np.abs(rgba(result.image).astype(int) - rgba(laid.image)).mean() < 4  # Pillow rounds differently


def test_a_fully_transparent_image_has_no_colours():
    result = quantize_tiles(Image.new("RGBA", (9, 9), (9, 9, 9, 0)))
    assert (np.asarray(result.image) == 0).all()
    assert result.tile_palettes.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_images_without_pixels(size):
    result = quantize_tiles(Image.new("RGB", size))
    assert result.image.size == size
    assert result.tile_palettes.shape == (-(-size[1] // 8), -(-size[0] // 8))


@pytest.mark.parametrize("tile", [(8, 8), (16, 8), (8, 16), (5, 3), (100, 1)])
def test_partial_tiles_are_tiles(tile):
    result = quantize_tiles(noise(21, 18), tile, 4)
    assert result.tile_palettes.shape == (-(-21 // tile[1]), -(-18 // tile[0]))


@pytest.mark.parametrize("posterize", ["rgb555", "rgb333", "rgb222", (1, 2, 3)])
@pytest.mark.parametrize("dither", [None, "bayer", "blue-noise"])
def test_entries_are_representable(posterize, dither):
    result = quantize_tiles(smooth(32, 32), palettes=4, posterize=posterize, dither=dither)
    flat = result.palettes.reshape(-1, 4)
    np.testing.assert_array_equal(representable(flat, to_bits(posterize)), flat)


@pytest.mark.parametrize("space", ["srgb", "oklab"])
def test_entries_come_from_the_master_palette(space):
    result = quantize_tiles(noise(32, 32), (16, 16), 4, 4, shared="backdrop", master=NES, space=space)
    allowed = {tuple(int(word[i : i + 2], 16) for i in (1, 3, 5)) for word in NES.split(",") if len(word) == 7}
    assert {tuple(entry) for entry in result.palettes.reshape(-1, 4)[:, :3].tolist()} <= allowed | {(0, 0, 0)}


def test_a_master_palette_of_few_colours_is_reached_exactly():
    result = quantize_tiles(noise(32, 32), (16, 16), 4, 4, shared=None, master="#000,#f00,#0f0,#fff", space="srgb")
    plain = errors(
        rgba(noise(32, 32)), np.array([[0, 0, 0, 255], [255, 0, 0, 255], [0, 255, 0, 255], [255] * 4], np.uint8), "srgb"
    )
    assert total_error(noise(32, 32), result.image, "srgb") == pytest.approx(plain.sum(), rel=1e-5)


@pytest.mark.parametrize("shared", ["#f8f8f8", (0, 0, 252), "backdrop"])
def test_all_palettes_begin_with_the_shared_colour(shared):
    result = quantize_tiles(noise(32, 32), (16, 16), 4, 4, shared=shared)
    assert (result.palettes[:, 0] == result.palettes[0, 0]).all()
    if shared != "backdrop":
        assert result.palettes[0, 0].tolist() in ([248, 248, 248, 255], [0, 0, 252, 255])


@pytest.mark.parametrize("effort", ["fast", "default"])
def test_one_entry_can_be_the_shared_one(effort):
    result = quantize_tiles(noise(16, 16), palettes=3, colors_per_palette=1, shared="#123456", effort=effort)
    assert (np.asarray(result.image.convert("RGB")) == [0x12, 0x34, 0x56]).all()


def test_the_backdrop_is_the_colour_of_most_pixels():
    im = noise(32, 32)
    im.paste((10, 20, 30, 255), (0, 0, 32, 20))
    assert quantize_tiles(im, palettes=4, colors_per_palette=4, shared="backdrop").palettes[0, 0, :3].tolist() == [
        10,
        20,
        30,
    ]


def test_the_most_used_palette_is_the_first():
    used = np.bincount(quantize_tiles(smooth(64, 64), palettes=8).tile_palettes.ravel(), minlength=8)
    assert (np.diff(used) <= 0).all()


@pytest.mark.parametrize("dither", ["bayer", "blue-noise", Ordered("bayer", 0.8)])
def test_dithering_keeps_means_better_within_the_palette_of_each_tile(dither):
    im = smooth(64, 64)
    plain, dithered = (quantize_tiles(im, palettes=2, colors_per_palette=8, dither=way) for way in (None, dither))
    np.testing.assert_array_equal(plain.tile_palettes, dithered.tile_palettes)
    numbers = dithered.tile_palettes.ravel()[tile_of_pixel(dithered, (8, 8))]
    np.testing.assert_array_equal(np.asarray(dithered.image) // 8, numbers)

    def means(image: Image.Image) -> np.ndarray:
        return rgba(image)[..., :3].reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))

    wrong = [np.abs(means(im) - means(each.image)).mean() for each in (plain, dithered)]
    assert wrong[1] < 0.8 * wrong[0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBX", "CMYK", "YCbCr", "HSV"])
def test_modes(mode):
    im = smooth(20, 20).convert("RGB").convert("L").convert(mode) if mode == "LA" else smooth(20, 20).convert(mode)
    assert quantize_tiles(im).image.size == (20, 20)


@pytest.mark.parametrize("mode", ["I", "F", "I;16"])
def test_modes_of_more_bits_are_refused(mode):
    with pytest.raises(ModeError):
        quantize_tiles(Image.new(mode, (8, 8)))


ODD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"tile": 8}, OptionTypeError, r"tile must be \(width, height\)"),
    ({"tile": "8x8"}, OptionTypeError, r"tile must be \(width, height\)"),
    ({"tile": (8,)}, OptionError, r"tile must be \(width, height\)"),
    ({"tile": (0, 8)}, OptionError, "tile must be 1 to"),
    ({"palettes": 0}, OptionError, "palettes must be 1 to 256"),
    ({"palettes": 17}, OptionError, "must be at most 256, not 17"),
    ({"colors_per_palette": 1}, OptionError, "at least 2"),
    ({"colors_per_palette": 2.0}, OptionTypeError, "colors_per_palette must be an integer"),
    ({"shared": True}, OptionTypeError, "shared must be"),
    ({"shared": 7}, OptionTypeError, "shared must be"),
    ({"shared": "nothing"}, OptionError, "shared must be a colour"),
    ({"shared": "#123456", "posterize": "rgb333"}, OptionError, "cannot be displayed"),
    ({"shared": "#123456", "master": "#000,#fff"}, OptionError, "cannot be displayed"),
    ({"master": "#000", "posterize": "rgb555"}, OptionError, "cannot be combined"),
    ({"master": "#0000"}, OptionError, "opaque"),
    ({"dither": "floyd-steinberg"}, OptionError, "ordered"),
    ({"space": "perceptual"}, OptionError, "space must be one of"),
    ({"effort": "most"}, OptionError, "effort must be one of"),
]


@pytest.mark.parametrize(("options", "error", "words"), ODD)
def test_odd_values_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        quantize_tiles(noise(8, 8), **options)


def test_only_images_are_accepted():
    with pytest.raises(OptionTypeError, match="Pillow image"):
        quantize_tiles(np.zeros((8, 8, 3), np.uint8))


@settings(max_examples=30, deadline=None)
@given(size=st.tuples(st.integers(1, 12), st.integers(1, 12)), seed=st.integers(0, 99), groups=st.integers(1, 3))
def test_sums_over_tiles_equal_those_of_a_plain_loop(size, seed, groups):
    random = np.random.default_rng(seed)
    pixels = random.choice(np.array([0, 0xFF000000, 0xFF0000FF, 0xFF010203, 0xFFFFFFFF], np.uint32), size)
    contents = Grid(pixels, (5, 4)).exact("srgb")
    colors = [tuple(color) for color in Grid(pixels, (5, 4)).colors.tolist()]
    tiles = -(-size[1] // 5)
    of_group = random.integers(0, groups, contents.number)
    distances = random.random(len(colors)).astype(np.float32)
    expected_errors = [0.0] * contents.number
    expected_weights = [[0.0] * len(colors) for _ in range(groups)]
    for y in range(size[0]):
        for x in range(size[1]):
            value = int(pixels[y, x])
            if value:
                color = colors.index((value & 255, value >> 8 & 255, value >> 16 & 255, 255))
                tile = y // 4 * tiles + x // 5
                expected_errors[tile] += float(distances[color])
                expected_weights[of_group[tile]][color] += 1.0
    np.testing.assert_allclose(contents.errors(distances), expected_errors, rtol=1e-12)
    np.testing.assert_array_equal(
        contents.weights_by_group(of_group, groups), np.array(expected_weights).reshape(groups, -1)
    )


@settings(max_examples=100, deadline=None)
@given(
    sets=st.lists(st.frozensets(st.integers(0, 12), max_size=6), max_size=12),
    capacity=st.integers(1, 8),
    bins=st.integers(1, 5),
)
def test_packed_sets_are_parts_of_bins_within_capacity(sets, capacity, bins):
    packed = pack_sets(sets, capacity, bins)
    if packed is not None:
        assert len(packed) <= bins
        assert all(len(each) <= capacity for each in packed)
        assert all(any(each <= bin_ for bin_ in packed) for each in sets)
    else:
        assert any(len(each) > capacity for each in sets) or len(set(sets)) > bins


@settings(max_examples=100, deadline=None)
@given(
    bins=st.lists(st.frozensets(st.integers(0, 20), min_size=1, max_size=6), min_size=1, max_size=5),
    seed=st.integers(0, 999),
)
def test_a_packing_whose_bins_are_among_the_sets_is_found(bins, seed):
    random = np.random.default_rng(seed)
    parts = [
        frozenset(random.permutation(sorted(each))[: random.integers(len(each) + 1)].tolist()) for each in bins * 3
    ]
    assert pack_sets([*parts, *bins], max(map(len, bins)), len(bins)) is not None


def test_sets_that_overlap_share_a_bin():
    sets = [frozenset(word) for word in ({1, 2, 3}, {4, 5, 6}, {3, 7}, {6, 8}, {1, 2}, {5})]
    packed = pack_sets(sets, 4, 2)
    assert packed is not None
    assert sorted(map(sorted, packed)) == [[1, 2, 3, 7], [4, 5, 6, 8]]
