"""Entropy coding: the range coder and adaptive rANS (docs/FORMAT.md, sections 7.4 and 7.8)."""
