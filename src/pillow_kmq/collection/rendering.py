"""Conversion of one batch of files to a given palette, on whatever process or machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from .. import __version__
from ..checks import check_choice, check_flag, shown
from ..errors import ModeError, OptionTypeError
from ..frames import count_pictures, plays
from ..quant.colors import to_colors
from ..quant.given_colors import load_colors
from ..quant.options import Options, SharedPalette, to_options, to_options_of_shared
from ..quant.pillow_source import ImageSource, to_image
from ..quant.pipeline import quantize_source
from ..report import Report
from ..types import MAX_COLORS, IndexedImage
from .images import attempt, open_image
from .manifest import Record
from .storage import identity, read, write

FORMATS = {".png": "PNG8", ".kmq": "KMQ", ".gif": "GIF"}
"""Formats of outputs by suffix."""


class RenderSettings(NamedTuple):
    """Settings of all conversions of a run.

    Attributes:
        options: those of the quantiser, with the palette.
        suffix: a key of FORMATS.
        save: keywords of `Image.save`.
        compact: True to leave out palette entries that a file does not use.
        measure: True to measure errors.
    """

    options: Options
    suffix: str
    save: Mapping[str, Any]
    compact: bool
    measure: bool

    @property
    def fingerprint(self) -> str:
        """A text that changes with everything that changes outputs."""
        options = self.options
        assert options.palette is not None
        chosen = (options.dither, options.space, options.background, options.fitted, self.compact)
        text = repr((__version__, options.palette.tobytes(), chosen, self.suffix, sorted(self.save.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_settings(
    palette: Any,
    suffix: str,
    dither: Any,
    space: str | None,
    background: Any,
    compact: Any,
    measure: Any,
    save_options: Any,
) -> RenderSettings:
    """Check the arguments of `convert`. Raises OptionError, OptionTypeError."""
    if isinstance(palette, SharedPalette):
        shared = SharedPalette(to_colors("palette", palette.colors), palette.space)
        options = to_options_of_shared(shared, dither, space=space, background=background)
    else:
        given = to_colors("palette", load_colors("palette", palette))
        options = to_options(MAX_COLORS, given, dither, space=space, background=background)
    return RenderSettings(
        options,
        check_choice("suffix", suffix, tuple(FORMATS)),
        _save_options(save_options, suffix),
        check_flag("compact", compact),
        check_flag("measure", measure),
    )


def _save_options(given: Any, suffix: str) -> dict[str, Any]:
    if given is None:
        return {"optimize": True} if suffix == ".png" else {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise OptionTypeError(f"save_options must be a dict of keywords of Image.save, not {shown(given)}")
    return dict(given)


class Job(NamedTuple):
    """A file to convert.

    Attributes:
        path: the input.
        output: the output.
        new: True if the output is known not to have existed before the run.
        previous: the record of an earlier run, or None.
    """

    path: str
    output: str
    new: bool
    previous: Record | None


class Done(NamedTuple):
    """A finished job. unchanged: True if the output of an earlier run is still valid."""

    record: Record
    unchanged: bool


def render_batch(settings: RenderSettings, batch: Sequence[Job]) -> list[Done]:
    """Convert files; those that cannot be converted get a record with an error."""
    fingerprint = settings.fingerprint
    done = []
    for job in batch:
        finished, reason = attempt(partial(_render, settings, fingerprint, job))
        failed = Record(job.path, job.output, settings=fingerprint, error=reason)
        done.append(Done(failed, False) if finished is None else finished)
    return done


def _render(settings: RenderSettings, fingerprint: str, job: Job) -> Done:
    input_id, now = identity(job.path), identity(job.output)
    previous = job.previous
    if previous is not None and now is not None and previous.error is None:
        size = now.partition("-")[0]
        if (previous.input_id, previous.settings, str(previous.output_bytes)) == (input_id, fingerprint, size):
            return Done(previous, True)
    original, input_bytes = open_image(job.path)
    if count_pictures(original) > 1 and plays(original):
        raise ModeError("the file is an animation: split it into frames first, or use quantize_all")
    if job.new and now is not None:  # written by an attempt whose worker was lost
        data = read(job.output)
        image: Image.Image = Image.open(BytesIO(data))
        image.load()
    else:
        image = quantize_image(original, settings)
        data = encode_image(image, settings)
        write(job.output, data)
    measured = Report(original, image, background=settings.options.background) if settings.measure else None
    record = Record(
        job.path,
        job.output,
        input_bytes,
        len(data),
        *image.size,
        colors=len(image.getcolors(256) or ()),
        delta_e=None if measured is None else round(measured.delta_e, 4),
        visible_error=None if measured is None else round(measured.visible_error, 4),
        input_id=input_id,
        settings=fingerprint,
    )
    return Done(record, False)


def quantize_image(original: Image.Image, settings: RenderSettings) -> Image.Image:
    """Return the image with the palette of the settings, without metadata that palette images cannot have."""
    source = ImageSource(original)
    indexed = quantize_source(source, settings.options)
    if settings.compact:
        indexed = _without_unused(indexed)
    info = {key: value for key, value in source.info.items() if key != "transparency"}
    return to_image(indexed, info, alpha=bool((indexed.palette[:, 3] < 255).any()))


def _without_unused(indexed: IndexedImage) -> IndexedImage:
    """Return the image without the palette entries that no pixel uses; the others keep their order."""
    used, indices = np.unique(indexed.indices, return_inverse=True)
    return IndexedImage(indexed.palette[used], indices.reshape(indexed.indices.shape).astype(np.uint8))


def encode_image(image: Image.Image, settings: RenderSettings) -> bytes:
    """Return the file of a palette image."""
    stream = BytesIO()
    image.save(stream, FORMATS[settings.suffix], **settings.save)
    return stream.getvalue()
