"""Pixels as symbols of a colour tree, in stripes (docs/FORMAT.md, sections 7.2 and 7.3)."""
