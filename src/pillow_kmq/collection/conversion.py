"""Conversion of any number of files to one palette."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import OptionError, OptionTypeError
from ..quant.needed import prepare_for_images
from ..quant.progress import Progress
from .engine import choose_engine
from .images import in_batches
from .manifest import Manifest
from .rendering import Done, Job, render_batch, to_settings
from .storage import is_remote, join, relative_names, to_name

_MANIFEST = "manifest.jsonl"


@dataclass(frozen=True)
class Summary:
    """The outcome of `convert`.

    Attributes:
        converted: number of files converted by this run.
        unchanged: number of files whose output of an earlier run is still valid.
        failed: number of files that could not be converted; the manifest says why.
        input_bytes: size of all inputs that have an output.
        output_bytes: size of their outputs.
        manifest: path of the manifest.
    """

    converted: int
    unchanged: int
    failed: int
    input_bytes: int
    output_bytes: int
    manifest: str


def convert(
    paths: Sequence[str | os.PathLike[str]],
    palette: Any,
    out: str | os.PathLike[str],
    *,
    client: Any = None,
    processes: int | None = None,
    root: str | os.PathLike[str] | None = None,
    manifest: str | os.PathLike[str] | None = None,
    suffix: str = ".png",
    dither: Any = "auto",
    space: str | None = None,
    background: Any = None,
    compact: bool = False,
    measure: bool = True,
    save_options: Mapping[str, Any] | None = None,
    progress: Callable[[float], object] | None = None,
) -> Summary:
    """Convert files to palette images that share a palette.

    A file whose input, options and version are those of an earlier run is skipped if its output is still there. Outputs
    appear whole or not at all, so a run that was interrupted can be repeated: only files in flight are lost. Files that
    cannot be converted do not stop the others.

    Args:
        paths: the inputs, still images: paths, or URLs such as `s3://bucket/tile.png` (extra `dask`).
        palette: the result of `learn_palette`, or anything that `quantize` accepts as `palette`. Of a palette that was
            read from a file, but found for these images, make a `SharedPalette`.
        out: folder of the outputs, a path or a URL. They keep the names of the inputs, relative to `root`.
        client: a `dask.distributed.Client` (extra `dask`), which stays open. Its workers must be able to read the
            paths and to write to `out`; a local folder must be one that this machine shares with them. None uses
            processes of this machine.
        processes: number of processes, 1..1024; 1 works in this process. None is one per core. Ignored with `client`.
        root: folder that contains all inputs; None is the innermost one.
        manifest: local path of the JSON Lines with one record for each file; None is `manifest.jsonl` in `out`, which
            must then be a local folder.
        suffix: suffix and format of the outputs, ".png", ".kmq" or ".gif".
        dither: as in `quantize`. "auto" dithers shaded areas with a palette that was found for the images, and
            everything with any other.
        space: as in `quantize`; None is that of a palette that was found for the images, otherwise "srgb".
        background: as in `quantize`.
        compact: True to leave out of each file the palette entries that it does not use: files are smaller, but their
            indices no longer agree.
        measure: True to measure the errors of each file, which takes about a third of the time.
        save_options: keywords of `Image.save`; None is `optimize=True` for PNG and none otherwise.
        progress: function called with the fraction done, 0..1. Returning False cancels with CancelledError.

    Returns:
        Numbers of files and bytes.

    Raises:
        OptionError: an argument has an invalid value, or two inputs have the same output. A ValueError.
        OptionTypeError: an argument has a wrong type. A TypeError.
        WorkerLostError: a worker process ended unexpectedly.
        CancelledError: `progress` returned False.
    """
    settings = to_settings(palette, suffix, dither, space, background, compact, measure, save_options)
    names = _names("paths", paths)
    folder = to_name("out", out)
    outputs = _outputs(names, folder, None if root is None else to_name("root", root), suffix)
    report = Progress(progress)
    engine = choose_engine(client, processes)
    prepare_for_images(settings.options)  # once, before several processes would
    with Manifest(_manifest_path(manifest, folder)) as records:
        jobs = _jobs(names, outputs, records)
        tally = _Tally(report, len(names))
        for batch in engine.map(partial(render_batch, settings), in_batches(jobs)):
            for done in batch:
                if not done.unchanged:
                    records.add(done.record)
            for done in batch:
                tally.add(done)
        return tally.summary(_manifest_path(manifest, folder))


def _names(name: str, paths: Any) -> list[str]:
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise OptionTypeError(f"{name} must be several paths, not {type(paths).__name__}: pass a list")
    try:
        return [to_name(name, path) for path in paths]
    except TypeError as error:
        if isinstance(error, OptionTypeError):
            raise
        raise OptionTypeError(f"{name} must be paths, not {type(paths).__name__}") from None


def _outputs(paths: list[str], folder: str, root: str | None, suffix: str) -> list[str]:
    """Return the output of each input. Raises OptionError if one would be written twice or replace an input."""
    relative = relative_names(paths, root)
    outputs = [join(folder, posixpath.splitext(name)[0] + suffix) for name in relative]
    inputs = {path if is_remote(path) else os.path.abspath(path) for path in paths}
    seen: dict[str, str] = {}
    for path, output in zip(paths, outputs, strict=True):
        if output in seen:
            raise OptionError(f"{seen[output]} and {path} have the same output {output}: convert them in two calls")
        seen[output] = path
        if (output if is_remote(output) else os.path.abspath(output)) in inputs:
            raise OptionError(f"{output} would replace an input: choose another folder for out")
    return outputs


def _manifest_path(manifest: Any, folder: str) -> str:
    path = join(folder, _MANIFEST) if manifest is None else to_name("manifest", manifest)
    if is_remote(path):
        raise OptionError(f"the manifest is appended to, which {path} does not support: pass a local path as manifest")
    return path


def _jobs(paths: list[str], outputs: list[str], records: Manifest) -> Iterator[Job]:
    for path, output in zip(paths, outputs, strict=True):
        previous = records.get(path)
        new = previous is None and not is_remote(output) and not os.path.exists(output)
        yield Job(path, output, new, previous)


class _Tally:
    """Counts finished files and reports progress."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._converted = self._unchanged = self._failed = 0
        self._input_bytes = self._output_bytes = 0

    def add(self, done: Done) -> None:
        """Count a file."""
        if done.record.error is not None:
            self._failed += 1
        else:
            self._unchanged += done.unchanged
            self._converted += not done.unchanged
            self._input_bytes += done.record.input_bytes or 0
            self._output_bytes += done.record.output_bytes or 0
        self._progress((self._converted + self._unchanged + self._failed) / self._total)

    def summary(self, manifest: str) -> Summary:
        """Return the outcome."""
        return Summary(self._converted, self._unchanged, self._failed, self._input_bytes, self._output_bytes, manifest)
