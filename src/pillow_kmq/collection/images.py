"""The images of a collection: loaded from paths, or given as Pillow images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any, NamedTuple, TypeAlias, TypeVar

from PIL import Image, ImageOps

from ..errors import KmqError
from ..frames import Frames, plays, read_failure
from .storage import read


class StoredFile(NamedTuple):
    """An image file that is part of another file. name: for messages. data: its bytes."""

    name: str
    data: bytes


Item: TypeAlias = str | Image.Image | StoredFile
"""A path or URL, an image, or the bytes of one."""

Failure: TypeAlias = tuple[str, str]
"""The path of a file that cannot be processed, and why."""

Result = TypeVar("Result")

BATCH = 8
"""Maximum number of files processed in one step of a worker."""


def open_image(item: Item) -> tuple[Image.Image, int]:
    """Return an image, turned upright unless it has several pictures, and the size of its file in bytes.

    Raises what Pillow and file systems raise for files that cannot be read.
    """
    if isinstance(item, Image.Image):
        return item, 0
    data = item.data if isinstance(item, StoredFile) else read(item)
    image = Image.open(BytesIO(data))
    if getattr(image, "n_frames", 1) == 1:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
    return image, len(data)


def frames_of(item: Item) -> Iterable[Image.Image]:
    """Return the frames of an animation, or the only image. Raises as `open_image` does."""
    image, _ = open_image(item)
    return Frames(image) if plays(image) else [image]


def name_of(item: Item) -> str:
    """Return the path of an image, or a description of one that has none."""
    if isinstance(item, StoredFile):
        return item.name
    return item if isinstance(item, str) else f"{item.mode} image of {item.width}x{item.height} pixels"


def attempt(work: Callable[[], Result]) -> tuple[Result | None, str]:
    """Return the result of work on one file and "", or None and the reason why it failed."""
    try:
        return work(), ""
    except MemoryError:
        return None, "not enough memory"
    except KmqError as error:
        return None, str(error)
    except Exception as error:  # Pillow and file systems raise many kinds
        return None, read_failure(error)


def in_batches(items: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Yield lists of at most `size` items, in order."""
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
