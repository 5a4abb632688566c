"""K-means colour quantisation, palette PNGs and the `.kmq` format for Pillow.

Importing this package registers the formats KMQ and PNG8 with Pillow. It imports neither NumPy nor Numba: the public
names below are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .KmqImagePlugin import register_kmq_opener
from .Png8ImagePlugin import register_png8_saver

if TYPE_CHECKING:
    from . import compare as compare
    from .codec import decode, encode
    from .drop_in import install, installed, uninstall
    from .kernels.warm_up import warmup
    from .palette_files import NamedColors, read_palette, write_palette
    from .quant import quantize, quantize_all
    from .quant.aim import PSNR, DeltaE
    from .quant.arrays import ColorCounts, dither, find_palette, histogram, quantize_array, remap
    from .quant.dithering.options import Diffusion, FloydSteinberg, Ordered, Selective
    from .quant.kmeans import KMeansResult, kmeans
    from .quant.options import SharedPalette
    from .quant.shared_palette import shared_palette
    from .quant.tiles.pillow import TiledImage, quantize_tiles
    from .regions import read_region
    from .report import Report
    from .saving.animated.save import save_animation
    from .saving.files import save
    from .types import IndexedImage

__version__ = "0.1.0"

_LAZY = {
    "quantize": ".quant",
    "quantize_all": ".quant",
    "quantize_array": ".quant.arrays",
    "histogram": ".quant.arrays",
    "ColorCounts": ".quant.arrays",
    "find_palette": ".quant.arrays",
    "remap": ".quant.arrays",
    "dither": ".quant.arrays",
    "FloydSteinberg": ".quant.dithering.options",
    "Diffusion": ".quant.dithering.options",
    "Selective": ".quant.dithering.options",
    "Ordered": ".quant.dithering.options",
    "SharedPalette": ".quant.options",
    "shared_palette": ".quant.shared_palette",
    "quantize_tiles": ".quant.tiles.pillow",
    "TiledImage": ".quant.tiles.pillow",
    "PSNR": ".quant.aim",
    "DeltaE": ".quant.aim",
    "Report": ".report",
    "read_region": ".regions",
    "read_palette": ".palette_files",
    "write_palette": ".palette_files",
    "NamedColors": ".palette_files",
    "kmeans": ".quant.kmeans",
    "KMeansResult": ".quant.kmeans",
    "encode": ".codec",
    "decode": ".codec",
    "IndexedImage": ".types",
    "save": ".saving.files",
    "save_animation": ".saving.animated.save",
    "warmup": ".kernels.warm_up",
    "install": ".drop_in",
    "installed": ".drop_in",
    "uninstall": ".drop_in",
}
_MODULES = ("compare",)  # which users reach without importing them

__all__ = [
    "PSNR",
    "ColorCounts",
    "DeltaE",
    "Diffusion",
    "FloydSteinberg",
    "IndexedImage",
    "KMeansResult",
    "NamedColors",
    "Ordered",
    "Report",
    "Selective",
    "SharedPalette",
    "TiledImage",
    "decode",
    "dither",
    "encode",
    "find_palette",
    "histogram",
    "install",
    "installed",
    "kmeans",
    "quantize",
    "quantize_all",
    "quantize_array",
    "quantize_tiles",
    "read_palette",
    "read_region",
    "register_kmq_opener",
    "register_png8_saver",
    "remap",
    "save",
    "save_animation",
    "shared_palette",
    "uninstall",
    "warmup",
    "write_palette",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES})


register_kmq_opener()
register_png8_saver()
