"""The container: chunks and the payloads besides pixels and palette (docs/FORMAT.md, sections 1 to 5, 8 and 9)."""
