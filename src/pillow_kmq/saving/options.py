"""Save keywords of both plugins, and the conversion of any image to a palette image as they ask.

| keyword of `Image.save` | meaning |
|---|---|
| colors, palette, dither, quality, space, effort, seed, max_iter, fixed, posterize, importance, order, transparent_index, background, lossy, lossy_for, strict | as in `pillow_kmq.quantize`, but `dither` is "auto" by default, and none with `max_iter` |
| max_bytes | as many colours as fit into this file size, see `max_bytes` |
| srgb | True: convert the colours to sRGB and write no colour profile, see `color_profile` |
| threads, progress, report | as in `pillow_kmq.quantize`; the report includes the file size |
| transparency | instead of `info["transparency"]`: a palette index, or bytes with the alphas of the first entries; other entries keep those of an RGBA palette, as Pillow shows them |

A P image keeps its palette and indices unless a keyword asks for a change (palette, quality, fixed, posterize, order,
transparent_index, background, lossy), it does not fit into max_bytes, or its pixels use more than `colors` entries, see
`kept_palette`.

Unknown keywords are ignored, as in all of Pillow's plugins. `Image.save` empties an existing file before a plugin can
refuse to save; `files.save` keeps it.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from ..checks import check_integer, shown
from ..errors import ModeError, OptionError, OptionTypeError, UnsupportedError
from ..types import IndexedImage
from .files import write_all

if TYPE_CHECKING:
    from ..frames import Frames

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
    "background",
    "lossy",
    "lossy_for",
    "strict",
)


def lossy_for(format_: str, encoderinfo: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords given to `Image.save`, with the format whose bytes `lossy` saves if none is given."""
    given = encoderinfo.get("lossy_for")
    return {**encoderinfo, "lossy_for": format_ if given is None else given}


def quantize_options(encoderinfo: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of `quantize` among those given to `Image.save`. None counts as not given."""
    options = {name: encoderinfo[name] for name in QUANTIZE_KEYWORDS if encoderinfo.get(name) is not None}
    if "lossy" not in options:
        options.pop("lossy_for", None)  # on its own it is no reason to quantise a P image
    return options


def with_dithering(options: dict[str, Any]) -> dict[str, Any]:
    """Return keywords of `quantize` with the default dithering of saving: "auto", or none with `max_iter`."""
    return options if "max_iter" in options else {"dither": "auto", **options}


def _threads(encoderinfo: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword `threads`, if given; on its own it is no reason to quantise a P image."""
    threads = encoderinfo.get("threads")
    return {} if threads is None else {"threads": threads}


class PaletteImage(NamedTuple):
    """A P image to save. kept: True if it has its original palette."""

    image: Image.Image
    kept: bool


Encode = Callable[[PaletteImage], bytes]
"""Make a file of a P image."""


def save_quantized(im: Image.Image, fp: IO[bytes], format_name: str, encode: Encode) -> None:
    """Quantise as the keywords in `im.encoderinfo` ask, encode, write and report.

    Nothing is written to `fp` until everything that can fail is done.

    Args:
        im: The image to save.
        fp: Binary file object to write to.
        format_name: Name of the format in error messages.
        encode: Function that makes a file of a P image.

    Raises:
        UnsupportedError: The image is empty, or its mode cannot be quantised. An OSError.
        OptionError: A keyword has an invalid value. A ValueError.
        QualityError: The minimum quality cannot be reached. A ValueError.
        SizeError: No file fits into `max_bytes`. A ValueError.
        CancelledError: `progress` cancelled the work.
    """
    if 0 in im.size:
        raise UnsupportedError(f"cannot write an empty image ({im.width}x{im.height}) as {format_name}")
    encoderinfo = im.encoderinfo
    max_bytes, report = encoderinfo.get("max_bytes"), encoderinfo.get("report")
    if report is not None and not callable(report):
        raise OptionError(f"report must be a function, not {type(report).__name__}")
    with saving(im, format_name):
        if max_bytes is None:
            result = to_palette_image(im, encoderinfo, format_name)
            data = encode(result)
        else:
            result, data = _fitting(im, encoderinfo, encode, max_bytes)
    write_all(fp, data)
    if report is not None:
        reported(im, result.image, len(data), encoderinfo)


def _fitting(
    im: Image.Image, encoderinfo: dict[str, Any], encode: Encode, max_bytes: Any
) -> tuple[PaletteImage, bytes]:
    from .max_bytes import fitting

    options = with_dithering({**quantize_options(encoderinfo), **_threads(encoderinfo)})
    return fitting(im, options, max_bytes, encode, encoderinfo.get("progress"))


def to_palette_image(im: Image.Image, encoderinfo: dict[str, Any], format_name: str = "PNG8") -> PaletteImage:
    """Return `im` itself if it is a P image and no keyword asks for a change, else a quantised P image.

    Raises OptionError (a ValueError) for an invalid value of a keyword, and UnsupportedError (an OSError) for a mode
    that cannot be quantised.
    """
    options = quantize_options(encoderinfo)
    if im.mode == "P" and not options:
        return PaletteImage(im, kept=True)

    from .kept_palette import kept_image

    with saving(im, format_name):
        options |= _threads(encoderinfo)
        kept = kept_image(im, options)
        if kept is not None:
            return PaletteImage(kept, kept=True)
        from ..quant import quantize

        result = quantize(im, progress=encoderinfo.get("progress"), **with_dithering(options))
        return PaletteImage(result, kept=False)


@contextmanager
def saving(im: Image.Image, format_name: str) -> Iterator[None]:
    """Replace the quantiser's errors by those that a plugin of Pillow raises."""
    try:
        yield
    except ModeError as error:
        raise UnsupportedError(f"cannot write mode {im.mode} as {format_name}: {error}") from error
    except OptionTypeError as error:
        raise OptionError(str(error)) from error


def check_palette_mode(encoderinfo: dict[str, Any]) -> None:
    """Raise OptionError for a `palette_mode` that is neither "exact" nor "compact"."""
    mode = encoderinfo.get("palette_mode", "exact")
    if not isinstance(mode, str) or mode not in ("exact", "compact"):
        raise OptionError(f'palette_mode must be "exact" or "compact", not {shown(mode)}')


def check_animation_options(im: Image.Image, encoderinfo: dict[str, Any], format_name: str) -> None:
    """Raise OptionError for keywords that are invalid with several frames, UnsupportedError for an empty image."""
    if 0 in im.size:
        raise UnsupportedError(f"cannot write an empty image ({im.width}x{im.height}) as {format_name}")
    for name in ("max_bytes", "importance"):
        if encoderinfo.get(name) is not None:
            raise OptionError(f"{name} applies to a single image: leave it out to save several frames")
    report = encoderinfo.get("report")
    if report is not None and not callable(report):
        raise OptionError(f"report must be a function, not {type(report).__name__}")


def reported(original: Image.Image, image: Image.Image, size: int, encoderinfo: dict[str, Any]) -> None:
    """Call the keyword `report` with a Report on `image`, saved in a file of `size` bytes."""
    from ..report import Report

    encoderinfo["report"](Report(original, image, size, encoderinfo.get("background")))


def refuse_several_frames(frames: Frames, format_name: str) -> None:
    """Raise UnsupportedError (an OSError) if `save_all` and `append_images` ask for more than one frame."""
    if len(frames) > 1:
        raise UnsupportedError(
            f"{format_name} files hold one frame, not {len(frames)}: save each frame to a file of its own"
        )


def palette_alphas(image: Image.Image, encoderinfo: dict[str, Any]) -> bytes:
    """Return the alphas of a P image's palette up to the last that is not opaque, possibly beyond the palette's end.

    Raises OptionError (a ValueError) for an invalid `transparency` in `encoderinfo`.
    """
    has_alphas = image.palette is not None and image.palette.mode == "RGBA"
    alphas = bytes(image.getpalette("A") or []) if has_alphas else b""
    transparency = encoderinfo.get("transparency")
    if transparency is None and isinstance(image.info.get("transparency"), (bytes, int)):
        transparency = image.info["transparency"]  # other types are colour keys, which do not apply to a P image
    if transparency is None:
        return alphas.rstrip(b"\xff")

    with suppress(OptionError, OptionTypeError):
        entry = check_integer("transparency", transparency, 0, 255)
        transparency = alphas[:entry].ljust(entry, b"\xff") + b"\0"
    if not isinstance(transparency, (bytes, bytearray)) or len(transparency) > 256:
        raise OptionError("transparency must be a palette index, 0 to 255, or at most 256 bytes, one alpha per entry")
    return (bytes(transparency) + alphas[len(transparency) :]).rstrip(b"\xff")


def indexed_image(image: Image.Image, encoderinfo: dict[str, Any]) -> IndexedImage:
    """Return the palette and indices of a non-empty P image as arrays.

    The palette is extended, by black entries as Pillow shows them, only if pixels use an entry beyond its end that is
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


def entries_of(image: Image.Image) -> int:
    """Return the number of palette entries of a P image, including those that pixels use beyond its end."""
    highest = max((index for index, count in enumerate(image.histogram()) if count), default=-1)
    return max(len(image.getpalette() or []) // 3, highest + 1)
