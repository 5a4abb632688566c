"""Lossy choice of indices: fewer bytes at nearly the same look."""
