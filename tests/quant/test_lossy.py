"""`lossy=`: indices that take fewer bytes at nearly the same look."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import naive_lossy
from pillow_kmq import errors, quantize, quantize_all, save_animation
from pillow_kmq.compare import psnr, visible_distance
from pillow_kmq.quant.arrays import ArraySource
from pillow_kmq.quant.histogram import pack
from pillow_kmq.quant.lossy.choice import LZW_NEAR, choose
from pillow_kmq.quant.lossy.costs import copy_of, costs_of, count, no_counts
from pillow_kmq.quant.lossy.entries import entries_of
from pillow_kmq.quant.lossy.errors import REACH, errors_of
from pillow_kmq.quant.lossy.refine import refine
from places import ROOT

NOTHING = np.empty((0, 4), np.uint8)
PHOTO = ROOT / "sample_images" / "photo.png"
SCREENSHOT = ROOT / "sample_images" / "screenshot.png"


def noise(height: int = 64, width: int = 64, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """A smooth picture with the grain of a camera."""
    y, x = np.mgrid[0:height, 0:width]
    planes = np.dstack([90 + x, 200 - y, 60 + (x + y) / 2, np.where(x < width / 2, 255, 120 + y)])
    grain = np.random.default_rng(seed).normal(0, 4, planes.shape) * [1, 1, 1, 0]
    return Image.fromarray(np.clip(planes + grain, 0, 255).astype(np.uint8)[..., : len(mode)])


def photo() -> Image.Image:
    with Image.open(PHOTO) as im:
        return im.convert("RGB").crop((100, 0, 356, 256))


def size(im: Image.Image, format_: str, **options: Any) -> int:
    file = BytesIO()
    im.save(file, format_, **options)
    return file.tell()


@pytest.mark.parametrize("lzw", [False, True])
@pytest.mark.parametrize("animated", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_choices_are_those_of_the_slow_version(animated, seed, lzw):
    generator = np.random.default_rng(seed)
    palette = generator.integers(0, 256, (12, 4)).astype(np.uint8)
    palette[:, 3] = [0, 90, 160, *[255] * 9]
    clean = palette[generator.integers(0, 12, (3, 4)).repeat(4, 0).repeat(4, 1)]
    pixels = np.clip(clean + generator.normal(0, 30, clean.shape) * [1, 1, 1, 0], 0, 255).astype(np.uint8)
    pixels[2:6, 2:9] = palette[5]
    pixels[pixels[..., 3] == 0] = 0
    palette[0] = 0
    kinds = np.where(pixels[..., 3] == 0, 0, np.where(pixels[..., 3] < 255, 1, 2))
    choice = [np.array([0]), np.array([1, 2]), np.arange(3, 12)]
    indices = np.array(
        [[choice[kind][generator.integers(len(choice[kind]))] for kind in row] for row in kinds], np.uint8
    )
    indices[2:6, 2:9] = 5
    before = np.where(generator.random(indices.shape) < 0.7, indices, generator.integers(0, 12, indices.shape))
    before = before.astype(np.uint8) if animated else None
    bit = np.where(generator.random(indices.shape) < 0.9, 20.0, 0.0).astype(np.float32)
    wanted = naive_lossy.choose(pixels, palette, indices, bit, 100.0, palette[7:8], before, lzw)
    assert (wanted != indices).sum() > 10

    entries = entries_of(palette, palette[7:8], LZW_NEAR if lzw else 0)
    chosen, marks = indices.copy(), np.zeros(indices.shape, np.uint8)
    packed = pack(pixels).reshape(indices.shape)
    found = errors_of(packed, chosen, 0, len(chosen), entries)
    for sweep in range(naive_lossy.SWEEPS):
        if sweep < 2:
            counts = no_counts(12, lzw=lzw)
            count(counts, chosen, before, 0, len(chosen))
            costs = costs_of(counts)
        choose(chosen, before, marks, sweep, 0, bit, 100.0, found, entries, costs)
    assert np.array_equal(chosen, wanted)
    again = errors_of(packed, chosen, 0, len(chosen), entries)
    assert np.allclose(found.single, again.single, atol=1e-4)
    assert np.allclose(found.columns[REACH:-REACH], again.columns[REACH:-REACH], atol=1e-4)


@pytest.mark.parametrize("animated", [False, True])
def test_counts_of_rows_can_be_taken_back(animated):
    generator = np.random.default_rng(7)
    indices, before = generator.integers(0, 5, (2, 9, 11)).astype(np.uint8)
    whole, upper = no_counts(5), no_counts(5)
    count(whole, indices, before if animated else None, 0, 9)
    count(upper, indices, before if animated else None, 0, 4)
    rest = copy_of(whole)
    count(rest, indices, before if animated else None, 4, 9, -1)
    assert all(np.array_equal(one, other) for one, other in zip(rest, upper, strict=True))
    assert whole.after_west.sum() > rest.after_west.sum()


@pytest.mark.parametrize("dither", ["none", "auto", "floyd-steinberg", "bayer", "selective"])
@pytest.mark.parametrize("colors", [16, 256])
def test_photos_take_fewer_bytes_in_every_format(dither, colors):
    im = photo()
    plain, lossy = (quantize(im, colors, dither=dither, lossy=strength) for strength in (0, 3))
    for format_ in ("PNG", "GIF", "KMQ"):
        assert size(lossy, format_) < size(plain, format_)
    assert visible_distance(im, lossy) < 1.5 * visible_distance(im, plain)


@pytest.mark.parametrize("dither", ["none", "auto"])
@pytest.mark.parametrize("colors", [64, 256])
def test_gif_files_take_fewer_bytes_if_chosen_for_them(dither, colors):
    im = photo()
    usual, own = (quantize(im, colors, dither=dither, lossy=3, lossy_for=format_) for format_ in ("kmq", "gif"))
    assert size(own, "GIF") < size(usual, "GIF")
    assert visible_distance(im, own) < 1.2 * visible_distance(im, usual)


def test_animated_gifs_are_chosen_for_gif():
    shots = frames()
    files = {}
    for strength in (0, 3):
        file = BytesIO()
        save_animation(shots, file, "GIF", colors=64, lossy=strength)
        files[strength] = file.getvalue()
    assert len(files[3]) < 0.6 * len(files[0])
    with Image.open(BytesIO(files[3])) as saved:
        expected = quantize_all(shots, 64, dither="auto", lossy=3, lossy_for="gif")
        for number, result in enumerate(expected):
            saved.seek(number)
            assert saved.convert("RGB").tobytes() == result.convert("RGB").tobytes()


def test_a_palette_image_without_loss_is_kept_in_a_gif():
    im = quantize(noise(), 16)
    file = BytesIO()
    save_animation([im, im.rotate(90)], file, "GIF", lossy=0)
    assert Image.open(BytesIO(file.getvalue())).convert("RGB").tobytes() == im.convert("RGB").tobytes()


def test_more_strength_takes_fewer_bytes():
    im = noise(128, 128)
    sizes = [size(im, "KMQ", colors=64, lossy=strength) for strength in (0, 1, 3, 10)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[1] > sizes[3]


def test_no_strength_changes_nothing():
    im = noise()
    assert quantize(im, 32, lossy=0).tobytes() == quantize(im, 32).tobytes()
    assert size(im, "PNG8", colors=32, lossy=None) == size(im, "PNG8", colors=32)


@pytest.mark.parametrize(("format_", "width"), [("kmq", 250), ("png", 230), ("gif", 250)])  # a gradient from 232 on
def test_flat_art_and_text_stay_exactly_as_they_are(format_, width):
    with Image.open(SCREENSHOT) as shot:
        im = shot.convert("RGB").crop((0, 0, width, 150))
    plain, lossy = (
        np.asarray(quantize(im, 32, lossy=strength, lossy_for=format_).convert("RGB")) for strength in (0, 10)
    )
    assert np.array_equal(plain, lossy)


@pytest.mark.parametrize("format_", ["kmq", "png", "gif"])
@pytest.mark.parametrize("dither", ["none", "auto"])
def test_thin_lines_in_a_photo_get_no_holes(dither, format_):
    im = noise(96, 96)
    draw = ImageDraw.Draw(im)
    ink = (150, 110, 140)
    draw.line((5, 50, 90, 50), fill=ink)
    draw.line((20, 5, 20, 90), fill=ink)
    drawn = (np.asarray(im) == ink).all(2)
    plain, lossy = (
        quantize(im, 64, dither=dither, fixed=[ink], lossy=strength, lossy_for=format_) for strength in (0, 10)
    )
    same = (np.asarray(plain.convert("RGB")) == ink).all(2) & drawn
    assert same.sum() > 0.9 * drawn.sum()
    assert ((np.asarray(lossy.convert("RGB")) == ink).all(2)[same]).all()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10),
    st.sampled_from(["none", "auto", 1.0]),
    st.integers(2, 40),
    st.sampled_from([0.5, 3.0, 20.0]),
    st.sampled_from(["kmq", "png", "gif"]),
)
def test_opaque_stays_opaque_and_invisible_stays_invisible(seed, dither, colors, strength, format_):
    generator = np.random.default_rng(seed)
    pixels = np.array(noise(24, 24, seed, "RGBA"))
    pixels[..., 3] = generator.choice([0, 0, 1, 128, 254, 255, 255], (24, 24))
    im = Image.fromarray(pixels)
    plain, lossy = (
        np.asarray(quantize(im, colors, dither=dither, lossy=s, lossy_for=format_).convert("RGBA"))[..., 3]
        for s in (0, strength)
    )
    for kind in (0, 255):
        assert np.array_equal(plain == kind, lossy == kind)


def test_a_given_palette_is_kept_and_used():
    im = noise(128, 128)
    palette = [[0, 0, 0], [255, 255, 255], [120, 180, 90], [160, 120, 100], [200, 90, 130], [140, 150, 110]]
    plain, lossy = (quantize(im, palette=palette, lossy=strength) for strength in (0, 5))
    assert lossy.getpalette() == plain.getpalette()
    assert size(lossy, "KMQ") < size(plain, "KMQ")


def test_a_palette_image_takes_fewer_bytes_too():
    im = quantize(photo(), 256)
    for format_ in ("KMQ", "PNG8"):
        assert size(im, format_, lossy=3) < 0.95 * size(im, format_)


def test_the_result_does_not_depend_on_threads():
    im = noise(200, 900)
    assert quantize(im, 64, lossy=2, threads=1).tobytes() == quantize(im, 64, lossy=2, threads=3).tobytes()


def test_rows_are_processed_in_bands(monkeypatch):
    monkeypatch.setattr("pillow_kmq.quant.source.STRIPE", 64 * 20)
    im = noise(100, 64)
    plain = quantize(im, 64)
    indices = np.array(plain)
    palette = np.array(plain.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    heard: list[float] = []
    from pillow_kmq.quant.progress import Progress

    refine(
        ArraySource(np.asarray(im)),
        palette,
        indices,
        3.0,
        dithered=False,
        fixed=NOTHING,
        progress=Progress(heard.append),
    )
    assert heard == [0.2, 0.4, 0.6, 0.8, 1.0]
    changed = (indices != np.asarray(plain)).reshape(5, 20, 64).mean((1, 2))
    assert changed.min() > 0.5 * changed.max() > 0


def test_progress_reports_all_and_cancels():
    heard: list[float] = []
    im = noise(400, 500)
    quantize(im, 16, lossy=2, progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    late = sum(done > 0.85 for done in heard)
    assert late >= 2
    with pytest.raises(errors.CancelledError):
        quantize(im, 16, lossy=2, progress=lambda done: done < 0.9)


def test_bad_strengths_are_refused():
    for value, error in ((-1, errors.OptionError), (21, errors.OptionError), ("much", errors.OptionTypeError)):
        with pytest.raises(error, match="lossy"):
            quantize(noise(), 16, lossy=value)
    with pytest.raises(errors.OptionError, match="lossy_for"):
        quantize(noise(), 16, lossy=1, lossy_for="jpeg")


def test_strict_pixels_cannot_change():
    with pytest.raises(errors.OptionError, match="strict cannot be combined with lossy"):
        quantize(noise(), palette="#000,#fff", strict=True, lossy=1)


def frames(count: int = 4, grain: float = 1.0) -> list[Image.Image]:
    """A square moves over a still picture; every frame has its own grain."""
    still = np.asarray(noise(64, 96)).astype(float)
    found = []
    for number in range(count):
        moved = still + np.random.default_rng(number).normal(0, grain, still.shape)
        moved[20:36, 8 + 16 * number : 24 + 16 * number] = (230, 40, 40)
        found.append(Image.fromarray(np.clip(np.rint(moved), 0, 255).astype(np.uint8)))
    return found


@pytest.mark.parametrize("dither", ["none", "auto"])
def test_pixels_of_animations_that_hardly_change_keep_their_entry(dither):
    shots = frames()
    plain, lossy = (quantize_all(shots, 64, dither=dither, lossy=strength) for strength in (0, 3))
    change = [[(np.asarray(a) != np.asarray(b))[40:].mean() for a, b in pairwise(r)] for r in (plain, lossy)]
    assert max(change[1]) < 0.1 * min(change[0])


@pytest.mark.parametrize("dither", ["none", "auto"])
def test_what_moves_leaves_no_trail(dither):
    shots = frames()
    for shot, plain, lossy in zip(
        shots, quantize_all(shots, 64, dither=dither), quantize_all(shots, 64, dither=dither, lossy=3), strict=True
    ):
        box = (0, 16, 96, 40)
        assert psnr(shot.crop(box), lossy.convert("RGB").crop(box)) > psnr(shot, plain.convert("RGB")) - 3


def test_slow_changes_do_not_add_up():
    shots = [Image.new("RGB", (64, 64), (100 + number, 120, 140)) for number in range(40)]
    for number, result in enumerate(quantize_all(shots, 40, lossy=3)):
        red = np.asarray(result.convert("RGB"))[..., 0].astype(int)
        assert np.abs(red - 100 - number).max() <= 5


@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_max_bytes_looks_for_colours_and_strength_together(format_):
    im = photo()
    limit = size(im, format_, colors=256) // 2
    file, plain = BytesIO(), BytesIO()
    im.save(file, format_, max_bytes=limit, lossy=10)
    im.save(plain, format_, max_bytes=limit)
    assert file.tell() <= limit
    assert visible_distance(im, Image.open(file)) < visible_distance(im, Image.open(plain))


def test_a_quality_is_reached_with_more_colours_and_fewer_bytes():
    im = photo()
    plain, lossy = (quantize(im, quality=70, lossy=strength) for strength in (0, 3))
    assert len(lossy.getpalette() or []) > len(plain.getpalette() or [])
    assert size(lossy, "KMQ") < 0.9 * size(plain, "KMQ")
