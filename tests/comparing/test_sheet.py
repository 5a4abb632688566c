"""Contact sheets."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pillow_kmq.compare import table
from pillow_kmq.comparing.page import Compared
from pillow_kmq.comparing.sheet import contact_sheet

pytestmark = pytest.mark.usefixtures("kernels_on_disk")
CELL = 332


def sheet_of(image: Image.Image, colors: tuple[int, ...], against: tuple[str, ...] = ()) -> Image.Image:
    return contact_sheet([Compared("a.png", table(image, colors, compressions=("fast",), against=against))])


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))


def test_the_original_and_each_set_of_pixels_has_a_picture() -> None:
    sheet = sheet_of(noise(320, 40), (2, 4))
    assert sheet.width == 12 + 3 * CELL
    assert sheet_of(noise(320, 40), (2, 4), ("pillow",)).height > 1.8 * sheet.height


def test_pixels_of_small_pictures_are_enlarged_and_sharp() -> None:
    image = noise(100, 80)
    sheet = sheet_of(image, (2,))
    cell = sheet.crop((12, 12, 12 + 300, 12 + 240))
    assert cell.resize(image.size, Image.Resampling.NEAREST).tobytes() == image.tobytes()


def test_large_pictures_are_cropped_to_their_middle() -> None:
    image = noise(500, 400)
    cell = sheet_of(image, (2,)).crop((12, 12, 12 + 320, 12 + 320))
    assert cell.tobytes() == image.crop((90, 40, 410, 360)).tobytes()


def test_transparent_pixels_show_a_chequerboard() -> None:
    cell = sheet_of(Image.new("RGBA", (320, 320)), (2,)).crop((12, 12, 332, 332))
    assert len(cell.getcolors()) == 2


def test_labels_that_are_too_long_end_in_an_ellipsis() -> None:
    rows = table(noise(32, 32), 2, compressions=(), against=())
    long, longer = (contact_sheet([Compared("x" * count, rows)]) for count in (300, 400))
    assert long.tobytes() == longer.tobytes()
