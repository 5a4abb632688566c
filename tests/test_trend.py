"""Where colours go on to, which tells bits of the tree in photos and small images at the level `default`."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import naive_kmq
from pillow_kmq.codec import level_default as kernels
from pillow_kmq.codec import mixed, state_default
from pillow_kmq.codec.picture import Picture
from pillow_kmq.codec.pixels import decode_pixels
from pillow_kmq.codec.stripes import CODINGS
from pillow_kmq.codec.tree import Tree

CORNERS = [color for color in product((0, 255), repeat=4) if color[3] or not any(color)]


def trends(tree: Tree, signs: tuple[int, ...]) -> list[int]:
    """By axis, the field of a trend to which corners of colour space with the given signs add up."""
    points, _ = state_default._sights(tree, option=0)
    ends = [(axis.index(min(axis)), axis.index(max(axis))) for axis in tree.axes]
    fields = []
    for number, (least, most) in enumerate(ends):
        twice, less = (most, least) if signs[number] > 0 else (least, most)
        total = 4 * points[twice] - 3 * points[less]
        fields.append(total >> kernels.FIELD * number & 2 * kernels.ORIGIN - 1)
        assert total < 2**63
    return fields


@pytest.mark.parametrize("signs", list(product((-1, 1), repeat=4)))
def test_the_farthest_trends_stay_in_their_fields(signs: tuple[int, ...]) -> None:
    tree = Tree(bytes(v for color in CORNERS for v in color))
    expected = []
    for axis, sign in zip(tree.axes, signs, strict=True):
        twice, less = (max(axis), min(axis)) if sign > 0 else (min(axis), max(axis))
        expected.append(2 * (4 * twice - 3 * less) + kernels.ORIGIN)
    assert trends(tree, signs) == expected
    assert all(0 <= field < 2 * kernels.ORIGIN for field in expected)


@pytest.mark.parametrize("option", [0, 1])
@pytest.mark.parametrize("symbols", [3, len(CORNERS), 64, 65, 256])
def test_pictures_of_the_farthest_colours_are_those_of_the_format(
    monkeypatch: pytest.MonkeyPatch, option: int, symbols: int
) -> None:
    monkeypatch.setattr(state_default, "DEFAULT", state_default.DEFAULT._replace(option=lambda *_: option))
    rng = np.random.default_rng(symbols)
    more = rng.integers(0, 256, (256, 4), np.uint8)
    colors = np.concatenate([np.array(CORNERS, np.uint8), more])[:symbols]
    values = rng.integers(0, symbols, (20, 30)).astype(np.uint8)
    payload = mixed.encode_mixed(Picture(colors.tobytes(), values), CODINGS["default"])
    assert payload[0] >> 4 & 3 == option
    palette = [tuple(int(v) for v in color) for color in colors]
    assert naive_kmq.indices(payload, 30, 20, palette) == values.tolist()
    assert np.array_equal(decode_pixels(payload[0], payload[1:], 20, 30, colors.tobytes()).indices(), values)
