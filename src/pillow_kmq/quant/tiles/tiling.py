"""From pixels to palettes, the palette of each tile, and the index of each pixel."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...color import to_points
from ...types import Indices, Palette
from ..arrays import find_palette
from ..background import composite
from ..clustering.lloyd import Clusters
from ..dithering.ditherer import make_ditherer
from ..histogram import ALPHA, pack
from ..needed import prepare_for_tiles
from ..palette_order import sort_by_luma
from .displayable import to_displayable
from .grid import Contents, Grid
from .options import EFFORTS, TileOptions
from .packing import pack_sets
from .search import find_palettes

_HALF = np.uint32(128 << 24)  # alpha from which pixels become opaque
_UNUSED = np.array([[0, 0, 0, 255]], np.uint8)
_CLEAR = np.zeros((1, 4), np.uint8)


class Tiling(NamedTuple):
    """Palettes, and where they are used.

    Attributes:
        palettes: uint8[p, k, 4], p = options.palettes, k = options.entries, RGBA.
        tile_palettes: uint8[rows, columns], palette of each tile.
        indices: uint8[h, w], palette * k + entry of each pixel.
    """

    palettes: npt.NDArray[np.uint8]
    tile_palettes: npt.NDArray[np.uint8]
    indices: Indices


def quantize_pixels(pixels: npt.NDArray[np.uint32], options: TileOptions) -> Tiling:
    """Quantise packed pixels, uint32[h, w]."""
    grid = Grid(_without_translucency(pixels, options), options.tile)
    palettes = [options.fixed]
    numbers = np.zeros(grid.number, np.int64)
    labels = np.zeros((1, len(grid.colors)), np.int32)
    if len(grid.colors):
        prepare_for_tiles(dithered=options.dither is not None)
        options = _with_backdrop(grid, options)
        found = [_sort(each, options) for each in _choose_palettes(grid, options)]
        palettes, numbers, labels = _assign(grid, found, options)
    of_pixel = numbers[grid.tiles]
    if options.dither is None:
        entries = np.zeros(pixels.shape, np.int64)
        entries[grid.visible] = labels[of_pixel[grid.visible], grid.inverse]
    else:
        entries = _dither(grid, of_pixel, palettes, options)
    entries = np.where(grid.visible, entries + options.transparent, 0)
    unused = [options.fixed] * (options.palettes - len(palettes))
    return Tiling(
        np.stack([_complete(each, options) for each in [*palettes, *unused]]),
        numbers.astype(np.uint8).reshape(grid.rows, grid.columns),
        (of_pixel * options.entries + entries).astype(np.uint8),
    )


def _without_translucency(pixels: npt.NDArray[np.uint32], options: TileOptions) -> npt.NDArray[np.uint32]:
    """Return packed pixels that are opaque, or 0 if transparent."""
    if options.background is not None:
        return composite(pixels, options.background, ALPHA)
    return np.where(pixels >= _HALF, pixels | ALPHA, np.uint32(0))


def _with_backdrop(grid: Grid, options: TileOptions) -> TileOptions:
    """Find the shared colour if one is asked for.

    It is the largest entry of one palette for the whole image, or the colour that most of the pixels of that entry
    have.
    """
    if not options.backdrop:
        return options
    weights = np.bincount(grid.inverse, minlength=len(grid.colors)).astype(np.float64)
    palette = find_palette(grid.colors, options.entries, weights=weights, space=options.space)
    labels, _ = _nearest(to_points(grid.colors, options.space), palette, options)
    totals = np.bincount(labels, weights)
    largest = int(np.argmax(totals))
    most = int(np.argmax(np.where(labels == largest, weights, 0.0)))
    common = weights[most] > totals[largest] / 2
    color = grid.colors[most : most + 1] if common else palette[largest : largest + 1]
    return replace(options, fixed=to_displayable(to_points(color, options.space), options))


def _choose_palettes(grid: Grid, options: TileOptions) -> list[Palette]:
    """Return palettes with all displayable colours of the tiles if they are found, or else those of least error."""
    contents = grid.exact(options.space)
    return _exact_palettes(contents, options) or find_palettes(
        grid.binned(options.space, EFFORTS[options.effort].most_bins), to_points(options.fixed, options.space), options
    )


def _exact_palettes(contents: Contents, options: TileOptions) -> list[Palette] | None:
    colors = to_displayable(contents.points, options)
    different, number_of = np.unique(np.concatenate([options.fixed, colors]), axis=0, return_inverse=True)
    if len(different) > options.palettes * options.free:
        return None
    number_of = number_of.ravel()
    fixed, numbers = number_of[: len(options.fixed)].tolist(), number_of[len(options.fixed) :]
    cells = np.unique(contents.tiles * len(different) + numbers[contents.colors])
    sets: list[set[int]] = [set(fixed) for _ in range(contents.number)]
    for tile, color in zip((cells // len(different)).tolist(), (cells % len(different)).tolist(), strict=True):
        sets[tile].add(color)
    packed = pack_sets(map(frozenset, sets), options.free, options.palettes)
    if packed is None:
        return None
    return [
        np.concatenate([options.fixed, different[sorted(each - set(fixed))]]) for each in packed if each - set(fixed)
    ] or [different[sorted(packed[0])]]


def _sort(palette: Palette, options: TileOptions) -> Palette:
    """Return the palette in order of luma; a shared colour stays first."""
    return np.concatenate([options.fixed, sort_by_luma(palette[len(options.fixed) :])])


def _assign(
    grid: Grid, palettes: list[Palette], options: TileOptions
) -> tuple[list[Palette], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Give each tile its best palette.

    Returns:
        The palettes, most used first; the palette of each tile, intp[t]; the opaque entry of each colour in each
        palette, int32[p, n].
    """
    contents = grid.exact(options.space)
    nearest = [_nearest(contents.points, each, options) for each in palettes]
    numbers = np.argmin(np.stack([contents.errors(distances) for _, distances in nearest]), axis=0)
    order = np.argsort(-np.bincount(numbers, minlength=len(palettes)), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return [palettes[i] for i in order], rank[numbers], np.stack([nearest[i][0] for i in order])


def _nearest(
    points: npt.NDArray[np.float32], palette: Palette, options: TileOptions
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return the nearest entry of each point, and the squared distances."""
    clusters = Clusters.start(points, np.empty(0, np.float32), to_points(palette, options.space))
    clusters.assign()
    return clusters.labels, clusters.distances


def _complete(palette: Palette, options: TileOptions) -> Palette:
    """Return the palette with its transparent entry and black ones up to the number of entries."""
    first = _CLEAR[: int(options.transparent)]
    rest = np.repeat(_UNUSED, options.entries - len(first) - len(palette), axis=0)
    return np.concatenate([first, palette, rest])


def _dither(
    grid: Grid, of_pixel: npt.NDArray[np.int64], palettes: list[Palette], options: TileOptions
) -> npt.NDArray[np.int64]:
    """Return the opaque entry of each visible pixel in the palette of its tile, dithered; others are undefined."""
    assert options.dither is not None
    pixels = np.full(grid.tiles.shape, ALPHA, np.uint32)
    pixels[grid.visible] = pack(grid.colors)[grid.inverse]
    pixels.flags.writeable = False  # like those of images, so that kernels compile only once
    entries = np.zeros(grid.tiles.shape, np.uint8)
    for number, palette in enumerate(palettes):
        others = of_pixel != number
        if len(palette) and not others.all():
            ditherer = make_ditherer(options.dither, palette, options.space, pixels.shape[1])
            ditherer.remap(pixels, 0, 0, entries, None, others)
    return entries.astype(np.int64)
