"""What both plugins do before they write: turn any image into a palette image, as the save keywords ask.

| keyword of `Image.save` | meaning |
|---|---|
| colors, palette, dither, quality, space, effort, seed, max_iter, fixed, posterize, importance, order, transparent_index | as in `pillow_kmq.quantize`; any of them, if not None, has a P image quantised anew |
| max_bytes | the most colours whose file is no larger, see `fitting` |
| threads, progress, report | as in `pillow_kmq.quantize`; the report has the size of the file |
| transparency | in place of `info["transparency"]`: a palette index, or bytes with the alphas of the first entries; other entries keep those of an RGBA palette, as Pillow shows them |

Keywords that are not known are ignored, as in all of Pillow's plugins. `Image.save` has emptied an existing file by the
time that a plugin refuses to save; `writing.save` keeps it.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import numpy as np
from PIL import Image

from .checks import check_integer
from .errors import ModeError, OptionError, OptionTypeError, UnsupportedError
from .types import IndexedImage
from .writing import write_all

QUANTIZE_KEYWORDS = (
    "colors",
    "palette",
    "dither",
    "quality",
    "space",
    "effort",
    "seed",
    "max_iter",
    "fixed",
    "posterize",
    "importance",
    "order",
    "transparent_index",
)


def quantize_options(encoderinfo: dict[str, Any]) -> dict[str, Any]:
    """The keywords of `quantize` among those given to `Image.save`. None counts as not given."""
    return {name: encoderinfo[name] for name in QUANTIZE_KEYWORDS if encoderinfo.get(name) is not None}


def _threads(encoderinfo: dict[str, Any]) -> dict[str, Any]:
    """The keyword `threads`, which is no reason to quantise a P image."""
    threads = encoderinfo.get("threads")
    return {} if threads is None else {"threads": threads}


def save_quantized(im: Image.Image, fp: IO[bytes], format_name: str, encode: Callable[[Image.Image], bytes]) -> None:
    """Quantise as the keywords in `im.encoderinfo` ask, encode, write, report; `encode` makes a file of a P image.

    Nothing reaches `fp` before everything that can fail is done. Raises UnsupportedError (an OSError) for a mode that
    cannot be quantised or an empty image, OptionError, QualityError and SizeError (ValueErrors), CancelledError.
    """
    if 0 in im.size:
        raise UnsupportedError(f"cannot write an empty image ({im.width}x{im.height}) as {format_name}")
    encoderinfo = im.encoderinfo
    max_bytes, report = encoderinfo.get("max_bytes"), encoderinfo.get("report")
    if report is not None and not callable(report):
        raise OptionError(f"report must be a function, not {type(report).__name__}")
    with saving(im, format_name):
        if max_bytes is None:
            image = to_palette_image(im, encoderinfo, format_name)
            data = encode(image)
        else:
            image, data = _fitting(im, encoderinfo, encode, max_bytes)
    write_all(fp, data)
    if report is not None:
        reported(im, image, len(data), report)


def _fitting(
    im: Image.Image,
    encoderinfo: dict[str, Any],
    encode: Callable[[Image.Image], bytes],
    max_bytes: Any,
) -> tuple[Image.Image, bytes]:
    from .fitting import fitting

    options = {**quantize_options(encoderinfo), **_threads(encoderinfo)}
    return fitting(im, options, max_bytes, encode, encoderinfo.get("progress"))


def to_palette_image(im: Image.Image, encoderinfo: dict[str, Any], format_name: str = "PNG8") -> Image.Image:
    """`im` itself if it is a P image and no keyword asks to quantise it, otherwise its quantised P image.

    Raises OptionError (a ValueError) for a bad value of a keyword, and UnsupportedError (an OSError) for a mode
    that cannot be quantised.
    """
    options = quantize_options(encoderinfo)
    if im.mode == "P" and not options:
        return im

    from .quant import quantize

    with saving(im, format_name):
        return quantize(im, progress=encoderinfo.get("progress"), **_threads(encoderinfo), **options)


@contextmanager
def saving(im: Image.Image, format_name: str) -> Iterator[None]:
    """Raise what a plugin of Pillow raises in place of the quantiser's errors."""
    try:
        yield
    except ModeError as error:
        raise UnsupportedError(f"cannot write mode {im.mode} as {format_name}: {error}") from error
    except OptionTypeError as error:
        raise OptionError(str(error)) from error


def check_animation_options(im: Image.Image, encoderinfo: dict[str, Any], format_name: str) -> None:
    """Raise OptionError for what makes no sense with several frames, UnsupportedError for an empty image."""
    if 0 in im.size:
        raise UnsupportedError(f"cannot write an empty image ({im.width}x{im.height}) as {format_name}")
    for name in ("max_bytes", "importance"):
        if encoderinfo.get(name) is not None:
            raise OptionError(f"{name} is for a single image, not for several frames")
    report = encoderinfo.get("report")
    if report is not None and not callable(report):
        raise OptionError(f"report must be a function, not {type(report).__name__}")


def reported(original: Image.Image, image: Image.Image, size: int, report: Callable[[Any], object]) -> None:
    """Hand on a Report of an image in a file of `size` bytes."""
    from .report import Report

    report(Report(original, image, size))


def refuse_several_frames(im: Image.Image, encoderinfo: dict[str, Any], format_name: str) -> None:
    """Raise UnsupportedError (an OSError) if `save_all` and `append_images` ask for more than one frame."""
    from .animated import Frames

    count = len(Frames(im, encoderinfo.get("append_images")))
    if count > 1:
        raise UnsupportedError(f"{format_name} holds one frame, not {count}: save each frame to a file of its own")


def palette_alphas(image: Image.Image, encoderinfo: dict[str, Any]) -> bytes:
    """The alphas of a P image's palette, up to the last that is not opaque; they may go beyond the palette's end.

    Raises OptionError (a ValueError) for a bad `transparency` in `encoderinfo`.
    """
    has_alphas = image.palette is not None and image.palette.mode == "RGBA"
    alphas = bytes(image.getpalette("A") or []) if has_alphas else b""
    transparency = encoderinfo.get("transparency")
    if transparency is None and isinstance(image.info.get("transparency"), (bytes, int)):
        transparency = image.info["transparency"]  # anything else is a colour key, stale on a P image
    if transparency is None:
        return alphas.rstrip(b"\xff")

    with suppress(OptionError, OptionTypeError):
        entry = check_integer("transparency", transparency, 0, 255)
        transparency = alphas[:entry].ljust(entry, b"\xff") + b"\0"
    if not isinstance(transparency, (bytes, bytearray)) or len(transparency) > 256:
        raise OptionError("transparency must be a palette index, 0 to 255, or bytes, one alpha for each entry")
    return (bytes(transparency) + alphas[len(transparency) :]).rstrip(b"\xff")


def indexed_image(image: Image.Image, encoderinfo: dict[str, Any]) -> IndexedImage:
    """A P image that is not empty as arrays: the same indices, the same palette.

    The palette grows, by black entries as Pillow shows them, only where pixels use an entry beyond its end that is
    not opaque. Raises OptionError as `palette_alphas` does.
    """
    indices = np.array(image)
    colors = np.frombuffer(bytes(image.getpalette("RGB") or []), np.uint8).reshape(-1, 3)
    alphas = np.frombuffer(palette_alphas(image, encoderinfo), np.uint8)
    entries = max(len(colors), min(len(alphas), int(indices.max()) + 1))

    palette = np.zeros((entries, 4), np.uint8)
    palette[: len(colors), :3] = colors
    palette[:, 3] = 255
    palette[: len(alphas), 3] = alphas[:entries]
    return IndexedImage(palette, indices)
