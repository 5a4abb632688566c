"""The level `max` (docs/FORMAT.md, section 7.7)."""
