"""Palette fitting for dithering: entries move so that local means of the dithered picture match the original.

k-means puts entries at the means of their pixels, so that no mixture reaches the outermost colours, and the pixels
mixed from an entry are not those nearest to it. So a sample is dithered, and with these indices fixed, the entries are
found that bring the blurred result nearest to the blurred picture: linear least squares, regularised towards the
original palette. Then it is dithered again. Errors are of premultiplied sRGB; alphas stay.

Source: after J. Puzicha, M. Held, J. Ketterer, J. M. Buhmann and D. W. Fellner, "On spatial quantization of color
images", IEEE Transactions on Image Processing 9 (2000), with a plain ditherer instead of their annealing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels import kernel
from ...kernels.types import f32_2d, f32_3d, f64, f64_1d, f64_2d, flag_1d, i64_1d, u8_2d
from ...types import Palette
from ..histogram import Counts, unpack
from ..nearest import nearest_finder, remap
from ..source import Source, weights_of
from .diffusion import premultiply
from .ditherer import make_ditherer
from .options import Selective, Way

_PIXELS = 1 << 17  # pixels of the sample
BAND, WIDEST = 32, 2048
"""Maximum number of rows, and of pixels per row, of a band of the sample."""

_ROUNDS = 2  # rounds of dithering and fitting
_FULL = (1, 8, 28, 56, 70, 56, 28, 8, 1), 0.03  # binomial window, down and across; regularisation
_SELECTIVE = (1, 4, 6, 4, 1), 0.1  # the same for selective dithering, which leaves most pixels undithered
_STRIDE = 4  # pixels between windows
_SWEEPS = 8  # Gauss-Seidel sweeps
_MOST, _PART, _NEXT = 1 / 2, 1 / 8, 4  # shares of the pixels of an entry; maximum difference in levels
_ALONE = 16.0  # pixels of regularisation for every entry, so that a few pixels cannot pull it far


class Band(NamedTuple):
    """A piece of an image.

    Attributes:
        pixels: uint32[h, w], packed.
        importance: uint8[h, w], or None if uniform.
    """

    pixels: npt.NDArray[np.uint32]
    importance: npt.NDArray[np.uint8] | None


class Sums(NamedTuple):
    """Normal equations of the least-squares fit.

    Attributes:
        together: float64[k, k], products of the shares of two entries.
        apart: float64[k, 3], products of shares and errors.
        mass: float64[k], weight of each entry in pixels.
    """

    together: f64_2d
    apart: f64_2d
    mass: f64_1d


@kernel
def _add_windows(
    colors: f32_3d,
    indices: u8_2d,
    weights: f32_2d,
    palette: f32_2d,
    filter: f64_1d,
    sums: Sums,
    share: f64_1d,
    seen: i64_1d,
) -> None:
    """Add the equations of every window of a band.

    Args:
        colors: float32[h, w, 4], premultiplied.
        indices: uint8[h, w].
        weights: float32[h, w].
        palette: float32[k, 4], premultiplied.
        filter: float64[n], weights of a window, down and across.
        sums: updated.
        share: float64[k], zero, scratch.
        seen: int64[n * n], scratch.
    """
    size = filter.shape[0]
    height, width = indices.shape
    for top in range(0, height - size + 1, _STRIDE):
        for left in range(0, width - size + 1, _STRIDE):
            weight = np.float64(weights[top + size // 2, left + size // 2])
            count = 0
            e0 = e1 = e2 = 0.0
            for dy in range(size):
                for dx in range(size):
                    y, x = top + dy, left + dx
                    part = filter[dy] * filter[dx]
                    entry = np.int64(indices[y, x])
                    if share[entry] == 0.0:
                        seen[count] = entry
                        count += 1
                    share[entry] += part
                    e0 += part * (colors[y, x, 0] - palette[entry, 0])
                    e1 += part * (colors[y, x, 1] - palette[entry, 1])
                    e2 += part * (colors[y, x, 2] - palette[entry, 2])
            for i in range(count):
                part = weight * share[seen[i]]
                sums.apart[seen[i], 0] += part * e0
                sums.apart[seen[i], 1] += part * e1
                sums.apart[seen[i], 2] += part * e2
                sums.mass[seen[i]] += part
                for j in range(count):
                    sums.together[seen[i], seen[j]] += part * share[seen[j]]
            for i in range(count):
                share[seen[i]] = 0.0


@kernel
def _solve(sums: Sums, hold: f64, alone: f64, free: flag_1d, entries: f64_2d, moved: f64_2d) -> None:
    """Solve the equations by sweeps of Gauss-Seidel, within 0..alpha.

    Args:
        sums: the equations.
        hold: regularisation per pixel.
        alone: pixels added to the mass of each entry.
        free: bool[k], entries that may move.
        entries: float64[k, 4], premultiplied, updated.
        moved: float64[k, 3], zero, scratch.
    """
    for _ in range(_SWEEPS):
        for i in range(entries.shape[0]):
            if not free[i] or sums.mass[i] == 0.0:
                continue
            held = hold * (sums.mass[i] + alone)
            for c in range(3):
                residual = sums.apart[i, c] - held * moved[i, c]
                for j in range(entries.shape[0]):
                    residual -= sums.together[i, j] * moved[j, c]
                value = entries[i, c] + residual / (sums.together[i, i] + held)
                value = min(max(value, 0.0), entries[i, 3])
                moved[i, c] += value - entries[i, c]
                entries[i, c] = value


KERNELS = (_add_windows, _solve)


def fit_palette(
    palette: Palette,
    bands: list[Band],
    dither: Way,
    space: str,
    locked: npt.NDArray[np.bool_],
) -> Palette:
    """Fit a palette to the dithering of a sample.

    Args:
        palette: uint8[k, 4].
        bands: the sample.
        dither: the dithering.
        space: space in which nearest entries are looked up.
        locked: bool[k], entries that do not move.

    Returns:
        uint8[k, 4], entries in the same order.
    """
    taps, hold = _SELECTIVE if isinstance(dither, Selective) else _FULL
    window = np.array(taps) / sum(taps)
    colors = [premultiply(unpack(band.pixels.ravel())).reshape(-1, band.pixels.shape[1], 4) for band in bands]
    free = ~locked & (palette[:, 3] > 0)
    for _ in range(_ROUNDS):
        k = len(palette)
        sums = Sums(np.zeros((k, k)), np.zeros((k, 3)), np.zeros(k))
        entries = premultiply(palette)
        share, seen = np.zeros(k), np.empty(len(window) ** 2, np.int64)
        widths = {band.pixels.shape[1] for band in bands}
        ditherers = {width: make_ditherer(dither, palette, space, width) for width in widths}
        for band, color in zip(bands, colors, strict=True):
            indices: npt.NDArray[np.uint8] = np.empty(band.pixels.shape, np.uint8)
            ditherers[indices.shape[1]].remap(band.pixels, 0, 0, indices, band.importance)
            weights = weights_of(band.importance)
            weights = np.ones(indices.size, np.float32) if weights is None else weights
            each = weights.reshape(indices.shape)
            _add_windows(color, indices, each, entries, window, sums, share, seen)
        palette = _move_entries(palette, sums, hold, free)
    return palette


def _move_entries(palette: Palette, sums: Sums, hold: float, free: npt.NDArray[np.bool_]) -> Palette:
    entries = premultiply(palette).astype(np.float64)
    before = entries.copy()
    _solve(sums, hold, _ALONE, free, entries, np.zeros((len(palette), 3)))
    changed = (entries != before).any(axis=1)
    result = palette.copy()
    straight = 255.0 / np.maximum(palette[changed, 3:], 1.0)
    result[changed, :3] = np.clip(np.floor(entries[changed, :3] * straight + 0.5), 0, 255).astype(np.uint8)
    return result


def sample_bands(sources: Collection[Source]) -> list[Band]:
    """Return bands spread over images, of about _PIXELS pixels in total, at least one per image."""
    bands = []
    for source in sources:
        if source.height and source.width:
            share = _PIXELS // len(sources)
            for top, bottom, left, right in _band_bounds(source.height, source.width, share):
                importance = source.importance(top, bottom)
                pixels = np.ascontiguousarray(source.rows(top, bottom)[:, left:right])
                bands.append(Band(pixels, None if importance is None else importance[:, left:right]))
    return bands


def _band_bounds(height: int, width: int, pixels: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield top, bottom, left and right of bands spread over an image, of about `pixels` pixels, at least one."""
    across, down = min(width, WIDEST), min(height, BAND)
    number = min(max(1, pixels // (down * across)), -(-height // BAND))
    for n in range(number):
        top = (height - down) * (2 * n + 1) // (2 * number)
        left = (width - across) * (n * 5 % 8) // 7
        yield top, top + down, left, left + across


def lock_exact_colors(
    palette: Palette, counts: Counts, fixed: Palette, space: str
) -> tuple[Palette, npt.NDArray[np.bool_]]:
    """Replace entries by the exact colours of plain areas.

    The most frequent colour among the pixels of an entry replaces it if it covers half of them, or if it covers an
    eighth and differs by at most 4 levels: paper stays white and a brand's red stays exact, with or without dithering.

    Args:
        palette: uint8[k, 4].
        counts: colours and their weights.
        fixed: entries that stay, uint8[f, 4]; fully transparent ones stay too.
        space: space in which nearest entries are looked up.

    Returns:
        The palette, and which entries must not move any more, bool[k].
    """
    locked: npt.NDArray[np.bool_] = (palette[:, None] == fixed[None]).all(axis=2).any(axis=1) | (palette[:, 3] == 0)
    entries = np.empty(len(counts.colors), np.uint8)
    remap(nearest_finder(palette, space), counts.colors, entries)
    totals = np.bincount(entries, counts.weights, len(palette))
    by_weight = np.argsort(-counts.weights, kind="stable")
    used, first = np.unique(entries[by_weight], return_index=True)
    modes = by_weight[first]  # the most frequent colour of each used entry
    colors, shares = unpack(counts.colors[modes]), counts.weights[modes] / totals[used]
    off = np.abs(colors.astype(np.int16) - palette[used]).max(axis=1)
    plain = (shares >= _MOST) | ((shares >= _PART) & (off <= _NEXT))
    plain &= ~locked[used] & (colors[:, 3] == palette[used, 3])
    palette = palette.copy()
    palette[used[plain]] = colors[plain]
    locked[used[plain]] = True
    return palette, locked
