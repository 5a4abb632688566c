"""Palette images with alpha that survive saving, copying and pickling as far as possible.

The RGBA palette holds all alphas, and `info["transparency"]` the index of the fully transparent entry, which GIF needs.
Without this class, Pillow 11.0 to 13.0 would save all other entries as opaque in PNG, mix up the colours of an image
with unused entries in GIF, and drop the alphas in pickles. TIFF has no alpha in palettes, and Windows ignores it in
icons; such files are saved as RGBA.
"""

from __future__ import annotations

import os
from typing import Any

from PIL import Image

_NO_PALETTE_ALPHA = ("ICO", "TIFF")
_EXTENSIONS = {".png": "PNG", ".apng": "PNG", ".ico": "ICO", ".tif": "TIFF", ".tiff": "TIFF"}


class AlphaPaletteImage(Image.Image):
    """A P image with an RGBA palette; copies, crops and other derived images are of the same class."""

    def _new(self, im: Any) -> Image.Image:
        new = super()._new(im)
        if new.mode == "P":
            new.__class__ = AlphaPaletteImage
        return new

    @property
    def _has_alphas(self) -> bool:
        """Return whether the image still has an RGBA palette; images can be changed."""
        return self.mode == "P" and self.palette is not None and self.palette.mode == "RGBA"

    @property
    def _translucent(self) -> bool:
        """Return whether any entry is not opaque."""
        return self._has_alphas and ("transparency" in self.info or min(self.getpalette("A") or [255]) < 255)

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        """Save as `Image.save` does, with all alphas if the format supports them."""
        to = _format(fp, format)
        if to in _NO_PALETTE_ALPHA and self._translucent:
            if params.get("append_images"):
                params["append_images"] = [_to_rgba(image) for image in params["append_images"]]
            self.convert("RGBA").save(fp, format, **params)
            return
        index = self.info.get("transparency")
        if to == "PNG" and isinstance(index, int) and self._has_alphas:
            alphas = bytearray(self.getpalette("A") or [])
            alphas[index : index + 1] = b"\0"
            params.setdefault("transparency", bytes(alphas).rstrip(b"\xff"))
        super().save(fp, format, **params)

    def remap_palette(self, dest_map: list[int], source_palette: Any = None) -> Image.Image:
        """Remap as `Image.remap_palette` does; GIF passes the RGBA palette, which Pillow would read as RGB."""
        if (
            self._has_alphas
            and source_palette is not None
            and bytes(source_palette) == bytes(self.getpalette(None) or [])
        ):
            source_palette = None
        return super().remap_palette(dest_map, source_palette)

    def __getstate__(self) -> list[Any]:
        return [*super().__getstate__(), self.getpalette("RGBA") if self._has_alphas else None]

    def __setstate__(self, state: list[Any]) -> None:
        super().__setstate__(state[:-1])
        if state[-1] is not None:
            self.putpalette(state[-1], "RGBA")


def _to_rgba(im: Image.Image) -> Image.Image:
    return im.convert("RGBA") if isinstance(im, AlphaPaletteImage) else im


def _format(fp: Any, format: str | None) -> str | None:
    """Return the format that `Image.save` would write, if it needs special treatment here."""
    if format:
        return format.upper()
    name = fp if isinstance(fp, (str, bytes, os.PathLike)) else getattr(fp, "name", "")
    if not isinstance(name, (str, bytes, os.PathLike)):
        return None
    return _EXTENSIONS.get(os.path.splitext(os.fsdecode(name))[1].lower())
