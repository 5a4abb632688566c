"""Checked options of `quantize_tiles`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...checks import check_choice, check_integer, shown
from ...errors import OptionError, OptionTypeError
from ...types import MAX_COLORS, Palette
from ..background import WHITE, Rgb, to_background
from ..colors import to_colors
from ..dithering.options import Ordered, to_dither
from ..posterize import FULL, Bits, representable, to_bits

_SPACES = ("oklab", "srgb", "linear")
_LARGEST = 1 << 16  # maximum width and height of a tile


class Effort(NamedTuple):
    """Parameters of the search.

    Attributes:
        most_bins: number of colours above which similar ones are merged.
        exchanges: maximum number of exchanges of palettes to try.
    """

    most_bins: int
    exchanges: int


EFFORTS = {"fast": Effort(1 << 13, 0), "default": Effort(1 << 13, 24), "best": Effort(1 << 15, 400)}


@dataclass(frozen=True)
class TileOptions:
    """A request for palettes per tile.

    Attributes:
        tile: width and height of a tile in pixels, each 1..65536.
        palettes: maximum number of palettes, 1..256.
        entries: entries per palette, the shared one included, 1..256; palettes * entries <= 256.
        transparent: whether entry 0 of all palettes is transparent.
        fixed: uint8[f, 4], f = 0 or 1, the opaque colour that is entry 0 of all palettes.
        backdrop: whether `fixed` is to be found.
        background: colour onto which pixels are composited that are not opaque; None keeps fully transparent pixels.
        space: space of the distance, a key of color.SPACES.
        bits: bits of R, G, B and A that entries may use.
        master: uint8[m, 4], distinct opaque colours that entries are chosen from, or None.
        dither: ordered dithering within the palette of a tile, or None.
        effort: a key of EFFORTS.
    """

    tile: tuple[int, int]
    palettes: int
    entries: int
    transparent: bool
    fixed: Palette
    backdrop: bool
    background: Rgb | None
    space: str
    bits: Bits
    master: Palette | None
    dither: Ordered | None
    effort: str

    @property
    def free(self) -> int:
        """Number of opaque entries per palette, a shared colour included."""
        return self.entries - self.transparent


def to_tile_options(
    tile: Any,
    palettes: Any,
    colors_per_palette: Any,
    shared: Any,
    *,
    background: Any,
    space: Any,
    posterize: Any,
    master: Any,
    dither: Any,
    effort: Any,
) -> TileOptions:
    """Validate the keywords of `quantize_tiles`; `shared` and `master` must not be images or paths any more."""
    bits = to_bits(posterize)
    chosen = None if master is None else _to_master(master, bits)
    entries = check_integer("colors_per_palette", colors_per_palette, 1, MAX_COLORS)
    number = check_integer("palettes", palettes, 1, MAX_COLORS)
    if number * entries > MAX_COLORS:
        raise OptionError(
            f"palettes * colors_per_palette must be at most {MAX_COLORS}, not {number} * {entries} = {number * entries}"
        )
    transparent, backdrop = _is_word(shared, "transparent"), _is_word(shared, "backdrop")
    fixed = np.empty((0, 4), np.uint8)
    if shared is not None and not transparent and not backdrop:
        fixed = _to_fixed(shared, bits, chosen)
    if transparent and entries == 1:
        raise OptionError("colors_per_palette must be at least 2 if entry 0 is transparent: raise it, or use shared")
    laid_on = to_background(background)
    if laid_on is None and not transparent:
        laid_on = to_background(fixed[0, :3]) if len(fixed) else WHITE
    return TileOptions(
        tile=_to_tile(tile),
        palettes=number,
        entries=entries,
        transparent=transparent,
        fixed=fixed,
        backdrop=backdrop,
        background=laid_on,
        space=check_choice("space", "oklab" if space is None else space, _SPACES),
        bits=bits,
        master=chosen,
        dither=_to_ordered(dither),
        effort=check_choice("effort", effort, tuple(EFFORTS)),
    )


def _to_tile(value: Any) -> tuple[int, int]:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise OptionTypeError(f"tile must be (width, height), such as (8, 8), not {shown(value)}")
    if len(value) != 2:
        raise OptionError(f"tile must be (width, height), such as (8, 8), not {shown(value)}")
    width, height = (check_integer("tile", side, 1, _LARGEST) for side in value)
    return width, height


def _to_master(value: Any, bits: Bits) -> Palette:
    if bits != FULL:
        raise OptionError("posterize cannot be combined with master, whose colours are those of the display")
    colors = np.unique(to_colors("master", value), axis=0)
    colors = colors[colors[:, 3] == 255]
    if not len(colors):
        raise OptionError("master must have an opaque colour")
    return colors


def _is_word(value: Any, word: str) -> bool:
    return isinstance(value, str) and value == word


def _to_fixed(value: Any, bits: Bits, master: Palette | None) -> Palette:
    if isinstance(value, bool) or not isinstance(value, (str, Sequence, np.ndarray)):
        raise OptionTypeError(f"shared must be 'transparent', 'backdrop', a colour or None, not {shown(value)}")
    rgb = to_background(value, "shared")
    assert rgb is not None
    color = np.array([[*rgb, 255]], np.uint8)
    if (representable(color, bits) != color).any() or (master is not None and not (master == color).all(axis=1).any()):
        raise OptionError(f"shared colour {rgb} cannot be displayed: use one that posterize or master allows")
    return color


def _to_ordered(value: Any) -> Ordered | None:
    dither = to_dither(value)
    if dither is None or isinstance(dither, Ordered):
        return dither
    raise OptionError("dither must be ordered if tiles have palettes of their own: 'bayer', 'blue-noise' or Ordered")
