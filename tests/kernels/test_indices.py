"""Compiled, a flat array is a pointer, and an index below 0 or behind its end is somebody else's memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pillow_kmq import codec
from pillow_kmq.codec.container import chunks
from pillow_kmq.codec.entropy.adaptive_rans_kernel import rank_colors
from pillow_kmq.codec.levels.default import stripe_kernel as default
from pillow_kmq.codec.levels.fast import graphics_kernel as graphics
from pillow_kmq.codec.levels.fast import photo_kernel as photo
from pillow_kmq.codec.levels.fast.arrays import array_colors
from pillow_kmq.codec.levels.max import stripe_kernel as slowest
from pillow_kmq.codec.palette.sorted_colors_kernel import code_colors
from pillow_kmq.codec.symbols import color_tree
from pillow_kmq.codec.symbols.color_tree_kernel import whole_tree
from pillow_kmq.codec.symbols.margins import with_margins
from pillow_kmq.codec.symbols.margins_kernel import map_rows
from pillow_kmq.errors import KmqError
from pillow_kmq.kernels import Kernel
from pillow_kmq.kernels.kernel import Variant
from pillow_kmq.kernels.types import Array, Group, Type
from pillow_kmq.types import IndexedImage
from test_codec import GOOD_VECTORS, all_frames, mutations

DECODERS = {default.mixed_stripe, slowest.mixed_stripe, graphics.decode_stripe, photo.decode_stripe}
ENCODERS = {
    "default": {default.mixed_stripe},
    "max": {slowest.mixed_stripe},
    "fast": {graphics.encode_stripe, photo.encode_stripe},
}
OTHERS = {rank_colors, whole_tree, map_rows}
KERNELS: set[Kernel] = DECODERS.union(OTHERS, *ENCODERS.values(), [code_colors])


class Strict:
    """Numbers with an index from 0 to their end; Python would count negative ones from there."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __getitem__(self, index: int) -> int:
        if index < 0:
            raise IndexError(f"{index} of {len(self.values)}")
        return int(self.values[index])

    def __setitem__(self, index: int, value: int) -> None:
        if index < 0:
            raise IndexError(f"{index} of {len(self.values)}")
        self.values[index] = value


def strict(kind: Type, value: Any) -> Any:
    if isinstance(kind, Group):
        return kind.cls(*map(strict, kind.fields, value))
    return Strict(value) if isinstance(kind, Array) and kind.dimensions == 0 else value


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Kernel]]:
    """Kernels run as plain Python over strict arrays; those that did."""
    known: set[Kernel] = set()

    def checked(kernel: Kernel) -> Callable[..., Any]:
        kinds, function = kernel.signature.parameters, kernel.function

        def run(*arguments: Any) -> Any:
            known.add(kernel)
            return function(*map(strict, kinds, arguments))

        return run

    monkeypatch.setattr(sys.modules["pillow_kmq.kernels.kernel"], "enabled", lambda: False)
    for kernel in KERNELS:
        monkeypatch.setattr(kernel, "function", checked(kernel))
    color_tree.tree.cache_clear()
    return known


def test_these_are_the_kernels_of_the_codec() -> None:
    source = Path(codec.__file__).parent
    count = sum(path.read_text(encoding="utf-8").count("\n@kernel\n") for path in source.rglob("*.py"))
    assert count == len(KERNELS)


def test_decoders_keep_to_their_arrays_in_good_files(used: set[Kernel]) -> None:
    for path in GOOD_VECTORS:
        if path.stat().st_size < 3000:
            all_frames(path.read_bytes())
    assert used >= {code_colors, *DECODERS}


def test_decoders_keep_to_their_arrays_in_damaged_files(used: set[Kernel], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks.Reader, "checksum", lambda reader: reader._exactly(4))
    levels = "good-mixed", "good-max", "good-fast"
    files = [path for path in GOOD_VECTORS if path.name.startswith(levels) and path.stat().st_size < 1900]
    for data in mutations(7, 250, files):
        with suppress(KmqError):
            all_frames(data, max_pixels=1 << 12)
    assert used >= {code_colors, *DECODERS}


@pytest.mark.parametrize("level", ["fast", "default", "max"])
def test_encoders_keep_to_their_arrays(level: str, used: set[Kernel]) -> None:
    random = np.random.default_rng(3)
    size = (12, 50) if level == "max" else (30, 70)
    y, x = np.indices(size)
    noise, waves = random.integers(0, 250, size), (x * x // 37 + y * y // 23 + x * y // 11) % 200
    photo = (x + y) // 3 + np.minimum(random.geometric(0.4, size), 9)
    for indices in (noise, waves, photo, np.where(random.random(size) < 0.03, 1, (x > 30) * 2)):
        for entries in (250, 251):
            palette = random.integers(0, 256, (entries, 4)).astype(np.uint8)
            palette[entries - 250 :, 3] = 255
            image = IndexedImage(palette, indices.astype(np.uint8))
            assert np.array_equal(codec.decode(codec.encode(image, compression=level)).indices, indices)
    assert used >= {code_colors, *ENCODERS[level]}


@pytest.mark.parametrize("count", [1, 2, 16, 255, 256])
def test_trees_and_lists_of_colors_keep_to_their_arrays(
    count: int, used: set[Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Variant, "wanted", lambda _: True)
    palette = np.random.default_rng(count).integers(0, 256, (count, 4), np.uint8).tobytes()
    array_colors(palette)
    color_tree.Tree(palette)
    with_margins(np.zeros((3, 5), np.uint8), bytes(range(255, -1, -1)), (2, 3))
    assert used == OTHERS
