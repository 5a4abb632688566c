"""Animations in GIF, APNG and WebP files: every frame is shown as it is stored."""

from __future__ import annotations

import shutil
import struct
import subprocess
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from animated import (
    animations,
    composed,
    gif_blocks,
    gif_composed,
    merged,
    palette_image,
    png_chunks,
    same,
    saved,
    shown,
    visible,
)
from pillow_kmq.errors import OptionError, UnsupportedError

FORMATS = ("GIF", "APNG", "WEBP")
RANDOM = np.random.default_rng(5)


def original(frames: list[Image.Image], durations: list[int]) -> Any:
    return [(visible(frame), duration) for frame, duration in zip(frames, durations, strict=True)]


def many_colors(count: int = 3, *, clear: bool = False) -> list[Image.Image]:
    """Frames of 200 new colours each, in a rectangle of an unchanging picture."""
    frames = []
    picture = np.full((20, 30, 4), 255, np.uint8)
    for number in range(count):
        picture = picture.copy()
        picture[5:15, 5:25, :3] = RANDOM.integers(0, 256, (10, 20, 3))
        if clear:
            picture[5 : 6 + number, 5:9] = 0
        frames.append(Image.fromarray(picture))
    return frames


@settings(deadline=None, max_examples=150)
@given(animations())
def test_gifs_show_every_frame_exactly(animation):
    frames, durations = animation
    data = saved(frames, "GIF", duration=durations)
    assert same(shown(data), original(frames, durations))
    assert same(gif_composed(data), original(frames, durations))


@settings(deadline=None, max_examples=150)
@given(animations(translucent=True))
def test_apngs_show_every_frame_exactly(animation):
    frames, durations = animation
    data = saved(frames, "APNG", duration=durations)
    assert same(shown(data), original(frames, durations))
    assert same(composed(data), original(frames, durations))


def test_transparent_black_beside_black_stays_transparent_in_webps():
    black, clear, green = (0, 0, 0, 255), (0, 0, 0, 0), (90, 200, 30, 255)
    frames = [np.array([row], np.uint8) for row in ([black, black, clear], [green, black, clear])]
    for frame, read in zip(frames, shown(saved([Image.fromarray(frame) for frame in frames], "WEBP")), strict=True):
        assert np.array_equal(read[0], frame)


@settings(deadline=None, max_examples=40)
@given(animations(translucent=True))
def test_webps_show_every_frame_exactly(animation):
    frames, durations = animation
    data = saved(frames, "WEBP", duration=[duration + 1 for duration in durations])
    expected = merged(original(frames, [duration + 1 for duration in durations]))
    found = shown(data)
    if len(expected) == 1:  # a still image, which has no duration
        found = [(found[0][0], expected[0][1])]
    assert same(found, expected)


@pytest.mark.skipif(not shutil.which("gifsicle"), reason="gifsicle is not installed")
@settings(deadline=None, max_examples=100)
@given(animations())
def test_gifsicle_shows_every_frame_exactly(animation):
    frames, durations = animation
    alphas = [visible(frame)[..., 3].min() for frame in frames]
    assume(alphas[0] == 0 or min(alphas) == 255)  # it clears to the background colour if the first frame is opaque
    data = saved(frames, "GIF", duration=durations)
    whole = subprocess.run(["gifsicle", "--unoptimize"], input=data, capture_output=True, check=True)
    assume(not whole.stderr)  # it does not take all local tables apart
    assert same(gif_composed(whole.stdout), original(frames, durations))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("clear", [False, True])
def test_frames_of_more_than_256_colours_in_all_are_kept(format_, clear):
    frames = many_colors(clear=clear)
    data = saved(frames, format_, palettes="per-frame", duration=50)
    assert same(shown(data), original(frames, [50] * 3))


@pytest.mark.parametrize("clear", [False, True])
def test_an_apng_has_one_palette_unless_asked_otherwise(clear):
    frames = many_colors(clear=clear)
    assert Image.open(BytesIO(saved(frames, "APNG"))).mode == "P"
    assert Image.open(BytesIO(saved(frames, "APNG", palettes="exact"))).mode == ("RGBA" if clear else "RGB")


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("loop", [None, 0, 1, 2, 70])
def test_loops_are_repetitions(format_, loop):
    frames = many_colors(2)
    info = Image.open(BytesIO(saved(frames, format_, loop=loop, duration=50))).info
    expected = loop if format_ == "GIF" else (1 if loop is None else loop + 1 if loop else 0)
    assert info.get("loop") == expected
    again = saved(Image.open(BytesIO(saved(frames, format_, loop=loop, duration=50))), "GIF")
    assert Image.open(BytesIO(again)).info.get("loop") == loop


def test_a_gif_keeps_palette_and_indices_of_its_frames():
    palette = np.array([[0, 0, 9, 255], [1, 2, 3, 255], [1, 2, 3, 255], [4, 5, 6, 0], [7, 8, 9, 255]], np.uint8)
    frames = [palette_image(RANDOM.integers(0, 5, (6, 7)), palette) for _ in range(3)]
    data = saved(frames, "GIF")
    first = Image.open(BytesIO(data))
    assert first.getpalette()[:15] == palette[:, :3].ravel().tolist()
    assert first.tobytes() == frames[0].tobytes()
    images = [block for block in gif_blocks(data) if block[:1] == b"\x2c"]
    assert len(images) == 3
    assert not any(block[9] & 0x80 for block in images)  # no local table


@settings(deadline=None)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=40))
def test_durations_in_gifs_do_not_drift(durations):
    frames = [Image.new("L", (2, 2), 40 * (number % 2)) for number in range(len(durations))]
    found = [duration for _, duration in shown(saved(frames, "GIF", duration=durations))]
    ends, expected = np.cumsum(found), np.cumsum(durations)
    assert len(found) == len(durations)
    assert np.abs(ends - expected).max() <= 5


@pytest.mark.parametrize("format_", FORMATS)
def test_identical_frames_become_one(format_):
    picture = RANDOM.integers(0, 256, (8, 8, 3), np.uint8)
    first, second = Image.fromarray(picture), Image.fromarray(255 - picture)
    data = saved([first, first, second, second, first], format_, duration=[10, 20, 30, 40, 50])
    assert [duration for _, duration in shown(data)] == [30, 70, 50]


@pytest.mark.parametrize("format_", ["GIF", "APNG"])
def test_one_frame_keeps_its_duration_and_loop(format_):
    data = saved(many_colors(1), format_, duration=70, loop=0)
    with Image.open(BytesIO(data)) as image:
        assert (image.info["duration"], image.info["loop"]) == (70, 0)


def test_long_durations_are_kept_or_refused():
    frames = [Image.new("L", (2, 2), 0), Image.new("L", (2, 2), 0), Image.new("L", (2, 2), 9)]
    found = shown(saved(frames, "GIF", duration=600_000))
    assert [duration for _, duration in found] == [600_000] * 3  # two of them would be too long for one
    with pytest.raises(UnsupportedError, match="at most 655350 milliseconds, not 655360: give it twice"):
        saved(frames, "GIF", duration=655_360)
    assert [duration for _, duration in shown(saved(frames, "APNG", duration=[65_535_000, 70_001, 70_000]))] == [
        65_535_000,
        70_000,
        70_000,
    ]


def test_the_default_image_of_an_apng_is_its_first_frame():
    frames = many_colors(3)
    data = saved(frames, "APNG", palettes="exact")
    still = b"".join(
        struct.pack(">I", len(body)) + name + body + b"crc " for name, body in png_chunks(data) if name != b"acTL"
    )
    assert b"fcTL" in still
    names = [name for name, _ in png_chunks(data)]
    assert names.index(b"fcTL") < names.index(b"IDAT")
    assert np.array_equal(shown(data)[0][0], visible(frames[0]))


@pytest.mark.parametrize("format_", FORMATS)
def test_unchanged_pixels_cost_next_to_nothing(format_):
    picture = RANDOM.integers(0, 200, (100, 100), np.uint8)
    frames = [Image.fromarray(picture)]
    for number in range(9):
        picture = picture.copy()
        picture[10 * number, :3] += 1
        picture[50, 97:] = number
        frames.append(Image.fromarray(picture))
    one, all_of_them = len(saved(frames[:1], format_)), len(saved(frames, format_))
    assert all_of_them < one * 1.2


def test_quantised_apngs_leave_room_for_a_transparent_entry():
    picture = RANDOM.integers(0, 256, (40, 40, 3), np.uint8)
    frames = [Image.fromarray(picture), Image.fromarray(picture[::-1])]
    with Image.open(BytesIO(saved(frames, "APNG"))) as image:
        assert 250 < len(image.getcolors()) <= 255


# Alpha in GIF files


def test_translucent_pixels_of_gifs_become_opaque_or_transparent():
    pixels = np.zeros((2, 256, 4), np.uint8)
    pixels[..., 0] = 200
    pixels[..., 3] = np.arange(256)
    ((found, _),) = shown(saved(Image.fromarray(pixels), "GIF"))
    assert np.array_equal(found[..., 3], np.where(pixels[..., 3] < 128, 0, 255))
    assert (found[:, 128:, 0] == 200).all()


def test_gifs_with_a_background_are_opaque():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2] = 255, 0, 0, 128
    ((found, _),) = shown(saved(Image.fromarray(pixels), "GIF", background="white"))
    assert found[..., 3].min() == 255
    assert found[0, 0].tolist() == [255, 127, 127, 255]
    assert found[3, 3].tolist() == [255, 255, 255, 255]


def test_exact_gifs_refuse_frames_of_too_many_colours():
    frames = [Image.fromarray(RANDOM.integers(0, 256, (20, 20, 3), np.uint8)) for _ in range(2)]
    with pytest.raises(UnsupportedError, match="more than 256 colours"):
        saved(frames, "GIF", palettes="exact")
    with pytest.raises(OptionError, match="keeps all colours"):
        saved(frames, "GIF", palettes="exact", colors=16)


# Sizes


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.filter_too_much])
@given(animations(indexed=True), st.sampled_from(["GIF", "PNG"]))
def test_files_of_palette_images_are_never_larger_than_those_of_pillow(animation, format_):
    frames, durations = animation
    durations = [duration + 10 for duration in durations]
    assume(len(merged(original(frames, durations))) > 1)  # Pillow writes others as still images
    ours, theirs = saved(frames, format_, duration=durations), BytesIO()
    options = {"optimize": True} if format_ == "PNG" else {}
    if format_ == "GIF":
        frames = [frame.convert("RGBA") for frame in frames]  # Pillow takes no alphas in bytes there
    frames[0].save(theirs, format_, save_all=True, append_images=frames[1:], duration=durations, **options)
    if same(shown(theirs.getvalue()), shown(ours)):
        assert len(ours) <= len(theirs.getvalue())
