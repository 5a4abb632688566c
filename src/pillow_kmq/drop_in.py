"""This quantiser in the place of Pillow's: `install`, `uninstall`, `installed`.

While it is installed, `im.quantize()` and `im.convert("P", palette=Image.Palette.ADAPTIVE)` are `pillow_kmq.quantize`,
and so is what Pillow's own code does through them: RGBA images converted to P, GIF files saved from RGB or RGBA. It
concerns the whole process, all threads. `docs/coming-from-pillow.md` lists what differs from Pillow.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from PIL import Image

from .pillow_originals import is_pillows, pillow_convert, pillow_quantize

_MOST = 256
_BYTES = "Palette images with Transparency expressed in bytes should be converted to RGBA images"  # says Pillow

_lock = RLock()
_installed = False  # by `install`
_blocks = 0  # of `installed` that are being run
_replaced: dict[str, Any] = {}


def install() -> None:
    """Put this quantiser behind `Image.quantize` and `Image.convert("P", palette=Image.Palette.ADAPTIVE)`.

    Does nothing if it is installed already. An explicit `method` still reaches Pillow's own quantisers.
    """
    global _installed
    with _lock:
        _put()
        _installed = True


def uninstall() -> None:
    """Take this quantiser back out of `Image.Image`, also within a block of `installed`.

    The methods that were there before return. If somebody has wrapped ours meanwhile, the wrapper stays where it is,
    and from now on gets Pillow's own methods through ours.
    """
    global _installed, _blocks
    with _lock:
        _installed, _blocks = False, 0
        _take_back()


@contextmanager
def installed() -> Iterator[None]:
    """Install this quantiser for a `with` block; afterwards it stays if it is also installed by other means."""
    global _blocks
    with _lock:
        _put()
        _blocks += 1
    try:
        yield
    finally:
        with _lock:
            _blocks = max(0, _blocks - 1)
            if not _active():
                _take_back()


def _active() -> bool:
    return _installed or _blocks > 0


def _put() -> None:
    """Put our methods in place, unless they are there or within somebody's wrapper."""
    for name, ours in _METHODS.items():
        there = vars(Image.Image)[name]
        if there is not ours and (is_pillows(there) or not _active()):
            _replaced[name] = there
            setattr(Image.Image, name, ours)


def _take_back() -> None:
    for name, ours in _METHODS.items():
        if vars(Image.Image)[name] is ours:
            setattr(Image.Image, name, _replaced[name])


def _quantize(self: Image.Image, *args: Any, **options: Any) -> Image.Image:
    if not _active():
        return pillow_quantize(self, *args, **options)
    from .quant import quantize

    return quantize(self, *args, **options)


def _convert(
    self: Image.Image,
    mode: str | None = None,
    matrix: Any = None,
    dither: Any = None,
    palette: Any = Image.Palette.WEB,
    colors: int = 256,
) -> Image.Image:
    adaptive = mode == "P" and palette == Image.Palette.ADAPTIVE and self.mode not in ("P", "RGBA") and not matrix
    if not (_active() and adaptive):
        return pillow_convert(self, mode, matrix, dither, palette, colors)  # of RGBA, this calls `self.quantize`
    return _adaptive(self, colors)


def _adaptive(im: Image.Image, colors: int) -> Image.Image:
    """Return a palette image with a transparent entry where Pillow has one, or else with its warning."""
    from .quant import quantize

    key = im.info.get("transparency")
    if im.mode not in ("L", "RGB") or key is None:
        return quantize(im, colors)
    if not isinstance(key, bytes) and (colors < _MOST or im.getcolors(_MOST)):
        result = quantize(im, colors)
        if "transparency" in result.info:
            return result
    # No pixel has the transparent colour, or it would be one more than fits beside the others.
    opaque = im.copy()
    del opaque.info["transparency"]
    result = quantize(opaque, colors)
    assert result.palette is not None
    if isinstance(key, bytes):
        warnings.warn(_BYTES, stacklevel=3)
        return result
    try:
        entry = result.palette.getcolor(tuple(key) if im.mode == "RGB" else (key, key, key), result)
        result.info["transparency"] = entry
    except ValueError:
        warnings.warn("Couldn't allocate palette entry for transparency", stacklevel=3)
    return result


_METHODS: dict[str, Callable[..., Image.Image]] = {"quantize": _quantize, "convert": _convert}
for _name, _method in _METHODS.items():
    _method.__name__ = _name
    _method.__doc__ = vars(Image.Image)[_name].__doc__
