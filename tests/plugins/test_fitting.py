"""`max_bytes=`, `report=` and `progress=` on saving, for both formats."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import pillow_kmq
from pillow_kmq import PSNR, Report, errors
from pillow_kmq.compare import compare

FORMATS = ("PNG8", "KMQ")


def picture(mode: str = "RGB", size: int = 64) -> Image.Image:
    y, x = np.mgrid[0:size, 0:size] / size
    planes = np.dstack([255 * x, 255 * y, 255 * x * y, 255 * (1 - x * y)])
    pixels = np.clip(planes + np.random.default_rng(0).normal(0, 6, planes.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def save(im: Image.Image, format_: str, **options: Any) -> bytes:
    file = BytesIO()
    im.save(file, format=format_, **options)
    return file.getvalue()


def reopen(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def entries(data: bytes) -> int:
    return len(reopen(data).getpalette() or []) // 3


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("limit", [200, 800, 1500, 2000])
def test_the_file_fits_and_one_colour_more_does_not(format_, limit):
    im = picture()
    data = save(im, format_, max_bytes=limit, effort="fast")
    assert len(data) <= limit
    colors = entries(data)
    assert colors < 256
    assert data == save(im, format_, colors=colors, effort="fast")
    assert len(save(im, format_, colors=colors + 1, effort="fast")) > limit


@pytest.mark.parametrize("format_", FORMATS)
def test_what_fits_anyway_is_saved_as_without_a_limit(format_):
    im = picture("RGBA")
    plain = save(im, format_, colors=20, dither=1.0)
    assert save(im, format_, colors=20, dither=1.0, max_bytes=len(plain)) == plain
    assert save(im, format_, colors=20, dither=1.0, max_bytes=len(plain) - 1) != plain


@pytest.mark.parametrize("format_", FORMATS)
def test_a_palette_image_that_fits_is_kept_and_another_gets_fewer_colours(format_):
    im = picture().quantize(64)
    plain = save(im, format_)
    assert save(im, format_, max_bytes=len(plain)) == plain
    smaller = save(im, format_, max_bytes=len(plain) // 2)
    assert len(smaller) <= len(plain) // 2
    assert entries(smaller) < 64


@pytest.mark.parametrize("format_", FORMATS)
def test_where_nothing_fits_there_is_an_error_and_no_file(format_, tmp_path: Path):
    file = tmp_path / f"a.{format_.lower()}"
    with pytest.raises(ValueError, match=r"max_bytes=10 is too small: the smallest file found has \d+ bytes") as caught:
        picture().save(file, format=format_, max_bytes=10)
    assert isinstance(caught.value, errors.SizeError)
    assert not file.exists()


@pytest.mark.parametrize("format_", FORMATS)
def test_quality_and_size_hold_together_or_raise(format_):
    im = picture()
    few = save(im, format_, quality=(10, 30))
    both = save(im, format_, quality=(5, 30), max_bytes=len(few) - 1)
    assert len(both) < len(few)
    with pytest.raises(errors.QualityError, match="cannot reach quality 25"):
        save(im, format_, quality=(25, 30), max_bytes=len(few) // 4)
    with pytest.raises(errors.QualityError):
        save(im, format_, quality=PSNR(35), colors=4)


def test_several_ways_of_dithering_are_tried():
    im = picture(size=96)
    ways = [save(im, "PNG8", max_bytes=3000, dither=way, effort="fast") for way in (0.0, 0.5, 1.0)]
    assert save(im, "PNG8", max_bytes=3000, dither=[0.0, 0.5, 1.0], effort="fast") in ways
    smooth = Image.linear_gradient("L").convert("RGB")
    dithered = save(smooth, "PNG8", max_bytes=20000, colors=4, dither=[None, 1.0])
    assert dithered == save(smooth, "PNG8", colors=4, dither=1.0)  # seen from afar, it is better


def test_a_list_of_ways_needs_a_limit():
    with pytest.raises(ValueError, match="dither"):
        save(picture(), "PNG8", dither=[0.0, 1.0])


def test_a_given_palette_fits_or_not():
    palette = [[0, 0, 0], [255, 255, 255]]
    plain = save(picture(), "PNG8", palette=palette)
    assert save(picture(), "PNG8", palette=palette, max_bytes=len(plain)) == plain
    with pytest.raises(errors.SizeError, match=str(len(plain))):
        save(picture(), "PNG8", palette=palette, max_bytes=len(plain) - 1)


@settings(max_examples=25, deadline=None)
@given(
    mode=st.sampled_from(["L", "LA", "P", "RGB", "RGBA", "CMYK"]),
    limit=st.integers(1, 3000),
    fixed=st.sampled_from([None, [[255, 0, 0], [0, 0, 0, 0]]]),
    format_=st.sampled_from(FORMATS),
)
def test_a_file_fits_or_there_is_a_sizeerror(mode, limit, fixed, format_):
    im = picture("RGB", 20).quantize(30) if mode == "P" else picture("RGBA" if mode == "LA" else mode, 20).convert(mode)
    try:
        data = save(im, format_, max_bytes=limit, fixed=fixed, effort="fast")
    except errors.SizeError:
        return
    assert len(data) <= limit
    reopen(data).load()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_bytes": 0}, "max_bytes must be 1"),
        ({"max_bytes": "9k"}, "max_bytes must be an integer"),
        ({"max_bytes": 1.5}, "max_bytes must be an integer"),
        ({"quality": "high"}, "quality"),
        ({"posterize": 5}, "posterize"),
        ({"importance": [1]}, "importance"),
        ({"progress": 5}, "progress"),
        ({"order": 5}, "order"),
    ],
)
def test_bad_values_raise_valueerror_that_names_the_keyword(options, words, tmp_path: Path):
    with pytest.raises(ValueError, match=words):
        picture().save(tmp_path / "a.png", format="PNG8", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("options", [{"colors": 9}, {"max_bytes": 900}, {"quality": 30, "dither": 1.0}])
def test_the_report_is_of_the_file(format_, options):
    reports: list[Report] = []
    im = picture()
    data = save(im, format_, report=reports.append, **options)
    (report,) = reports
    assert report.bytes == len(data)
    assert report.image.convert("RGB").tobytes() == reopen(data).convert("RGB").tobytes()
    assert report.psnr == compare(im, reopen(data)).psnr
    assert report.colors == len(set(reopen(data).tobytes()))


@pytest.mark.parametrize("options", [{"colors": 9}, {"max_bytes": 900}, {"max_bytes": 900, "dither": [0.0, 1.0]}])
def test_cancelling_leaves_no_file(options, tmp_path: Path):
    heard: list[float] = []
    save(picture(), "PNG8", progress=heard.append, **options)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    with pytest.raises(errors.CancelledError):
        picture().save(tmp_path / "a.png", format="PNG8", progress=lambda done: done < 0.5, **options)
    assert not list(tmp_path.iterdir())


def test_posterized_and_named_palettes_reach_the_file():
    data = save(picture(), "PNG8", posterize="rgb332", colors=30)
    assert set((reopen(data).getpalette() or [])[2::3]) <= {0, 85, 170, 255}
    assert entries(save(picture(), "KMQ", palette="cga")) == 16


def test_a_transparent_index_reaches_the_file():
    im = picture("RGBA")
    im.putpixel((0, 0), (0, 0, 0, 0))
    for format_ in FORMATS:
        assert reopen(save(im, format_, colors=9, transparent_index=-1)).getpixel((0, 0)) == 8
    im.putalpha(im.getchannel("A").point(lambda a: 255 * (a > 0)))
    assert reopen(save(im, "PNG8", colors=9, transparent_index=-1)).info["transparency"] == 8


def test_saving_a_palette_image_with_a_new_order_changes_no_pixel():
    im = picture().quantize(40)
    data = save(im, "PNG8", order="popularity")
    assert reopen(data).convert("RGB").tobytes() == im.convert("RGB").tobytes()
    assert pillow_kmq.quantize(im, order="popularity").tobytes() == reopen(data).tobytes()
