"""Colour encodings of images, kept as chunks or as a profile, or converted, so that viewers show the same colours.

The first of these entries of `info` that is usable defines the encoding (PNG, third edition, 4.3):

| entry of `info` | source | to PNG | to .kmq |
|---|---|---|---|
| cicp, mdcv, clli | PNG: cICP, mDCV, cLLI | the same chunks | an equivalent profile; none for PQ and HLG |
| icc_profile, RGB | all formats | the same profile | the same profile |
| icc_profile, CMYK or grey | all formats | converted to sRGB | converted to sRGB |
| srgb | PNG: sRGB | the same chunk | nothing: sRGB is the default |
| gamma, chromaticity | PNG: gAMA, cHRM | the same chunks | an equivalent profile |

LAB is converted to sRGB, too. If the keyword `srgb` of `Image.save` is true, everything is converted except PQ and HLG,
and no profile is written. A profile that is damaged, or whose colour space does not fit the mode, counts as absent, as
in viewers. Images that are not converted are quantised on their stored values.

Conversions use the perceptual intent, the default of Firefox (gfx.color_management.rendering_intent) and of
`ImageCms`. LittleCMS adds black-point compensation, because the sRGB profile of `ImageCms` has version 4.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection
from functools import lru_cache
from io import BytesIO
from itertools import chain, product
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops, ImageFile, PngImagePlugin

from .alpha import has_alpha, to_rgba
from .errors import OptionError

if TYPE_CHECKING:
    from PIL import ImageCms

KEYS = {"cicp", "mdcv", "clli", "icc_profile", "srgb", "gamma", "chromaticity"}
"""Entries of `info` that define the encoding of pixel values."""

_READ = {"cICP": 4, "mDCV": 24, "cLLI": 8}  # chunks that Pillow does not read, and their lengths
_CHUNKS = {b"cICP", b"sRGB", b"gAMA", b"cHRM"}
_GREY = ("1", "L", "LA", "La")
_CONVERTED = ("LAB", "CMYK")  # always converted
_DDS_GAMMA = 1 / 2.2  # set by Pillow's DDS plugin for sRGB files

_STRIPE_PIXELS = 1 << 20


def register_color_chunks() -> None:
    """Make Pillow's PNG reader keep the chunks cICP, mDCV and cLLI in `info`, as bytes under lower-case keys.

    Images opened before lack them. A version of Pillow that reads the chunks itself is not changed.
    """
    for name, length in _READ.items():
        if not hasattr(PngImagePlugin.PngStream, f"chunk_{name}"):
            setattr(PngImagePlugin.PngStream, f"chunk_{name}", _reader(name.lower(), length))


def _reader(key: str, expected: int) -> Callable[[PngImagePlugin.PngStream, int, int], bytes]:
    def read(stream: PngImagePlugin.PngStream, pos: int, length: int) -> bytes:
        assert stream.fp is not None
        data = ImageFile._safe_read(stream.fp, length)
        if len(data) == expected:
            stream.im_info[key] = data
        return data

    return read


# Interface of the plugins, the quantiser and the command


def as_shown(im: Image.Image, *, srgb: bool = False) -> Image.Image:
    """Return `im`, converted to sRGB if a palette image cannot have its encoding, or always if `srgb`."""
    return _to_srgb(im) if srgb or im.mode in _CONVERTED or _has_grey_profile(im) else im


def for_saving(im: Image.Image) -> Image.Image:
    """Return `im` as `as_shown` does, with an `encoderinfo` whose profile fits the result. Raises OptionError."""
    options = im.encoderinfo
    srgb, profile = options.get("srgb"), options.get("icc_profile")
    if not isinstance(srgb, (bool, type(None))):
        from .checks import shown

        raise OptionError(f"srgb must be True or False, not {shown(srgb)}")
    if not isinstance(profile, (bytes, bytearray, memoryview)) and (hasattr(profile, "dtype") or profile):
        raise OptionError(f"icc_profile must be bytes or None, not {type(profile).__name__}")
    converted = as_shown(im, srgb=bool(srgb))
    if converted is not im:
        converted.encoderinfo = dict(options)
        if srgb or profile == im.info.get("icc_profile"):
            converted.encoderinfo.pop("icc_profile", None)
    return converted


def color_chunks(im: Image.Image, written: Collection[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the PNG chunks of the encoding of `im`, unless the caller of `save` gives another one.

    Args:
        im: The image to save.
        written: Names of the chunks that Pillow writes.
    """
    info = im.info
    own = info.get("icc_profile")
    if _CHUNKS.intersection(written) or (im.encoderinfo.get("icc_profile") or own) != own:
        return []
    chunks = [(name.encode(), info[name.lower()]) for name in _READ if isinstance(info.get(name.lower()), bytes)]
    if b"iCCP" not in written and info.get("srgb") in (0, 1, 2, 3):
        chunks.append((b"sRGB", bytes([info["srgb"]])))
    for name, numbers in (b"gAMA", _gamma(info)), (b"cHRM", _chromaticity(info)):
        if numbers:
            chunks.append((name, struct.pack(f">{len(numbers)}I", *(round(number * 100_000) for number in numbers))))
    return chunks


def rgb_profile(im: Image.Image, encoderinfo: dict[str, Any]) -> Any:
    """Return the ICC profile to write with `im`, given by the caller of `save` or else by `info`."""
    own = im.info.get("icc_profile")
    is_rgb = _fitting_profile(im)[16:20] == b"RGB "
    if "icc_profile" in encoderinfo:
        given = encoderinfo["icc_profile"]
        handed_on = is_rgb and given == own
        if not handed_on and (given or own):
            return given
    if is_rgb and KEYS.intersection(im.info) == {"icc_profile"}:
        return own
    profile = source_profile(im)
    return profile if profile[16:20] == b"RGB " else b""


def described(im: Image.Image, format_: str, *, srgb: bool = False) -> tuple[str, list[str]]:
    """Describe how the colours of an image are saved.

    Args:
        im: The image to save.
        format_: "png" or "kmq".
        srgb: The keyword `srgb` of `Image.save`.

    Returns:
        A description of a result without error, such as "exact", and notes for the user.
    """
    lost, converted, encoding = _lost_profile(im), _conversion(im, srgb=srgb), _without_profile(im)
    notes = [note for note in (lost, converted) if note]
    if encoding and format_ == "kmq":
        notes.append(f"{encoding} colours cannot be kept in .kmq files: viewers will show others")
        return "the same pixel values", notes
    if encoding and srgb:
        notes.append(f"{encoding} colours cannot be converted to sRGB: the chunk cICP was kept")
    return "lossless after conversion" if converted else "exact", notes


def _conversion(im: Image.Image, *, srgb: bool) -> str:
    """Return a note about the conversion that `as_shown` does; empty if it changes no value."""
    if im.mode == "LAB":
        return "LAB colours were converted to sRGB"
    profile = source_profile(im)
    if im.mode == "CMYK":
        return f"CMYK colours were converted to {'sRGB' if profile else 'RGB without a colour profile'}"
    if (srgb or _has_grey_profile(im)) and profile and not _without_profile(im) and not _is_srgb(profile):
        return "colours were converted to sRGB"
    return ""


def _lost_profile(im: Image.Image) -> str:
    """Return a note if the ICC profile of `im` is left out without converting the colours; empty otherwise."""
    fitting = _fitting_profile(im)
    if not im.info.get("icc_profile") or im.mode == "LAB" or fitting[16:20] == b"RGB ":
        return ""
    if not fitting:
        return f"the colour profile was left out: it does not fit mode {im.mode}"
    return "" if _usable_profile(im) else "the colour profile was left out: it is damaged"


def _without_profile(im: Image.Image) -> str:
    """Return the name of the encoding of `im` if no ICC profile can express it, else an empty string."""
    codes = _codes(im.info)
    if not codes:
        return ""
    from .icc_profile import without_profile

    return without_profile(codes)


# Encodings


def source_profile(im: Image.Image) -> bytes:
    """Return the encoding of `im` as an ICC profile for its mode; empty for sRGB, or if none is given."""
    info = im.info
    if im.mode not in _CONVERTED and (codes := _codes(info)) and not _without_profile(im):
        from .icc_profile import profile_of_codes

        return profile_of_codes(codes)
    if profile := _usable_profile(im):
        return profile
    if im.mode in _CONVERTED or "srgb" in info:
        return b""
    gamma, chromaticity = _gamma(info), _chromaticity(info)
    if not gamma and not chromaticity:
        return b""
    from .icc_profile import profile_of_gamma

    return profile_of_gamma(gamma[0] if gamma else None, chromaticity)


def _fitting_profile(im: Image.Image) -> bytes:
    """Return the ICC profile of `im` if its colour space fits the mode (ICC.1:2022, 7.2.6), else empty bytes.

    RGB profiles are applied to grey values, too, as Skia does, although PNG does not allow it.
    """
    profile = im.info.get("icc_profile")
    if not isinstance(profile, bytes) or im.mode == "LAB":
        return b""
    spaces = (b"CMYK",) if im.mode == "CMYK" else (b"RGB ", b"GRAY") if im.mode in _GREY else (b"RGB ",)
    return profile if profile[16:20] in spaces else b""


def _usable_profile(im: Image.Image) -> bytes:
    """Return the ICC profile of `im` if LittleCMS can convert from it, else empty bytes."""
    profile = _fitting_profile(im)
    mode = {b"GRAY": "L", b"CMYK": "CMYK"}.get(profile[16:20], "RGB")
    return profile if profile and _transform(profile, mode) else b""


def _has_grey_profile(im: Image.Image) -> bool:
    """Return whether a grey profile defines the encoding."""
    return _fitting_profile(im)[16:20] == b"GRAY" and not _codes(im.info) and _usable_profile(im) != b""


def _codes(info: dict[Any, Any]) -> bytes:
    """Return the code points of cICP if they define an RGB encoding, else empty bytes."""
    codes = info.get("cicp")
    if not isinstance(codes, bytes) or len(codes) != 4:
        return b""
    from .icc_profile import are_known

    return codes if are_known(codes) else b""


def _gamma(info: dict[Any, Any]) -> list[float]:
    gamma = _numbers([info.get("gamma")], 1)
    return [] if gamma == [_DDS_GAMMA] else gamma


def _chromaticity(info: dict[Any, Any]) -> list[float]:
    return _numbers(info.get("chromaticity"), 8)


def _numbers(values: Any, count: int) -> list[float]:
    """Return `values` if they are `count` numbers that gAMA and cHRM can hold, not all 0; else an empty list."""
    numbers = list(values) if isinstance(values, (list, tuple)) else []
    held = all(isinstance(number, (int, float)) and 0 <= number < 42949.67 for number in numbers)
    return numbers if held and len(numbers) == count and any(numbers) else []


# Conversion


def _to_srgb(im: Image.Image) -> Image.Image:
    """Convert to sRGB and drop the encoding; alpha and indices do not change. Modes I and F are returned unchanged."""
    if im.mode.startswith(("I", "F")) or _without_profile(im):
        return im
    im.load()
    profile = source_profile(im)
    if im.mode in _CONVERTED or (profile and not _is_srgb(profile)):
        result = _converted(im, profile)
    else:
        result = im.copy()
    result.info = {key: value for key, value in im.info.items() if key not in KEYS}
    if result.mode != im.mode:
        result.info.pop("transparency", None)  # the alpha channel has it now
    return result


def _converted(im: Image.Image, profile: bytes) -> Image.Image:
    if im.mode in _CONVERTED:
        return _apply(im, profile) if profile else im.convert("RGB")
    if im.mode == "P":
        return _with_converted_palette(im, profile)
    if im.mode in _GREY:
        return _converted_grey(im, profile)
    return _apply(to_rgba(im) if has_alpha(im) else im.convert("RGB"), profile)


def _with_converted_palette(im: Image.Image, profile: bytes) -> Image.Image:
    assert im.palette is not None
    mode = "RGBA" if im.palette.mode == "RGBA" else "RGB"
    entries = bytes(im.getpalette(mode) or [])
    colors = Image.frombytes(mode, (len(entries) // len(mode), 1), entries)
    result = im.copy()
    result.putpalette(_apply(colors, profile).tobytes(), mode)
    return result


def _converted_grey(im: Image.Image, profile: bytes) -> Image.Image:
    """Convert by a look-up table per channel, so that grey stays neutral."""
    grey, _, _, alpha = to_rgba(im).split()
    tables = [band.tobytes() for band in _apply(_ramp(profile), profile).split()]
    if tables[0] == tables[1] == tables[2]:
        tables = tables[:1]
    channels = [grey.point(list(table)) for table in tables]
    if has_alpha(im):
        return Image.merge("LA" if len(channels) == 1 else "RGBA", [*channels, alpha])
    return channels[0] if len(channels) == 1 else Image.merge("RGB", channels)


def _ramp(profile: bytes) -> Image.Image:
    """Return all 256 shades of grey in the mode that the profile is for."""
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    return ramp if profile[16:20] == b"GRAY" else ramp.convert("RGB")


def _apply(im: Image.Image, profile: bytes) -> Image.Image:
    """Convert stripe by stripe, as LittleCMS cannot be interrupted."""
    transform = _transform(profile, im.mode)
    assert transform is not None
    result = Image.new(transform.output_mode, im.size)
    rows = max(1, _STRIPE_PIXELS // max(1, im.width))
    for top in range(0, im.height, rows):
        stripe = im.crop((0, top, im.width, min(top + rows, im.height)))
        result.paste(transform.apply(stripe), (0, top))
    return result


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from a profile to sRGB, or None if LittleCMS refuses the profile."""
    from PIL import ImageCms

    out = "RGBA" if mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.ImageCmsTransform(source, _srgb(), mode, out, ImageCms.Intent.PERCEPTUAL)
    except (OSError, ImageCms.PyCMSError):
        return None


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=8)
def _is_srgb(profile: bytes) -> bool:
    """Return whether the profile changes no shade of grey and none of 729 other colours by more than one level."""
    samples = [_ramp(profile)]
    if samples[0].mode == "RGB":
        samples.append(Image.frombytes("RGB", (729, 1), bytes(chain(*product(range(0, 256, 31), repeat=3)))))
    changes = (ImageChops.difference(sample.convert("RGB"), _apply(sample, profile)) for sample in samples)
    return all(max(change.tobytes()) <= 1 for change in changes)
