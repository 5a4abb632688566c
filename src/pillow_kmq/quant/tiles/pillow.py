"""`quantize_tiles`: a Pillow image whose tiles have one of several palettes each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...errors import OptionTypeError
from ...types import IndexedImage, Indices
from ..given_colors import load_colors
from ..pillow_source import ImageSource, to_image
from .options import to_tile_options
from .tiling import quantize_pixels


@dataclass(frozen=True, eq=False)
class TiledImage:
    """An image of tiles with a palette each; the result of `quantize_tiles`.

    Attributes:
        image: P image with all palettes one after the other: the index of a pixel is the number of its tile's palette
            times `colors_per_palette`, plus the entry in that palette.
        palettes: uint8[p, k, 4], RGBA, p palettes of k entries; unused entries are black.
        tile_palettes: uint8[rows, columns], number of the palette of each tile.
    """

    image: Image.Image
    palettes: npt.NDArray[np.uint8]
    tile_palettes: npt.NDArray[np.uint8]

    @property
    def entries(self) -> Indices:
        """Entry of each pixel in the palette of its tile, uint8[height, width]."""
        return (np.asarray(self.image) % np.uint16(self.palettes.shape[1])).astype(np.uint8)


def quantize_tiles(
    im: Image.Image,
    tile: tuple[int, int] = (8, 8),
    palettes: int = 8,
    colors_per_palette: int = 16,
    *,
    shared: Any = "transparent",
    posterize: Any = None,
    master: Any = None,
    dither: Any = None,
    background: Any = None,
    space: str | None = None,
    effort: str = "default",
) -> TiledImage:
    """Reduce an image to several small palettes, one of which each tile uses, as graphics chips of consoles require.

    Palettes and their choice for each tile are found together, so that the total error is small. If the colours of all
    tiles fit, the result is exact, as far as the colours can be displayed and a greedy packing finds the palettes. The
    same input, options and version give the same result.

    Args:
        im: image of any mode except I, I;16 and F.
        tile: width and height of a tile in pixels. Tiles at the right and lower edge may be partial.
        palettes: maximum number of palettes. palettes * colors_per_palette is at most 256.
        colors_per_palette: entries per palette, entry 0 included, 1..256.
        shared: entry 0 of every palette. "transparent" (the default): transparent; pixels of alpha 128 and more become
            opaque. "backdrop": one opaque colour that is found. A colour, (r, g, b) or "#rrggbb": that one. None:
            nothing is shared.
        posterize: bits per channel of the console: "rgb555", "rgb333" or (5, 5, 5). None is 8 bits per channel.
        master: colours that the console can show, given like `palette` of `quantize`; entries are chosen from them.
            None allows all colours.
        dither: ordered dithering: "bayer", "blue-noise" or `Ordered`. None is no dithering.
        background: opaque colour onto which all pixels that are not opaque are composited. None composites only if
            `shared` is not "transparent", onto that colour, or onto white.
        space: space of the distance: "oklab" (the default, None), "srgb" or "linear".
        effort: "fast", "default" or "best".

    Returns:
        The image, the palettes, most used first, and the palette of each tile.

    Raises:
        ModeError: `im` has mode I, I;16 or F. A ValueError.
        OptionError: an option has an invalid value. A ValueError.
        OptionTypeError: an option has a wrong type. A TypeError.
    """
    if not isinstance(im, Image.Image):
        raise OptionTypeError(f"im must be a Pillow image, not {type(im).__name__}")
    options = to_tile_options(
        tile,
        palettes,
        colors_per_palette,
        shared,
        background=background,
        space=space,
        posterize=posterize,
        master=load_colors("master", master),
        dither=dither,
        effort=effort,
    )
    source = ImageSource(im)
    tiled = quantize_pixels(source.rows(0, source.height), options)
    info = {key: value for key, value in source.info.items() if key != "transparency"}
    image = to_image(IndexedImage(tiled.palettes.reshape(-1, 4), tiled.indices), info, alpha=False)
    return TiledImage(image, tiled.palettes, tiled.tile_palettes)
