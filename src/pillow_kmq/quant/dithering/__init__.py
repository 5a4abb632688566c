"""Dithering: from an option to indices, row by row, and palettes fitted to it."""
