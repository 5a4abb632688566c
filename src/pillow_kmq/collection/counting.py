"""Colour counts of collections: of one batch of images, and their sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..quant.compositing import CompositedSource, HiddenColors
from ..quant.counting import count_source
from ..quant.histogram import VISIBLE, Counts
from ..quant.needed import prepare_for_images
from ..quant.options import EFFORTS, Options
from ..quant.pillow_source import ImageSource
from ..quant.progress import SILENT
from .histogram import EMPTY, LIMIT, ColorHistogram, heaviest_color, merge, to_counts, to_histogram
from .images import Failure, Item, attempt, frames_of, name_of

_HIDDEN_LIMIT = 1 << 12  # cells of the colours of invisible pixels


class Counted(NamedTuple):
    """Counts of some images.

    Attributes:
        colors: the colours, fully transparent ones as one.
        hidden: for each image, the most frequent colour of its invisible pixels.
        images: number of images, frames included.
        pixels: number of their pixels.
        whole: False if an image was sampled.
        failures: files that could not be read, in order of paths.
    """

    colors: ColorHistogram = EMPTY
    hidden: ColorHistogram = EMPTY
    images: int = 0
    pixels: int = 0
    whole: bool = True
    failures: tuple[Failure, ...] = ()

    def to_counts(self) -> Counts:
        """Return the colours as the palette search takes them."""
        return to_counts(self.colors, self.whole)._replace(hidden=heaviest_color(self.hidden))


class CountSettings(NamedTuple):
    """Settings of a count.

    Attributes:
        options: those of the quantiser.
        limit: maximum number of cells of a histogram.
        read: returns the pictures of an item; it can be pickled.
    """

    options: Options
    limit: int = LIMIT
    read: Callable[[Item], Iterable[Image.Image]] = frames_of


def count_batch(settings: CountSettings, batch: Sequence[tuple[Item, float]]) -> Counted:
    """Count the colours of images, given with their weights; files that cannot be read are listed as failures."""
    prepare_for_images(settings.options)
    counted = []
    for item, weight in batch:
        found, reason = attempt(partial(_count_frames, settings, item, weight))
        counted.append(found if found is not None else Counted(failures=((name_of(item), reason),)))
    return merge_counted(settings, counted)


def merge_counted(settings: CountSettings, parts: Sequence[Counted]) -> Counted:
    """Add up counts; neither order nor grouping matters."""
    return Counted(
        merge([part.colors for part in parts], settings.limit),
        merge([part.hidden for part in parts], _HIDDEN_LIMIT),
        sum(part.images for part in parts),
        sum(part.pixels for part in parts),
        all(part.whole for part in parts),
        tuple(sorted(failure for part in parts for failure in part.failures)),
    )


def _count_frames(settings: CountSettings, item: Item, weight: float) -> Counted:
    return merge_counted(settings, [_count_image(settings, frame, weight) for frame in settings.read(item)])


def _count_image(settings: CountSettings, image: Image.Image, weight: float) -> Counted:
    options = settings.options
    source = CompositedSource(ImageSource(image), options)
    if not source.height or not source.width:
        return Counted(images=1)
    sensitive = options.space == "perceptual"
    counts = count_source(source, options.colors, EFFORTS[options.effort].sample, SILENT, sensitive)
    colors = to_histogram(counts, weight, settings.limit)
    return Counted(colors, _hidden(source, counts, weight), 1, source.height * source.width, counts.whole)


def _hidden(source: CompositedSource, counts: Counts, weight: float) -> ColorHistogram:
    """Return the most frequent colour of invisible pixels, with the weight of all of them."""
    invisible = counts.weights[counts.colors < VISIBLE]
    if not len(invisible):
        return EMPTY
    colors = HiddenColors()
    source.add_hidden(colors)
    packed = np.array([colors.most_frequent], np.uint32)
    return to_histogram(Counts(packed, np.array([invisible.sum()])), weight)
