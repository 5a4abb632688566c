"""Histograms of collections add up exactly, in any order and grouping, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pillow_kmq.collection.histogram import (
    EMPTY,
    ONE,
    ColorHistogram,
    heaviest_color,
    merge,
    to_counts,
    to_histogram,
)
from pillow_kmq.errors import LimitError
from pillow_kmq.quant.histogram import Counts, unpack

# Similar colours of all kinds, so that coarse cells are shared.
COLORS = st.one_of(
    st.integers(0, 1 << 12).map(lambda low: low * 0x00010309 & 0xFFFFFF | 0xFF000000),
    st.integers(0, 255).map(lambda low: low << 24 | 0x00204060),
    st.integers(0, (1 << 32) - 1),
)


def counts_of(pairs: dict[int, int]) -> Counts:
    """Counts of packed colours; fully transparent ones are one colour, as images have it."""
    merged: dict[int, int] = {}
    for color, weight in pairs.items():
        color = color if color >= 1 << 24 else 0
        merged[color] = merged.get(color, 0) + weight
    colors = np.array(list(merged), np.uint32)
    weights = np.array(list(merged.values()), np.float64)
    return Counts(colors, weights, True, weights * 0.5)


IMAGES = st.lists(st.dictionaries(COLORS, st.integers(1, 1000), max_size=40), max_size=8)
LIMITS = st.integers(3, 64)


def same(a: ColorHistogram, b: ColorHistogram) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def naive(images: list[dict[int, int]], limit: int) -> dict[tuple[int, int], tuple[int, list[int]]]:
    """Sums of cells from all pixels together: weight and sums of channels, by kind and prefix of the Morton code."""
    total: dict[int, int] = {}
    for image in images:
        counts = counts_of(image)
        for color, weight in zip(counts.colors.tolist(), counts.weights.tolist(), strict=True):
            total[color] = total.get(color, 0) + int(weight)
    for dropped in range(33):
        cells: dict[tuple[int, int], tuple[int, list[int]]] = {}
        for color, weight in total.items():
            channels = [color >> 8 * c & 255 for c in range(4)]
            code = sum(
                (channels[c] >> bit & 1) << 4 * bit + position
                for c, position in enumerate((2, 3, 1, 0))
                for bit in range(8)
            )
            kind = 0 if channels[3] == 0 else 2 if channels[3] == 255 else 1
            before, sums = cells.get((kind, code >> dropped), (0, [0, 0, 0, 0]))
            both = [s + weight * channel for s, channel in zip(sums, channels, strict=True)]
            cells[kind, code >> dropped] = before + weight, both
        if len(cells) <= limit:
            return cells
    raise AssertionError


@settings(deadline=None)
@given(IMAGES, LIMITS, st.randoms(use_true_random=False))
def test_sums_depend_neither_on_order_nor_on_grouping(images, limit, random):
    parts = [to_histogram(counts_of(image), 1.0, limit) for image in images]
    together = merge(parts, limit)
    random.shuffle(parts)
    while len(parts) > 1:
        some = random.randint(2, len(parts))
        parts = [merge(parts[:some], limit), *parts[some:]]
        random.shuffle(parts)
    assert same(merge(parts, limit), together)


@settings(deadline=None)
@given(IMAGES, LIMITS)
def test_cells_are_those_of_all_pixels_counted_at_once(images, limit):
    found = merge([to_histogram(counts_of(image), 1.0, limit) for image in images], limit)
    expected = naive(images, limit)
    assert len(found.keys) == len(expected) <= limit
    counts = to_counts(found)
    for (kind, _), color, weight in zip(sorted(expected), unpack(counts.colors), counts.weights, strict=True):
        total, sums = expected[kind, _]
        assert weight == total
        if kind:
            assert color.tolist() == [(2 * s + total) // (2 * total) for s in sums]


@settings(deadline=None)
@given(IMAGES, LIMITS)
def test_no_colour_changes_by_more_than_the_bound(images, limit):
    whole = merge([to_histogram(counts_of(image)) for image in images])
    coarse = merge([whole], limit)
    means = unpack(to_counts(coarse).colors).astype(int)
    low = np.uint64((1 << coarse.dropped) - 1)
    colors = unpack(to_counts(whole).colors).astype(int)
    cells = np.searchsorted(coarse.keys, whole.keys & ~low)
    if len(colors):
        assert np.abs(colors - means[cells]).max() <= coarse.largest_change
    assert (coarse.largest_change == 0) == (coarse.dropped == 0 or not len(colors))


@settings(deadline=None)
@given(IMAGES, LIMITS)
def test_opaque_stays_opaque_and_transparent_stays_transparent(images, limit):
    whole = merge([to_histogram(counts_of(image)) for image in images])
    coarse = to_counts(merge([whole], limit))
    exact = to_counts(whole)
    for kind in (lambda alpha: alpha == 255, lambda alpha: alpha == 0):
        before, after = (kind(unpack(counts.colors)[:, 3]) for counts in (exact, coarse))
        assert exact.weights[before].sum() == coarse.weights[after].sum()


def test_few_colours_are_kept_exactly():
    counts = counts_of({0xFF102030: 7, 0x80FF0000: 2, 0: 5})
    back = to_counts(to_histogram(counts, 0.25))
    assert back.whole
    assert dict(zip(back.colors.tolist(), back.weights.tolist(), strict=True)) == {
        0xFF102030: 1.75,
        0x80FF0000: 0.5,
        0: 1.25,
    }
    assert back.sensed.tolist() == [0.625, 0.25, 0.875]


def test_a_colour_never_loses_all_its_weight():
    assert to_histogram(counts_of({0xFF000000: 1}), 1e-12).weights.tolist() == [1]


def test_bits_are_dropped_from_alpha_first_and_from_green_last():
    histogram = merge([to_histogram(counts_of({0xFF000000 | n: 1 for n in range(1 << 12)}))])
    bits = [histogram._replace(dropped=dropped).bits for dropped in (0, 1, 2, 3, 4, 5, 32)]
    assert bits == [
        (8, 8, 8, 8),
        (8, 8, 8, 7),
        (8, 8, 7, 7),
        (7, 8, 7, 7),
        (7, 7, 7, 7),
        (7, 7, 7, 6),
        (0, 0, 0, 0),
    ]


def test_nothing_has_no_colours():
    assert same(merge([]), EMPTY)
    assert heaviest_color(EMPTY) == 0
    assert len(to_counts(EMPTY).colors) == 0


def test_the_heaviest_colour_is_the_first_of_equals():
    assert heaviest_color(to_histogram(counts_of({0xFF0000FF: 3, 0xFF00FF00: 4, 0xFF000001: 4}))) == 0xFF000001


def test_too_many_pixels_are_refused_before_sums_overflow():
    heavy = to_histogram(counts_of({0xFFFFFFFF: 1 << 36}))
    with pytest.raises(LimitError, match="several palettes"):
        merge([heavy] * 64)
    with pytest.raises(LimitError, match="several palettes"):
        to_histogram(Counts(np.array([0xFFFFFFFF], np.uint32), np.array([2.0**40])))
    assert heavy.weights[0] == ONE * (1 << 36)
