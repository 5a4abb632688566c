"""A constant that helpers import."""

STEP = 1000
