"""Where colours go on to, which tells bits of the tree in photos and small images at the level `default`."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import reference_decoder
from pillow_kmq.codec.levels import striped
from pillow_kmq.codec.levels.default import layout
from pillow_kmq.codec.levels.default import model as state_default
from pillow_kmq.codec.picture import Picture
from pillow_kmq.codec.pixels import decode_pixels
from pillow_kmq.codec.symbols.color_tree import Tree
from pillow_kmq.codec.symbols.stripes import CODINGS
from pillow_kmq.types import Indices

CORNERS = [color for color in product((0, 255), repeat=4) if color[3] or not any(color)]


def trends(tree: Tree, signs: tuple[int, ...]) -> list[int]:
    """By axis, the field of a trend to which corners of colour space with the given signs add up."""
    points, _ = state_default._gradient_tables(tree)
    ends = [(axis.index(min(axis)), axis.index(max(axis))) for axis in tree.axes]
    fields = []
    for number, (least, most) in enumerate(ends):
        twice, less = (most, least) if signs[number] > 0 else (least, most)
        total = 4 * points[twice] - 3 * points[less]
        fields.append(total >> layout.FIELD * number & 2 * layout.ORIGIN - 1)
        assert total < 2**63
    return fields


@pytest.mark.parametrize("signs", list(product((-1, 1), repeat=4)))
def test_the_farthest_trends_stay_in_their_fields(signs: tuple[int, ...]) -> None:
    tree = Tree(bytes(v for color in CORNERS for v in color))
    expected = []
    for axis, sign in zip(tree.axes, signs, strict=True):
        twice, less = (max(axis), min(axis)) if sign > 0 else (min(axis), max(axis))
        expected.append(2 * (4 * twice - 3 * less) + layout.ORIGIN)
    assert trends(tree, signs) == expected
    assert all(0 <= field < 2 * layout.ORIGIN for field in expected)


@pytest.mark.parametrize("option", [0, 1, 2])
@pytest.mark.parametrize("symbols", [3, len(CORNERS), 64, 65, 256])
def test_pictures_of_the_farthest_colours_are_those_of_the_format(
    monkeypatch: pytest.MonkeyPatch, option: int, symbols: int
) -> None:
    monkeypatch.setattr(state_default.DefaultLevel, "option", lambda *_: option)
    rng = np.random.default_rng(symbols)
    more = rng.integers(0, 256, (256, 4), np.uint8)
    colors = np.concatenate([np.array(CORNERS, np.uint8), more])[:symbols]
    values = rng.integers(0, symbols, (20, 30)).astype(np.uint8)
    payload = striped.encode_striped(Picture(colors.tobytes(), values), CODINGS["default"])
    assert payload[0] >> 4 & 3 == option
    palette = [tuple(int(v) for v in color) for color in colors]
    assert reference_decoder.indices(payload, 30, 20, palette) == values.tolist()
    assert np.array_equal(decode_pixels(payload[0], payload[1:], 20, 30, colors.tobytes()).indices(), values)


def clouds(height: int, width: int) -> Indices:
    steps = np.random.default_rng(5).normal(size=(height, width))
    return ((np.cumsum(np.cumsum(steps, 0), 1) / 4).astype(np.int64) % 40).astype(np.uint8)


@pytest.mark.parametrize(("height", "width"), [(60, 80), (200, 240), (400, 500)])
def test_what_repeats_is_graphics_and_what_does_not_is_placed(height: int, width: int) -> None:
    photo = clouds(height, width)
    tiles = np.tile(photo[:20, :20], (height // 20, width // 20))
    assert Picture(b"", photo).repeats < 0.3
    assert Picture(b"", tiles).repeats > 0.75
    assert layout.has_gradient(state_default.DEFAULT.option(Picture(b"", photo)))
    assert not layout.has_gradient(state_default.DEFAULT.option(Picture(b"", tiles)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 2), (2, 100_000)])
def test_whether_a_picture_repeats_is_told_of_every_shape(shape: tuple[int, int]) -> None:
    assert Picture(b"", np.zeros(shape, np.uint8)).repeats == 0
    noise = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    assert 0 <= Picture(b"", noise).repeats < 0.1


def test_repeats_are_pixels_as_after_the_same_four_neighbours_before() -> None:
    values = np.random.default_rng(3).integers(0, 4, (30, 40)).astype(np.uint8)
    last: dict[tuple[int, ...], int] = {}
    again = unlike = 0
    for y, x in product(range(1, 30), range(1, 39)):
        nw, n, ne = values[y - 1, x - 1 : x + 2].tolist()
        w, pixel = values[y, x - 1 : x + 1].tolist()
        if pixel in (w, n):
            continue
        unlike += 1
        again += last.get((w, n, nw, ne)) == pixel
        last[w, n, nw, ne] = pixel
    assert Picture(b"", values).repeats == again / unlike
