"""The table of a comparison: every result, made and measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PIL import Image

from ..alpha import has_alpha, to_rgba
from ..checks import check_choice, check_integer
from ..codec import COMPRESSIONS
from ..color_profile import as_shown
from ..errors import OptionError, OptionTypeError
from .measures import measure
from .own import Result, own_result
from .rivals import RIVALS, Job, Source, jobs_of, missing
from .row import Row, Rows


def table(
    im: Image.Image,
    colors: int | Sequence[int],
    *,
    dither: Any,
    space: Any,
    compressions: Sequence[str],
    against: Sequence[str],
    name: str | None,
    progress: Callable[[float], object] | None,
) -> Rows:
    """Make and measure results of an image. See `pillow_kmq.compare.table`."""
    if not isinstance(im, Image.Image):
        raise OptionTypeError(f"im must be a Pillow image, not {type(im).__name__}")
    numbers = [check_integer("colors", k, 1, 256) for k in _several(colors)]
    levels = tuple(check_choice("compressions", level, COMPRESSIONS) for level in compressions)
    ways = [{"dither": each, "space": other} for each in _several(dither) for other in _several(space)]
    rivals = [check_choice("against", rival, tuple(RIVALS)) for rival in against]
    if not numbers or not ways:
        raise OptionError("nothing to compare: name at least one number of colors, one dither and one space")
    image, name = _bare(im), name or str(getattr(im, "filename", "") or "image.png")
    original = to_rgba(image) if has_alpha(image) else image.convert("RGB")
    notes = [note for rival in rivals if (note := missing(rival))]
    present = [rival for rival in rivals if not missing(rival)]
    own = partial(own_result, image, name, compressions=levels, webp="webp" in present)
    jobs: list[Callable[..., Result]] = [partial(own, k, _given(way)) for way in ways for k in numbers]
    others = [(rival, job) for rival in present for job in jobs_of(rival, Source(original, name), numbers)]
    show = progress or (lambda _: None)
    count = len(jobs) + len(others)
    rows: list[Row] = []
    for number, make in enumerate(jobs):
        rows += _rows(make(progress=lambda done, number=number: show((number + done) / count)), original)
    for number, (rival, job) in enumerate(others, len(jobs) + 1):
        result = _tried(rival, job, notes)
        rows += _rows(result, original) if result else []
        show(number / count)
    return Rows(rows, original, notes)


def _tried(rival: str, job: Job, notes: list[str]) -> Result | None:
    """Return a result of another program, or None with a note if it fails, for instance as an image is too large."""
    try:
        return job()
    except MemoryError:
        raise
    except Exception as error:  # others raise what they like
        note = f"{rival} fails: {str(error) or type(error).__name__}"
        notes += [note] * (note not in notes)
        return None


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, range)) else [value]


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _bare(im: Image.Image) -> Image.Image:
    """Return an image in sRGB without metadata."""
    bare = as_shown(im, srgb=True)
    bare = bare.copy() if bare is im else bare
    bare.info = {key: bare.info[key] for key in ("transparency",) if key in bare.info}
    return bare


def _rows(result: Result, original: Image.Image) -> list[Row]:
    """Return a row for each file of a result, which is measured once."""
    measures = measure(original, result.image)
    counts = result.image.convert("RGBA").getcolors(256)
    words = {name: str(result.options[name]) if name in result.options else None for name in ("dither", "space")}
    return [
        Row(
            maker=result.maker,
            format=file.format,
            colors=result.colors,
            **words,
            bytes=len(file.data),
            seconds=file.seconds,
            command=file.command,
            measures=measures,
            file=file.data,
            image=result.image,
            used=len(counts) if counts else None,
        )
        for file in result.files
    ]
