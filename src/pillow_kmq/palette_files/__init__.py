"""Palette files: colours, and their names, in the formats of GIMP, Adobe, Paint Shop Pro, Lospec and others.

No library on PyPI reads more than one or two of these formats, and those that do have had no release for years; each
format takes a page.
"""

from __future__ import annotations

from .files import FORMATS, read_palette, write_palette
from .named_colors import NamedColors

__all__ = ["FORMATS", "NamedColors", "read_palette", "write_palette"]
