"""Replacement of Pillow's quantiser by this one: `install`, `uninstall`, `installed`.

While installed, `im.quantize()` and `im.convert("P", palette=Image.Palette.ADAPTIVE)` call `pillow_kmq.quantize`, also
when Pillow itself calls them: to convert RGBA images to P, and to save RGB or RGBA images as GIF. This affects all
threads of the process. `docs/coming-from-pillow.md` lists the differences from Pillow.
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
_BYTES = "Palette images with Transparency expressed in bytes should be converted to RGBA images"  # Pillow's words

_lock = RLock()
_installed = False  # by `install`
_blocks = 0  # running blocks of `installed`
_replaced: dict[str, Any] = {}


def install() -> None:
    """Replace `Image.quantize` and `Image.convert("P", palette=Image.Palette.ADAPTIVE)` by this quantiser.

    Affects the whole process until `uninstall`. A second call changes nothing. An explicit `method` still selects
    Pillow's own quantisers.
    """
    global _installed
    with _lock:
        _set_methods()
        _installed = True


def uninstall() -> None:
    """Restore the methods of `Image.Image` that `install` replaced, also within a block of `installed`.

    If other code has wrapped the methods of this package since, the wrapper stays, and now reaches Pillow's methods.
    """
    global _installed, _blocks
    with _lock:
        _installed, _blocks = False, 0
        _restore_methods()


@contextmanager
def installed() -> Iterator[None]:
    """Install this quantiser for a `with` block.

    It stays after the block if `install` was called, or another block is running.
    """
    global _blocks
    with _lock:
        _set_methods()
        _blocks += 1
    try:
        yield
    finally:
        with _lock:
            _blocks = max(0, _blocks - 1)
            if not _active():
                _restore_methods()


def _active() -> bool:
    return _installed or _blocks > 0


def _set_methods() -> None:
    """Set this package's methods, unless they are set already or wrapped by other code."""
    for name, ours in _METHODS.items():
        there = vars(Image.Image)[name]
        if there is not ours and (is_pillows(there) or not _active()):
            _replaced[name] = there
            setattr(Image.Image, name, ours)


def _restore_methods() -> None:
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
        return pillow_convert(self, mode, matrix, dither, palette, colors)  # calls `self.quantize` for RGBA
    return _convert_adaptively(self, colors)


def _convert_adaptively(im: Image.Image, colors: int) -> Image.Image:
    """Quantise with a transparent entry where Pillow keeps one; otherwise issue the same warning as Pillow."""
    from .quant import quantize

    key = im.info.get("transparency")
    if im.mode not in ("L", "RGB") or key is None:
        return quantize(im, colors)
    if not isinstance(key, bytes) and (colors < _MOST or im.getcolors(_MOST)):
        result = quantize(im, colors)
        if "transparency" in result.info:
            return result
    # No pixel has the transparent colour, or the palette has no room for it.
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
