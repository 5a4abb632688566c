"""Animations (docs/FORMAT.md, section 9)."""
