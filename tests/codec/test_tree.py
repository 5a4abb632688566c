"""The tree of colours: with NumPy and compiled, and without."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pillow_kmq.codec.symbols.color_tree import Tree
from pillow_kmq.kernels.kernel import Variant


def some_colors(count: int, most: int) -> bytes:
    """RGBA; with a small `most`, many are equal."""
    colors = np.random.default_rng(count).integers(0, most + 1, (count, 4))
    colors[::2, 3] = 255
    return colors.astype(np.uint8).tobytes()


def all_of(one: Tree) -> tuple[object, ...]:
    """What a tree tells."""
    distances = bytes(map(one.distances_on_demand().__getitem__, range(len(one.order) ** 2)))
    return one.order, one.axes, one.leaf, one.middle, list(one.cuts()), one.levels, distances


@pytest.mark.parametrize("most", [1, 255])
@pytest.mark.parametrize("count", [1, 2, 3, 16, 100, 255, 256])
def test_the_tables_are_the_same_whether_numpy_and_kernels_are_at_hand_or_not(
    count: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    colors = some_colors(count, most)
    monkeypatch.setattr(Variant, "wanted", lambda _: True)
    fast = all_of(Tree(colors))
    assert fast[-1] == Tree(colors).distances
    monkeypatch.setattr(Variant, "wanted", lambda _: False)
    assert fast[-1] == Tree(colors).distances
    monkeypatch.delitem(sys.modules, "numpy")
    assert all_of(Tree(colors)) == fast
