"""`background`: pixels that are not opaque, where the palette has no entry for them or a colour is asked for."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pillow_kmq import PSNR, dither, errors, quantize, quantize_all, quantize_array, remap
from pillow_kmq.cli.command import main
from pillow_kmq.cli.statuses import WRONG_USAGE
from pillow_kmq.quant.background import to_background

PAPER = [(0, 0, 0), (255, 255, 255), (0, 160, 0), (0, 0, 200), (200, 0, 0), (230, 220, 0)]
BLACK, CLEAR_BLACK, HALF_BLACK = (0, 0, 0, 255), (0, 0, 0, 0), (0, 0, 0, 128)


def of(*colors: tuple[int, ...]) -> Image.Image:
    im = Image.new("RGBA", (12, 12))
    im.putdata([colors[i % len(colors)] for i in range(144)])
    return im


def noise() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 4)).astype(np.uint8)
    pixels[::3, :, 3] = 0
    pixels[1::3, :, 3] = 255
    return Image.fromarray(pixels)


def on(im: Image.Image, color: tuple[int, int, int]) -> Image.Image:
    """The image laid on a colour, as an 8-bit screen does it."""
    rgba = np.asarray(im.convert("RGBA")).astype(int)
    alpha = rgba[..., 3:]
    return Image.fromarray(((rgba[..., :3] * alpha + np.array(color) * (255 - alpha) + 127) // 255).astype(np.uint8))


def shown(im: Image.Image) -> set[tuple[int, ...]]:
    rgba = im.convert("RGBA")
    return {color for _, color in rgba.getcolors(1 << 16)}


WAYS = [None, 1.0, "selective", "bayer", "blue-noise"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hidden", [(0, 0, 0, 0), (200, 0, 0, 0), (254, 255, 255, 0)])
def test_a_clear_icon_on_paper_of_six_colours_is_on_white(way, hidden):
    out = quantize(of(hidden, BLACK), palette=PAPER, dither=way)
    assert out.tobytes()[:4] == b"\1\0\1\0"
    assert shown(out) == {(0, 0, 0, 255), (255, 255, 255, 255)}
    assert (out.palette.mode, out.info) == ("RGB", {})
    assert len(out.getpalette()) == 18


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("space", ["srgb", "linear", "oklab"])
@pytest.mark.parametrize("background", [None, "white", (255, 0, 0), "#00ff00"])
def test_with_an_opaque_palette_all_is_as_if_laid_on_the_background_first(way, space, background):
    im = noise()
    flat = on(im, to_background(background) or (255, 255, 255))
    out = quantize(im, palette=PAPER, dither=way, space=space, background=background)
    assert out.tobytes() == quantize(flat, palette=PAPER, dither=way, space=space).tobytes()


def test_images_arrays_and_the_steps_agree():
    im = noise()
    pixels = np.asarray(im)
    out = quantize(im, palette=PAPER, dither=0, background="navy")
    for indices in (
        quantize_all([im], palette=PAPER, dither=0, background="navy")[0],
        quantize_array(pixels, palette=PAPER, dither="none", background="navy").indices,
        remap(pixels, PAPER, background="navy"),
    ):
        np.testing.assert_array_equal(np.asarray(indices), np.asarray(out))
    dithered = quantize(im, palette=PAPER, dither=1.0, background="navy")
    np.testing.assert_array_equal(dither(pixels, PAPER, background="navy"), np.asarray(dithered))


@pytest.mark.parametrize("name", ["cga", "web-safe", "gray-2"])
def test_named_palettes_are_opaque(name):
    out = quantize(of(CLEAR_BLACK, BLACK), palette=name, dither=0)
    assert shown(out) == {(0, 0, 0, 255), (255, 255, 255, 255)}


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "LA"])
def test_the_transparent_pixels_of_every_mode_count(mode):
    im = Image.new(mode, (4, 1), 0)
    im.putdata([(0, 0), (0, 255)] * 2 if mode == "LA" else [(0, 0, 0), (9, 9, 9)] * 2 if mode == "RGB" else [0, 9] * 2)
    if mode == "P":
        im.putpalette([0, 0, 0, *[0] * 24, 9, 9, 9])
    if mode != "LA":
        im.info["transparency"] = (0, 0, 0) if mode == "RGB" else 0
    assert quantize(im, palette=PAPER, dither=0).tobytes() == b"\1\0\1\0"


# Palettes with alpha


def test_with_a_transparent_entry_nothing_is_laid_on_white():
    out = quantize(of(CLEAR_BLACK, HALF_BLACK, BLACK), palette=[*PAPER, (9, 9, 9, 0)], dither=0)
    assert out.tobytes()[:1] == b"\6"
    assert out.tobytes()[2:3] == b"\0"
    assert out.info == {"transparency": 6}


def test_with_translucent_entries_only_invisible_pixels_are_laid_on_white():
    out = quantize(of(CLEAR_BLACK, HALF_BLACK, BLACK), palette=[*PAPER, (0, 0, 0, 120)], dither=0)
    assert out.tobytes()[:3] == b"\1\6\0"


# A background that is asked for


@pytest.mark.jit
@pytest.mark.parametrize("way", [None, 1.0, "selective"])
@pytest.mark.parametrize("colors", [3, 256])
def test_a_background_makes_the_result_opaque(way, colors):
    im = noise()
    out = quantize(im, colors, dither=way, background=(10, 200, 30))
    assert out == quantize(on(im, (10, 200, 30)), colors, dither=way)
    assert (out.palette.mode, out.info) == ("RGB", {})


def test_a_background_counts_with_a_transparent_entry_too():
    palette = [*PAPER, (9, 9, 9, 0)]
    out = quantize(of(CLEAR_BLACK, HALF_BLACK, BLACK), palette=palette, dither=0, background="blue")
    assert [PAPER[i] for i in out.tobytes()[:3]] == [(0, 0, 200), (0, 0, 200), (0, 0, 0)]


def test_a_background_changes_nothing_of_an_opaque_image():
    im = on(noise(), (0, 0, 0))
    assert quantize(im, 20, background="red") == quantize(im, 20)


@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_files_are_saved_on_a_background(format_):
    im = of(CLEAR_BLACK, HALF_BLACK, BLACK)
    for options in ({"background": "white"}, {"palette": [(0, 0, 0), (127, 127, 127), (255, 255, 255)], "dither": 0}):
        file = BytesIO()
        reports = []
        im.save(file, format_, report=reports.append, **options)
        assert shown(Image.open(file)) == {(v, v, v, 255) for v in (0, 127, 255)}
        assert reports[0].psnr > 80
    indexed = quantize(im)
    file = BytesIO()
    indexed.save(file, format_, background="white")
    assert shown(Image.open(file)) == {(v, v, v, 255) for v in (0, 127, 255)}


def test_the_error_that_is_reported_is_that_of_the_image_on_its_background():
    im, reports = of(CLEAR_BLACK, BLACK), []
    quantize(im, palette=[(0, 0, 0), (245, 255, 255)], dither=0, report=reports.append)
    quantize(im, background=(255, 0, 0), report=reports.append)
    quantize(im, report=reports.append)
    assert reports[0].psnr == pytest.approx(10 * np.log10(255**2 / (100 / 3 / 2)))
    assert 0 < reports[0].delta_e < 5
    assert reports[1].psnr == reports[2].psnr == np.inf


def test_a_quality_is_asked_of_the_image_on_its_background():
    faint = of((0, 0, 0, 0), (0, 0, 0, 3), (0, 0, 0, 255))
    assert len(quantize(faint, quality=PSNR(45), background="white").getpalette()) == 6
    with pytest.raises(errors.QualityError):
        quantize(noise(), 2, quality=PSNR(45), background="white")


def test_of_several_ways_to_dither_the_nearest_on_the_background_is_taken():
    gray = Image.new("LA", (32, 32), (0, 128))
    file, images = BytesIO(), []
    options = {"palette": "gray-2", "max_bytes": 10**6, "report": lambda report: images.append(report.image)}
    gray.save(file, "PNG8", dither=["none", 1.0], **options)
    assert len(images[0].getcolors()) == 2


# Colours


@pytest.mark.parametrize(
    ("value", "color"),
    [
        (None, None),
        ((1, 2, 3), (1, 2, 3)),
        ([1, 2, 3, 255], (1, 2, 3)),
        (np.array([1, 2, 3], np.uint8), (1, 2, 3)),
        ("#010203", (1, 2, 3)),
        ("#fff", (255, 255, 255)),
        ("Orange", (255, 165, 0)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
    ],
)
def test_colours_may_be_given_as_pillow_takes_them(value, color):
    assert to_background(value) == color


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ("octarine", errors.OptionError, "background must be a colour.*not 'octarine'"),
        ("", errors.OptionError, "not ''"),
        ((1, 2), errors.OptionError, r"not \(1, 2\)"),
        ((1, 2, 256), errors.OptionError, "background must be 0 to 255, not 256"),
        ((1, 2, 3, 4), errors.OptionError, "must be opaque"),
        ("#01020304", errors.OptionError, "must be opaque"),
        (7, errors.OptionTypeError, "not 7"),
        ((1.0, 2, 3), errors.OptionTypeError, "not .1.0, 2, 3."),
    ],
)
def test_what_is_no_colour_is_refused(value, error, words):
    with pytest.raises(error, match=words):
        quantize(Image.new("RGBA", (2, 2)), background=value)


# The command line


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_lays_images_on_a_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    of(CLEAR_BLACK, HALF_BLACK, BLACK).save("icon.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = run("--background", "yellow", "icon.png")
    assert shown(Image.open("icon-kmq.png")) == {(255, 255, 0, 255), (127, 127, 0, 255), (0, 0, 0, 255)}
    assert "exact" in said
    run("--palette", "gray-2", "--format", "kmq", "icon.png")
    assert shown(Image.open("icon.kmq")) == {(255, 255, 255, 255), (0, 0, 0, 255)}


def test_the_command_refuses_what_is_no_colour():
    result = CliRunner().invoke(main, ["--background", "octarine", "icon.png"])
    assert result.exit_code == WRONG_USAGE
    assert "octarine" in result.output
