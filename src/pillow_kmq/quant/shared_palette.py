"""One palette for many images that are quantised one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from PIL import Image

from ..errors import OptionError, OptionTypeError
from ..frames import Frames
from .given_colors import load_colors
from .options import SharedPalette, to_options
from .pillow_source import ImageSources
from .pipeline import find_shared
from .progress import Progress


def shared_palette(
    images: Collection[Image.Image] | Frames | Image.Image,
    colors: int = 256,
    *,
    dither: Any = None,
    importance: Any = None,
    fixed: Any = (),
    progress: Callable[[float], object] | None = None,
    **options: Any,
) -> SharedPalette:
    """Find one palette of at most `colors` colours for several images, or for all frames of one.

    Give the result as `palette` to `quantize`, or in saving, with the same `dither`. `quantize_all` does both steps at
    once, and holds all results in memory.

    Args:
        images: images of any modes and sizes, weighted by their number of pixels. A collection is iterated twice, with
            one image in memory at a time if it makes them on demand.
        colors: maximum number of palette entries, 1..256.
        dither: the dithering to which the palette is fitted, as in `quantize`; None is none.
        importance: sequence of one map or None per image, see `quantize`; None weighs all pixels equally.
        fixed: colours that must be in the palette, as in `quantize`.
        progress: function called with the fraction done, 0..1. Returning False cancels with CancelledError.
        options: as in `quantize`: quality, space, effort, seed, max_iter, posterize, order (except "popularity"),
            transparent_index, background.

    Returns:
        The palette; without entries if there are no pixels.

    Raises:
        ModeError: an image has mode I, I;16 or F.
        OptionError: an option has an invalid value.
        OptionTypeError: an option has a wrong type, or `images` are not images.
        QualityError: `quality` cannot be reached.
        CancelledError: `progress` returned False.
    """
    if not isinstance(images, (Image.Image, Frames, Collection)) or hasattr(images, "dtype"):
        raise OptionTypeError(f"images must be images or one animation, not {type(images).__name__}")
    checked = to_options(colors, None, dither, fixed=load_colors("fixed", fixed), **options)
    if checked.order == "popularity":
        raise OptionError("order 'popularity' needs the results of all images: use quantize_all, or another order")
    palette = find_shared(ImageSources(images, importance), checked, Progress(progress))
    return SharedPalette(palette, checked.space)
