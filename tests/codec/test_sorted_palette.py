"""Sorted palettes (docs/FORMAT.md, section 6.1): plain Python and compiled kernels do the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pillow_kmq.codec.palette.sorted_colors import Color, decode_colors, encode_colors, natural_key
from pillow_kmq.errors import CorruptError
from pillow_kmq.kernels.kernel import Variant

pytestmark = pytest.mark.jit


def some_palette(count: int, most: int) -> list[Color]:
    """Opaque colours and others; with a small `most`, many are equal."""
    colors = np.random.default_rng(count).integers(0, most + 1, (count, 4))
    colors[::2, 3] = 255
    return [(*color,) for color in colors.tolist()]


def both_ways(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What comes of it in plain Python and compiled: a result, or the text of a CorruptError."""
    results: list[object] = []
    for compiling in (False, True):
        monkeypatch.setattr(Variant, "wanted", lambda *_, c=compiling: c)
        try:
            results.append(work())
        except CorruptError as error:
            results.append(str(error))
    return results


@pytest.mark.parametrize("most", [1, 9, 255])
@pytest.mark.parametrize("count", [1, 2, 3, 16, 255, 256])
@pytest.mark.parametrize("natural", [True, False])
def test_compiled_kernels_write_and_read_the_same_palette(
    natural: bool, count: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    palette = some_palette(count, most)
    if natural:
        palette.sort(key=natural_key)
    plain, compiled = both_ways(lambda: encode_colors(palette), monkeypatch)
    assert plain == compiled
    assert isinstance(plain, tuple)
    sorted_already, coded = plain
    assert both_ways(lambda: decode_colors(coded, sorted_already), monkeypatch) == [palette, palette]


@pytest.mark.parametrize("natural", [True, False])
def test_damaged_palettes_end_alike_compiled_and_not(natural: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    palette = some_palette(40, 255)
    if natural:
        palette.sort(key=natural_key)
    coded = encode_colors(palette)[1]
    messages = set()
    for _ in range(200):
        damaged = bytearray(coded[: rng.integers(len(coded) + 1)])
        for place in rng.integers(0, len(damaged), 2) if damaged else ():
            damaged[place] = rng.integers(256)
        plain, compiled = both_ways(lambda d=damaged: decode_colors(bytes(d), natural), monkeypatch)
        assert plain == compiled
        messages.add(plain if isinstance(plain, str) else "a palette")
    assert len(messages) >= 3
