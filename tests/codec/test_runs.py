"""Runs, at every level that has them: wherever they begin and break off, and however long rows are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference_decoder
from pillow_kmq.codec.levels import mixing, striped
from pillow_kmq.codec.levels.fast import state as fast_state
from pillow_kmq.codec.picture import Picture
from pillow_kmq.codec.pixels import decode_pixels
from pillow_kmq.codec.symbols.scan_kernel import repeats
from pillow_kmq.codec.symbols.stripes import CODINGS
from pillow_kmq.kernels.kernel import Variant
from pillow_kmq.types import Indices


def payload_of(values: Indices, colors: bytes, level: str) -> bytes:
    """The payload of chunk D at a level, although rows might be smaller."""
    if level == "fast":
        return striped.encode_striped(Picture(colors, values), CODINGS["fast"])
    return striped.encode_striped(Picture(colors, values), CODINGS[level])


def comes_back(values: Indices, level: str, *, naively: bool = False) -> bool:
    """Whether indices below 256 do, in grey."""
    palette = [(v, v, v, 255) for v in range(int(values.max()) + 1)]
    colors = bytes(np.array(palette, np.uint8))
    payload = payload_of(values, colors, level)
    height, width = values.shape
    good = np.array_equal(decode_pixels(payload[0], payload[1:], height, width, colors).indices(), values)
    return good and (not naively or reference_decoder.indices(payload, width, height, palette) == values.tolist())


@given(st.integers(0, 3), st.integers(0, 40), st.integers(0, 40), st.integers(0, 255), st.integers(0, 7))
def test_repeats_end_at_the_first_other_symbol(first: int, equal: int, most: int, symbol: int, other: int) -> None:
    symbols = bytes(first) + bytes([symbol]) * equal + bytes([symbol ^ 1 << other]) + bytes([symbol]) * 50
    assert repeats(symbols, first, most, symbol) == min(equal, most)


def broken_runs(length: int, *, posts: bool) -> Indices:
    """Every third row has a run of so many pixels that breaks off, anywhere if short, else near powers of two and ends.

    posts: what is before and behind the runs, at column 0 and behind the pixel that follows; otherwise they go on.
    """
    near = [2**k + d for k in range(1, 9) for d in (-2, -1, 0, 1)]
    breaks = [r for r in range(length + 1) if length <= 33 or r in (0, *near) or r >= length - 2]
    values = np.zeros((3 * len(breaks), length + 5), np.uint8)
    if posts:
        values[:, [0, -1]] = 2
    values[range(2, len(values), 3), [3 + r for r in breaks]] = 1
    return values


LENGTHS = sorted({2**k + d for k in range(2, 9) for d in (-1, 0, 1)})


@pytest.mark.jit
@pytest.mark.parametrize("level", list(CODINGS))
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("posts", [True, False])
def test_runs_of_all_lengths_come_back_wherever_they_break_off(level: str, length: int, posts: bool) -> None:
    values = broken_runs(length, posts=posts)
    assert comes_back(values, level, naively=length < (10 if level == "max" else 35))
    assert comes_back(values[:, ::-1].copy(), level)


@pytest.mark.jit
@pytest.mark.parametrize("level", list(CODINGS))
@pytest.mark.parametrize("bit", range(8))
def test_runs_of_the_last_of_256_symbols_come_back_whichever_bit_breaks_them(level: str, bit: int) -> None:
    values = 255 ^ broken_runs(31, posts=True) << bit
    every = np.resize(np.arange(256), (8, values.shape[1]))
    assert comes_back(np.concatenate([every, values]).astype(np.uint8), level, naively=level != "max" and bit == 7)


@given(st.data(), st.sampled_from(list(CODINGS)))
@settings(max_examples=100, deadline=None)
def test_runs_come_back_among_posts_that_end_them_and_dots_that_break_them(data: st.DataObject, level: str) -> None:
    width, height = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 9))
    values = np.zeros((height, width), np.uint8)
    values[:, data.draw(st.lists(st.integers(0, width - 1), max_size=3))] = 2
    for x, y in data.draw(st.lists(st.tuples(st.integers(0, width - 1), st.integers(0, height - 1)), max_size=9)):
        values[y, x] = 1
    assert comes_back(values, level, naively=level != "max")


@pytest.mark.jit
@pytest.mark.parametrize("level", list(CODINGS))
@pytest.mark.parametrize("dots", [[], [(2, 69999)], [(0, 65535), (2, 65534)], [(1, 7), (1, 65550), (1, 69998)]])
def test_rows_of_more_pixels_than_a_run_may_have_come_back(level: str, dots: list[tuple[int, int]]) -> None:
    values = np.zeros((3, 70000), np.uint8)
    for y, x in [*dots, (2, 3)]:
        values[y, x] = 1 + x % 2
    assert comes_back(values, level, naively=level != "max")


class CountedReads(bytearray):
    """Symbols that count how often one is read."""

    reads = 0

    def __getitem__(self, place: Any) -> Any:
        CountedReads.reads += 1
        return super().__getitem__(place)


@pytest.mark.parametrize("level", ["default", "fast", "max"])
def test_a_wide_row_of_runs_that_break_off_takes_no_more_time_per_pixel(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    palette = bytes(np.repeat(np.arange(3, dtype=np.uint8), 4))
    rows = {width: np.zeros((1, width), np.uint8) for width in (1000, 2000)}
    for row in rows.values():
        row[0, 9::9] = 1
        row[0, 5] = 2
    payloads = {width: payload_of(row, palette, level) for width, row in rows.items()}
    for module in (striped, mixing, fast_state):
        monkeypatch.setattr(module, "memoryview", lambda data: data, raising=False)
        monkeypatch.setattr(module, "bytearray", CountedReads, raising=False)
    monkeypatch.setattr(Variant, "wanted", lambda *_: False)
    reads = []
    for width, payload in payloads.items():
        CountedReads.reads = 0
        pixels = decode_pixels(payload[0], payload[1:], 1, width, palette)
        assert np.array_equal(pixels.indices(), rows[width])
        reads.append(CountedReads.reads)
    assert 1.5 * reads[0] < reads[1] < 2.5 * reads[0]
