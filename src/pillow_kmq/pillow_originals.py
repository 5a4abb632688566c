"""Pillow's own `quantize` and `convert`, even if those of `Image.Image` were replaced."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from PIL import Image


def _original(name: str) -> Callable[..., Image.Image]:
    """Return a method of `Image.Image` as Pillow defines it; its defaults may be missing.

    If it was replaced, rebuild it from the code of Pillow's module.
    """
    method: Any = vars(Image.Image)[name]
    if getattr(method, "__globals__", None) is vars(Image):
        return method
    code: Any = Image.__loader__.get_code(Image.__name__)  # type: ignore[union-attr]
    for part in ("Image", name):  # the body of the class, then the method
        code = next(constant for constant in code.co_consts if getattr(constant, "co_name", None) == part)
    return FunctionType(code, vars(Image), name)


_QUANTIZE, _CONVERT = _original("quantize"), _original("convert")


def pillow_quantize(
    im: Image.Image,
    colors: int = 256,
    method: int | None = None,
    kmeans: int = 0,
    palette: Image.Image | None = None,
    dither: Any = Image.Dither.FLOYDSTEINBERG,
) -> Image.Image:
    """Call Pillow's own `Image.quantize`."""
    return _QUANTIZE(im, colors, method, kmeans, palette, dither)


def pillow_convert(
    im: Image.Image,
    mode: str | None = None,
    matrix: Any = None,
    dither: Any = None,
    palette: Any = Image.Palette.WEB,
    colors: int = 256,
) -> Image.Image:
    """Call Pillow's own `Image.convert`."""
    return _CONVERT(im, mode, matrix, dither, palette, colors)


def is_pillows(method: object) -> bool:
    """Return whether a method is Pillow's own."""
    return method in (_QUANTIZE, _CONVERT)
