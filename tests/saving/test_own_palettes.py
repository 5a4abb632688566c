"""Animations with a palette for each frame, and the choice of palettes."""

from __future__ import annotations

import itertools
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from animated import palette_image, saved, shown
from pillow_kmq.errors import CancelledError, OptionError

RANDOM = np.random.default_rng(6)


def noise(count: int = 3, *, size: tuple[int, int] = (30, 40)) -> list[Image.Image]:
    """Frames of many colours: noise that changes in the right half."""
    picture = RANDOM.integers(0, 256, (*size, 3), np.uint8)
    frames = []
    for _ in range(count):
        picture = picture.copy()
        picture[:, size[1] // 2 :] = RANDOM.integers(0, 256, (size[0], size[1] - size[1] // 2, 3))
        frames.append(Image.fromarray(picture))
    return frames


def colors_of(pixels: np.ndarray) -> set[bytes]:
    return {color.tobytes() for color in pixels.reshape(-1, 4)}


@pytest.mark.parametrize("format_", ["GIF", "APNG", "WEBP", "KMQ"])
def test_one_palette_serves_all_frames(format_):
    data = saved(noise(), format_, palettes="one", colors=20, duration=50)
    assert len(set().union(*(colors_of(pixels) for pixels, _ in shown(data)))) <= 20


@pytest.mark.parametrize("format_", ["GIF", "APNG", "WEBP", "KMQ"])
def test_what_changes_has_a_palette_of_its_own_and_the_rest_stays(format_):
    data = saved(noise(), format_, palettes="per-frame", colors=20, duration=50)
    frames = [pixels for pixels, _ in shown(data)]
    for before, after in itertools.pairwise(frames):
        assert np.array_equal(before[:, :20], after[:, :20])
        assert 10 < len(colors_of(after[:, 20:])) <= 20
    assert len(set().union(*map(colors_of, frames))) > 30


def test_own_palettes_are_closer_to_the_frames_than_one():
    frames = noise(4)

    def error(palettes: str) -> float:
        found = shown(saved(frames, "GIF", palettes=palettes, colors=32, dither="none", duration=50))
        pairs = zip(found, frames, strict=True)
        return sum(float(((pixels[..., :3] - np.array(im, float)) ** 2).mean()) for (pixels, _), im in pairs)

    assert error("per-frame") < error("one")


@pytest.mark.parametrize("colors", [1, 2, 3, 256])
@pytest.mark.parametrize("format_", ["GIF", "WEBP"])
def test_any_number_of_colours_goes_with_frames_that_become_transparent(colors, format_):
    frames = []
    for number, frame in enumerate(noise(3)):
        pixels = np.dstack([np.array(frame), np.full((30, 40), 255, np.uint8)])
        pixels[5 * number : 5 * number + 10] = 0
        frames.append(Image.fromarray(pixels))
    found = shown(saved(frames, format_, palettes="per-frame", colors=colors, duration=50))
    for (pixels, _), frame in zip(found, frames, strict=True):
        assert np.array_equal(pixels[..., 3], np.array(frame)[..., 3])


def test_a_background_is_under_all_frames():
    frames = [frame.convert("RGBA") for frame in noise()]
    for frame in frames:
        frame.putalpha(128)
    for pixels, _ in shown(saved(frames, "GIF", palettes="per-frame", background="black", duration=50)):
        assert pixels[..., 3].min() == 255
        assert pixels[..., :3].max() <= 128


@pytest.mark.parametrize("palettes", [None, "one", "per-frame", "exact"])
def test_few_colours_are_never_changed(palettes):
    palette = np.array([[0, 0, 0, 255], [9, 99, 199, 255], [4, 4, 4, 255]], np.uint8)
    frames = [palette_image(RANDOM.integers(0, 3, (6, 6)), palette) for _ in range(3)]
    for format_ in ("GIF", "APNG", "WEBP", "KMQ"):
        found = shown(saved(frames, format_, palettes=palettes, duration=50))
        assert all(
            np.array_equal(pixels, frame.convert("RGBA")) for (pixels, _), frame in zip(found, frames, strict=True)
        )


def test_frames_of_many_new_colours_get_one_palette_by_default():
    data = saved(noise(), "GIF", duration=50)
    with Image.open(BytesIO(data)) as image:
        assert len(image.getpalette()) == 3 * 256
    assert len(set().union(*(colors_of(pixels) for pixels, _ in shown(data)))) <= 256


@pytest.mark.parametrize("palettes", ["two", 1, b"one"])
def test_other_values_are_refused(palettes):
    with pytest.raises((OptionError, TypeError), match="palettes must be"):
        saved(noise(1), "GIF", palettes=palettes)


def test_a_given_palette_is_one_for_all_frames():
    with pytest.raises(OptionError, match="palette is one for all frames"):
        saved(noise(), "GIF", palettes="per-frame", palette="#000,#fff")
    found = shown(saved(noise(), "GIF", palette="#000,#fff", duration=50))
    assert set().union(*(colors_of(pixels) for pixels, _ in found)) == {b"\0\0\0\xff", b"\xff\xff\xff\xff"}


@pytest.mark.parametrize("palettes", ["one", "per-frame"])
def test_progress_can_cancel(palettes):
    with pytest.raises(CancelledError):
        saved(noise(), "GIF", palettes=palettes, progress=lambda done: done < 0.5)
