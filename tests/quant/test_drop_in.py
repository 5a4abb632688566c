"""`install`, `uninstall` and `installed`: this quantiser in the place of Pillow's, whoever else is there."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq.compare import psnr

ADAPTIVE = Image.Palette.ADAPTIVE
QUANTIZE, CONVERT = Image.Image.quantize, Image.Image.convert


@pytest.fixture(autouse=True)
def _pillows_own_afterwards() -> Iterator[None]:
    yield
    pillow_kmq.uninstall()
    Image.Image.quantize, Image.Image.convert = QUANTIZE, CONVERT  # type: ignore[method-assign]


def photo() -> Image.Image:
    y, x = np.mgrid[0:40, 0:50]
    return Image.fromarray(np.dstack([x * 5, y * 6, (x * y) // 8]).astype(np.uint8))


def put(method: object) -> None:
    Image.Image.quantize = method  # type: ignore[assignment, method-assign]


def is_ours(colors: int = 8) -> bool:
    im = photo()
    ours, pillows = pillow_kmq.quantize(im, colors), QUANTIZE(im, colors)
    result = im.quantize(colors)
    assert result in (ours, pillows)
    return result == ours


def test_installed_both_ways_to_a_palette_are_ours_and_afterwards_pillows_own():
    im = photo()
    ours = pillow_kmq.quantize(im, 8)
    assert not is_ours()
    pillow_kmq.install()
    assert im.quantize(8) == ours
    assert im.convert("P", palette=ADAPTIVE, colors=8) == ours
    assert im.convert("RGBA").convert("P", colors=8).tobytes() == ours.tobytes()
    pillow_kmq.uninstall()
    assert not is_ours()
    assert (Image.Image.quantize, Image.Image.convert) == (QUANTIZE, CONVERT)


def test_installed_twice_is_installed_once():
    pillow_kmq.uninstall()
    pillow_kmq.install()
    pillow_kmq.install()
    assert is_ours()
    pillow_kmq.uninstall()
    assert (Image.Image.quantize, Image.Image.convert) == (QUANTIZE, CONVERT)
    pillow_kmq.uninstall()
    assert not is_ours()


def test_options_of_ours_can_be_given_to_the_method():
    with pillow_kmq.installed():
        out = photo().quantize(quality=50, effort="fast", order="popularity")
    assert out == pillow_kmq.quantize(photo(), quality=50, effort="fast", order="popularity")


@pytest.mark.parametrize("method", [0, 1, 2])
def test_an_explicit_method_is_pillows_installed_or_not(method):
    im = photo()
    expected = QUANTIZE(im, 8, method)
    with pillow_kmq.installed():
        assert im.quantize(8, method) == im.quantize(8, method=method) == expected
    assert pillow_kmq.quantize(im, 8, method=method) == expected


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "HSV", "I", "F"])
@pytest.mark.parametrize("target", [None, "1", "L", "RGB", "RGBA", "P", "CMYK", "I"])
def test_all_other_conversions_are_pillows(mode, target):
    if target == "P" and mode == "RGBA":
        return  # quantises in Pillow too
    im = Image.new(mode, (5, 4))

    def outcome() -> object:
        try:
            return im.convert(target, dither=Image.Dither.NONE)
        except ValueError as error:
            return str(error)

    expected = outcome()
    with pillow_kmq.installed():
        assert outcome() == expected


def test_a_matrix_and_the_web_palette_are_pillows():
    im = photo()
    matrix = (0.5, 0.2, 0.3, 0.0)
    web, gray = im.convert("P"), im.convert("L", matrix)
    with pillow_kmq.installed():
        assert im.convert("P") == im.convert("P", palette=Image.Palette.WEB) == web
        assert im.convert("L", matrix) == gray


def test_gif_files_are_saved_with_our_palettes():
    im = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8))
    pillows, ours = BytesIO(), BytesIO()
    im.save(pillows, "GIF")
    with pillow_kmq.installed():
        im.save(ours, "GIF")
    assert psnr(im, Image.open(ours)) > psnr(im, Image.open(pillows)) + 0.5


def test_animated_gif_files_of_rgba_frames_are_saved_transparent():
    frames = [Image.new("RGBA", (8, 8), (200, 30, 30, 255)) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame.paste((0, 0, 0, 0), (0, 0, 8, 1 + number))
    file = BytesIO()
    with pillow_kmq.installed():
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], disposal=2)
    gif = Image.open(file)
    for number, frame in enumerate(frames):
        gif.seek(number)
        assert gif.convert("RGBA").getchannel("A").tobytes() == frame.getchannel("A").tobytes()


# Blocks


def test_blocks_may_be_nested_and_take_back_only_what_they_installed():
    with pillow_kmq.installed():
        with pillow_kmq.installed():
            assert is_ours()
        assert is_ours()
    assert not is_ours()
    pillow_kmq.install()
    with pillow_kmq.installed():
        pass
    assert is_ours()


def test_a_block_that_fails_takes_it_back():
    with pytest.raises(KeyError), pillow_kmq.installed():
        raise KeyError
    assert not is_ours()


def test_what_is_installed_within_a_block_stays():
    with pillow_kmq.installed():
        pillow_kmq.install()
    assert is_ours()


def test_what_is_uninstalled_within_a_block_is_gone():
    with pillow_kmq.installed():
        pillow_kmq.uninstall()
        assert not is_ours()
    assert not is_ours()
    with pillow_kmq.installed():
        assert is_ours()


def test_blocks_of_two_threads_may_overlap():
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with pillow_kmq.installed():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with pillow_kmq.installed():
        thread.start()
        assert entered.wait(10)
    assert is_ours()  # the other thread is still in its block
    leave.set()
    thread.join()
    assert not is_ours()


# Others who replace the methods


WRAPPED_FIRST = """
import sys
from PIL import Image

def wrapper(self, *args, **options):
    import pillow_kmq
    return pillow_kmq.quantize(self, *args, **options)

Image.Image.quantize = wrapper  # nobody has the original any more
im = Image.radial_gradient("L").resize((32, 32)).convert("RGB")
results = [im.quantize(8, method) for method in (0, 1, 2)]
import pillow_kmq
pillow_kmq.install()
results += [im.quantize(8, method=method) for method in (0, 1, 2)]
assert im.convert("RGB").convert("L").mode == "L"
pillow_kmq.uninstall()
assert Image.Image.quantize is wrapper
results += [im.quantize(8, method=method) for method in (0, 1, 2)]
sys.stdout.buffer.write(b"".join(result.tobytes() + bytes(result.getpalette()) for result in results))
"""


def test_a_method_reaches_pillows_own_through_a_wrapper_that_was_there_first():
    im = Image.radial_gradient("L").resize((32, 32)).convert("RGB")
    expected = [im.quantize(8, method) for method in (0, 1, 2)] * 3
    run = subprocess.run([sys.executable, "-c", WRAPPED_FIRST], capture_output=True, check=True)
    assert run.stdout == b"".join(each.tobytes() + bytes(each.getpalette() or []) for each in expected)


def test_a_method_reaches_pillows_own_through_a_wrapper_that_came_later():
    im = photo()
    expected = [QUANTIZE(im, 8, method) for method in (0, 1, 2)]
    put(lambda self, *args, **options: pillow_kmq.quantize(self, *args, **options))
    assert [im.quantize(8, method) for method in (0, 1, 2)] == expected
    pillow_kmq.install()
    ours = Image.Image.quantize
    put(lambda self, *args, **options: ours(self, *args, **options))
    assert [im.quantize(8, method) for method in (0, 1, 2)] == expected


def test_the_replacement_of_somebody_else_returns_afterwards():
    def theirs(self: Image.Image, *args: object, **options: object) -> Image.Image:
        raise NotImplementedError

    put(theirs)
    with pillow_kmq.installed():
        assert is_ours()
    assert vars(Image.Image)["quantize"] is theirs


def test_a_wrapper_around_ours_stays_and_gets_pillows_own_after_uninstalling():
    calls = []
    pillow_kmq.install()
    ours = Image.Image.quantize

    def theirs(self: Image.Image, *args: object, **options: object) -> Image.Image:
        calls.append(args)
        return ours(self, *args, **options)  # type: ignore[arg-type]

    put(theirs)
    pillow_kmq.install()
    assert vars(Image.Image)["quantize"] is theirs
    assert is_ours()
    pillow_kmq.uninstall()
    assert vars(Image.Image)["quantize"] is theirs
    assert not is_ours()
    pillow_kmq.install()
    assert is_ours()
    pillow_kmq.uninstall()
    assert vars(Image.Image)["quantize"] is theirs
    assert not is_ours()
    assert calls


def test_ours_put_back_by_somebody_after_uninstalling_is_pillows():
    pillow_kmq.install()
    kept = Image.Image.quantize
    pillow_kmq.uninstall()
    put(kept)
    assert not is_ours()


def test_pillows_own_put_back_by_somebody_is_replaced_again_by_installing():
    pillow_kmq.install()
    put(QUANTIZE)
    pillow_kmq.install()
    assert is_ours()


# Transparent colours, as Pillow keeps them


def keyed(mode: str, key: object, colors: int) -> Image.Image:
    im = Image.new(mode, (16, 16))
    im.putdata([(i % colors,) * 3 if mode == "RGB" else i % colors for i in range(256)])
    im.info["transparency"] = key
    return im


@pytest.mark.parametrize(("mode", "key"), [("RGB", (3, 3, 3)), ("L", 3)])
@pytest.mark.parametrize(("count", "colors"), [(10, 256), (200, 256), (256, 256), (200, 8)])
def test_the_pixels_of_a_transparent_colour_become_transparent(mode, key, count, colors):
    im = keyed(mode, key, count)
    with pillow_kmq.installed():
        out = im.convert("P", palette=ADAPTIVE, colors=colors)
    clear = np.asarray(im.convert("L")) == 3
    np.testing.assert_array_equal(np.asarray(out) == out.info["transparency"], clear)


def test_a_transparent_colour_that_no_pixel_has_gets_an_entry_if_there_is_room():
    with pillow_kmq.installed():
        out = keyed("RGB", (255, 0, 0), 10).convert("P", palette=ADAPTIVE)
    entry = out.info["transparency"]
    assert out.getpalette()[3 * entry : 3 * entry + 3] == [255, 0, 0]
    assert entry not in out.tobytes()


@pytest.mark.parametrize(
    ("key", "words"), [((255, 0, 0), "Couldn't allocate"), (b"\0", "should be converted to RGBA images")]
)
def test_what_pillow_warns_of_is_warned_of(key, words):
    with pillow_kmq.installed(), pytest.warns(UserWarning, match=words):
        out = keyed("RGB", key, 256).convert("P", palette=ADAPTIVE)
    assert "transparency" not in out.info
    assert out.convert("RGB").getcolors(256) == keyed("RGB", key, 256).getcolors(256)
