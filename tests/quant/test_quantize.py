"""`quantize`: a drop-in for `Image.quantize`, on every mode and size, exact where it can be."""

from __future__ import annotations

import itertools
import warnings
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pillow_kmq import errors, quantize

MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")
ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")
SIZES = ((1, 1), (1, 31), (29, 1), (23, 17), (0, 0), (0, 5), (4, 0))


def noise(mode: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """An image of a mode with many colours and, where it has alpha, some of all kinds."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (size[1], size[0], 4)).astype(np.uint8)
    pixels[::2, :, 3] = 255
    pixels[1::4, :, 3] = 0
    if 0 in size:
        return Image.new(mode, size)
    rgba = Image.fromarray(pixels)
    if mode == "RGBA":
        return rgba
    if mode in ("LA", "La"):
        la = Image.merge("LA", (rgba.convert("RGB").convert("L"), rgba.getchannel("A")))
        return la if mode == "LA" else la.convert("La")
    if mode == "PA":
        return rgba.convert("RGB").quantize(64).convert("PA")
    if mode == "RGBa":
        return rgba.convert("RGBa")
    if mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(rgba.convert("RGB"), srgb, lab, outputMode="LAB")
    return rgba.convert("RGB").convert(mode)


def rgba_of(im: Image.Image) -> np.ndarray:
    return np.asarray(im.convert("RGBA")).astype(int)


@pytest.mark.jit
@pytest.mark.parametrize(("mode", "dither"), list(itertools.product(MODES, [None, 1.0])))
def test_every_mode_number_of_colours_and_size(mode, dither):
    for colors, size in itertools.product((1, 2, 16, 17, 255, 256), SIZES):
        im = noise(mode, size)
        out = quantize(im, colors, dither=dither)
        assert out.mode == "P"
        assert out.size == size
        assert out.palette.mode == ("RGBA" if mode in ALPHA_MODES else "RGB")
        entries = len(out.palette.palette) // len(out.palette.mode)
        if 0 in size:
            assert entries == 0
            continue
        assert 1 <= entries <= colors
        assert max(out.tobytes()) < entries


@pytest.mark.parametrize("mode", ["I", "F", "I;16"])
def test_modes_of_more_than_8_bits_say_how_to_convert(mode):
    with pytest.raises(ValueError, match="convert") as caught:
        quantize(Image.new(mode, (3, 3)))
    assert isinstance(caught.value, errors.ModeError)


@settings(max_examples=40, deadline=None)
@given(
    k=st.integers(1, 60),
    extra=st.integers(0, 3),
    effort=st.sampled_from(["fast", "default", "best"]),
    space=st.sampled_from(["srgb", "linear", "oklab"]),
    dither=st.sampled_from([None, 0.5, 1.0]),
    alpha=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_few_colours_come_back_exactly(k, extra, effort, space, dither, alpha, seed):
    random = np.random.default_rng(seed)
    colors = random.integers(0, 256, (k, 4)).astype(np.uint8)
    if not alpha:
        colors[:, 3] = 255
    colors[colors[:, 3] == 0] = 0
    pixels = colors[random.integers(0, k, (13, 19))]
    im = Image.fromarray(pixels)
    out = quantize(im, min(k + extra, 256), effort=effort, space=space, dither=dither)
    np.testing.assert_array_equal(rgba_of(out), pixels)


@pytest.mark.jit
@pytest.mark.parametrize("colors", [2, 3, 8, 64, 256])
@pytest.mark.parametrize("dither", [None, 1.0])
def test_clear_stays_clear_and_opaque_stays_opaque(colors, dither):
    im = noise("RGBA", (40, 44))
    before, after = rgba_of(im), rgba_of(quantize(im, colors, dither=dither))
    clear, opaque = before[..., 3] == 0, before[..., 3] == 255
    assert clear.any()
    assert opaque.any()
    assert (after[clear][:, 3] == 0).all()
    assert (after[opaque][:, 3] == 255).all()


@pytest.mark.jit
def test_the_transparent_entry_comes_first_and_is_the_only_one():
    out = quantize(noise("RGBA", (40, 44)), 16)
    palette = np.frombuffer(out.palette.palette, np.uint8).reshape(-1, 4)
    assert palette[0, 3] == 0
    assert (palette[1:, 3] > 0).all()


@pytest.mark.jit
def test_opaque_images_get_no_translucent_entries():
    im = noise("RGBA", (30, 30))
    im.putalpha(255)
    palette = np.frombuffer(quantize(im, 40).palette.palette, np.uint8).reshape(-1, 4)
    assert (palette[:, 3] == 255).all()


def test_the_palette_given_is_kept_as_it_is():
    entries = [[9, 9, 9], [200, 0, 0], [200, 0, 0], [0, 0, 0], [255, 255, 255]]
    holder = Image.new("P", (1, 1))
    holder.putpalette([v for entry in entries for v in entry])
    for palette in (holder, entries, np.array(entries)):
        out = quantize(noise("RGB", (20, 20)), palette=palette)
        assert out.getpalette()[: 3 * len(entries)] == [v for entry in entries for v in entry]


def test_palettes_may_mix_colours_with_and_without_alpha():
    out = quantize(noise("RGB", (9, 9)), palette=[(0, 0, 0, 0), (255, 0, 0, 128), (0, 255, 0)])
    assert out.palette.mode == "RGBA"
    assert out.palette.palette == bytes([0, 0, 0, 0, 255, 0, 0, 128, 0, 255, 0, 255])


@pytest.mark.parametrize("mode", sorted({*MODES} - {*ALPHA_MODES}))  # the others: test_nearest
def test_with_a_palette_every_source_mode_gets_the_true_nearest(mode):
    im = noise(mode, (12, 10))
    entries = np.random.default_rng(1).integers(0, 256, (7, 3))
    out = quantize(im, palette=entries, dither=0)
    visible = rgba_of(im if mode != "LAB" else quantize(im, 256))
    distances = ((visible[:, :, None, :3] - entries[None, None]) ** 2).sum(-1)
    found = np.asarray(out)
    mine = np.take_along_axis(distances, found[..., None].astype(int), -1)[..., 0]
    np.testing.assert_array_equal(mine, distances.min(-1))


@pytest.mark.jit
def test_with_a_palette_dithering_is_the_default_as_in_pillow():
    im = Image.linear_gradient("L")
    palette = [[0, 0, 0], [255, 255, 255]]
    plain, default = quantize(im, palette=palette, dither=0), quantize(im, palette=palette)
    assert plain.tobytes() == np.where(np.asarray(im) < 128, 0, 1).astype(np.uint8).tobytes()
    assert default.tobytes() == quantize(im, palette=palette, dither=Image.Dither.FLOYDSTEINBERG).tobytes()
    assert abs(rgba_of(default)[100:120, :, 0].mean() - 109.5) < 3


@pytest.mark.parametrize("method", list(Image.Quantize)[:3])
def test_an_explicit_method_is_pillows(method):
    im = noise("RGB", (20, 20))
    assert quantize(im, 8, method).tobytes() == im.quantize(8, method).tobytes()


def test_works_in_the_place_of_image_quantize(monkeypatch):
    im = noise("RGB", (20, 20))
    expected = im.quantize(8, 0).tobytes()
    monkeypatch.setattr(Image.Image, "quantize", quantize)
    assert im.quantize(8, 0).tobytes() == expected
    assert im.quantize(8, effort="fast").tobytes() == quantize(im, 8, effort="fast").tobytes()
    assert im.quantize(effort="fast").mode == "P"


def test_info_is_copied_without_a_transparency_that_no_longer_holds():
    im = noise("P", (20, 20))
    key = im.getpixel((3, 3))
    im.info = {"dpi": (72, 72), "transparency": key}
    out = quantize(im, 4)
    assert out.info == {"dpi": (72, 72), "transparency": 0}
    assert im.info["transparency"] == key
    clear = np.asarray(im) == key
    assert (rgba_of(out)[clear][:, 3] == 0).all()


def test_a_transparent_colour_of_an_rgb_image_counts():
    im = noise("RGB", (9, 9))
    im.putpixel((4, 4), (1, 2, 3))
    im.info["transparency"] = (1, 2, 3)
    out = quantize(im, 256)
    assert out.palette.mode == "RGBA"
    assert rgba_of(out)[4, 4].tolist() == [1, 2, 3, 0]


@pytest.mark.jit
@pytest.mark.parametrize("effort", ["fast", "default", "best"])
def test_fixed_colours_are_in_the_palette(effort):
    im = noise("RGB", (50, 50))
    out = quantize(im, 12, fixed=[[255, 0, 255], [1, 1, 1]], effort=effort)
    palette = np.array(out.getpalette()).reshape(-1, 3).tolist()
    assert [255, 0, 255] in palette
    assert [1, 1, 1] in palette
    assert len(palette) <= 12


@pytest.mark.jit
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_fixed_colours_may_be_all_there_are(mode):
    fixed = [[255, 0, 255], [1, 1, 1], [0, 0, 0, 0]]
    out = quantize(noise(mode, (50, 50)), 3, fixed=fixed)
    palette = np.array(out.getpalette("RGBA")).reshape(-1, 4).tolist()
    assert sorted(palette) == [[0, 0, 0, 0], [1, 1, 1, 255], [255, 0, 255, 255]]


def test_a_fixed_colour_may_be_transparent_and_is_where_clear_pixels_go():
    result = quantize(noise("RGBA", (16, 16)), 4, fixed=[(255, 255, 255, 0), (1, 2, 3)])
    palette = np.reshape(result.getpalette("RGBA"), (-1, 4)).tolist()
    assert [255, 255, 255, 0] in palette
    assert [1, 2, 3, 255] in palette
    assert sum(entry[3] == 0 for entry in palette) == 1


def test_fixed_colours_must_leave_room_for_transparent_pixels():
    with pytest.raises(ValueError, match="2 fixed colours leave no entry of 2 for transparent pixels"):
        quantize(noise("RGBA", (9, 9)), 2, fixed=[[255, 0, 255], [1, 1, 1]])


@pytest.mark.jit
def test_same_input_same_bytes_and_other_seed_other_palette():
    im = noise("RGB", (90, 90))
    one, two, other = (quantize(im, 64, seed=s) for s in (0, 0, 1))
    assert one.tobytes() == two.tobytes()
    assert one.palette.palette == two.palette.palette
    assert one.palette.palette != other.palette.palette


@pytest.mark.jit
def test_max_iter_is_a_plain_k_means():
    im = noise("RGB", (60, 60))

    def error(**options: object) -> float:
        return ((rgba_of(im) - rgba_of(quantize(im, 8, **options))) ** 2).mean()

    assert error(max_iter=0) > error(max_iter=20) >= error(effort="best", space="srgb") * 0.999


@pytest.mark.parametrize("mode", ["1", "RGBX", "CMYK", "YCbCr", "HSV"])
@pytest.mark.parametrize("save", [None, "PNG8", "KMQ"])
def test_a_transparency_left_over_from_a_palette_means_nothing(mode, save):
    source = noise("P", (9, 9))
    source.info["transparency"] = bytes([0, 128])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow advises RGBA
        image = source.convert(mode)
    image.info["transparency"] = bytes([0, 128])  # where this Pillow drops it
    if save:
        image.save(BytesIO(), save, colors=4, max_bytes=10**6, dither=[0, 1], report=lambda report: report.psnr)
    else:
        assert quantize(image, 4).palette.mode == "RGB"
    assert "transparency" in image.info


@pytest.mark.parametrize("mode", ["I", "I;16", "I;16B", "I;16L"])
def test_the_way_to_convert_modes_of_16_bits_is_one(mode):
    im = Image.new(mode, (3, 3), 65535)
    with pytest.raises(errors.ModeError, match=r"im\.convert\('I'\)"):
        quantize(im)
    assert im.convert("I").point(lambda v: v / 256).convert("L").getpixel((0, 0)) == 255


def test_the_source_is_left_alone():
    im = noise("RGBA", (20, 20))
    before, info = im.tobytes(), dict(im.info)
    quantize(im, 8)
    assert im.tobytes() == before
    assert im.info == info


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"colors": 0}, ValueError, "1 to 256"),
        ({"colors": 257}, ValueError, "1 to 256"),
        ({"colors": 2.5}, TypeError, "integer"),
        ({"colors": "8"}, TypeError, "integer"),
        ({"colors": None}, TypeError, "integer"),
        ({"kmeans": -1}, ValueError, "kmeans"),
        ({"palette": Image.linear_gradient("L").convert("I")}, ValueError, "palette: .*scale it to 8 bits"),
        ({"palette": [[1, 2]]}, ValueError, "list of"),
        ({"palette": []}, ValueError, "1 to 256"),
        ({"palette": [[1, 2, 3], [1, 2]]}, ValueError, "other lengths"),
        ({"palette": 7}, TypeError, "list or array"),
        ({"palette": [1, 2, 3]}, TypeError, "list or array"),
        ({"palette": ["red"]}, ValueError, "palette: 'red' is not a colour; write #rgb"),
        ({"palette": [[1, 2, 300]]}, ValueError, "0..255"),
        ({"palette": [[0.5, 0, 0]]}, TypeError, "integers"),
        ({"palette": [[0, 0, 0]] * 257}, ValueError, "at most 256"),
        ({"dither": "fancy"}, ValueError, "dither"),
        ({"dither": 1.5}, ValueError, "0 to 1"),
        ({"dither": float("nan")}, ValueError, "0 to 1"),
        ({"dither": []}, TypeError, "number"),
        ({"space": "rgb"}, ValueError, "srgb"),
        ({"space": 3}, TypeError, "string"),
        ({"effort": "max"}, ValueError, "best"),
        ({"seed": -1}, ValueError, "seed"),
        ({"max_iter": -1}, ValueError, "max_iter"),
        ({"fixed": [[0, 0, 0]], "palette": [[1, 1, 1]]}, ValueError, "add the fixed colours to the palette"),
        ({"fixed": [[0, 0, 0], [1, 1, 1], [2, 2, 2]], "colors": 2}, ValueError, "do not fit"),
    ],
)
def test_bad_options_get_a_clear_error(options, error, words):
    with pytest.raises(error, match=words) as caught:
        quantize(Image.new("RGB", (4, 4)), **options)
    assert isinstance(caught.value, errors.KmqError)


def test_what_is_no_image_is_refused():
    with pytest.raises(TypeError, match="Pillow image"):
        quantize(np.zeros((3, 3, 3)))


@pytest.mark.jit
def test_large_images_are_sampled_but_no_drawn_colour_is_missed():
    pixels = np.zeros((1400, 1500, 3), np.uint8)
    pixels[::2] = 40
    for i in range(60):
        pixels[23 * i, 24 * i] = (i, 255 - i, 128)
    im = Image.fromarray(pixels)
    np.testing.assert_array_equal(np.asarray(quantize(im, 256).convert("RGB")), pixels)


@pytest.mark.jit
def test_noise_of_two_million_colours_is_quantised():
    pixels = np.random.default_rng(0).integers(0, 256, (1400, 1500, 3)).astype(np.uint8)
    out = quantize(Image.fromarray(pixels), 256)
    assert len(out.palette.palette) == 768


@pytest.mark.jit
def test_the_tutorials_job_saves_71_percent(samples, tmp_path):
    photo = Image.open(samples / "photo.png").convert("RGB")
    photo.save(tmp_path / "full.png", optimize=True)
    photo.save(tmp_path / "small.png", format="PNG8", colors=20, max_iter=20)
    small = Image.open(tmp_path / "small.png")
    assert small.mode == "P"
    assert len(small.getcolors()) == 20
    assert (tmp_path / "small.png").stat().st_size < 0.29 * (tmp_path / "full.png").stat().st_size
