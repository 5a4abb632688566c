"""Dithering: from an option to indices, row by row; palettes fitted to it."""
