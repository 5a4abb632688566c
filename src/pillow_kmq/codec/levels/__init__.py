"""Compression levels (docs/FORMAT.md, section 7)."""
