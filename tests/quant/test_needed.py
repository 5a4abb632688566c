"""Kernels compiled ahead of their use: all that a call runs, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pillow_kmq  # noqa: F401
from pillow_kmq import quantize, quantize_tiles
from pillow_kmq.codec import decode, encode
from pillow_kmq.codec.levels import needed as needed_levels
from pillow_kmq.kernels.kernel import Variant
from pillow_kmq.quant import needed
from pillow_kmq.types import IndexedImage

pytestmark = [pytest.mark.jit, pytest.mark.usefixtures("kernels_on_disk")]

NOISE = np.random.default_rng(5).integers(0, 256, (120, 120, 4), np.uint8)
PHOTO = Image.fromarray(NOISE[..., :3])
FLAT = Image.fromarray(NOISE[:4, :4, :3]).resize((60, 60), Image.Resampling.NEAREST)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[str]]:
    """Names of the kernels that were prepared, and of those that ran."""
    prepared: set[str] = set()
    ran: set[str] = set()
    function: Callable[..., Any] = Variant.function

    def noted(variant: Variant, arguments: tuple[Any, ...]) -> Any:
        ran.add(variant.name)
        return function(variant, arguments)

    monkeypatch.setattr(Variant, "function", noted)
    for module in (needed, needed_levels):
        monkeypatch.setattr(module, "prepare", lambda variants: prepared.update(one.name for one in variants))
    return prepared, ran


OPTIONS: list[dict[str, Any]] = [
    {"dither": "auto"},
    {},
    {"dither": "selective", "colors": 16},
    {"dither": "bayer", "effort": "fast"},
    {"dither": "atkinson", "space": "srgb"},
    {"max_iter": 3, "space": "linear"},
    {"quality": 30, "dither": "auto"},
    {"palette": "cga", "dither": "floyd-steinberg"},
    {"palette": "cga", "dither": "blue-noise"},
    {"palette": "cga"},
]
REHASH = {"quant.histogram._rehash"}  # runs where there are many colours, which is not known before they are counted


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_what_a_photo_needs_is_prepared(options: dict[str, Any], names: tuple[set[str], set[str]]) -> None:
    quantize(PHOTO, **options)
    prepared, ran = names
    assert prepared | REHASH == ran | REHASH


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_what_flat_art_does_not_need_is_not_prepared(options: dict[str, Any], names: tuple[set[str], set[str]]) -> None:
    quantize(FLAT, **options)
    prepared, ran = names
    assert prepared <= ran | REHASH
    assert len(prepared) >= 2


def test_nothing_is_prepared_for_an_image_without_pixels(names: tuple[set[str], set[str]]) -> None:
    quantize(Image.new("RGB", (0, 9)), dither="auto")
    assert not names[0]


@pytest.mark.parametrize("dither", [None, "bayer"])
def test_what_tiles_need_is_prepared(dither: str | None, names: tuple[set[str], set[str]]) -> None:
    quantize_tiles(PHOTO, dither=dither)
    prepared, ran = names
    assert prepared == ran


# Levels


def file_names(names: set[str]) -> set[str]:
    """Without folders and modules."""
    return {name.rpartition(".")[2].partition("-")[0] for name in names}


@pytest.mark.parametrize(
    ("level", "kernels"), [("fast", {"rank_colors"}), ("default", {"whole_tree"}), ("max", {"whole_tree"})]
)
def test_the_small_kernels_of_a_level_are_compiled_with_that_of_its_stripes(
    level: str, kernels: set[str], names: tuple[set[str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    y, x = np.indices((300, 300))
    waves = (x * x // 37 + y * y // 23 + x * y // 11) // 16 % 9
    image = IndexedImage(NOISE[0, :9], waves.astype(np.uint8))
    asked: set[Variant] = set()
    available = Variant.available

    def missing_at_first(variant: Variant) -> bool:
        if variant in asked:
            return available(variant)
        asked.add(variant)
        return False

    monkeypatch.setattr(Variant, "available", missing_at_first)
    data = encode(image, compression=level)
    small = {"map_rows", "code_colors", *kernels}
    assert file_names(names[0]) == small | {"encode_stripe" if level == "fast" else "mixed_stripe"}
    names[0].clear()
    assert (decode(data).indices == image.indices).all()
    assert file_names(names[0]) == small | {"decode_stripe" if level == "fast" else "mixed_stripe"}
