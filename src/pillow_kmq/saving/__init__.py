"""Saving images: options, animations, size limits, metadata, files."""
