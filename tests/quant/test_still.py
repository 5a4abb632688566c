"""Frames: still pixels keep their entry, what moves is dithered as ever, and nothing else changes."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

import naive
from pillow_kmq import quantize_all
from pillow_kmq.quant import pipeline
from pillow_kmq.quant import source as source_module
from pillow_kmq.quant.dithering.diffusion import Diffuser
from pillow_kmq.quant.dithering.ditherer import dither_stripes
from pillow_kmq.quant.dithering.options import Auto, FloydSteinberg, Ordered, Selective, to_dither
from pillow_kmq.quant.dithering.still import StillPixels
from pillow_kmq.quant.histogram import pack
from pillow_kmq.quant.pillow_source import ImageSource
from pillow_kmq.quant.remap import map_stripes

DIFFUSING = (Auto(), FloydSteinberg(), FloydSteinberg(0.4), Selective(), Selective(0.6))
WAYS = (*DIFFUSING, Ordered("bayer"), Ordered("blue-noise"))
SIZE = 40


def pixels_of(im: Image.Image) -> np.ndarray:
    """RGBA as it is seen: fully transparent pixels are all alike."""
    pixels = np.array(im.convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def indices_of(im: Image.Image) -> np.ndarray:
    return np.asarray(im)


def still(frames: list[Image.Image]) -> list[np.ndarray]:
    """For each frame but the first, where it looks like the one before."""
    return [(pixels_of(a) == pixels_of(b)).all(axis=2) for a, b in pairwise(frames)]


def moving(mode: str = "RGB", count: int = 5) -> list[Image.Image]:
    """A disc that moves over shades; in RGBA they fade out and end in fully transparent pixels."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    ground = np.stack([x * 4 + 40, y * 3 + 60, (x + y) * 2 + 30, np.clip(500 - 15 * x, 0, 255)], 2).astype(np.uint8)
    frames = []
    for t in range(count):
        pixels = ground.copy()
        pixels[(x - 8 - 5 * t) ** 2 + (y - 10 - 2 * t) ** 2 < 30] = (250, 20 + 9 * t, 10, 255)
        frames.append(Image.fromarray(pixels).convert(mode))
    return frames


def alone(frames: list[Image.Image], results: list[Image.Image], dither: object) -> list[Image.Image]:
    """Each frame by itself, with the palette that was found for all."""
    palette = np.array(results[0].getpalette("RGBA"), np.uint8).reshape(-1, 4)
    way, images = to_dither(dither), []
    for frame in frames:
        source, out = ImageSource(frame), np.empty((frame.height, frame.width), np.uint8)
        cuts = [(0, frame.height)] if out.size else []
        if way is None:
            map_stripes(source, cuts, palette, "oklab", out, 1)
        else:
            dither_stripes(source, cuts, palette, way, "oklab", out, 1)
        images.append(Image.frombytes("P", frame.size, out.tobytes()))
        images[-1].putpalette(palette.tobytes(), "RGBA")
    return images


def flickers(frames: list[Image.Image], results: list[Image.Image]) -> bool:
    indices = [indices_of(result) for result in results]
    return any((a != b)[same].any() for same, (a, b) in zip(still(frames), pairwise(indices), strict=True))


# ---- the claim ----


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"order": "popularity"},
        {"order": "compression", "transparent_index": 5},
        {"space": "oklab"},
        {"palette": "#0000 #000 #fff #f00 #03f"},
    ],
    ids=str,
)
@pytest.mark.jit
def test_a_still_pixel_keeps_its_index_in_every_frame(way, mode, options):
    frames = moving(mode)
    results = quantize_all(frames, 7, dither=way, effort="fast", **options)
    assert not flickers(frames, results)
    for frame, result in zip(frames, results, strict=True):
        before, after = pixels_of(frame), pixels_of(result)
        assert (after[before[..., 3] == 0] == 0).all()
        assert (after[before[..., 3] == 255][:, 3] == 255).all()


@pytest.mark.jit
@pytest.mark.parametrize("way", [FloydSteinberg(), FloydSteinberg(0.4)], ids=str)
def test_frames_dithered_alone_would_flicker(way):
    frames = moving()
    results = quantize_all(frames, 7, dither=way, effort="fast")
    assert flickers(frames, alone(frames, results, dither=way))


@pytest.mark.jit
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_maps_of_importance_may_change_from_frame_to_frame(way):
    frames = moving(count=4)
    maps = [np.full((SIZE, SIZE), level, np.uint8) for level in (255, 80, 200, 255)]
    for t, level in enumerate(maps):
        level[:, : 4 * t] = 0
    results = quantize_all(frames, 7, dither=way, importance=maps, effort="fast")
    plain = alone(frames, results, dither="none")
    for t in range(1, 4):
        same = still(frames)[t - 1] & (maps[t] > 0)
        np.testing.assert_array_equal(indices_of(results[t])[same], indices_of(results[t - 1])[same])
        nothing = maps[t] == 0
        np.testing.assert_array_equal(indices_of(results[t])[nothing], indices_of(plain[t])[nothing])


@pytest.mark.jit
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_hidden_colours_do_not_make_a_pixel_move(way):
    clear = np.random.default_rng(1).random((SIZE, SIZE)) < 0.4
    frames = []
    for t, frame in enumerate(moving()):
        frame.putalpha(100)
        pixels = np.array(frame)
        pixels[clear] = 50 * t, 200 - 9 * t, 3, 0
        frames.append(Image.fromarray(pixels))
    # Without a fully transparent entry invisible pixels are dithered, too.
    palette = [(0, 0, 0, 255), (240, 30, 30, 60), (30, 30, 240, 60), (30, 240, 30, 60)]
    assert not flickers(frames, quantize_all(frames, palette=palette, dither=way))


@pytest.mark.jit
def test_frames_of_a_file_and_of_a_saved_animation_are_held_too():
    frames = moving()
    options = {"dither": 1.0, "colors": 7, "effort": "fast"}
    files = []
    for format_ in ("PNG", "KMQ"):
        stream = BytesIO()
        frames[0].save(stream, format_, save_all=True, append_images=frames[1:], **options)
        files.append(stream)
    results = quantize_all(Image.open(files[0]), **options)
    assert not flickers(frames, results)
    saved = [frame.convert("RGBA") for frame in ImageSequence.Iterator(Image.open(files[1]))]
    shown = [pixels_of(frame) for frame in saved]
    for same, (a, b) in zip(still(frames), pairwise(shown), strict=True):
        np.testing.assert_array_equal(a[same], b[same])


# ---- what else holds ----


@pytest.mark.jit
@pytest.mark.parametrize("way", [None, *WAYS[len(DIFFUSING) :]], ids=str)
def test_without_diffusion_a_frame_is_what_it_is_alone(way):
    frames = moving("RGBA")
    results = quantize_all(frames, 7, dither=way, effort="fast")
    for one, other in zip(results, alone(frames, results, dither=way or "none"), strict=True):
        np.testing.assert_array_equal(indices_of(one), indices_of(other))


@pytest.mark.jit
@pytest.mark.parametrize("way", DIFFUSING, ids=str)
def test_an_image_after_one_of_another_size_is_what_it_is_alone(way):
    (first, second), small = moving(count=2), Image.new("RGB", (3, 5), (90, 100, 110))
    images = [first, small, second, Image.new("RGB", (0, SIZE)), second]
    results = quantize_all(images, 7, dither=way, effort="fast")
    for one, other in zip(results, alone(images, results, dither=way), strict=True):
        np.testing.assert_array_equal(indices_of(one), indices_of(other))


@pytest.mark.jit
def test_images_that_are_the_same_get_the_same_indices():
    frame = moving()[0]
    first, *rest = quantize_all([frame, frame.copy(), frame], 7, dither=1.0, effort="fast")
    assert all(other.tobytes() == first.tobytes() for other in rest)


@pytest.mark.jit
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_neither_threads_nor_stripes_change_a_frame(way, monkeypatch):
    frames = moving("RGBA")
    maps = [np.full((SIZE, SIZE), 255 - 40 * t, np.uint8) for t in range(len(frames))]
    options = {"dither": way, "effort": "fast", "importance": maps}
    palette = quantize_all(frames, 7, **options)[0]
    expected = [result.tobytes() for result in quantize_all(frames, palette=palette, **options)]
    monkeypatch.setattr(source_module, "STRIPE", 3 * SIZE)
    for threads in (1, 3):
        results = quantize_all(frames, palette=palette, threads=threads, **options)
        assert [result.tobytes() for result in results] == expected


@pytest.mark.jit
def test_after_many_frames_local_means_are_as_near_as_in_a_frame_alone():
    frames = [frame for _ in range(8) for frame in moving(count=5)]
    results = quantize_all(frames, 7, dither=1.0, effort="fast")

    def error(result: Image.Image, frame: Image.Image) -> float:
        difference = pixels_of(result).astype(float) - pixels_of(frame)
        return float((difference.reshape(SIZE // 4, 4, SIZE // 4, 4, 4).mean((1, 3)) ** 2).mean())

    last = alone(frames, results, dither=1.0)[-5:]
    expected = sum(map(error, last, frames[-5:]))
    assert sum(map(error, results[-5:], frames[-5:])) < 1.05 * expected


@pytest.mark.parametrize(("count", "dither"), [(1, "floyd-steinberg"), (2, "none")])
def test_no_frame_is_kept_in_memory_where_nothing_can_flicker(count, dither, monkeypatch):
    monkeypatch.setattr(pipeline.StillPixels, "next_frame", lambda *_: pytest.fail("a frame was kept"))
    assert len(quantize_all(moving(count=count), palette=[(0, 0, 0), (255, 255, 255)], dither=dither)) == count


# ---- the plain versions ----


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    k=st.integers(1, 6),
    quiet=st.sampled_from([(), (400.0, 6400.0)]),
    kernel=st.sampled_from(["floyd-steinberg", "stucki"]),
    given=st.booleans(),
    seed=st.integers(0, 100000),
)
def test_diffusion_around_held_pixels_equals_the_plain_version(size, k, quiet, kernel, given, seed):
    random = np.random.default_rng(seed)
    alphas = np.array([0, 100, 255, 255], np.uint8)
    pixels = random.integers(0, 256, (*size, 4)).astype(np.uint8)
    pixels[..., 3] = random.choice(alphas, size)
    palette = random.integers(0, 256, (k, 4)).astype(np.uint8)
    palette[:, 3] = random.choice(alphas, k)
    palette[palette[:, 3] == 0] = 0
    palette = np.unique(palette, axis=0)
    strengths, gates = random.choice(np.array([0.0, 0.5, 1.0], np.float32), (2, *size))
    held = random.random(size) < 0.5
    out = random.integers(0, len(palette), size).astype(np.uint8)
    before = np.where(held, out, None).tolist()
    diffuser = Diffuser(palette, "srgb", size[1], *quiet, kernel=kernel, given=given)
    diffuser.remap(pack(pixels.reshape(-1, 4)).reshape(size), 0, strengths, out, held, gates if quiet else None)
    allowed = naive.diffusion_choices(
        pixels.tolist(),
        palette.tolist(),
        strengths.tolist(),
        out.tolist(),
        *quiet,
        before=before,
        gates=gates.tolist() if quiet else None,
        kernel=kernel,
        given=given,
    )
    assert all(out[at] in allowed[at[0]][at[1]] for at in np.ndindex(size))


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=5),
    backwards=st.booleans(),
    seed=st.integers(0, 100000),
)
def test_still_pixels_equal_the_plain_version(sizes, backwards, seed):
    random = np.random.default_rng(seed)
    finder, before, indices = StillPixels(), None, None
    for height, width in sizes:
        frame = random.choice(np.array([0, 1], np.uint8), (height, width, 4))
        importance = random.choice(np.array([0, 9], np.uint8), (height, width))
        packed = pack(frame.reshape(-1, 4)).reshape(height, width)
        out = finder.next_frame(height, width)
        expected = np.array(naive.still_pixels(frame.tolist(), before)) & (importance > 0)
        rows = range(height)[::-1] if backwards else range(height)
        for y in rows:
            held = finder.held(y, packed[y : y + 1], importance[y : y + 1])
            found = np.zeros(width, bool) if held is None else held[0]
            np.testing.assert_array_equal(found, expected[y])
        if indices is not None and indices.shape == out.shape:
            np.testing.assert_array_equal(out, indices)
            assert out is not indices
        out[:] = random.integers(0, 256, out.shape)
        before, indices = frame.tolist(), out
