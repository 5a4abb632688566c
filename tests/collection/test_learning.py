"""One palette for many images: what it depends on, and what it does not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pillow_kmq import quantize_all
from pillow_kmq.collection import learn_palette
from pillow_kmq.errors import CancelledError, KmqError, OptionError, OptionTypeError
from tile_images import noise, tiles, write_tiles

pytestmark = pytest.mark.jit


def colors_of(palette: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(entry) for entry in palette.tolist()}


def test_the_palette_is_that_of_quantize_all():
    images = tiles(12)
    (first, *_) = quantize_all(images, 32, space="srgb")
    expected = np.frombuffer(bytes(first.getpalette("RGBA")), np.uint8).reshape(-1, 4)
    assert np.array_equal(learn_palette(images, 32, space="srgb", processes=1).colors, expected)


@pytest.mark.parametrize("options", [{}, {"max_histogram": 4096}, {"space": "srgb", "fixed": ["#f00"]}], ids=str)
def test_the_palette_depends_neither_on_order_nor_on_the_number_of_processes(tmp_path, options):
    paths = write_tiles(tmp_path, 60)
    once = learn_palette(paths, 32, processes=1, **options)
    many = learn_palette(paths[::-1], 32, processes=2, **options)
    assert once.colors.tobytes() == many.colors.tobytes()
    assert (once.images, once.pixels, once.groups, once.bits) == (many.images, many.pixels, many.groups, many.bits)


def test_every_image_counts():
    flat = [Image.new("RGB", (3, 2), (number, 0, 0)) for number in range(70)]
    shared = learn_palette(iter(flat), 256, processes=1)
    assert shared.colors.tolist() == [[number, 0, 0, 255] for number in range(70)]
    assert (shared.images, shared.pixels, shared.groups) == (70, 420, 70)


def test_paths_and_images_mix(tmp_path):
    (path,) = write_tiles(tmp_path, 1)
    with Image.open(path) as image:
        image.load()
    assert np.array_equal(
        learn_palette([path, noise(1)], 16, processes=1).colors,
        learn_palette([noise(1), image], 16, processes=1).colors,
    )


def test_a_full_histogram_is_coarsened_and_says_so():
    images = [noise(seed) for seed in range(20)]
    whole = learn_palette(images, 16, processes=1)
    coarse = learn_palette(images, 16, processes=1, max_histogram=4096)
    assert (whole.bits, whole.largest_change) == ((8, 8, 8, 8), 0)
    assert coarse.groups <= 4096 < whole.groups
    assert max(coarse.bits) < 8
    assert coarse.largest_change == (1 << 8 - min(coarse.bits)) - 1


def test_weights_scale_the_influence_of_an_image():
    images = [Image.new("RGB", (8, 8), color) for color in ("#800000", "#880000", "#0000ff")]
    options = {"space": "srgb", "max_iter": 10, "processes": 1}
    assert colors_of(learn_palette(images, 2, **options).colors) == {(0x84, 0, 0, 255), (0, 0, 255, 255)}
    tilted = learn_palette(images, 2, weights=[3, 1, 1], **options)
    assert colors_of(tilted.colors) == {(0x82, 0, 0, 255), (0, 0, 255, 255)}


def test_only_ratios_of_weights_matter():
    images = tiles(9)
    one, two = (learn_palette(images, 8, weights=[w] * 8 + [3 * w], processes=1).colors for w in (0.125, 4000))
    assert np.array_equal(one, two)


def test_fixed_colours_are_kept():
    assert {(1, 2, 3, 255)} <= colors_of(learn_palette(tiles(6), 16, fixed=[(1, 2, 3)], processes=1).colors)


@pytest.mark.parametrize(("k", "space"), [(8, "perceptual"), (32, "perceptual"), (8, "srgb")])
def test_a_thin_line_keeps_its_colour_if_it_covers_the_minimum_share(k, space, samples):
    with Image.open(samples / "photo.png") as opened:
        image = opened.convert("RGB")
    image.paste((0, 160, 255), (40, 100, 140, 101))
    share = 100 / (image.width * image.height)
    off = [
        int(np.abs(learned.colors[:, :3].astype(int) - (0, 160, 255)).max(axis=1).min())
        for learned in (
            learn_palette([image], k, space=space, min_share=part, processes=1) for part in (0.0, 2 * share, share)
        )
    ]
    assert off[0] > 60
    assert off[1] > 60
    assert off[2] == 0


def test_invisible_pixels_share_one_entry_of_their_most_frequent_colour():
    images = [Image.new("RGBA", (4, 4), color) for color in ((9, 8, 7, 0), (9, 8, 7, 0), (1, 1, 1, 0), (5, 6, 7, 255))]
    assert learn_palette(images, 8, processes=1).colors.tolist() == [[9, 8, 7, 0], [5, 6, 7, 255]]


def test_all_frames_of_an_animation_count(tmp_path):
    frames = [Image.new("RGB", (4, 4), (number * 40, 0, 0)) for number in range(5)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert learn_palette([tmp_path / "a.gif"], 16, processes=1).images == 5


def test_images_without_pixels_have_no_palette():
    assert learn_palette([Image.new("RGB", (0, 4))], 16, processes=1).colors.shape == (0, 4)
    assert learn_palette([], 16, processes=1).images == 0


def test_unreadable_files_are_named(tmp_path):
    paths = write_tiles(tmp_path, 3)
    paths[1].write_bytes(b"no image")
    missing = tmp_path / "missing.png"
    with pytest.raises(KmqError, match=r"cannot read .*0001.png: .*\(1 more\)"):
        learn_palette([*paths, missing], 8, processes=1)
    learned = learn_palette([*paths, missing], 8, processes=1, skip_unreadable=True)
    assert learned.images == 2
    assert [path for path, _ in learned.skipped] == [str(paths[1]), str(missing)]
    assert all(reason for _, reason in learned.skipped)


def test_images_of_too_many_bits_are_named():
    with pytest.raises(KmqError, match="I image of 3x2 pixels: cannot quantize mode I"):
        learn_palette([Image.new("I", (3, 2))], processes=1)


def test_progress_rises_to_one_and_can_cancel():
    seen: list[float] = []
    learn_palette(tiles(30), 16, processes=1, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 4
    with pytest.raises(CancelledError):
        learn_palette(tiles(30), 16, processes=1, progress=lambda done: done < 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": [1.0]}, "one number for each image"),
        ({"weights": [1, 1, 1]}, "one number for each image"),
        ({"weights": [0, 1]}, "more than 0"),
        ({"min_share": 1.5}, "min_share must be 0 to 1"),
        ({"max_histogram": 3}, "max_histogram must be 4096 to 1048576"),
        ({"processes": 0}, "processes must be 1 to 1024"),
        ({"colors": 0}, "colors must be 1 to 256"),
        ({"images": "tile.png"}, "pass a list"),
        ({"images": 3}, "images must be paths or images"),
        ({"images": [None]}, "images must be a path or a URL"),
        ({"client": 3}, "client must be a dask.distributed.Client"),
        ({"progress": 3}, "progress must be a function"),
        ({"space": "cmyk"}, "space must be one of"),
    ],
    ids=str,
)
def test_invalid_arguments_are_refused(arguments, message):
    with pytest.raises((OptionError, OptionTypeError), match=message):
        learn_palette(**{"images": tiles(2), "processes": 1, **arguments})
