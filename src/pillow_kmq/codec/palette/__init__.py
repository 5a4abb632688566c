"""Palettes (docs/FORMAT.md, section 6)."""
