"""Comparison of results: numbers of colours, ways of dithering, formats and other programs; a page, a contact sheet."""
