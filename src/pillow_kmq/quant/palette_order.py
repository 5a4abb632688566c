"""The order of palette entries, which changes no pixel, only file size and how a palette looks to people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..types import Indices, Palette
from .options import Options

_BLOCK = 1 << 20  # pixels rewritten at a time
_FILLER = np.array([[0, 0, 0, 255]], np.uint8)


def sort_by_luma(palette: Palette) -> Palette:
    """Return the palette uint8[k, 4] in order of luma: fully transparent entries, translucent ones, opaque ones.

    PNG and KMQ then store no alpha for the opaque rest.
    """
    alpha = palette[:, 3]
    kind = np.where(alpha == 0, 0, np.where(alpha < 255, 1, 2))
    return palette[np.lexsort((luma(palette), kind))]


def luma(palette: Palette) -> npt.NDArray[np.int64]:
    """Return the luma (ITU-R BT.601) of each entry of uint8[k, 4], int64[k], 0..255 000."""
    return palette[:, :3].astype(np.int64) @ np.array([299, 587, 114])


def reorder(palette: Palette, images: Sequence[Indices], options: Options) -> Palette:
    """Reorder the palette uint8[k, 4] as the options ask, and rewrite the indices of the images in place.

    A `transparent_index` beyond the end extends the palette by unused black entries.
    """
    order = np.arange(len(palette))
    if options.order == "popularity":  # palettes are found in order of luminance
        order = _by_popularity(palette, images)
    elif options.order == "compression":
        order = np.lexsort(palette.T[[2, 0, 1, 3]])  # alpha, green, red, blue: cheapest in KMQ
    clear = np.flatnonzero(palette[order, 3] == 0)
    if options.transparent_index is not None and len(clear):
        at = len(order) - 1 if options.transparent_index < 0 else options.transparent_index
        filler = np.arange(len(order), at + 1)
        palette = np.concatenate([palette, np.repeat(_FILLER, len(filler), axis=0)])
        rest = np.concatenate([np.delete(order, clear[0]), filler])
        order = np.insert(rest, at, order[clear[0]])
    if (order != np.arange(len(order))).any():
        new_index = np.zeros(256, np.uint8)
        new_index[order] = np.arange(len(order))
        for indices in images:
            _rewrite(indices, new_index)
    return palette[order]


def _by_popularity(palette: Palette, images: Sequence[Indices]) -> npt.NDArray[np.intp]:
    """Return entries by descending pixel count: fully transparent ones, translucent ones, opaque ones."""
    pixels = np.zeros(256, np.int64)
    for indices in images:
        flat = indices.reshape(-1)
        for start in range(0, flat.size, _BLOCK):
            pixels += np.bincount(flat[start : start + _BLOCK], minlength=256)
    alpha = palette[:, 3]
    kind = np.where(alpha == 0, 0, np.where(alpha < 255, 1, 2))
    return np.lexsort((-pixels[: len(palette)], kind))


def _rewrite(indices: Indices, new_index: npt.NDArray[np.uint8]) -> None:
    flat = indices.reshape(-1)  # a view: images of the pipeline are contiguous
    for start in range(0, flat.size, _BLOCK):
        flat[start : start + _BLOCK] = new_index[flat[start : start + _BLOCK]]
