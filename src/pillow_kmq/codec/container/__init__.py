"""Chunks and what they hold (docs/FORMAT.md, sections 2 to 5)."""
