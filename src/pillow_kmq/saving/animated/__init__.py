"""Animations in GIF, APNG and WebP files."""
