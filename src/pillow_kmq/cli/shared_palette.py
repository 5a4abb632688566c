"""One palette for all inputs of the command, which are read one at a time: once for the palette, then to be saved."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PIL import Image

from ..color_profile import as_shown
from ..frames import Frames
from .inputs import Input, read, read_source
from .outputs import Job

_APPLIES_TO_EACH = ("background", "threads", "compression", "palette_mode")


class _Pictures:
    """The pictures of all inputs that can be read, frame by frame; the others fail later, when they are converted."""

    def __init__(self, jobs: Sequence[Job], srgb: bool) -> None:
        self._jobs = jobs
        self._srgb = srgb

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, item: object) -> bool:
        return any(picture is item for picture in self)

    def __iter__(self) -> Iterator[Image.Image]:
        for job in self._jobs:
            found = _read(job)
            if found is not None:
                images = [found.image, *(found.animation or {}).get("append_images", ())]
                for picture in Frames(*images) if found.animation else images:
                    yield as_shown(picture, srgb=self._srgb)


def _read(job: Job) -> Input | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are for programmers
            return read(read_source(job.source), all_frames=job.format == "kmq")
    except Exception:
        return None


def with_shared_palette(
    save: dict[str, Any], jobs: Sequence[Job], *, srgb: bool, progress: Callable[[float], object] | None = None
) -> dict[str, Any]:
    """Return keywords of `Image.save` with a palette found for all inputs.

    Args:
        save: Keywords of `Image.save`, of which those for the palette are applied to all inputs together.
        jobs: The inputs.
        srgb: Convert colours to sRGB.
        progress: Called with the fraction done, 0..1; None (default) for no calls.

    Raises:
        KmqError: No palette can be found, as with a quality that cannot be reached.
    """
    from ..quant.shared_palette import shared_palette
    from ..saving.options import with_dithering

    each = {name: save[name] for name in _APPLIES_TO_EACH if name in save}
    search = {name: save[name] for name in save if name not in _APPLIES_TO_EACH or name == "background"}
    search = with_dithering(search)
    shared = shared_palette(_Pictures(jobs, srgb), progress=progress, **search)
    if not len(shared.colors):
        return save  # no input can be read
    return {**each, "palette": shared, "dither": search.get("dither", "none")}
