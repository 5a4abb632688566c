"""What becomes of invisible pixels: the colour of their entry, its index in `info`, and files of every format."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, features

from pillow_kmq import find_palette, quantize, quantize_all, quantize_array
from pillow_kmq.quant.aim import PSNR, to_aim
from pillow_kmq.quant.arrays import ArraySource
from pillow_kmq.quant.compositing import HiddenColors
from pillow_kmq.quant.dithering.options import to_dither
from pillow_kmq.quant.options import EFFORTS, Options
from pillow_kmq.quant.pipeline import quantize_source

WHITE, RED, BLUE = (255, 255, 255, 255), (200, 30, 30, 255), (0, 0, 250, 255)
HALF, FAINT = (200, 30, 30, 128), (0, 0, 250, 9)
CLEAR_WHITE, CLEAR_GREEN = (255, 255, 255, 0), (0, 200, 0, 0)


def of(*colors: tuple[int, ...], size: tuple[int, int] = (12, 12)) -> Image.Image:
    """An image with bars of colours."""
    im = Image.new("RGBA", size)
    im.putdata([colors[i % len(colors)] for i in range(size[0] * size[1])])
    return im


KINDS = {
    "opaque": of(RED, BLUE),
    "clear": of(CLEAR_WHITE, RED, BLUE),
    "translucent": of(HALF, RED, FAINT),
    "both": of(CLEAR_WHITE, HALF, RED, FAINT),
}


def rgba_of(im: Image.Image) -> list[tuple[int, ...]]:
    return list(
        im.convert("RGBA").get_flattened_data() if hasattr(im, "get_flattened_data") else im.convert("RGBA").getdata()
    )


def saved(im: Image.Image, format_: str, **options: object) -> Image.Image:
    file = BytesIO()
    im.save(file, format_, **options)
    return Image.open(file)


# The colour of the transparent entry


def clear_entry(im: Image.Image) -> list[int]:
    palette = np.reshape(im.getpalette("RGBA"), (-1, 4))
    (entry,) = palette[palette[:, 3] == 0].tolist()
    return entry[:3]


@pytest.mark.parametrize("dither", [None, 1.0, "selective", "bayer"])
@pytest.mark.parametrize("colors", [1, 2, 3, 256])
def test_the_transparent_entry_has_the_colour_of_most_invisible_pixels(colors, dither):
    im = of(CLEAR_GREEN, CLEAR_WHITE, RED, CLEAR_WHITE, (1, 1, 1, 255))
    assert clear_entry(quantize(im, colors, dither=dither)) == [255, 255, 255]
    assert quantize_array(np.asarray(im), colors, dither=dither).palette[0].tolist() == [255, 255, 255, 0]


def test_of_equally_frequent_colours_it_is_the_same_in_any_order():
    one, other = of(CLEAR_GREEN, CLEAR_WHITE, RED), of(CLEAR_WHITE, CLEAR_GREEN, RED)
    assert clear_entry(quantize(one)) == clear_entry(quantize(other)) == [0, 200, 0]


def test_images_with_one_palette_vote_by_their_pixels():
    images = [of(CLEAR_GREEN, RED, size=(4, 4)), of(CLEAR_WHITE, RED), of(CLEAR_GREEN, RED, size=(4, 4))]
    assert [clear_entry(out) for out in quantize_all(images)] == [[255, 255, 255]] * 3
    assert clear_entry(quantize_all([images[0], images[2]])[0]) == [0, 200, 0]


@pytest.mark.parametrize(("mode", "key"), [("RGB", (255, 255, 255)), ("L", 255), ("P", 1)])
def test_a_transparent_colour_stays_the_colour_it_was(mode, key):
    im = of(WHITE, RED).convert("RGB")
    im = quantize(im, fixed=[(1, 2, 3), (255, 255, 255)], order="compression") if mode == "P" else im.convert(mode)
    if mode == "P":
        key = im.getpixel((0, 0))
    im.info["transparency"] = key
    assert clear_entry(quantize(im)) == [255, 255, 255]


def test_the_colour_is_one_that_the_display_knows():
    out = quantize(of((250, 3, 130, 0), RED), 4, posterize="rgb111")
    assert clear_entry(out) == [255, 0, 255]


def test_a_transparent_entry_that_was_given_keeps_its_colour():
    im = of(CLEAR_WHITE, RED)
    assert clear_entry(quantize(im, fixed=[(1, 2, 3, 0)])) == [1, 2, 3]
    assert clear_entry(quantize(im, palette=[(9, 9, 9), (1, 2, 3, 0)])) == [1, 2, 3]


def test_the_heaviest_counts_where_colours_come_with_weights():
    colors = np.array([CLEAR_GREEN, CLEAR_WHITE, RED], np.uint8)
    assert find_palette(colors, 2, weights=[1, 2, 1]).tolist()[0] == [255, 255, 255, 0]
    assert find_palette(colors, 2, weights=[2, 1, 1]).tolist()[0] == [0, 200, 0, 0]


def test_a_frequent_colour_is_found_among_more_than_are_counted():
    hidden = HiddenColors(room=100)
    for block in range(50):
        rare = np.arange(300 * block, 300 * block + 300, dtype=np.uint32) + 10
        hidden.add(np.concatenate([rare, np.full(20, 5, np.uint32)]))
    assert hidden.most_frequent == 5
    assert len(hidden._counter.colors) <= 200


def hidden_noise(alpha: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Pixels with colours where they are visible, and noise where they are not."""
    noise = np.random.default_rng(0).integers(0, 256, (*alpha.shape, 3))
    return np.dstack([np.where(alpha[..., None] > 0, colors, noise), alpha]).astype(np.uint8)


Y, X = np.mgrid[0:96, 0:120]
SMOOTH = np.dstack([X, Y, X + Y])
SHAPES = {
    "a photo with holes": hidden_noise(np.where((X // 8 + Y // 8) % 3, 255, 0), SMOOTH),
    "translucent": hidden_noise(np.clip(3 * X - 60, 0, 255), SMOOTH),
    "hardly visible": hidden_noise(np.where((X + Y) % 5, 12 + X // 30, 0), SMOOTH),
    "a few drawn colours": hidden_noise(np.where(X % 7, 255, 0), (SMOOTH // 60) * 60 + (X * Y == 50 * 81)[..., None]),
}


@pytest.mark.jit
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dither", [None, 1.0, "selective", "bayer"])
@pytest.mark.parametrize("how", ["plain", "sampled", "for a quality", "with a palette"])
def test_hidden_colours_change_nothing_but_the_transparent_entry(monkeypatch, shape, dither, how):
    if how == "sampled":
        monkeypatch.setitem(EFFORTS, "default", replace(EFFORTS["default"], sample=1 << 9))
    palette = np.array([(0, 0, 0, 0), (9, 90, 9, 255), (30, 30, 30, 128), (80, 80, 80, 255)], np.uint8)
    request = Options(
        colors=24,
        dither=to_dither(dither),
        aim=to_aim(PSNR(20.0)) if how == "for a quality" else None,
        palette=palette if how == "with a palette" else None,
    )
    plain = SHAPES[shape].copy()
    plain[plain[..., 3] == 0] = 0
    noisy, quiet = (quantize_source(ArraySource(pixels), request) for pixels in (SHAPES[shape], plain))
    np.testing.assert_array_equal(noisy.indices, quiet.indices)
    seen = quiet.palette[:, 3] > 0
    np.testing.assert_array_equal(noisy.palette[seen], quiet.palette[seen])


# The index in `info`


@pytest.mark.parametrize("kind", KINDS)
def test_info_has_the_index_of_the_transparent_entry_if_there_is_one(kind):
    im = KINDS[kind]
    for out in (quantize(im), *quantize_all([im, im]), quantize(im, transparent_index=-1)):
        alphas = out.getpalette("A") or []
        assert out.info == ({"transparency": alphas.index(0)} if 0 in alphas else {})
        assert (0 in alphas) == (kind in ("clear", "both"))


def test_other_metadata_are_kept_beside_it():
    im = of(CLEAR_WHITE, RED)
    im.info["dpi"] = (72, 72)
    assert quantize(im).info == {"dpi": (72, 72), "transparency": 0}
    assert im.info == {"dpi": (72, 72)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format_", ["PNG", "WEBP", "PNG8", "KMQ", "TIFF", "TGA"])
def test_files_of_formats_that_can_keep_all_alphas(kind, format_):
    if format_ == "WEBP" and not features.check("webp"):
        pytest.skip("this Pillow has no WebP")
    if format_ == "TGA" and int(Image.__version__.split(".")[0]) < 13:
        pytest.skip("this Pillow writes no alpha")
    out = quantize(KINDS[kind])
    for im in (out, out.copy(), out.crop((0, 0, 6, 6)), out.transpose(Image.Transpose.ROTATE_90)):
        expected = rgba_of(im)
        found = rgba_of(saved(im, format_, **({"lossless": True, "exact": True} if format_ == "WEBP" else {})))
        assert found == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a.tif", "a.TIFF", "a.ico"])
def test_files_that_have_no_alpha_for_palettes_are_rgba_if_need_be(tmp_path, kind, name):
    im = KINDS[kind].resize((16, 16), Image.Resampling.NEAREST)
    out = quantize(im)
    for each in (out, out.copy()):
        each.save(tmp_path / name)
        with Image.open(tmp_path / name) as file:
            assert rgba_of(file) == rgba_of(im)
            assert file.mode == ("P" if kind == "opaque" else "RGBA")


def test_all_pages_of_a_tiff_file_keep_their_alphas(tmp_path):
    images = [KINDS["both"], KINDS["clear"], KINDS["opaque"]]
    first, *rest = quantize_all(images)
    tiff = saved(first, "TIFF", save_all=True, append_images=rest)
    for number, im in enumerate(images):
        tiff.seek(number)
        assert rgba_of(tiff) == rgba_of(im)


@pytest.mark.parametrize("kind", KINDS)
def test_gif_files_keep_transparent_pixels_and_the_colours_of_others(kind):
    im = KINDS[kind]
    expected = [(r, g, b, 255) if a else (r, g, b, 0) for r, g, b, a in rgba_of(im)]
    for out in (quantize(im), quantize(im, transparent_index=-1), quantize_all([im, of(BLUE)])[0]):
        assert rgba_of(saved(out, "GIF")) == expected
        assert rgba_of(saved(out.copy(), "GIF")) == expected


def test_every_frame_of_a_gif_file_keeps_them():
    images = [of(CLEAR_WHITE, RED), of(RED, CLEAR_WHITE), of(HALF, CLEAR_WHITE, BLUE)]
    first, *rest = quantize_all(images)
    gif = saved(first, "GIF", save_all=True, append_images=rest, disposal=2, duration=50)
    for number, im in enumerate(images):
        gif.seek(number)
        assert [pixel[3] > 0 for pixel in rgba_of(gif)] == [pixel[3] > 0 for pixel in rgba_of(im)]


def test_every_frame_of_an_apng_file_keeps_all_alphas():
    images = [KINDS["both"], KINDS["both"].transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    first, *rest = quantize_all(images)
    png = saved(first, "PNG", save_all=True, append_images=rest, duration=50)
    for number, im in enumerate(images):
        png.seek(number)
        assert rgba_of(png) == rgba_of(im)


@pytest.mark.parametrize("kind", ["translucent", "both"])
@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.apng"])
def test_png_files_keep_all_alphas_whatever_way_they_are_named(tmp_path, kind, name):
    out = quantize(KINDS[kind])
    out.save(tmp_path / name)
    assert rgba_of(Image.open(tmp_path / name)) == rgba_of(out)
    with open(tmp_path / name, "wb") as file:
        out.save(file)
    assert rgba_of(Image.open(tmp_path / name)) == rgba_of(out)
    out.save(str(tmp_path / name).encode())
    assert rgba_of(Image.open(tmp_path / name)) == rgba_of(out)


@pytest.mark.parametrize("kind", KINDS)
def test_copies_of_all_kinds_keep_all_alphas(kind):
    out = quantize(KINDS[kind])
    for same in (out.copy(), copy.copy(out), copy.deepcopy(out), pickle.loads(pickle.dumps(out)), out.crop()):
        assert (same.mode, same.info) == ("P", out.info)
        assert rgba_of(same) == rgba_of(out)
        assert rgba_of(saved(same, "PNG")) == rgba_of(out)


def test_a_palette_put_into_a_result_counts_when_it_is_saved():
    out = quantize(KINDS["both"])
    out.putpalette([1, 2, 3, 40] * 4, "RGBA")
    assert rgba_of(saved(out, "PNG"))[:4] == [(1, 2, 3, 0), *[(1, 2, 3, 40)] * 3]
    out.putpalette([1, 2, 3] * 4)
    assert rgba_of(saved(out, "PNG"))[:4] == [(1, 2, 3, 0), *[(1, 2, 3, 255)] * 3]
    assert rgba_of(pickle.loads(pickle.dumps(out))) == rgba_of(out)


def test_transparency_given_to_save_is_obeyed():
    out = quantize(KINDS["both"])
    assert saved(out, "PNG", transparency=2).info["transparency"] == 2
    assert saved(out, "PNG", transparency=b"\7\x08").info["transparency"] == b"\7\x08"


def test_other_modes_made_of_a_result_are_plain_images():
    out = quantize(KINDS["both"])
    assert type(out.convert("RGBA")) is type(out.convert("L")) is Image.Image
    assert rgba_of(pickle.loads(pickle.dumps(out.convert("RGBA")))) == rgba_of(out)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_palette_of_a_palette_image_is_kept_with_its_mode_and_transparency(mode):
    holder = Image.new("P", (1, 1))
    colors = [(255, 255, 255, 255), (200, 30, 30, 255), (9, 9, 9, 255 if mode == "RGB" else 0)]
    holder.putpalette([value for color in colors for value in color[: len(mode)]], mode)
    holder.info["transparency"] = 2
    out = quantize(of(RED, WHITE, CLEAR_WHITE), palette=holder)
    assert (out.palette.mode, bytes(out.palette.palette)) == (mode, bytes(holder.palette.palette))
    assert out.info == {"transparency": 2}
    assert out.tobytes()[:3] == b"\1\0\2"
    assert [pixel[3] for pixel in rgba_of(saved(out, "PNG"))][:3] == [255, 255, 0]


@pytest.mark.parametrize("transparency", [b"\0\0", b"\xff\x80", b"\0\x80"])
def test_alphas_of_a_palette_image_that_one_index_cannot_hold_are_kept(transparency):
    holder = Image.new("P", (1, 1))
    holder.putpalette([255, 255, 255, 200, 30, 30, 0, 0, 0])
    holder.info["transparency"] = transparency
    out = quantize(of(CLEAR_WHITE, HALF, (0, 0, 0, 255)), palette=holder)
    for im in (out, saved(out, "PNG"), saved(out, "KMQ")):
        assert {tuple(pixel) for pixel in rgba_of(im)} <= {
            (255, 255, 255, transparency[0]),
            (200, 30, 30, transparency[1]),
            (0, 0, 0, 255),
        }


# Writing to results


@pytest.mark.parametrize("kind", KINDS)
def test_results_can_be_written_to_as_pillows_can(kind):
    im = KINDS[kind]
    one, same = quantize_all([im, im])
    for out in (quantize(im), one):
        pixels = out.load()
        pixels[3, 5] = 1
        out.putpixel((4, 5), 2)
        out.paste(1, (0, 0, 2, 2))
        assert [out.getpixel(at) for at in ((3, 5), (4, 5), (1, 1))] == [1, 2, 1]
        assert pickle.loads(pickle.dumps(out)).tobytes() == out.copy().tobytes() == out.tobytes()
    assert same == quantize_all([im, im])[1]


def test_two_results_do_not_share_their_pixels():
    im = KINDS["clear"]
    first, second = quantize_all([im, im])
    before = second.tobytes()
    first.paste(0, (0, 0, *first.size))
    assert second.tobytes() == before
