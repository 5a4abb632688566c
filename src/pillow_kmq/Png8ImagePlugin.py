"""Pillow plugin that saves any image as a palette PNG: `image.save("a.png", format="PNG8", colors=64)`.

The image is quantised and encoded by `saving.png`. All options of Pillow's PNG format work (`compress_level`,
`pnginfo`, `icc_profile`, `exif`, `dpi`); `optimize` has more levels. Chunks that define the colour space are kept (see
`color_profile`); `srgb=True` converts the colours to sRGB instead. The extension `.png` stays with Pillow's PNG plugin:
PNG8 must be named as the format.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from PIL import Image

from .color_profile import for_saving, register_color_chunks

if TYPE_CHECKING:
    from .quant.progress import Progress
    from .saving.options import PaletteImage

FORMAT = "PNG8"
_QUANTIZED = 0.7  # progress after quantising


def register_png8_saver() -> None:
    """Register PNG8 with Pillow, for saving.

    Importing pillow_kmq calls this; further calls change nothing.
    """
    Image.register_save(FORMAT, _save)
    Image.register_save_all(FORMAT, _save_all)
    register_color_chunks()


def _save(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    from .saving.options import lossy_for, save_quantized, saving
    from .saving.png import level_of

    im = for_saving(im)
    options = im.encoderinfo
    level_of(options)  # raises before the work
    with saving(im, FORMAT):
        quantizing, encoding = _progress(options)
    im.encoderinfo = {**lossy_for("png", options), "progress": quantizing}
    save_quantized(im, fp, FORMAT, lambda result: encode_png8(result, options, filename, encoding))


def encode_png8(result: PaletteImage, options: dict[str, Any], filename: str | bytes, progress: Progress) -> bytes:
    """Encode a quantised image as a palette PNG.

    Args:
        result: The image, and whether its palette was kept rather than found.
        options: Keywords of `Image.save`.
        filename: The name that Pillow passes to its plugins.
        progress: Told the fraction done; it may cancel.

    Raises:
        OptionError: `optimize` or `bits` is invalid.
    """
    from .saving.png import encode, keeps_order

    image = _with_rgb_palette(result.image, options)
    free_order = not result.kept and not keeps_order(options)
    transparent = len(image.encoderinfo.get("transparency", b""))
    return encode(image, filename, progress, free_order=free_order, transparent=transparent)


def _progress(encoderinfo: dict[str, Any]) -> tuple[Progress | None, Progress]:
    """Return the part of the keyword `progress` for quantising, and the part for encoding. Raises OptionTypeError."""
    from .quant.progress import SILENT, Progress

    given = encoderinfo.get("progress")
    if given is None:
        return None, SILENT
    whole = Progress(given)
    if encoderinfo.get("max_bytes") is not None:
        return whole, SILENT  # quantising and encoding alternate
    return whole.part(0.0, _QUANTIZED), whole.part(_QUANTIZED, 1.0)


def _save_all(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    from .saving.animation import frames_to_save, only_frame
    from .saving.options import refuse_several_frames

    frames = frames_to_save(im)
    refuse_several_frames(frames, FORMAT)
    _save(only_frame(im, frames), fp, filename)


def _with_rgb_palette(image: Image.Image, encoderinfo: dict[str, Any]) -> Image.Image:
    """Return a copy of a P image that Pillow's PNG writer saves exactly, with `encoderinfo` attached.

    The palette becomes RGB, padded to cover all used indices: Pillow would change indices beyond its end. The alphas
    become `transparency`, without the opaque ones at the end.
    """
    from .saving.options import palette_alphas

    colors = bytes(image.getpalette("RGB") or [])
    highest = max(index for index, count in enumerate(image.histogram()) if count)
    colors = colors.ljust(3 * (highest + 1), b"\0")

    plain = image.copy()
    plain.putpalette(colors, "RGB")
    plain.info = {key: value for key, value in image.info.items() if key != "transparency"}
    if not _is_rgb_profile(plain.info.get("icc_profile")):
        # A palette PNG may only have an RGB profile.
        del plain.info["icc_profile"]
    plain.encoderinfo = {key: value for key, value in encoderinfo.items() if key != "transparency"}
    if alphas := palette_alphas(image, encoderinfo):
        plain.encoderinfo["transparency"] = alphas
    return plain


def _is_rgb_profile(profile: Any) -> bool:
    """Return whether the colour space in an ICC header (ICC.1:2022, 7.2.6) is RGB; true without a profile."""
    return profile is None or (isinstance(profile, bytes) and profile[16:20] == b"RGB ")
