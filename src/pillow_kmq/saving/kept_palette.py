"""Indexed images that keep their palette and indices, because no option asks for a change.

Sprites, display drivers and e-paper rely on the order of a palette, its duplicates, its unused entries and the colours
of its transparent entries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from ..quant.given_colors import load_colors
from ..quant.options import Options, to_options
from ..quant.pillow_source import load_importance, to_image
from ..quant.posterize import FULL
from ..types import MAX_COLORS, IndexedImage
from .options import entries_of, indexed_image


def colors_if_kept(options: dict[str, Any]) -> int | None:
    """Return the number of colours allowed, or None if the options ask for another change.

    Dithering, effort and the like only apply to images that have to be quantised.

    Args:
        options: Keywords of `quantize`.

    Raises:
        OptionError: A keyword has an invalid value.
        OptionTypeError: A keyword has a wrong type.
    """
    if options.get("palette") is not None:
        return None
    checked = _checked(**{name: value for name, value in options.items() if name != "importance"})
    changes = (
        len(checked.fixed) > 0
        or checked.aim is not None
        or checked.bits != FULL
        or options.get("order") is not None
        or checked.transparent_index is not None
        or checked.background is not None
        or checked.lossy > 0
    )
    return None if changes else checked.colors


def _checked(colors: Any = MAX_COLORS, dither: Any = None, fixed: Any = (), **others: Any) -> Options:
    return to_options(colors, None, dither, fixed=load_colors("fixed", fixed), **others)


def kept_image(im: Image.Image, options: dict[str, Any]) -> Image.Image | None:
    """Return `im` with its palette and indices, or None if it has to be quantised.

    If its palette has more entries than `options`, keywords of `quantize`, allow, the last unused entries are dropped,
    no more than necessary; the others keep their order.
    """
    if im.mode != "P":
        return None
    most = colors_if_kept(options)
    load_importance(options.get("importance"), im.height, im.width)
    if most is None:
        return None
    used = np.flatnonzero(im.histogram())
    excess = entries_of(im) - most
    if excess <= 0:
        return im
    return _without_unused_entries(im, used, excess) if len(used) <= most else None


def _without_unused_entries(im: Image.Image, used: Any, excess: int) -> Image.Image:
    indexed = indexed_image(im, {})
    entries = entries_of(im)
    palette = np.zeros((entries, 4), np.uint8)
    palette[:, 3] = 255
    palette[: len(indexed.palette)] = indexed.palette
    unused = np.setdiff1d(np.arange(entries), used)
    order = np.setdiff1d(np.arange(entries), unused[-excess:])
    table = np.zeros(256, np.uint8)
    table[order] = np.arange(len(order))
    alpha = bool((palette[order, 3] < 255).any())
    info = {key: value for key, value in im.info.items() if key != "transparency"}  # refers to the old entries
    return to_image(IndexedImage(palette[order], table[indexed.indices]), info, alpha=alpha)
