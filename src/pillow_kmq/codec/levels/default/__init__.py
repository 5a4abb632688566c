"""The level `default` (docs/FORMAT.md, section 7.6)."""
