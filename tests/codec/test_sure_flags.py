"""Sure flags of the level `default`: pixels that their shape alone foretells, right or wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import reference_decoder
from pillow_kmq.codec.levels import striped
from pillow_kmq.codec.levels.default import model as state_default
from pillow_kmq.codec.picture import Picture
from pillow_kmq.codec.pixels import decode_pixels
from pillow_kmq.codec.symbols.stripes import CODINGS
from pillow_kmq.types import Indices
from places import VECTORS

PALETTE = [(40 * v, 0, 0, 255) for v in range(6)]
COLORS = bytes(np.array(PALETTE, np.uint8))


def posts(height: int, width: int, dots: int) -> Indices:
    """Posts three pixels apart, wider in the upper half, and dots of a colour of their own anywhere."""
    values = np.zeros((height, width), np.uint8)
    values[:, ::3] = 1
    values[: height // 2, 1::3] = 2
    rng = np.random.default_rng(7)
    values[rng.integers(0, height, dots), rng.integers(0, width, dots)] = 3
    return values


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[int, int]]:
    """What sure flags the plain decoder reads: 0 for W or 1 for N, and the answer."""
    counts: Counter[tuple[int, int]] = Counter()
    original = reference_decoder.Stripe.bit

    def bit(self: Any, *name: Any) -> int:
        answer = original(self, *name)
        if name[0] == "sure":
            counts[name[1], answer] += 1
        return answer

    monkeypatch.setattr(reference_decoder.Stripe, "bit", bit)
    return counts


@pytest.mark.parametrize("option", [2, 3])
def test_sure_flags_of_both_kinds_may_be_wrong_and_pictures_come_back(
    asked: Counter[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, option: int
) -> None:
    monkeypatch.setattr(state_default.DefaultLevel, "option", lambda *_: option)
    values = posts(60, 70, 40)
    payload = striped.encode_striped(Picture(COLORS, values), CODINGS["default"])
    assert np.array_equal(decode_pixels(payload[0], payload[1:], *values.shape, COLORS).indices(), values)
    assert reference_decoder.indices(payload, 70, 60, PALETTE) == values.tolist()
    assert set(asked) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert asked[0, 1] + asked[1, 1] > 1000


def test_the_vectors_have_sure_flags_of_both_kinds_right_and_wrong(asked: Counter[tuple[int, int]]) -> None:
    for option in (2, 3):
        for n in (16, 60, 65, 250):
            reference_decoder.decode((VECTORS / f"good-mixed-option-{option}-{n}.kmq").read_bytes())
            assert set(asked) == {(0, 0), (0, 1), (1, 0), (1, 1)}
            asked.clear()


@pytest.mark.parametrize("option", [0, 1])
def test_photos_and_the_smallest_images_have_no_sure_flags(
    asked: Counter[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, option: int
) -> None:
    monkeypatch.setattr(state_default.DefaultLevel, "option", lambda *_: option)
    values = posts(60, 70, 40)
    payload = striped.encode_striped(Picture(COLORS, values), CODINGS["default"])
    assert np.array_equal(decode_pixels(payload[0], payload[1:], *values.shape, COLORS).indices(), values)
    assert reference_decoder.indices(payload, 70, 60, PALETTE) == values.tolist()
    assert not asked
