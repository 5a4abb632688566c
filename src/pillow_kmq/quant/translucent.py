"""Palette images whose alphas do not fit into `info["transparency"]` as an index."""

from __future__ import annotations

import os
from typing import Any

from PIL import Image


class TranslucentImage(Image.Image):
    """A P image of which several palette entries are not opaque, or one only in part.

    The RGBA palette holds all alphas, and `info["transparency"]` the index of the fully transparent entry, which GIF
    needs. Pillow's PNG writer would take all other entries for opaque, and pickling would lose the alphas: both get
    them here. Copies, crops and the like are such images too.
    """

    def _new(self, im: Any) -> Image.Image:
        new = super()._new(im)
        if new.mode == "P":
            new.__class__ = TranslucentImage
        return new

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        """Save as `Image.save` does, to PNG with all alphas."""
        index = self.info.get("transparency")
        if isinstance(index, int) and self.mode == "P" and _is_png(fp, format):
            alphas = bytearray(self.getpalette("A") or [])
            alphas[index : index + 1] = b"\0"
            params.setdefault("transparency", bytes(alphas).rstrip(b"\xff"))
        super().save(fp, format, **params)

    def __getstate__(self) -> list[Any]:
        has_alphas = self.mode == "P" and self.palette is not None and self.palette.mode == "RGBA"
        return [*super().__getstate__(), self.getpalette("RGBA") if has_alphas else None]

    def __setstate__(self, state: list[Any]) -> None:
        super().__setstate__(state[:-1])
        if state[-1] is not None:
            self.putpalette(state[-1], "RGBA")


def _is_png(fp: Any, format: str | None) -> bool:
    """Return whether `Image.save` would write a PNG file."""
    if format:
        return format.upper() == "PNG"
    name = fp if isinstance(fp, (str, bytes, os.PathLike)) else getattr(fp, "name", "")
    if not isinstance(name, (str, bytes, os.PathLike)):
        return False
    return os.path.splitext(os.fsdecode(name))[1].lower() in (".png", ".apng")
