"""The colour quantiser: images to palette and indices."""

from .pillow import quantize

__all__ = ["quantize"]
