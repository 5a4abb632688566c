"""K-means colour quantisation, palette PNGs and the `.kmq` format for Pillow.

Importing this package registers the KMQ and PNG8 formats with Pillow. It imports neither NumPy nor Numba:
the public names below load what they need when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .KmqImagePlugin import register_kmq_opener
from .Png8ImagePlugin import register_png8_saver

if TYPE_CHECKING:
    from .codec import decode, encode
    from .quant import quantize
    from .quant.kmeans import KMeansResult, kmeans
    from .types import IndexedImage

__version__ = "0.1.0"

_LAZY = {
    "quantize": ".quant",
    "kmeans": ".quant.kmeans",
    "KMeansResult": ".quant.kmeans",
    "encode": ".codec",
    "decode": ".codec",
    "IndexedImage": ".types",
}

__all__ = [
    "IndexedImage",
    "KMeansResult",
    "decode",
    "encode",
    "kmeans",
    "quantize",
    "register_kmq_opener",
    "register_png8_saver",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


register_kmq_opener()
register_png8_saver()
