"""Indices and symbols with margins: the compiled kernel and NumPy do what is obvious, and the same."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pillow_kmq.codec.picture import compact_palette
from pillow_kmq.codec.symbols.margins import map_symbols, put_rows, with_margins
from pillow_kmq.kernels.kernel import Variant
from pillow_kmq.types import IndexedImage, Indices

RANDOM = np.random.default_rng(5)
TABLES = (bytes(range(256)), RANDOM.permutation(256).astype(np.uint8).tobytes())
INDICES: Indices = RANDOM.integers(0, 256, (7, 19)).astype(np.uint8)


@pytest.fixture(params=[True, False], ids=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Variant, "wanted", lambda _: request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("margins", [(0, 0), (2, 3), (1, 0), (0, 2)])
@pytest.mark.parametrize("table", TABLES, ids=["same", "other"])
def test_indices_are_mapped_into_margins_of_zeros(table: bytes, margins: tuple[int, int]) -> None:
    rows, columns = margins
    expected = np.zeros((7 + rows, 19 + 2 * columns), np.uint8)
    for y, x in np.ndindex(7, 19):
        expected[rows + y, columns + x] = table[INDICES[y, x]]
    symbols = with_margins(INDICES, table, margins)
    np.testing.assert_array_equal(symbols, expected)
    assert symbols.flags.writeable


@pytest.mark.usefixtures("way")
def test_indices_may_be_read_only_have_strides_or_be_a_matrix() -> None:
    frozen = INDICES.copy()
    frozen.flags.writeable = False
    for indices in (frozen, INDICES[::2, ::3], INDICES.T, INDICES[::-1, ::-1], INDICES.view(np.matrix)):
        expected = np.frombuffer(TABLES[1], np.uint8)[indices]
        np.testing.assert_array_equal(with_margins(indices, TABLES[1], (2, 2))[2:, 2:-2], expected)


@pytest.mark.parametrize("how", ["compiled", "numpy", "plain"])
@pytest.mark.parametrize("table", TABLES, ids=["same", "other"])
def test_some_rows_of_symbols_come_back_mapped_and_put_rows(
    table: bytes, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbols = bytearray(np.pad(INDICES, ((2, 0), (3, 3)), constant_values=9).tobytes())
    pixels = bytearray(b"\7" * (10 * 19))
    monkeypatch.setattr(Variant, "wanted", lambda _: how == "compiled")
    if how == "plain":
        monkeypatch.delitem(sys.modules, "numpy")
    put_rows(map_symbols(symbols, table), (2, 3), pixels, 4, 5, 19)
    monkeypatch.undo()
    expected = np.full((10, 19), 7, np.uint8)
    expected[4:9] = np.frombuffer(table, np.uint8)[INDICES[:5]]
    np.testing.assert_array_equal(np.frombuffer(pixels, np.uint8).reshape(10, 19), expected)


@pytest.mark.usefixtures("way")
def test_a_compact_picture_maps_its_indices_by_its_own_table_and_another() -> None:
    palette = RANDOM.integers(0, 256, (256, 4)).astype(np.uint8)
    picture = compact_palette(IndexedImage(palette, INDICES))
    np.testing.assert_array_equal(
        picture.symbols(TABLES[1], (2, 3))[2:, 3:-3], np.frombuffer(TABLES[1], np.uint8)[picture.indices]
    )
