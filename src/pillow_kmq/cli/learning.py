"""Palettes for many inputs, which are read as the command reads them and counted by `collection`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from PIL import Image

from ..collection.counting import CountSettings
from ..collection.engine import Engine
from ..collection.images import Item, StoredFile, in_batches
from ..collection.learning import LearnedPalette, count_images, search_counted
from ..collection.mbtiles import count_tiles, read_tiles
from ..collection.storage import is_remote
from ..collection.storage import read as read_remote
from ..color_profile import as_shown
from ..errors import KmqError, OptionError
from ..frames import Frames
from ..quant.compositing import CompositedSources
from ..quant.options import to_options
from ..quant.pillow_source import ImageSources
from ..quant.progress import Progress
from .inputs import read, read_source
from .outputs import is_pyramid
from .statuses import DAMAGED, UNREADABLE, Refused

# A signal ends the command without clean-up of semaphores, which a process of Python does then, but with a warning.
os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")

_SAMPLE = 64
"""Maximum number of inputs whose pixels are dithered to fit the palette to its dithering."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the pictures of an input, in whatever process.

    Attributes:
        all_frames: True for all frames of animations, which are otherwise counted as they are saved: by the first.
        srgb: True to convert colours to sRGB.
    """

    all_frames: bool
    srgb: bool

    def __call__(self, item: Item) -> Iterator[Image.Image]:
        """Yield the pictures. Raises Refused or another KmqError."""
        found = read(_content(item), all_frames=self.all_frames)
        images = [found.image, *(found.animation or {}).get("append_images", ())]
        for picture in Frames(*images) if found.animation else images:
            yield as_shown(picture, srgb=self.srgb)


def _content(item: Item) -> bytes:
    if isinstance(item, StoredFile):
        return item.data
    assert isinstance(item, str)
    return read_remote(item) if is_remote(item) else read_source(item)


class Items:
    """The image files among inputs, with those in tile pyramids, which are read from the disk in each iteration.

    Attributes:
        failures: Inputs that are no tile pyramids although they are named so, and why.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self.failures: list[tuple[str, KmqError]] = []
        self._paths: list[str] = []
        self._len = 0
        for path in paths:
            try:
                self._len += tiles_in(path) if is_pyramid(path) else 1
                self._paths.append(path)
            except KmqError as error:
                self.failures.append((path, error))

    def __len__(self) -> int:
        """Return the number of files; equal tiles of a pyramid are one item, but are counted here."""
        return self._len

    def __iter__(self) -> Iterator[Item]:
        for path in self._paths:
            if is_pyramid(path):
                yield from read_tiles(path)
            else:
                yield path


def tiles_in(path: str) -> int:
    """Return the number of tiles of a pyramid. Raises Refused."""
    if not os.path.exists(path):
        raise Refused("cannot read it: no such file or directory", UNREADABLE)
    try:
        return count_tiles(path)
    except OptionError as error:
        raise Refused(str(error).removeprefix(f"{path} ").replace("is not", "not", 1), DAMAGED) from None


class _Sample:
    """Pictures of some items, spread over all; those that cannot be read are left out."""

    def __init__(self, items: Items, reader: Reader) -> None:
        self._items = items
        self._reader = reader

    def __len__(self) -> int:
        return min(len(self._items), _SAMPLE)

    def __contains__(self, item: object) -> bool:
        return any(picture is item for picture in self)

    def __iter__(self) -> Iterator[Image.Image]:
        for item in islice(self._items, 0, None, max(1, -(-len(self._items) // _SAMPLE))):
            try:
                yield from self._reader(item)
            except Exception:  # it was reported when it was counted, or will be when it is converted
                continue


def learn(
    items: Items,
    reader: Reader,
    engine: Engine,
    search: Mapping[str, Any],
    *,
    share: float = 0.0,
    progress: Callable[[float], object] | None = None,
) -> LearnedPalette:
    """Find one palette for all items; those that cannot be read are left out and listed in its `skipped`.

    Args:
        items: The inputs.
        reader: Reads them.
        engine: Where they are counted.
        search: Keywords of `quantize`, with which the palette is found.
        share: Minimum share of all pixels, 0..1, of rare colours that are protected; 0 protects none.
        progress: Called with the fraction done, 0..1; None (default) for no calls.

    Raises:
        KmqError: No palette can be found, as with a quality that cannot be reached.
    """
    options = to_options(search.get("colors", 256), None, **{"dither": None, **_without(search, "colors")})
    report = Progress(progress)
    batches = in_batches((item, 1.0) for item in items)
    counted = count_images(batches, len(items), CountSettings(options, read=reader), engine, report)
    sources = CompositedSources(ImageSources(_Sample(items, reader)), options) if options.dither else ()
    return search_counted(counted, options, share, report, sources)


def _without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}
