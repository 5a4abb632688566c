"""Entries for rare colours: which colours get one, and how many."""

from __future__ import annotations

import numpy as np
import pytest

from pillow_kmq.collection.rare_colors import protect_rare_colors
from pillow_kmq.quant.histogram import Counts, pack
from pillow_kmq.types import Palette

pytestmark = pytest.mark.jit

GREY = (128, 128, 128, 255)
CORNERS = [(r, g, b, 255) for r in (0, 255) for g in (0, 255) for b in (0, 255)]


def counts_of(weights: dict[tuple[int, ...], float]) -> Counts:
    return Counts(pack(np.array(list(weights), np.uint8)), np.array(list(weights.values()), np.float64))


def protected(weights: dict[tuple[int, ...], float], share: float, room: int, bits=(8, 8, 8, 8)) -> list[Palette]:
    """The fixed colours of each search, of which the last is the result, by a search that finds only grey."""
    calls: list[Palette] = []

    def search(fixed: Palette) -> Palette:
        calls.append(fixed)
        return np.concatenate([fixed, np.array([GREY], np.uint8)])

    palette = protect_rare_colors(counts_of(weights), share, search, np.empty((0, 4), np.uint8), room, bits)
    assert np.array_equal(palette[:-1], calls[-1])
    return calls


def test_only_groups_that_cover_the_share_count():
    weights = {GREY: 1000.0, (255, 0, 0, 255): 5.0, (0, 255, 0, 255): 4.9, (0, 0, 255, 255): 3.0, (1, 0, 250, 255): 2.5}
    calls = protected(weights, 5.0 / sum(weights.values()), 8)
    assert {tuple(color) for color in calls[-1].tolist()} == {(255, 0, 0, 255), (0, 0, 255, 255)}


def test_colours_near_an_entry_need_none():
    weights = {GREY: 1000.0, (130, 125, 128, 255): 50.0, (125, 131, 128, 255): 50.0}
    assert len(protected(weights, 0.001, 8)) == 1


def test_rare_colours_take_no_more_than_the_room():
    weights = dict.fromkeys(CORNERS, 1.0) | {GREY: 1000.0}
    assert [len(fixed) for fixed in protected(weights, 0.0, 3)] == [0, 3]
    assert len(protected(weights, 0.0, 0)) == 1


def test_protected_colours_are_representable():
    weights = {GREY: 1000.0, (250, 3, 2, 255): 1.0}
    assert protected(weights, 0.0, 4, (5, 6, 5, 8))[-1].tolist() == [[247, 4, 0, 255]]


def test_translucent_colours_are_apart_from_opaque_ones():
    weights = {GREY: 1000.0, (128, 128, 128, 100): 10.0, (0, 0, 0, 0): 10.0}
    assert protected(weights, 0.001, 4)[-1].tolist() == [[128, 128, 128, 100]]
