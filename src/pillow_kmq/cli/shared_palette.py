"""`--shared-palette`: one palette for all inputs of the command, which are read once more when they are saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .convert import holds_frames
from .outputs import Job

if TYPE_CHECKING:
    from ..collection.engine import Engine

_APPLIES_TO_EACH = ("background", "threads")  # also to inputs whose palette is given
_NOT_FOR_SEARCH = ("palette", "strict", "importance", "lossy")


def with_shared_palette(
    save: dict[str, Any],
    jobs: Sequence[Job],
    *,
    srgb: bool,
    engine: Engine,
    progress: Callable[[float], object] | None = None,
) -> dict[str, Any]:
    """Return keywords of `Image.save` with a palette found for all inputs.

    Args:
        save: Keywords of `Image.save`, of which those for the palette are applied to all inputs together.
        jobs: The inputs.
        srgb: Convert colours to sRGB.
        engine: Where colours are counted.
        progress: Called with the fraction done, 0..1; None (default) for no calls.

    Raises:
        KmqError: No palette can be found, as with a quality that cannot be reached.
    """
    from ..saving.options import QUANTIZE_KEYWORDS, with_dithering
    from .learning import Items, Reader, learn

    for_search = [name for name in QUANTIZE_KEYWORDS if name not in _NOT_FOR_SEARCH]
    search = with_dithering({name: save[name] for name in for_search if name in save})
    each = {name: save[name] for name in save if name not in for_search or name in _APPLIES_TO_EACH}
    reader = Reader(any(holds_frames(job.format) for job in jobs), srgb)
    shared = learn(Items(job.source for job in jobs), reader, engine, search, progress=progress)
    if not len(shared.colors):
        return save  # no input can be read
    return {**each, "palette": shared, "dither": search.get("dither", "none")}


def as_found_for_inputs(save: dict[str, Any]) -> dict[str, Any]:
    """Return keywords of `Image.save` whose given palette counts as found for all inputs, by an earlier call."""
    from ..quant.options import SharedPalette
    from ..saving.options import with_dithering

    space = save.get("space") or "perceptual"
    return {**with_dithering(save), "palette": SharedPalette(save["palette"], space)}
