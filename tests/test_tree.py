"""The tree of colours: with and without NumPy."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pillow_kmq.codec.tree import Tree


def some_colors(count: int, most: int) -> bytes:
    """RGBA; with a small `most`, many are equal."""
    colors = np.random.default_rng(count).integers(0, most + 1, (count, 4))
    colors[::2, 3] = 255
    return colors.astype(np.uint8).tobytes()


@pytest.mark.parametrize("most", [1, 255])
@pytest.mark.parametrize("count", [1, 2, 3, 16, 100, 255, 256])
def test_the_tables_are_the_same_whether_numpy_is_loaded_or_not(
    count: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    colors = some_colors(count, most)
    fast = Tree(colors)
    tables = fast.levels, fast.distances
    monkeypatch.delitem(sys.modules, "numpy")
    plain = Tree(colors)
    assert (plain.levels, plain.distances) == tables
