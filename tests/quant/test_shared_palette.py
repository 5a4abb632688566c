"""One palette for images that are quantised one by one: the results are those of `quantize_all`."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq.errors import OptionError, OptionTypeError, QualityError


def pictures(alpha: bool = True) -> list[Image.Image]:
    """Return pictures of several sizes, so that no pixel counts as still; one has transparency."""
    found = []
    for seed, size in enumerate([(40, 30), (31, 20), (25, 25)]):
        y, x = np.mgrid[0 : size[1], 0 : size[0]]
        rgb = np.dstack([x * 6, y * 8, (x * y * (seed + 1)) % 256]).astype(np.uint8)
        found.append(Image.fromarray(rgb))
    if alpha:
        found[1] = found[1].convert("RGBA")
        found[1].paste((200, 100, 50, 0), (0, 0, 10, 10))
    return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dither": "auto"},
        {"dither": 0.7},
        {"dither": "bayer"},
        {"dither": "selective", "space": "srgb"},
        {"order": "compression", "transparent_index": 3},
        {"quality": 40},
        {"fixed": ["#ff0000"], "background": "blue"},
        {"posterize": "rgb565", "max_iter": 3},
    ],
    ids=str,
)
def test_each_image_is_as_from_quantize_all(options: dict) -> None:
    images = pictures()
    shared = pillow_kmq.shared_palette(images, 24, **options)
    expected = pillow_kmq.quantize_all(images, 24, **options)
    kept = {name: options[name] for name in ("dither", "background") if name in options}
    for image, wanted in zip(images, expected, strict=True):
        result = pillow_kmq.quantize(image, palette=shared, **kept)
        assert result.tobytes() == wanted.tobytes()
        assert result.getpalette("RGBA") == wanted.getpalette("RGBA")


def test_images_are_made_on_demand_and_one_at_a_time() -> None:
    made = []

    class Lazy:
        def __len__(self) -> int:
            return 3

        def __contains__(self, item: object) -> bool:
            return False

        def __iter__(self) -> Iterator[Image.Image]:
            for image in pictures():
                made.append(image.size)
                yield image

    shared = pillow_kmq.shared_palette(Lazy(), 24, dither="auto")
    assert len(made) == 6
    assert shared.colors.tolist() == pillow_kmq.shared_palette(pictures(), 24, dither="auto").colors.tolist()


def test_saving_takes_it_and_processes_can_exchange_it(tmp_path) -> None:
    images = pictures(alpha=False)
    shared = pickle.loads(pickle.dumps(pillow_kmq.shared_palette(images, 16, dither="auto")))
    expected = pillow_kmq.quantize_all(images, 16, dither="auto")
    for number, image in enumerate(images):
        image.save(tmp_path / "a.png", "PNG8", palette=shared)
        with Image.open(tmp_path / "a.png") as saved:
            assert saved.tobytes() == expected[number].tobytes()
            assert saved.getpalette() == shared.colors[:, :3].ravel().tolist()


def test_what_needs_all_results_or_changes_the_palette_is_refused() -> None:
    images = pictures()
    with pytest.raises(OptionError, match="popularity"):
        pillow_kmq.shared_palette(images, order="popularity")
    with pytest.raises(OptionTypeError, match="not int"):
        pillow_kmq.shared_palette(3)
    with pytest.raises(QualityError):
        pillow_kmq.shared_palette(images, 2, quality=(90, 100))
    shared = pillow_kmq.shared_palette(images, 8)
    for change in ({"quality": 50}, {"order": "luminance"}, {"fixed": "#fff"}, {"posterize": "rgb565"}):
        with pytest.raises(OptionError):
            pillow_kmq.quantize(images[0], palette=shared, **change)


def test_arrays_and_fixed_colours_do_not_take_it() -> None:
    shared = pillow_kmq.shared_palette(pictures(), 8)
    with pytest.raises(OptionTypeError, match="palette must be"):
        pillow_kmq.quantize_array(np.zeros((2, 2, 3), np.uint8), palette=shared)
    with pytest.raises(OptionTypeError, match="fixed must be"):
        pillow_kmq.quantize(pictures()[0], fixed=shared)


def test_without_pixels_there_are_no_entries() -> None:
    assert pillow_kmq.shared_palette([Image.new("RGB", (0, 3))]).colors.shape == (0, 4)
