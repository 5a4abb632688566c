"""The pipeline from pixels to palette and indices: count, search, order, map. Stripes keep memory bounded."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import numpy.typing as npt

from ..types import IndexedImage, Indices, Palette
from .compositing import CompositedSources, HiddenColors
from .counting import Everything, Pool, count_source
from .dithering.ditherer import dither_stripes
from .dithering.gamut import Gamut
from .dithering.palette_fit import fit_palette, lock_exact_colors, sample_bands
from .dithering.still import StillPixels
from .histogram import VISIBLE, Blocks, Counts
from .lossy.refine import refine
from .lossy.strength import tightened
from .needed import prepare_for_images, prepare_for_search
from .options import EFFORTS, Options
from .palette import choose_palette
from .palette_order import reorder, sort_by_luma
from .palette_search import is_flat_art
from .posterize import FULL
from .progress import SILENT, Progress
from .remap import map_stripes
from .source import Source, stripes
from .strict import check_strictly


def quantize_source(source: Source, options: Options, progress: Progress = SILENT) -> IndexedImage:
    """Find a palette for an image, or take the given one, and choose an entry for every pixel."""
    return quantize_sources([source], options, progress)[0]


def quantize_sources(sources: Collection[Source], options: Options, progress: Progress = SILENT) -> list[IndexedImage]:
    """Quantise several images to one palette; they are iterated twice, more often for a quality target."""
    counts = count(sources, options, progress.part(0.0, 0.3))
    return render(sources, counts, options, progress.part(0.3, 1.0))


def count(sources: Collection[Source], options: Options, progress: Progress = SILENT) -> Counts:
    """Count the distinct colours of images; return no colours if the palette is given."""
    pool, hidden = Pool(), HiddenColors()
    if options.palette is None:
        for number, source in enumerate(CompositedSources(sources, options)):
            if source.height and source.width:
                prepare_for_images(options)
                step = progress.step(number, len(sources))
                sensitive = options.space == "perceptual"
                pool.add(count_source(source, options.colors, EFFORTS[options.effort].sample, step, sensitive))
                source.add_hidden(hidden)
    return pool.counts._replace(hidden=hidden.most_frequent)


def render(
    sources: Collection[Source], counts: Counts, options: Options, progress: Progress = SILENT
) -> list[IndexedImage]:
    """Choose a palette for counted images and an entry for every pixel."""
    palette = options.palette
    if options.strict and palette is not None:
        check_strictly(sources, palette, options.background)
    sources = CompositedSources(sources, options)
    if palette is None:
        palette = search_palette(counts, options, Everything(sources), sources, progress.part(0.0, 0.5))
    remapping = progress.part(0.5, 1.0)
    still = StillPixels(options.lossy) if len(sources) > 1 else None
    images = []
    for number, source in enumerate(sources):
        images.append(_choose_indices(source, palette, options, still, remapping.step(number, len(sources))))
    if not any(indices.size for indices in images):
        return [IndexedImage(np.empty((0, 4), np.uint8), indices) for indices in images]
    palette = reorder(palette, images, options)
    return [IndexedImage(palette, indices) for indices in images]


def find_shared(sources: Collection[Source], options: Options, progress: Progress = SILENT) -> Palette:
    """Find one palette for all images, which are iterated twice; empty if they have no pixels."""
    counts = count(sources, options, progress.part(0.0, 0.6))
    sources = CompositedSources(sources, options)
    palette = search_palette(counts, options, Everything(sources), sources, progress.part(0.6, 1.0))
    return reorder(palette, [], options) if len(palette) else palette


def _choose_indices(
    source: Source, palette: Palette, options: Options, still: StillPixels | None, progress: Progress
) -> npt.NDArray[np.uint8]:
    size = source.height, source.width
    out = still.next_frame(*size) if still and (options.dither or options.lossy) else np.empty(size, np.uint8)
    if out.size == 0:
        return out
    prepare_for_images(options)
    cuts = stripes(source, progress.part(0.0, 0.5) if options.lossy else progress)
    given = (options.palette is not None and not options.fitted) or len(options.fixed) == len(palette)
    if options.dither is None:
        map_stripes(source, cuts, palette, options.metric, out, options.threads, still if options.lossy else None)
    else:
        dither_stripes(source, cuts, palette, options.dither, options.metric, out, options.threads, still, given=given)
    if options.lossy:
        _refine(source, palette, options, out, still, given=given, progress=progress.part(0.5, 1.0))
    return out


def _refine(
    source: Source,
    palette: Palette,
    options: Options,
    indices: Indices,
    still: StillPixels | None,
    *,
    given: bool,
    progress: Progress,
) -> None:
    dithered = options.dither is not None
    refine(
        source,
        palette,
        indices,
        options.lossy,
        dithered=dithered,
        fixed=options.fixed,
        format_=options.lossy_for,
        gamut=Gamut(palette) if dithered and given else None,
        before=still.before if still else None,
        held=still.kept if still else None,
        progress=progress,
    )


def search_palette(
    counts: Counts,
    options: Options,
    everything: Callable[[], Blocks],
    sources: Collection[Source] = (),
    progress: Progress = SILENT,
) -> Palette:
    """Find a palette; lock exact colours and fit it to its dithering, unless it is exact or restricted by an option.

    Args:
        counts: distinct colours and their weights.
        options: the request.
        everything: returns all colours, as for `choose_palette`.
        sources: the images, which are read only if the palette is fitted to dithering.
        progress: reports the search.
    """
    least_error = options.dither is None and options.space != "perceptual"
    fitting = not least_error and options.aim is None and options.bits == FULL
    flat = counts.whole and is_flat_art(counts.colors[counts.colors >= VISIBLE], options)
    if not flat and not _is_exact(counts, options.colors):
        prepare_for_search(options, fitting=fitting)
    palette = choose_palette(counts, tightened(options), everything, progress)
    if flat or not fitting or _is_exact(counts, len(palette)) or not len(palette):
        return palette
    palette, locked = lock_exact_colors(palette, counts, options.fixed, options.metric)
    if options.dither is not None:
        palette = fit_palette(palette, sample_bands(sources), options.dither, options.metric, locked)
    return sort_by_luma(palette)


def _is_exact(counts: Counts, entries: int) -> bool:
    return counts.whole and len(counts.colors) <= entries
