"""PSNR, Oklab distance and SSIM: golden values, identities, and slow obvious versions to agree with."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pillow_kmq import compare as module
from pillow_kmq.compare import Comparison, compare, oklab_distance, psnr, ssim
from pillow_kmq.errors import ModeError, OptionError

GREY, BLACK, WHITE, RED, BLUE = (128,) * 3, (0,) * 3, (255,) * 3, (255, 0, 0), (0, 0, 255)


def flat(colour: tuple[int, ...], size: tuple[int, int] = (16, 12)) -> Image.Image:
    return Image.new("RGB" if len(colour) == 3 else "RGBA", size, colour)


def noise(seed: int, size: tuple[int, int] = (23, 17), channels: int = 3) -> Image.Image:
    random = np.random.RandomState(seed)
    return Image.fromarray(random.randint(0, 256, (size[1], size[0], channels)).astype(np.uint8))


def naive_psnr(a: Image.Image, b: Image.Image) -> float:
    """Pixel by pixel, over black and over white."""
    errors = []
    for background in (0, 255):
        total = 0
        for y in range(a.height):
            for x in range(a.width):
                p, q = a.getpixel((x, y)), b.getpixel((x, y))
                for c in range(3):
                    shown = [round((v[c] * v[3] + background * (255 - v[3])) / 255) for v in (p, q)]
                    total += (shown[0] - shown[1]) ** 2
        errors.append(total / (3 * a.width * a.height))
    return math.inf if max(errors) == 0 else 10 * math.log10(255**2 / max(errors))


def naive_ssim(a: Image.Image, b: Image.Image) -> float:
    """Window by window, with weighted means and variances as Wang et al. define them."""
    luma = [np.asarray(image.convert("RGB")).astype(float) @ [0.299, 0.587, 0.114] for image in (a, b)]
    axis = np.arange(-5, 6)
    window = np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for top in range(a.height - 10):
        for left in range(a.width - 10):
            x, y = (plane[top : top + 11, left : left + 11] for plane in luma)
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            cov = (window * (x - mx) * (y - my)).sum()
            c1, c2 = 6.5025, 58.5225
            values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return float(np.mean(values))


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La", "CMYK", "YCbCr", "HSV"]
)
def test_an_image_equals_itself_in_every_8_bit_mode(mode: str) -> None:
    source = noise(1, channels=4)
    if mode in ("RGBa", "La"):
        image = source.convert("RGBA" if mode == "RGBa" else "LA").convert(mode)
    elif mode in ("P", "PA"):
        image = source.convert("RGB").quantize(16).convert(mode)
    else:
        image = source.convert("RGB").convert(mode)
    assert compare(image, image.copy()) == Comparison(math.inf, 0.0, pytest.approx(1.0))


def test_psnr_of_a_uniform_difference_is_the_textbook_value() -> None:
    assert psnr(flat((100, 100, 100)), flat((110, 110, 110))) == pytest.approx(10 * math.log10(255**2 / 100))
    assert psnr(flat((100, 100, 100)), flat((110, 100, 100))) == pytest.approx(10 * math.log10(255**2 / (100 / 3)))
    assert psnr(flat(BLACK), flat(WHITE)) == 0


def test_oklab_distance_is_a_hundred_between_black_and_white_and_known_between_red_and_blue() -> None:
    assert oklab_distance(flat(BLACK), flat(WHITE)) == pytest.approx(100, abs=1e-3)
    # Red is (0.6280, 0.2249, 0.1258) and blue (0.4520, -0.0325, -0.3115) in Oklab.
    expected = 100 * math.dist((0.62796, 0.22486, 0.12585), (0.45201, -0.03246, -0.31153))
    assert oklab_distance(flat(RED), flat(BLUE)) == pytest.approx(expected, abs=0.01)


def test_ssim_of_flat_images_is_their_luminance_term() -> None:
    c1 = (0.01 * 255) ** 2
    assert ssim(flat(BLACK), flat(WHITE)) == pytest.approx(c1 / (255**2 + c1))
    assert ssim(flat(GREY, (1, 1)), flat(WHITE, (1, 1))) == pytest.approx((2 * 128 * 255 + c1) / (128**2 + 255**2 + c1))


def test_the_values_for_a_known_pair_do_not_drift(samples: Path) -> None:
    # SSIM and PSNR were checked against scikit-image 0.26 (structural_similarity with gaussian_weights,
    # sigma 1.5, population covariance): equal to 1e-14.
    photo = Image.open(samples / "photo.png")
    coarse = photo.point([16 * (level // 16) + 8 for level in range(256)] * 3)
    result = compare(photo, coarse)
    assert result.psnr == pytest.approx(33.90399925690, abs=1e-9)
    assert result.oklab == pytest.approx(2.911831902006, abs=1e-9)
    assert result.ssim == pytest.approx(0.861959798067, abs=1e-9)


def test_psnr_agrees_with_the_pixel_by_pixel_version() -> None:
    a, b = noise(1, channels=4), noise(2, channels=4)
    assert psnr(a, b) == pytest.approx(naive_psnr(a, b))


def test_ssim_agrees_with_the_window_by_window_version() -> None:
    a = noise(3)
    b = Image.blend(a, noise(4), 0.3)
    assert ssim(a, b) == pytest.approx(naive_ssim(a, b), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(1, 200), st.integers(0, 99))
def test_blocks_of_rows_give_the_values_of_the_whole(width: int, height: int, pixels: int, seed: int) -> None:
    a, b = noise(seed, (width, height), 4), noise(seed + 1, (width, height), 4)
    whole = compare(a, b)
    original = module._BLOCK_PIXELS
    module._BLOCK_PIXELS = pixels
    try:
        assert compare(a, b) == Comparison(*(pytest.approx(v, abs=1e-9) for v in vars(whole).values()))
    finally:
        module._BLOCK_PIXELS = original


def test_colour_under_full_transparency_does_not_count() -> None:
    assert compare(flat((*RED, 0)), flat((*BLUE, 0))) == Comparison(math.inf, 0.0, pytest.approx(1.0))


def test_with_transparency_the_worse_background_counts() -> None:
    half_black, clear = flat((*BLACK, 128)), flat((*BLACK, 0))
    # Over black both are black, so that only white tells them apart.
    assert psnr(half_black, clear) == pytest.approx(psnr(flat((127,) * 3), flat(WHITE)))
    half_white, clear = flat((*WHITE, 128)), flat((*WHITE, 0))
    assert psnr(half_white, clear) == pytest.approx(psnr(flat((128,) * 3), flat(BLACK)))


def test_lost_transparency_is_an_error_even_if_the_colours_stay() -> None:
    assert psnr(flat((*GREY, 100)), flat(GREY)) < 20


def test_palette_images_count_as_what_they_show() -> None:
    image = noise(5).quantize(8)
    assert psnr(image, image.convert("RGB")) == math.inf
    transparent = image.copy()
    transparent.info["transparency"] = bytes([0, 128])
    assert psnr(transparent, transparent.convert("RGBA")) == math.inf
    assert psnr(transparent, image) < math.inf


def test_different_sizes_are_refused_with_both_sizes() -> None:
    with pytest.raises(OptionError, match="16x12 and 12x16"):
        compare(flat(GREY), flat(GREY, (12, 16)))


def test_an_empty_image_is_refused() -> None:
    with pytest.raises(OptionError, match="0x5"):
        psnr(flat(GREY, (0, 5)), flat(GREY, (0, 5)))


@pytest.mark.parametrize("mode", ["I", "I;16", "F"])
def test_modes_of_more_than_8_bits_are_refused_by_name(mode: str) -> None:
    with pytest.raises(ModeError, match=f"mode {mode} "):
        psnr(Image.new(mode, (4, 4)), Image.new(mode, (4, 4)))
