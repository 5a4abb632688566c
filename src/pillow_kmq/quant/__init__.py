"""The colour quantiser: from pixels to a palette and indices."""

from .pillow import quantize, quantize_all

__all__ = ["quantize", "quantize_all"]
