"""The level `fast` (docs/FORMAT.md, section 7.8)."""
