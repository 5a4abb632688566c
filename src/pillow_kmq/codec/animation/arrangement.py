"""The arrangement of pictures in the image of a film (docs/FORMAT.md, section 9)."""

from __future__ import annotations

import numpy as np

from ...types import Indices, Pictures
from ..container.animation_table import BELOW, BESIDE, ROWS, Film


def to_image(pictures: Pictures, arrangement: int) -> Indices:
    """Arrange pictures uint8[m, h, w] in one image, uint8[H, W]."""
    m, h, w = pictures.shape
    if arrangement == BELOW:
        return np.ascontiguousarray(pictures).reshape(m * h, w)
    if arrangement == BESIDE:
        return np.ascontiguousarray(pictures.transpose(1, 0, 2)).reshape(h, m * w)
    if arrangement == ROWS:
        return np.ascontiguousarray(pictures.transpose(1, 0, 2)).reshape(h * m, w)
    return np.ascontiguousarray(pictures.transpose(1, 2, 0)).reshape(h, w * m)


def to_pictures(image: Indices, film: Film) -> Pictures:
    """Return the pictures uint8[m, h, w] of a film: views of its image, uint8[H, W]."""
    m, h, w = film.pictures, film.height, film.width
    if film.arrangement == BELOW:
        return image.reshape(m, h, w)
    if film.arrangement in (BESIDE, ROWS):
        return image.reshape(h, m, w).transpose(1, 0, 2)
    return image.reshape(h, w, m).transpose(2, 0, 1)
