"""`quality=`: the fewest colours that reach it, or an error."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pillow_kmq import PSNR, DeltaE, Report, errors, quantize
from pillow_kmq.compare import compare, oklab_square, visible_distance
from pillow_kmq.quality_scale import quality_of
from pillow_kmq.quant import pipeline
from pillow_kmq.quant.aim import Aim
from pillow_kmq.quant.options import EFFORTS
from pillow_kmq.quant.quality import find_fewest, find_fewest_of_sample

pytestmark = pytest.mark.jit


def picture(size: int = 48, seed: int = 0, *, alpha: bool = False) -> Image.Image:
    """Smooth colours with a little noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    planes = [255 * x, 255 * y, 255 * x * y] + [255 * (1 - y * x)] * alpha
    pixels = np.dstack(planes) + random.normal(0, 6, (size, size, len(planes)))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def entries(im: Image.Image) -> int:
    return len(im.getpalette() or []) // 3


@settings(max_examples=30, deadline=None)
@given(
    target=st.one_of(
        st.floats(20, 40).map(lambda dB: PSNR(dB)),
        st.floats(1.0, 12.0).map(DeltaE),
        st.integers(1, 85).map(lambda q: (q, q)),
    ),
    space=st.sampled_from(["srgb", "oklab"]),
    alpha=st.booleans(),
    seed=st.integers(0, 3),
)
def test_the_target_is_met_and_one_colour_fewer_misses_it(target, space, alpha, seed):
    im = picture(seed=seed, alpha=alpha)

    def met(out: Image.Image, slack: float = 1e-3) -> bool:
        result = compare(im, out)
        if isinstance(target, DeltaE):
            return result.oklab <= target.distance + slack
        if isinstance(target, PSNR):
            return result.psnr >= target.decibels - slack
        return quality_of(oklab_square(im, out)) >= target[0] - slack

    try:
        out = quantize(im, quality=target, space=space, effort="fast")
    except errors.QualityError:
        assert not met(quantize(im, space=space, effort="fast"), slack=-1e-3)
        return
    assert met(out)
    if entries(out) > 1:
        assert not met(quantize(im, entries(out) - 1, space=space, effort="fast"), slack=-1e-3)


def test_more_quality_takes_more_colours():
    counts = [entries(quantize(picture(), quality=q)) for q in (10, 40, 60, 75)]
    assert counts == sorted(set(counts))


def test_a_number_is_only_aimed_at_and_a_minimum_is_needed():
    im = picture()
    assert entries(quantize(im, 4, quality=99)) == 4
    assert entries(quantize(im, 4, quality=(0, 99))) == 4
    with pytest.raises(ValueError, match=r"cannot reach quality 90 with 4 colours \(best: \d+\)") as caught:
        quantize(im, 4, quality=(90, 99))
    assert isinstance(caught.value, errors.QualityError)
    with pytest.raises(errors.QualityError, match=r"cannot reach PSNR 50\.00 dB with 4 colours \(best: \d+\.\d\d\)"):
        quantize(im, 4, quality=PSNR(50))
    with pytest.raises(errors.QualityError, match=r"cannot reach DeltaE 0\.10 with 1 colour \(best: \d+\.\d\d\)"):
        quantize(im, 1, quality=DeltaE(0.1))


def test_few_colours_are_enough_for_100():
    im = Image.new("RGB", (4, 4), (1, 2, 3))
    im.putpixel((0, 0), (9, 9, 9))
    assert entries(quantize(im, quality=(100, 100))) == 2


def test_fixed_colours_count_and_stay():
    out = quantize(picture(), 64, quality=60, fixed=[[255, 0, 255], [0, 255, 0]])
    palette = np.array(out.getpalette()).reshape(-1, 3).tolist()
    assert [255, 0, 255] in palette
    assert [0, 255, 0] in palette


def test_an_aim_at_a_sampled_image_is_checked_on_all_of_it(monkeypatch):
    monkeypatch.setitem(EFFORTS, "default", replace(EFFORTS["default"], sample=1 << 10))
    pixels = np.array(picture(160))
    pixels[:, 80:] = 0  # rows differ: the sample misleads
    pixels[::7, 80:] = np.random.default_rng(1).integers(0, 256, pixels[::7, 80:].shape)
    im = Image.fromarray(pixels)
    assert not pipeline.count([ImageLike(pixels)], default_options()).whole
    out = quantize(im, quality=PSNR(25))
    assert compare(im, out).psnr >= 25 - 1e-3


class ImageLike:
    has_alpha = False

    def __init__(self, pixels: np.ndarray) -> None:
        self._pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
        self.height, self.width = pixels.shape[:2]

    def rows(self, start: int, stop: int) -> np.ndarray:
        return np.ascontiguousarray(self._pixels[start:stop]).view("<u4")[..., 0]

    def importance(self, start: int, stop: int) -> None:
        return None


def default_options():
    from pillow_kmq.quant.options import Options

    return Options()


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=40), st.floats(0.01, 100))
def test_fewest_finds_a_crossing_of_any_errors(values, wanted):
    def find(k: int) -> np.ndarray:
        return np.zeros((k, 4), np.uint8)

    def error(palette: np.ndarray) -> float:
        return values[len(palette) - 1]

    k = len(find_fewest(find, error, 1, len(values), Aim(wanted, math.inf, "dB")))
    assert k == len(values) or values[k - 1] <= wanted
    if values[-1] <= wanted:
        assert k == 1 or values[k - 2] > wanted


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=40), st.floats(0.1, 3), st.floats(0.01, 100))
def test_reaching_checks_what_is_only_estimated(values, bias, wanted):
    values = sorted(values, reverse=True)

    def find(k: int) -> np.ndarray:
        return np.zeros((k, 4), np.uint8)

    def whole(palette: np.ndarray) -> float:
        return values[len(palette) - 1]

    def estimate(palette: np.ndarray) -> float:
        return whole(palette) * bias

    aim = Aim(wanted, wanted, "dB")
    try:
        k = len(find_fewest_of_sample(find, estimate, whole, 1, len(values), aim))
    except errors.QualityError:
        assert values[-1] > wanted or values[-1] * bias > wanted
    else:
        assert values[k - 1] <= wanted


def test_the_scale_of_quality_rises_and_ends_at_100():
    scale = [quality_of(mse) for mse in np.geomspace(1e4, 1e-3, 200)]
    assert scale == sorted(scale)
    assert (scale[0], scale[-1], quality_of(0.0)) == (0, 100, 100)


def test_importance_steers_what_is_measured():
    pixels = np.array(picture(40))
    pixels[:, 20:] = np.random.default_rng(0).integers(0, 256, (40, 20, 3))
    left = np.zeros((40, 40), np.uint8)
    left[:, :20] = 255
    im = Image.fromarray(pixels)
    assert entries(quantize(im, quality=PSNR(25), importance=left)) < entries(quantize(im, quality=PSNR(25)))


def test_the_report_tells_colours_and_errors():
    reports: list[Report] = []
    im = picture()
    out = quantize(im, quality=40, report=reports.append)
    (report,) = reports
    expected = compare(im, out)
    assert report.image is out
    assert report.original is im
    assert report.bytes is None
    assert report.colors == entries(out)
    assert (report.psnr, report.delta_e) == (expected.psnr, expected.oklab)
    assert report.quality == pytest.approx(quality_of(oklab_square(im, out)))
    assert report.visible_error == visible_distance(im, out)
    assert abs(report.quality - 40) < 5
    assert str(report) == (
        f"{report.colors} colours, PSNR {report.psnr:.2f} dB, DeltaE {report.delta_e:.2f}, "
        f"visible error {report.visible_error:.2f}, quality {report.quality:.0f}"
    )


@pytest.mark.parametrize(
    ("quality", "error", "words"),
    [
        (-1, ValueError, "0 to 100"),
        (101, ValueError, "0 to 100"),
        (float("nan"), ValueError, "0 to 100"),
        ((70, 60), ValueError, "min <= max"),
        ((1, 2, 3), ValueError, "min, max"),
        ("60", TypeError, "PSNR"),
        (True, TypeError, "PSNR"),
        ((1, "2"), TypeError, "number"),
    ],
)
def test_bad_qualities_get_a_clear_error(quality, error, words):
    with pytest.raises(error, match=words):
        quantize(picture(4), quality=quality)


@pytest.mark.parametrize("kind", [PSNR, DeltaE])
@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (math.inf, ValueError), ("3", TypeError)])
def test_bad_targets_get_a_clear_error(kind, value, error):
    with pytest.raises(error, match=kind.__name__):
        kind(value)


def test_a_psnr_that_no_image_has_asks_for_exactness():
    few = Image.new("RGB", (4, 4))
    assert np.array_equal(quantize(few, quality=PSNR(1e6)).convert("RGB"), few)
    with pytest.raises(errors.QualityError, match="cannot reach"):
        quantize(picture(), quality=PSNR(1e6))


def test_a_given_palette_has_no_target():
    with pytest.raises(ValueError, match="cannot be combined with palette"):
        quantize(picture(4), palette=[[0, 0, 0]], quality=50)
