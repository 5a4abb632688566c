"""`lossy_for="png"`: literals and matches of deflate."""

from __future__ import annotations

import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import naive_deflate
from pillow_kmq import quantize
from pillow_kmq.compare import visible_distance
from pillow_kmq.quant.histogram import pack
from pillow_kmq.quant.lossy.deflate import NEAR, Parser
from pillow_kmq.quant.lossy.deflate_costs import Costs, costs_of
from pillow_kmq.quant.lossy.deflate_filters import prefers_filters
from pillow_kmq.quant.lossy.deflate_matches import groups_of
from pillow_kmq.quant.lossy.entries import entries_of
from pillow_kmq.quant.lossy.errors import REACH, errors_of, squared_error
from places import ROOT

NOTHING = np.empty((0, 4), np.uint8)


def made(seed: int, height: int = 12, width: int = 24) -> tuple[np.ndarray, ...]:
    """Pixels, a palette with all kinds of alpha, indices, and shades, some of them 0."""
    generator = np.random.default_rng(seed)
    palette = generator.integers(60, 200, (30, 4)).astype(np.uint8)
    palette[:, 3] = [0, 90, 160, *[255] * 27]
    palette[0] = 0
    tile = generator.integers(0, 30, (4, 6))
    indices = np.tile(tile, (height // 4, width // 6)).astype(np.uint8)
    opaque = indices > 2
    mixed = opaque & (generator.random(indices.shape) < 0.5)
    indices[mixed] = generator.integers(3, 30, mixed.sum())
    indices[8:11, 6:12] = 5
    pixels = palette[indices].astype(float)
    noise = generator.normal(0, 12, pixels.shape) * [1, 1, 1, 0] * (pixels[..., 3:] > 0)
    pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    pixels[8:11, 6:12] = palette[5]
    pixels[0, :4] = palette[indices[0, :4]]
    shades = np.where(generator.random(indices.shape) < 0.9, 1.0, 0.0).astype(np.float32)
    return pixels, palette, indices, shades


def parsed(
    pixels: np.ndarray,
    palette: np.ndarray,
    indices: np.ndarray,
    shades: np.ndarray,
    bit: float = 15.0,
    limit: float = 120.0,
    fixed: np.ndarray = NOTHING,
    rows: int = 1000,
) -> tuple[np.ndarray, Parser]:
    """The chosen indices, in bands of so many rows."""
    chosen = indices.copy()
    entries = entries_of(palette, fixed, NEAR)
    parser, packed = Parser(entries, chosen), pack(pixels).reshape(chosen.shape)
    for top in range(0, len(chosen), rows):
        bottom = min(top + rows, len(chosen))
        seen = packed[max(top - REACH, 0) : bottom + REACH]
        parser.choose(top, shades[top:bottom], bit, limit, errors_of(seen, chosen, top, bottom, entries))
    return chosen, parser


@pytest.mark.parametrize("seed", range(8))
def test_choices_are_those_of_the_slow_version(seed: int) -> None:
    pixels, palette, indices, shades = made(seed)
    fixed = palette[7:8]
    wanted, (symbols, distances) = naive_deflate.Picture(pixels, palette, indices, shades, 15.0, 120.0, fixed).choose()
    assert (wanted != indices).sum() > 20
    chosen, parser = parsed(pixels, palette, indices, shades, fixed=fixed)
    assert np.array_equal(chosen, wanted)
    counts = parser._counts
    assert counts.literal.sum() + counts.length.sum() == pytest.approx(sum(symbols))
    assert np.allclose(counts.literal, symbols[:256])
    assert counts.distance.sum() == pytest.approx(sum(distances))


def test_costs_are_those_of_the_codes_and_the_bits_after_them() -> None:
    pixels, palette, indices, shades = made(1)
    costs: Costs = costs_of(parsed(pixels, palette, indices, np.zeros_like(shades))[1]._counts)
    model = naive_deflate.Model(indices)
    fresh = costs_of(Parser(entries_of(palette, NOTHING, NEAR), indices)._counts)
    assert [fresh.literal[index] for index in range(256)] == [model.literal(index) for index in range(256)]
    assert [fresh.length[length] for length in range(259)] == [model.length(length) for length in range(259)]
    some = [*range(1, 600), 1024, 1025, 24576, 24577, 32768]
    assert [fresh.distance[distance] for distance in some] == [model.distance(distance) for distance in some]
    assert len(fresh.distance) == 32769
    assert not np.array_equal(costs.literal, fresh.literal)


def test_groups_are_those_of_the_slow_version() -> None:
    points = np.random.default_rng(3).normal(0, 10, (200, 4)).astype(np.float32)
    groups = groups_of(points)
    assert groups[:200].tolist() == naive_deflate.groups(points.astype(float))
    assert groups.max() == 127


pictures = st.builds(made, st.integers(0, 1000))


@settings(max_examples=25, deadline=None)
@given(pictures, st.sampled_from([0.5, 15.0, 1000.0]), st.sampled_from([1, 5, 1000]))
def test_what_must_stay_stays(picture: tuple[np.ndarray, ...], bit: float, rows: int) -> None:
    pixels, palette, indices, shades = picture
    chosen, _ = parsed(*picture, bit=bit, fixed=palette[7:8], rows=rows)
    changed = chosen != indices
    exact = (palette[indices] == pixels).all(2)
    kinds = np.where(palette[:, 3] == 0, 0, np.where(palette[:, 3] < 255, 1, 2))
    assert not changed[shades == 0].any()
    assert np.array_equal(kinds[chosen], kinds[indices])
    assert not changed[kinds[indices] == 0].any()
    assert not changed[exact & (indices == 7)].any()
    assert not changed[8:11, 6:12][exact[8:11, 6:12] & (indices[8:11, 6:12] == 5)].any()


@settings(max_examples=25, deadline=None)
@given(pictures, st.sampled_from([0.5, 15.0, 1000.0]), st.sampled_from([0.0, 120.0]))
def test_no_error_exceeds_the_limit_unless_it_did_before(
    picture: tuple[np.ndarray, ...], bit: float, limit: float
) -> None:
    pixels, palette, indices, _ = picture
    chosen, _ = parsed(*picture, bit=bit, limit=limit)
    entries, packed = entries_of(palette, NOTHING), pack(pixels).reshape(indices.shape)

    def squares(found: np.ndarray) -> np.ndarray:
        errors = errors_of(packed, found, 0, len(found), entries).single[REACH:-REACH, 4 * REACH : -4 * REACH]
        return np.square(errors.reshape(*found.shape, 4)).sum(2)

    assert (squares(chosen) <= np.maximum(limit, squares(indices)) * (1 + 1e-5)).all()


@pytest.mark.parametrize("bit", [1e-6, 1e-20, 1e-300])
def test_without_worth_nothing_gets_worse(bit: float) -> None:
    pixels, palette, indices, shades = made(5)
    chosen, _ = parsed(pixels, palette, indices, shades, bit=bit, limit=120.0)
    entries, packed = entries_of(palette, NOTHING), pack(pixels).reshape(indices.shape)
    assert squared_error(packed, chosen, entries) <= squared_error(packed, indices, entries)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (3, 2), (300, 7), (3, 33000)])
def test_pictures_of_any_size(size: tuple[int, int]) -> None:
    generator = np.random.default_rng(0)
    pixels = np.clip(generator.normal(128, 9, (*size, 3)), 0, 255).astype(np.uint8)
    result = quantize(Image.fromarray(pixels), 20, lossy=20, lossy_for="png")
    assert result.size == size[::-1]


def photo() -> Image.Image:
    with Image.open(ROOT / "sample_images" / "photo.png") as im:
        return im.convert("RGB").crop((100, 0, 356, 256))


@pytest.mark.parametrize("dither", ["none", "auto"])
@pytest.mark.parametrize("colors", [24, 32, 64])
def test_png_files_take_fewer_bytes_if_chosen_for_them(dither: str, colors: int) -> None:
    im = photo()
    usual, own = (quantize(im, colors, dither=dither, lossy=3, lossy_for=format_) for format_ in ("kmq", "png"))
    sizes = [len(zlib.compress(one.tobytes(), 9)) for one in (usual, own)]
    assert sizes[1] < 0.97 * sizes[0]
    assert visible_distance(im, own) < 1.2 * visible_distance(im, usual)


@pytest.mark.parametrize("colors", [16, 65])
def test_pixels_that_share_bytes_and_filtered_rows_have_the_choice_of_kmq(colors: int) -> None:
    im = photo()
    assert quantize(im, colors, lossy=3, lossy_for="png").tobytes() == quantize(im, colors, lossy=3).tobytes()


def test_pictures_whose_rows_will_be_filtered_have_the_choice_of_kmq() -> None:
    y, x = np.mgrid[0:128, 0:128]
    grain = np.random.default_rng(0).integers(0, 12, (128, 128))
    im = Image.fromarray((x + y // 2 + grain).astype(np.uint8)).convert("RGB")
    plain, lossy, usual = (
        quantize(im, 64, dither="none", lossy=strength, lossy_for=format_)
        for strength, format_ in ((0, "kmq"), (3, "png"), (3, "kmq"))
    )
    palette = np.array(plain.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    assert prefers_filters(palette, np.asarray(plain))
    assert lossy.tobytes() == usual.tobytes()
    plain = quantize(photo(), 64)
    palette = np.array(plain.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    assert not prefers_filters(palette, np.asarray(plain))


def test_saving_as_png_chooses_for_png() -> None:
    file = BytesIO()
    photo().save(file, "PNG8", colors=64, lossy=3)
    expected = quantize(photo(), 64, dither="auto", lossy=3, lossy_for="png")
    assert Image.open(file).convert("RGB").tobytes() == expected.convert("RGB").tobytes()
    same, kmq = BytesIO(), BytesIO()
    photo().save(same, "PNG8", colors=64, lossy=3, lossy_for=None)
    assert same.getvalue() == file.getvalue()
    photo().save(kmq, "PNG8", colors=64, lossy=3, lossy_for="kmq")
    assert file.tell() < kmq.tell()
