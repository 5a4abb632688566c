"""Electronic paper: colours out of a palette's reach, panels by name, palettes as images, hex words and files."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pillow_kmq import errors, quantize
from pillow_kmq.cli.command import main
from pillow_kmq.cli.options import DITHERS
from pillow_kmq.quant.arrays import dither, remap
from pillow_kmq.quant.dithering.gamut import Gamut
from pillow_kmq.quant.dithering.options import WORDS, Diffusion, Ordered
from pillow_kmq.quant.histogram import pack, unpack
from pillow_kmq.quant.named_palettes import HARDWARE_NAMES, hardware_palette

SIX = np.array([[0, 0, 0], [255, 255, 255], [0, 255, 0], [0, 0, 255], [255, 0, 0], [255, 255, 0]])
PALETTES = {
    "bw": SIX[:2],
    "bwr": SIX[[0, 1, 4]],
    "six": SIX,
    "seven, dull": np.array(
        [[57, 48, 57], [255, 255, 255], [58, 91, 70], [61, 59, 94], [156, 72, 75], [208, 190, 71], [177, 106, 73]]
    ),
    "spectra-6": hardware_palette("epaper-spectra-6")[:, :3],
    "bwry": hardware_palette("epaper-bwry")[:, :3],
}
COLORS = [(0, 255, 255), (255, 0, 255), (135, 206, 235), (34, 139, 34), (128, 128, 128), (255, 128, 0), (20, 0, 60)]


def nearest_mixture(color: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """The point of the convex hull of colours [k, 3] that is nearest to a colour: the best of all corners that mix."""
    best, least = palette[0], math.inf
    for size in range(1, 5):
        for corners in itertools.combinations(palette, size):
            first, *others = corners
            edges = np.array([other - first for other in others]).reshape(-1, 3).T
            shares = np.linalg.lstsq(edges, np.asarray(color) - first, rcond=None)[0] if others else np.empty(0)
            if (shares >= -1e-9).all() and shares.sum() <= 1 + 1e-9:
                point = first + edges @ shares if others else first
                away = float(((point - color) ** 2).sum())
                if away < least:
                    best, least = point, away
    return best


def patch(color: tuple[int, ...], size: int = 48) -> np.ndarray:
    return np.broadcast_to(np.array(color, np.uint8), (size, size, 3))


def mean_shown(pixels: np.ndarray, palette: np.ndarray, way: object, space: str = "srgb") -> np.ndarray:
    """The mean colour of a dithered patch, less its rim, where errors begin."""
    return palette[dither(pixels, palette, way, space=space)[8:-4, 4:-4]].reshape(-1, 3).mean(0)


# ---- colours out of reach ----


@pytest.mark.jit
@pytest.mark.parametrize("space", ["srgb", "linear", "oklab"])
@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_a_patch_of_any_colour_becomes_the_nearest_mixture(palette, space):
    for color in COLORS:
        ideal = nearest_mixture(np.array(color, float), palette.astype(float))
        away = np.abs(mean_shown(patch(color), palette, "floyd-steinberg", space) - ideal).max()
        assert away < 8, (color, ideal)


@pytest.mark.jit
@pytest.mark.parametrize("way", [Diffusion("stucki"), Diffusion("sierra"), Ordered("bayer"), Ordered("blue-noise")])
def test_other_dithering_mixes_cyan_too(way):
    shown = mean_shown(patch((0, 255, 255)), SIX, way)
    assert np.abs(shown - (85, 170, 170)).max() < 24


def test_a_cyan_bar_on_six_colours_is_no_plain_white():
    im = Image.new("RGB", (64, 32), (255, 255, 255))
    im.paste((0, 255, 255), (0, 0, 32, 32))
    shown = np.asarray(quantize(im, palette=SIX).convert("RGB"))
    assert np.abs(shown[8:, 4:28].reshape(-1, 3).mean(0) - (85, 170, 170)).max() < 12
    assert (shown[:, 40:] == 255).all()  # and its error stays on its side of the edge


def test_fixed_colours_that_are_the_whole_palette_mix_as_a_given_one_does():
    im = Image.new("RGB", (48, 48), (0, 255, 255))
    im.paste(Image.effect_noise((48, 8), 60), (0, 40))
    out = quantize(im, 6, fixed=SIX, dither=1)
    shown = np.asarray(out.convert("RGB"))[8:36, 4:-4].reshape(-1, 3)
    assert np.abs(shown.mean(0) - (85, 170, 170)).max() < 12


@settings(max_examples=60, deadline=None)
@given(k=st.integers(1, 7), alpha=st.sampled_from([255, 128, 0]), seed=st.integers(0, 100000))
def test_colours_brought_within_reach_equal_the_plain_version(k, alpha, seed):
    random = np.random.default_rng(seed)
    palette = np.concatenate([random.integers(0, 256, (k, 3)), np.full((k, 1), 255)], 1).astype(np.uint8)
    colors = np.concatenate([random.integers(0, 256, (12, 3)), np.full((12, 1), alpha)], 1).astype(np.uint8)
    found = unpack(Gamut(palette).map_pixels(pack(colors).reshape(3, 4)).ravel())
    for color, near in zip(colors, found, strict=True):
        ideal = nearest_mixture(color[:3].astype(float), palette[:, :3].astype(float))
        assert np.abs(near[:3] - (ideal if alpha == 255 else color[:3].astype(float))).max() < 1.01
        assert near[3] == alpha


def test_colours_within_reach_stay_as_they_are():
    colors = np.random.default_rng(0).integers(0, 256, (40, 40, 4)).astype(np.uint8)
    pixels = pack(colors.reshape(-1, 4)).reshape(40, 40)
    cube = hardware_palette("web-safe")
    np.testing.assert_array_equal(Gamut(cube).map_pixels(pixels), pixels)
    few = hardware_palette("pico-8")
    entries = pack(few).reshape(1, -1)
    np.testing.assert_array_equal(Gamut(few).map_pixels(entries), entries)


def test_where_importance_is_nothing_a_given_palette_gets_the_entry_nearest_to_the_colour_itself():
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    palette = hardware_palette("epaper-acep-7")[:, :3]
    importance = np.zeros((30, 40), np.uint8)
    importance[:, 20:] = 255
    out = np.asarray(quantize(Image.fromarray(pixels), palette=palette, importance=importance))
    np.testing.assert_array_equal(out[:, :20], remap(pixels[:, :20], palette))
    assert (out[:, 20:] != remap(pixels[:, 20:], palette)).any()


# ---- panels by name ----

# The order of codes: Waveshare's epd7in3g.py, epd7in3e.py and epd5in65f.py.
INKS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
    "red": (255, 0, 0),
    "blue": (0, 0, 255),
    "green": (0, 255, 0),
    "orange": (255, 128, 0),
}
CODES = {
    "epaper-bw": {"black": 0, "white": 1},
    "epaper-bwr": {"black": 0, "white": 1, "red": 2},
    "epaper-bwy": {"black": 0, "white": 1, "yellow": 2},
    "epaper-bwry": {"black": 0, "white": 1, "yellow": 2, "red": 3},
    "epaper-spectra-6": {"black": 0, "white": 1, "yellow": 2, "red": 3, "blue": 5, "green": 6},
    "epaper-acep-7": {"black": 0, "white": 1, "green": 2, "blue": 3, "red": 4, "yellow": 5},
}


@pytest.mark.parametrize("name", CODES)
def test_indices_are_the_panels_own_codes(name):
    codes = CODES[name]
    im = Image.new("RGB", (len(codes), 1))
    im.putdata([INKS[ink] for ink in codes])
    out = quantize(im, palette=name, dither=0)
    assert list(out.tobytes()) == list(codes.values())
    assert len(out.getpalette()) == 3 * len(hardware_palette(name))


def test_orange_is_code_6_of_the_seven_colour_panel():
    reds, oranges = hardware_palette("epaper-acep-7")[[4, 6], :3].astype(int)
    assert oranges[1] > reds[1] + 30
    assert int(remap(np.array([[oranges]], np.uint8), "epaper-acep-7")[0, 0]) == 6


@pytest.mark.jit
def test_no_pixel_gets_the_code_that_spectra_6_lacks(tmp_path):
    pixels = np.random.default_rng(2).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    pixels[:20] = 0
    for way in ("none", "floyd-steinberg", "atkinson", "selective", "bayer"):
        out = quantize(Image.fromarray(pixels), palette="epaper-spectra-6", dither=way)
        assert set(out.tobytes()) == {0, 1, 2, 3, 5, 6}
    for name in ("a.png", "a.kmq"):
        out.save(tmp_path / name)
        with Image.open(tmp_path / name) as again:
            assert again.tobytes() == out.tobytes()
            assert again.getpalette()[:21] == out.getpalette()


@pytest.mark.parametrize("name", [name for name in HARDWARE_NAMES if name.startswith("epaper-")])
def test_black_text_on_white_stays_black_on_white(name):
    im = Image.new("RGB", (40, 40), (255, 255, 255))
    im.paste((0, 0, 0), (10, 10, 30, 14))
    out = quantize(im, palette=name)
    assert out.convert("RGB").tobytes() == im.tobytes()


def test_spectra_6_has_its_measured_colours_as_seen_beside_its_own_white():
    def light(level):
        s = level / 255
        return s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4

    black, white, green = (26, 13, 35), (185, 202, 205), (40, 82, 57)  # OpenDisplay, 2026-02-03
    shown = hardware_palette("epaper-spectra-6")[6, :3]
    for level, b, w, g in zip(shown, black, white, green, strict=True):
        assert abs(light(int(level)) - (light(g) - light(b)) / (light(w) - light(b))) < 0.003


def test_four_greys_rise_from_black():
    assert hardware_palette("epaper-gray-4")[:, 0].tolist() == [0, 128, 192, 255]


# ---- a palette as hex words, image or file ----

RED_FIRST = [[255, 0, 0, 255], [0, 0, 0, 255], [255, 255, 255, 255]]


def entries_of(im: Image.Image) -> list[list[int]]:
    return np.array(im.getpalette("RGBA")).reshape(-1, 4).tolist()


@pytest.mark.parametrize(
    "words",
    [
        "#f00,#000,#fff",
        "#F00 #000 #FFF",
        "#f00#000#fff",
        " #ff0000, #000000,\n#FFFFFF, ",
        "#ff0000ff;#000f;#ffff",
        "ff0000,000000,ffffff",
        ["#f00", "000", "#FFFFFF"],
        ["#f00", (0, 0, 0), (255, 255, 255, 255)],
    ],
    ids=str,
)
def test_hex_words_are_a_palette_in_their_order(words):
    out = quantize(Image.new("RGB", (2, 2)), palette=words, dither=0)
    assert entries_of(out) == RED_FIRST
    assert set(out.tobytes()) == {1}
    assert remap(np.zeros((1, 1, 3), np.uint8), words)[0, 0] == 1


def test_hex_words_may_have_alpha():
    out = quantize(Image.new("RGBA", (2, 2)), palette="#f008 #00000000", dither=0)
    assert entries_of(out) == [[255, 0, 0, 136], [0, 0, 0, 0]]
    assert set(out.tobytes()) == {1}


@pytest.mark.parametrize("fixed", ["#ff00ff,#010101", ["#f0f", "#010101"], Image.new("RGB", (1, 1), (255, 0, 255))])
def test_fixed_colours_may_be_hex_words_or_an_image(fixed):
    im = Image.fromarray(np.random.default_rng(3).integers(0, 256, (20, 20, 3)).astype(np.uint8))
    assert [255, 0, 255, 255] in entries_of(quantize(im, 8, fixed=fixed))


def test_saving_an_indexed_image_takes_fixed_colours_as_an_image_too(tmp_path):
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 256, (20, 20, 3)).astype(np.uint8))
    quantize(noise, 8).save(tmp_path / "a.kmq", colors=8, fixed=Image.new("RGB", (1, 1), (255, 0, 255)))
    with Image.open(tmp_path / "a.kmq") as im:
        assert [255, 0, 255, 255] in entries_of(im)


@pytest.mark.jit
def test_auto_is_floyd_steinberg_with_a_given_palette():
    im = Image.new("RGB", (20, 20), (0, 255, 255))
    expected = quantize(im, palette=SIX, dither="floyd-steinberg").tobytes()
    assert quantize(im, palette=SIX, dither="auto").tobytes() == expected
    assert quantize(im, palette=SIX).tobytes() == expected != quantize(im, palette=SIX, dither=0).tobytes()


def in_order(mode: str) -> Image.Image:
    """An image whose colours appear neither by brightness nor by number."""
    im = Image.new("RGB", (3, 2), (255, 255, 255))
    im.putpixel((0, 0), (255, 0, 0))
    im.putpixel((1, 0), (0, 0, 0))
    return im.convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"])
def test_an_image_of_any_mode_is_a_palette_in_order_of_first_appearance(mode):
    im = in_order(mode)
    out = quantize(Image.new("RGB", (1, 1)), palette=im)
    found = entries_of(out)
    seen = np.asarray(im.convert("RGBA") if mode not in ("CMYK", "YCbCr", "HSV") else im.convert("RGB").convert("RGBA"))
    expected = list(dict.fromkeys(map(tuple, seen.reshape(-1, 4).tolist())))
    assert [tuple(entry) for entry in found] == expected
    assert len(found) == (2 if mode == "1" else 3)


def test_clear_pixels_of_an_image_are_one_entry():
    im = Image.new("RGBA", (3, 1), (9, 9, 9, 0))
    im.putdata([(9, 9, 9, 0), (1, 2, 3, 255), (200, 0, 0, 0)])
    assert entries_of(quantize(Image.new("RGBA", (1, 1)), palette=im)) == [[0, 0, 0, 0], [1, 2, 3, 255]]


def test_an_indexed_image_keeps_its_entries_used_or_not():
    im = Image.new("P", (1, 1), 2)
    im.putpalette([9, 9, 9, 255, 0, 0, 0, 0, 0, 255, 0, 0])
    out = quantize(Image.new("RGB", (1, 1)), palette=im)
    assert out.getpalette() == im.getpalette()


def test_a_palette_may_be_a_file(tmp_path):
    in_order("RGB").save(tmp_path / "few.png")
    (tmp_path / "few.hex").write_bytes(b"\xef\xbb\xbfFF0000\r\n000000\r\n\r\nffffff\r\n")
    (tmp_path / "fade").write_text("#f00\n#000\n#fff\n")  # hex digits alone, but a file
    for path in ("few.png", "few.hex", "fade"):
        for given_path in (tmp_path / path, str(tmp_path / path)):
            assert entries_of(quantize(Image.new("RGB", (1, 1)), palette=given_path)) == RED_FIRST


@pytest.mark.parametrize(
    ("palette", "words"),
    [
        ("#00,#fff", "palette: '#00' is not a colour; write #rgb"),
        ("#ggg", "'#ggg' is not a colour"),
        ("#", "'#' is not a colour"),
        ("vga", "'vga' is neither a file, nor colours like '#000,#fff,#f00', nor one of 'gray-2'"),
        ("", "palette '' is neither"),
        ("#000," * 257, "at most 256 colours, not 257"),
        (Image.linear_gradient("L").convert("I"), "palette: cannot quantize mode I: scale it to 8 bits"),
        (Path("missing.png"), "'missing.png' is neither a file"),
        (Path("photo.png"), "photo.png: it has more than 256 colours; reduce the image first"),
        (Path("list.gpl"), "list.gpl: line 2: '0 0' is not a colour of 3 integers"),
        (Path("noise"), "noise: it is neither an image nor a palette file of a known format"),
        (Path("empty"), "empty: it contains no colours"),
        (Path("cut.png"), "cut.png: cannot be read"),
        (Path("."), "cannot be read"),
        ("a\0b", "is neither|cannot be read"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str | Path) else type(value).__name__,
)
def test_bad_palettes_say_what_is_wrong_and_what_would_be_right(palette, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(4).integers(0, 256, (30, 30, 3)).astype(np.uint8)
    Image.fromarray(noise).save("photo.png")
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:1000])
    Path("noise").write_bytes(noise.tobytes())
    Path("empty").write_bytes(b"")
    Path("list.gpl").write_text("GIMP Palette\n0 0\n")
    with pytest.raises(errors.KmqError, match=words):
        quantize(Image.new("RGB", (1, 1)), palette=palette)


# ---- the command ----


def test_the_help_names_every_way_of_dithering():
    assert DITHERS == WORDS
    shown = " ".join(CliRunner().invoke(main, ["--help"]).output.split()).replace("- ", "-")
    assert all(word in shown for word in DITHERS)


def test_a_panel_on_the_command_line_keeps_its_codes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    im = Image.new("RGB", (2, 1), INKS["green"])
    im.putpixel((0, 0), INKS["blue"])
    im.save("a.png")
    result = CliRunner().invoke(main, ["--palette", "epaper-spectra-6", "--nofs", "a.png"])
    assert result.exit_code == 0, result.output
    with Image.open("a-kmq.png") as out:
        assert list(out.tobytes()) == [5, 6]
        assert len(out.getpalette()) == 21
