"""What the default palette and dithering are to look like: faces, small hues, flat colours, faint rims."""

from __future__ import annotations

import itertools
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from pillow_kmq import quantize
from pillow_kmq.color import to_points
from pillow_kmq.quant.clustering.medoids import choose_medoids
from pillow_kmq.quant.sensitivity import hold_back, sensitivities
from places import CASES

FACE = (195, 80, 260, 170)


def oklab(im: Image.Image) -> np.ndarray:
    """Return float64[h, w, 3], times 100."""
    rgba = np.asarray(im.convert("RGBA")).reshape(-1, 4)
    return to_points(rgba, "oklab")[:3].T.astype(float).reshape(im.height, im.width, 3)


def chroma(im: Image.Image) -> float:
    return float(np.hypot(*oklab(im)[..., 1:].reshape(-1, 2).T).mean())


def saved(im: Image.Image, colors: int, **options: object) -> Image.Image:
    file = BytesIO()
    im.save(file, "PNG8", colors=colors, **options)
    return Image.open(file)


# Faces and small hues


@pytest.mark.jit
@pytest.mark.parametrize(("colors", "least"), [(20, 0.55), (32, 0.7), (64, 0.9)])
def test_a_face_keeps_its_colour(samples, colors, least):
    photo = Image.open(samples / "photo.png").convert("RGB")
    face = chroma(photo.crop(FACE))
    assert chroma(quantize(photo, colors).crop(FACE)) > least * face
    assert chroma(saved(photo, colors).crop(FACE)) > min(least + 0.1, 0.97) * face


def sky_with_a_pink_cloud() -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Return noise of many greens and blues below a smooth violet sky with a small cloud, and the cloud's box."""
    random = np.random.default_rng(0)
    pixels = random.normal((90, 130, 120), (45, 45, 45), (128, 128, 3))
    pixels[:64] = np.linspace((70, 60, 120), (110, 100, 160), 64)[:, None]
    pixels[20:30, 60:80] = (165, 110, 150)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), (62, 22, 78, 28)


@pytest.mark.jit
def test_a_small_hue_in_a_smooth_area_is_kept_beside_noise():
    im, cloud = sky_with_a_pink_cloud()

    def off(out: Image.Image) -> float:
        return float(np.linalg.norm((oklab(out.crop(cloud)) - oklab(im.crop(cloud))).mean((0, 1))))

    assert off(quantize(im, 16)) < 3
    assert off(quantize(im, 16)) < 0.6 * off(quantize(im, 16, space="srgb"))


@pytest.mark.jit
def test_smooth_areas_get_more_colours_than_as_much_noise():
    im, _ = sky_with_a_pink_cloud()
    sky = (0, 0, 128, 64)
    assert len(quantize(im, 32).crop(sky).getcolors()) > len(quantize(im, 32, space="oklab").crop(sky).getcolors())


def test_errors_are_seen_well_where_it_is_smooth():
    each = sensitivities(np.arange(256, dtype=np.uint8))
    assert each[0] == 1
    assert (np.diff(each) < 0).all()


def test_what_is_held_back_is_the_fourth_root_of_pixels_alike():
    colors = np.array([0xFF000000, 0xFF000001, 0xFFFFFFFF], np.uint32)
    weights = np.array([10.0, 6.0, 81.0])
    np.testing.assert_allclose(hold_back(colors, 2 * weights, weights), [10.0, 6.0, 54.0])


# Regions of dithered pictures


@pytest.mark.jit
@pytest.mark.parametrize("dither", ["auto", "selective", 1.0])
def test_no_region_is_shifted_by_a_palette_fitted_to_dithering(samples, dither):
    photo = Image.open(samples / "photo.png").convert("RGB")
    plain = quantize(photo, 64)

    def shifts(out: Image.Image) -> np.ndarray:
        """Return how far the mean colour of each tile of 64x64 pixels is off."""
        difference = (oklab(out) - oklab(photo)).reshape(8, 64, 8, 64, 3).mean((1, 3))
        return np.linalg.norm(difference, axis=-1)

    assert (shifts(quantize(photo, 64, dither=dither)) < np.maximum(shifts(plain), 0.3) + 0.3).all()


# Flat colours


@pytest.mark.parametrize("dither", [None, "auto", "selective", 1.0])
@pytest.mark.parametrize("colors", [2, 4, 8])
def test_paper_stays_white(colors, dither):
    out = quantize(Image.open(CASES / "11-text-on-white-paper.png").convert("RGB"), colors, dither=dither)
    assert max(out.convert("L").getcolors())[1] == 255


@pytest.mark.parametrize("dither", [None, "auto", "selective", 1.0])
@pytest.mark.parametrize("colors", [3, 4, 6, 8])
def test_the_red_of_a_brand_stays_that_red(colors, dither):
    out = quantize(Image.open(CASES / "11-logo-brand-red-228-0-43.png").convert("RGB"), colors, dither=dither)
    shown = {color for _, color in out.convert("RGB").getcolors()}
    assert {(228, 0, 43), (255, 255, 255)} <= shown


# Flat art


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("colors", [8, 12, 16, 20])
def test_faces_and_shirts_of_pixel_art_keep_their_colours(samples, colors, mode):
    art = Image.open(samples / "pixel-art.png").convert(mode)
    skin, shirt = (246, 190, 140), (60, 92, 196)
    pixels = np.asarray(art)[..., :3]
    for out in (quantize(art, colors), saved(art, colors)):
        shown = np.asarray(out.convert("RGB"))
        for color in (skin, shirt):
            assert (shown[(pixels == color).all(-1)] == color).all()


@settings(max_examples=50, deadline=None)
@given(data=st.data(), n=st.integers(2, 9))
def test_no_swap_makes_medoids_better_and_forced_ones_stay(data, n):
    k = data.draw(st.integers(1, n - 1))
    first = data.draw(st.integers(0, k))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    points = random.normal(size=(4, n)).astype(np.float32)
    weights, opaque = random.random(n), np.ones(n, np.bool_)
    chosen = choose_medoids(points, weights, opaque, k, first).tolist()

    def cost(numbers: list[int]) -> float:
        squares = np.square(points[:, :, None] - points[:, None, numbers]).sum(0).astype(float)
        return float(weights @ (squares**2).min(axis=1))

    assert len(set(chosen)) == k
    assert chosen[:first] == list(range(first))
    for place, number in itertools.product(range(first, k), set(range(n)) - set(chosen)):
        assert cost(chosen) <= cost([*chosen[:place], number, *chosen[place + 1 :]]) * (1 + 1e-5) + 1e-9


def test_only_opaque_entries_stand_for_opaque_colours_of_flat_art():
    im = Image.new("RGBA", (40, 10))
    for x, color in enumerate([(255, 0, 0, 255), (255, 0, 0, 200), (0, 0, 255, 200), (0, 255, 0, 200)] * 10):
        im.paste(color, (x, 0, x + 1, 10))
    for colors in (2, 3):
        shown = np.asarray(quantize(im, colors).convert("RGBA"))
        assert (shown[:, ::4, 3] == 255).all()


# Faint rims


def logo(seed: int) -> Image.Image:
    """Draw shapes of three flat colours with soft edges on nothing."""
    random = np.random.default_rng(seed)
    im = Image.new("RGBA", (256, 256))
    draw = ImageDraw.Draw(im)
    for color in random.integers(0, 256, (3, 3)).tolist():
        x, y, w, h = random.integers(20, 120, 4).tolist()
        draw.ellipse((x, y, x + w, y + h), (*color, 255))
    return im.filter(ImageFilter.GaussianBlur(2)).resize((64, 64), Image.Resampling.LANCZOS)


def error(im: Image.Image, out: Image.Image) -> float:
    """Return the mean squared error over R, G and B, over black or over white, whichever is worse."""
    errors = []
    for under in ("black", "white"):
        seen = [Image.alpha_composite(Image.new("RGBA", im.size, under), each.convert("RGBA")) for each in (im, out)]
        a, b = (np.asarray(each, float)[..., :3] for each in seen)
        errors.append(np.square(a - b).mean())
    return max(errors)


def test_faint_pixels_take_no_entries_from_the_colours_of_a_logo():
    im = Image.open(CASES / "01-few-colours-and-clear-pixels.png").convert("RGBA")
    assert error(im, quantize(im, 4)) < 6.5


@pytest.mark.jit
@pytest.mark.parametrize("seed", range(4))
def test_more_colours_are_never_worse_where_there_is_transparency(seed):
    im = logo(seed)
    errors = [error(im, quantize(im, k)) for k in range(2, 11)]
    assert all(more <= 1.02 * fewer for fewer, more in itertools.pairwise(errors)), errors
