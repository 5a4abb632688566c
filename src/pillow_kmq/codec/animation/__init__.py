"""Animations (docs/FORMAT.md, section 8)."""
