"""One palette for many images: their colours are counted one by one, added up and searched once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from PIL import Image

from ..checks import check_callback, check_flag, check_integer, check_number
from ..errors import KmqError, OptionError, OptionTypeError
from ..quant.given_colors import load_colors
from ..quant.histogram import MOST_COLORS
from ..quant.needed import prepare_for_images
from ..quant.options import Options, SharedPalette, to_options
from ..quant.palette_order import reorder
from ..quant.pipeline import search_palette
from ..quant.progress import Progress
from ..quant.source import Source
from ..types import Palette
from .counting import Counted, CountSettings, count_batch, merge_counted
from .engine import Engine, choose_engine
from .histogram import LIMIT
from .images import Failure, Item, in_batches
from .rare_colors import protect_rare_colors
from .storage import to_name

_COUNTING = 0.9  # share of the progress


@dataclass(frozen=True, eq=False)
class LearnedPalette(SharedPalette):
    """A palette for many images, and how it was found; `convert` and the `palette` of `quantize` accept it.

    Attributes:
        colors: the entries, uint8[k, 4], RGBA, straight alpha, in order of luma.
        space: what it was optimised for, as in `quantize`.
        images: number of images counted, frames of animations included.
        pixels: number of their pixels.
        groups: number of distinct colours, or of groups of similar ones, that the search was given.
        bits: bits of R, G, B and A that told colours apart; below 8 if there were more distinct colours than
            `max_histogram`.
        largest_change: bound, in levels 0..255, of the change of any channel by grouping; 0 if nothing was grouped.
        sampled: True if any image was so large that a sample of its pixels was counted.
        skipped: path and reason of each file that could not be read, in order of paths.
    """

    images: int
    pixels: int
    groups: int
    bits: tuple[int, int, int, int]
    largest_change: int
    sampled: bool
    skipped: tuple[Failure, ...]


def learn_palette(
    images: Iterable[Any],
    colors: int = 256,
    *,
    client: Any = None,
    processes: int | None = None,
    weights: Sequence[float] | None = None,
    quality: Any = None,
    space: str | None = None,
    effort: str = "default",
    seed: int = 0,
    max_iter: int | None = None,
    fixed: Any = (),
    min_share: float = 0.0,
    posterize: Any = None,
    background: Any = None,
    max_histogram: int = LIMIT,
    skip_unreadable: bool = False,
    progress: Callable[[float], object] | None = None,
) -> LearnedPalette:
    """Find one palette for any number of images.

    Images are counted one at a time in each process, and their counts are added up, so that memory does not grow with
    the number of images. The palette depends only on the images, the options and the version, not on how the work was
    divided.

    Args:
        images: paths, URLs such as `s3://bucket/tile.png` (extra `dask`), or Pillow images; all frames of animations
            are counted. They may come from an iterator.
        colors: maximum number of entries, 1..256.
        client: a `dask.distributed.Client` (extra `dask`), which stays open. Its workers must be able to read the
            paths. None uses processes of this machine.
        processes: number of processes, 1..1024; 1 works in this process. None is one per core. Ignored with `client`.
        weights: the weight of a pixel of each image, more than 0. None weighs all pixels equally.
        quality: as in `quantize`, measured on the counted colours.
        space: as in `quantize`.
        effort: as in `quantize`.
        seed: as in `quantize`.
        max_iter: as in `quantize`.
        fixed: colours that must be in the palette, as in `quantize`.
        min_share: share of all pixels, 0..1, from which similar colours get an entry near them, even if they are far
            from all common colours: thin lines and small symbols of maps keep their colours. At most half of the
            entries are spent on that. 0 protects none.
        posterize: as in `quantize`.
        background: as in `quantize`.
        max_histogram: maximum number of distinct colours kept, 4,096..1,048,576. If there are more, similar colours are
            grouped; `LearnedPalette.largest_change` bounds the error.
        skip_unreadable: True to leave out files that cannot be read and list them in `LearnedPalette.skipped`.
        progress: function called with the fraction done, 0..1. Returning False cancels with CancelledError.

    Returns:
        The palette and facts about the count. It has no entries if the images have no pixels.

    Raises:
        OptionError: an argument has an invalid value. A ValueError.
        OptionTypeError: an argument has a wrong type. A TypeError.
        KmqError: a file cannot be read, and `skip_unreadable` is False.
        QualityError: `quality` cannot be reached with `colors` colours.
        WorkerLostError: a worker process ended unexpectedly.
        CancelledError: `progress` returned False.
    """
    options = to_options(
        colors,
        None,
        None,
        quality=quality,
        space=space,
        effort=effort,
        seed=seed,
        max_iter=max_iter,
        fixed=load_colors("fixed", fixed),
        posterize=posterize,
        background=background,
    )
    share = check_number("min_share", min_share, 0.0, 1.0)
    settings = CountSettings(options, check_integer("max_histogram", max_histogram, 1 << 12, MOST_COLORS))
    report = Progress(progress)
    engine = choose_engine(client, processes)
    skip = check_flag("skip_unreadable", skip_unreadable)
    batches = _weighted_batches(_items(images), _check_weights(weights))
    total = len(images) if isinstance(images, Sized) else 0
    counted = count_images(batches, total, settings, engine, report)
    if counted.failures and not skip:
        path, reason = counted.failures[0]
        more = f" ({len(counted.failures) - 1} more)" if len(counted.failures) > 1 else ""
        raise KmqError(f"cannot read {path}: {reason}{more}; skip_unreadable=True leaves such files out")
    return search_counted(counted, options, share, report)


def count_images(
    batches: Iterable[list[tuple[Item, float]]], total: int, settings: CountSettings, engine: Engine, report: Progress
) -> Counted:
    """Return the colours of all images.

    Args:
        batches: the images with their weights.
        total: number of images, 0 if it is not known.
        settings: settings of the count.
        engine: what runs it.
        report: reports the count, a part of the work.
    """
    prepare_for_images(settings.options)  # once, before several processes would
    steps = _Steps(report, total)
    return engine.fold(partial(count_batch, settings), partial(merge_counted, settings), batches, steps)


class _Steps:
    """Reports finished images; with an unknown total it only asks whether to continue."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress.part(0.0, _COUNTING)
        self._total = total
        self._done = 0
        check_callback("progress", progress.callback)

    def __call__(self, items: int) -> None:
        self._done += items
        self._progress(self._done / self._total if self._total else 0.0)


def search_counted(
    counted: Counted, options: Options, share: float, report: Progress, sources: Collection[Source] = ()
) -> LearnedPalette:
    """Return the palette for counted images.

    Args:
        counted: their colours.
        options: those of the quantiser.
        share: minimum share of all pixels of protected colours, 0..1.
        report: reports the search, the rest of the work.
        sources: a sample of the images, composited, to which the dithering is fitted.
    """
    progress = report.part(_COUNTING, 1.0)
    counts = counted.to_counts()
    colors = counted.colors

    def search(fixed: Palette) -> Palette:
        everything = [(counts.colors, counts.weights)]
        return search_palette(counts, replace(options, fixed=fixed), lambda: everything, sources, progress)

    if share and len(counts.colors):
        room = max(len(options.fixed), options.colors // 2)
        palette = protect_rare_colors(counts, share, search, options.fixed, room, options.bits)
    else:
        palette = search(options.fixed)
    if len(palette):
        palette = reorder(palette, [], options)
    progress(1.0)
    return LearnedPalette(
        palette,
        options.space,
        counted.images,
        counted.pixels,
        len(colors.keys),
        colors.bits,
        colors.largest_change,
        not counted.whole,
        counted.failures,
    )


def _items(images: Any) -> Iterator[Item]:
    if isinstance(images, (str, bytes, Image.Image)):
        raise OptionTypeError(f"images must be several paths or images, not {type(images).__name__}: pass a list")
    try:
        iterator = iter(images)
    except TypeError:
        raise OptionTypeError(f"images must be paths or images, not {type(images).__name__}") from None
    return (each if isinstance(each, Image.Image) else to_name("images", each) for each in iterator)


def _check_weights(weights: Any) -> list[float] | None:
    """Return weights divided by the largest."""
    if weights is None:
        return None
    try:
        found = [check_number("weights", weight, 0.0, 1e300) for weight in weights]
    except TypeError as error:
        if isinstance(error, OptionTypeError):
            raise
        raise OptionTypeError(f"weights must be numbers, one for each image, not {type(weights).__name__}") from None
    if min(found, default=1.0) <= 0.0:
        raise OptionError("weights must be more than 0: leave out images that should not count")
    most = max(found, default=1.0)
    return [weight / most for weight in found]


def _weighted_batches(items: Iterator[Item], weights: list[float] | None) -> Iterator[list[tuple[Item, float]]]:
    """Yield batches of paths, or single images, with their weights. Raises OptionError unless there is one for each."""
    if weights is None:
        pairs: Iterator[tuple[Item, float]] = ((item, 1.0) for item in items)
    else:
        pairs = _zip_weights(items, weights)
    return in_batches(pairs)


def _zip_weights(items: Iterator[Item], weights: list[float]) -> Iterator[tuple[Item, float]]:
    try:
        yield from zip(items, weights, strict=True)
    except ValueError:
        raise OptionError(f"weights must have one number for each image, not {len(weights)}") from None
